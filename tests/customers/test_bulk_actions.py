"""Each bulk action: what it changes, what it leaves out, its events, and its undo."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from customers.bulk.actions import ACTIONS
from customers.bulk.forms import FORMS
from customers.models import Customer, Tag, Task
from customers.services.customers import archive_customer, erase_customer, restore_customer, update_customer
from customers.services.items import complete_task, reopen_task, update_item
from customers.services.tags import change_customer_tags, delete_tag
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.customers.bulk_helpers import BULK, confirmed, opened, previewed, references, started, undone
from tests.factories.customers import CustomerFactory


@dataclass(frozen=True)
class Example:
    """How an action is tried."""

    #: Returns what the action changes of a customer.
    state: Callable[[Customer], Any]
    #: The state before and after the action.
    before: Any
    after: Callable[[Cast], Any]
    #: Brings a new customer to the state before.
    prepare: Callable[[Customer, Cast], object] = lambda customer, cast: None
    #: Changes the same after the action.
    change: Callable[[Customer, Cast], object] = lambda customer, cast: None
    fields: Callable[[Cast], dict[str, Any]] = lambda cast: {}
    events: tuple[str, str] = ("", "")
    #: Customers of these statuses are left out, with these reasons.
    left_out: dict[str, str] = field(default_factory=dict)


def assign(customer: Customer, person: Any, cast: Cast) -> None:
    customer.refresh_from_db()
    customer.responsible = person
    update_customer(customer, changed=["responsible"], version=customer.version, by=cast.alice)


def tag_of(cast: Cast, name: str) -> Tag:
    return Tag.objects.get_or_create(agency=cast.alder, name=name)[0]


def tag(customer: Customer, cast: Cast, *, add: str = "", remove: str = "") -> None:
    added, removed = ([tag_of(cast, name)] if name else [] for name in (add, remove))
    change_customer_tags(cast.alder, [customer.pk], add=added, remove=removed, by=cast.alice)


def change_task(customer: Customer, cast: Cast) -> None:
    task = customer.tasks.get()
    task.priority = Task.Priority.LOW
    update_item(task, changed=["priority"], by=cast.alice)


EXAMPLES = {
    "archive": Example(
        state=lambda customer: customer.status,
        before="active",
        after=lambda cast: "archived",
        change=lambda customer, cast: restore_customer(customer, by=cast.alice),
        events=("customer.archived", "customer.restored"),
        left_out={"archived": "already so"},
    ),
    "restore": Example(
        state=lambda customer: customer.status,
        before="archived",
        after=lambda cast: "active",
        prepare=lambda customer, cast: archive_customer(customer, by=cast.alice),
        change=lambda customer, cast: archive_customer(customer, by=cast.alice),
        events=("customer.restored", "customer.archived"),
        left_out={"active": "already so"},
    ),
    "manager": Example(
        state=lambda customer: customer.responsible_id,
        before=None,
        after=lambda cast: cast.stan.pk,
        change=lambda customer, cast: assign(customer, cast.max, cast),
        fields=lambda cast: {"responsible": cast.stan.pk},
        events=("customer.updated", "customer.updated"),
    ),
    "add_tag": Example(
        state=lambda customer: sorted(customer.customer_tags.values_list("tag__name", flat=True)),
        before=["Old"],
        after=lambda cast: ["Old", "VIP"],
        prepare=lambda customer, cast: tag(customer, cast, add="Old"),
        change=lambda customer, cast: tag(customer, cast, remove="VIP"),
        fields=lambda cast: {"tag": tag_of(cast, "VIP").pk},
        events=("customer.updated", "customer.updated"),
    ),
    "remove_tag": Example(
        state=lambda customer: sorted(customer.customer_tags.values_list("tag__name", flat=True)),
        before=["Old", "VIP"],
        after=lambda cast: ["Old"],
        prepare=lambda customer, cast: [tag(customer, cast, add=name) for name in ("Old", "VIP")],
        change=lambda customer, cast: tag(customer, cast, add="VIP"),
        fields=lambda cast: {"tag": tag_of(cast, "VIP").pk},
        events=("customer.updated", "customer.updated"),
    ),
    "task": Example(
        state=lambda customer: list(customer.tasks.values_list("title", "due_on", "assignee", "priority", "done_at")),
        before=[],
        after=lambda cast: [("Call back", None, cast.stan.pk, 1, None)],
        change=change_task,
        fields=lambda cast: {"title": "Call back", "assignee": cast.stan.pk, "priority": 1},
        events=("task.added", "task.removed"),
        left_out={"archived": "archived"},
    ),
}
#: Actions that another page does.
ELSEWHERE = {"export"}


@pytest.fixture(params=EXAMPLES)
def key(request: pytest.FixtureRequest) -> Any:
    return request.param


def created(cast: Cast, example: Example, number: int = 3) -> list[Customer]:
    customers = CustomerFactory.create_batch(number, agency=cast.alder)
    for customer in customers:
        example.prepare(customer, cast)
    return list(cast.alder.customers.order_by("number"))


def states(example: Example, customers: list[Customer]) -> list[Any]:
    return [example.state(Customer.objects.get(pk=customer.pk)) for customer in customers]


def test_every_action_has_an_example() -> None:
    assert set(ACTIONS) == {*EXAMPLES, *ELSEWHERE}
    assert {key for key, action in ACTIONS.items() if action.page} == ELSEWHERE
    assert set(FORMS) < set(EXAMPLES)


def test_only_the_selected_customers_change_and_undo_restores_them(stan: Client, cast: Cast, key: str) -> None:
    example = EXAMPLES[key]
    *chosen, other = created(cast, example)
    versions = [customer.version for customer in chosen]
    job = started(stan, key, references(*chosen), example.fields(cast))
    assert states(example, [*chosen, other]) == [example.after(cast)] * 2 + [example.before]
    assert (job.status, job.counts) == ("done", {"changed": 2})
    job = undone(stan, job)
    assert states(example, [*chosen, other]) == [example.before] * 3
    assert (job.status, job.counts) == ("undone", {"changed": 2, "undone": 2})
    if key != "task":
        # Open forms of the customers report a conflict.
        assert [Customer.objects.get(pk=customer.pk).version for customer in chosen] == [version + 2 for version in versions]


def test_each_customer_has_its_events(stan: Client, cast: Cast, key: str) -> None:
    example = EXAMPLES[key]
    chosen = created(cast, example, 2)
    last = AuditEvent.objects.latest("pk").pk
    undone(stan, started(stan, key, references(*chosen), example.fields(cast)))
    events = list(AuditEvent.objects.filter(pk__gt=last).order_by("pk").values_list("action", "customer_id", "actor_label"))
    expected = []
    for action, of_job in zip(example.events, ("customers.bulk_changed", "customers.bulk_undone"), strict=True):
        expected += [(action, customer.pk, "Stan Stein") for customer in chosen] + [(of_job, None, "Stan Stein")]
    assert events == expected
    page = stan.get(chosen[0].get_absolute_url())
    assert "(no name)" not in page.content.decode()
    of_jobs = AuditEvent.objects.filter(action__startswith="customers.bulk").order_by("pk")
    assert [(event.agency, event.data["count"]) for event in of_jobs] == [(cast.alder, 2)] * 2
    assert all(str(ACTIONS[key].label) in event.sentence and event.sentence.endswith(": 2") for event in of_jobs)


def test_undo_reports_what_was_changed_since(stan: Client, cast: Cast, key: str) -> None:
    example = EXAMPLES[key]
    chosen = created(cast, example, 3)
    job = started(stan, key, references(*chosen), example.fields(cast))
    example.change(Customer.objects.get(pk=chosen[0].pk), cast)
    changed = states(example, chosen[:1])
    erase_customer(chosen[1], by=cast.alice)
    job = undone(stan, job)
    assert states(example, [chosen[0], chosen[2]]) == [*changed, example.before]
    assert Customer.objects.get(pk=chosen[1].pk).status == "erased"
    assert job.counts == {"changed": 3, "undone": 1, "kept_edited": 1, "kept_erased": 1}
    page = stan.get(f"{BULK}{job.pk}/").content.decode()
    assert f'href="{chosen[0].get_absolute_url()}">{chosen[0].reference}</a>' in page
    assert chosen[1].reference in page
    assert chosen[2].reference not in page
    assert "changed since" in page


def test_preview_counts_those_left_out(stan: Client, cast: Cast, key: str) -> None:
    example = EXAMPLES[key]
    *chosen, erased = created(cast, example, 4)
    erase_customer(erased, by=cast.alice)
    for status in example.left_out:
        Customer.objects.filter(pk=chosen[0].pk).update(status=status)
    page = previewed(stan, key, references(*chosen, erased), example.fields(cast))
    number = 2 if example.left_out else 3
    assert page.context["preview"].changed == number
    assert dict(page.context["left_out"]) == dict.fromkeys(example.left_out.values(), 1) | {"erased": 1}
    assert str(ACTIONS[key].button % {"count": number}) in page.content.decode()
    confirmed(stan, page)
    job = cast.alder.bulk_jobs.get()
    assert job.changed == number
    result = stan.get(f"{BULK}{job.pk}/").content.decode()
    assert erased.reference in result
    assert all(reason in result for reason in example.left_out.values())


def test_an_action_that_changes_nothing_has_no_button(stan: Client, cast: Cast, key: str) -> None:
    example = EXAMPLES[key]
    chosen = created(cast, example, 1)
    erase_customer(chosen[0], by=cast.alice)
    page = previewed(stan, key, references(*chosen), example.fields(cast))
    assert 'name="confirm"' not in page.content.decode()
    assert confirmed(stan, page).status_code == 200
    assert not cast.alder.bulk_jobs.exists()


def test_texts_of_the_input_are_removed_at_the_end(stan: Client, cast: Cast, key: str) -> None:
    example = EXAMPLES[key]
    job = started(stan, key, references(*created(cast, example)), example.fields(cast))
    assert not [value for value in job.values.values() if isinstance(value, str)]
    assert job.query == ""


def test_a_deleted_tag_is_not_added_again(stan: Client, cast: Cast) -> None:
    example = EXAMPLES["remove_tag"]
    chosen = created(cast, example, 2)
    job = started(stan, "remove_tag", references(*chosen), example.fields(cast))
    delete_tag(tag_of(cast, "VIP"), by=cast.alice)
    assert undone(stan, job).counts == {"changed": 2, "kept_edited": 2}
    assert states(example, chosen) == [["Old"]] * 2


def test_preview_counts_who_has_the_tag(stan: Client, cast: Cast) -> None:
    chosen = created(cast, EXAMPLES["add_tag"], 3)
    tag(chosen[0], cast, add="VIP")
    for action, number in (("add_tag", 2), ("remove_tag", 1)):
        page = previewed(stan, action, references(*chosen), {"tag": tag_of(cast, "VIP").pk})
        assert page.context["preview"].changed == number
        assert page.context["left_out"] == [("already so", 3 - number)]


def test_a_task_that_was_done_and_reopened_stays(stan: Client, cast: Cast) -> None:
    chosen = created(cast, EXAMPLES["task"], 2)
    job = started(stan, "task", references(*chosen), EXAMPLES["task"].fields(cast))
    task = chosen[0].tasks.get()
    complete_task(task, by=cast.alice)
    reopen_task(task, by=cast.alice)
    assert undone(stan, job).counts == {"changed": 2, "undone": 1, "kept_edited": 1}
    assert Task.objects.get() == task


def test_undo_gives_no_customer_to_someone_who_left(alice: Client, stan: Client, cast: Cast) -> None:
    chosen = created(cast, EXAMPLES["manager"], 2)
    assign(chosen[0], cast.max, cast)
    job = started(stan, "manager", references(*chosen), {"responsible": cast.stan.pk})
    member = cast.alder.memberships.get(user=cast.max)
    alice.post(f"/company/team/{member.pk}/remove/", {"to": ""})
    job = undone(stan, job)
    assert job.counts == {"changed": 2, "undone": 1, "kept_gone": 1}
    assert states(EXAMPLES["manager"], chosen) == [cast.stan.pk, None]
    assert "has left the team" in stan.get(f"{BULK}{job.pk}/").content.decode()


def test_undo_restores_each_previous_manager(stan: Client, cast: Cast) -> None:
    chosen = created(cast, EXAMPLES["manager"], 3)
    assign(chosen[0], cast.max, cast)
    assign(chosen[1], cast.alice, cast)
    job = started(stan, "manager", references(*chosen), {"responsible": ""})
    assert states(EXAMPLES["manager"], chosen) == [None] * 3
    assert job.counts == {"changed": 2, "already": 1}
    undone(stan, job)
    assert states(EXAMPLES["manager"], chosen) == [cast.max.pk, cast.alice.pk, None]


@pytest.mark.parametrize(("action", "fields"), [("manager", {"responsible": "0"}), ("task", {"title": ""}), ("task", {"title": "a\nb"})])
def test_wrong_input_is_reported(stan: Client, cast: Cast, action: str, fields: dict[str, Any]) -> None:
    page = previewed(stan, action, references(*created(cast, EXAMPLES["task"], 1)), fields)
    assert page.context["form"].errors
    assert page.context["preview"] is None


def test_people_and_tags_of_other_agencies_cannot_be_chosen(stan: Client, cast: Cast) -> None:
    chosen = created(cast, EXAMPLES["task"], 1)
    theirs = Tag.objects.create(agency=cast.birch, name="VIP")
    for action, name, foreign in (("manager", "responsible", cast.charlie), ("task", "assignee", cast.charlie), ("add_tag", "tag", theirs)):
        page = previewed(stan, action, references(*chosen), {"title": "x", name: foreign.pk})
        assert name in page.context["form"].errors


def test_input_can_be_changed_after_the_preview(stan: Client, cast: Cast) -> None:
    chosen = created(cast, EXAMPLES["task"], 1)
    page = previewed(stan, "task", references(*chosen), EXAMPLES["task"].fields(cast))
    assert "Call back" in page.content.decode()
    path = page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"]
    form = stan.post(path, {"title": "Call back", "priority": 1, "change": "1"})
    assert 'value="Call back"' in form.content.decode()
    assert form.context["preview"] is None


def test_selected_customers_are_exported(alice: Client, cast: Cast) -> None:
    chosen = created(cast, EXAMPLES["archive"], 3)
    response = opened(alice, "export", references(*chosen[:2]))
    assert response["Location"].startswith("/customers/export/?")
    assert "2 selected customers" in alice.get(response["Location"]).content.decode()
    exported = alice.post(response["Location"])
    content = b"".join(exported.streaming_content).decode()  # type: ignore[attr-defined]
    assert [customer.reference in content for customer in chosen] == [True, True, False]
    assert AuditEvent.objects.get(action="customers.exported").data == {"count": 2}


def test_all_that_match_are_exported(alice: Client, cast: Cast) -> None:
    created(cast, EXAMPLES["archive"], 3)
    CustomerFactory(agency=cast.alder, city="Köln")
    response = opened(alice, "export", {"city": "Köln", "all": "1", "c": "K-1001"})
    assert "1 customer matches the filters" in alice.get(response["Location"]).content.decode()


def test_staff_cannot_export(stan: Client, cast: Cast) -> None:
    chosen = created(cast, EXAMPLES["archive"], 1)
    assert opened(stan, "export", references(*chosen)).status_code == 403
    assert 'value="export"' not in stan.get("/customers/").content.decode()
