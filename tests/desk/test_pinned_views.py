"""Pinned views in the menu: their order, their limit and their numbers of rows."""

from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from partnerportal.agencies.models import Membership
from partnerportal.desk.models import ViewPin
from partnerportal.desk.saved_views import counts
from partnerportal.desk.saved_views.models import MAX_PINNED
from partnerportal.desk.saved_views.services import pin_view
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory, TaskFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.saved_views import SavedViewFactory, ViewPinFactory


def pinned(user: Any, **fields: Any) -> Any:
    return ViewPinFactory(view=SavedViewFactory(owner=Membership.objects.get(user=user), **fields)).view


def shown(client: Client, path: str = "/dashboard/") -> dict[str, list[tuple[str, Any]]]:
    """Return the names and numbers of the pinned views by their list."""
    menu = client.get(path).context["menu"]
    return {name: [(entry.view.name, entry.badge) for entry in entries] for name, entries in menu.pinned.items()}


def test_pinned_views_are_below_their_list_on_every_page(alice: Client, cast: Cast) -> None:
    customers, tasks = pinned(cast.alice, name="Archive"), pinned(cast.alice, name="Mine", list_name="tasks", query="whose=mine")
    page = alice.get("/company/team/").content.decode()
    places = [
        page.index(text)
        for text in ('href="/customers/add/"', ">Archive<", 'href="/requests/"', 'href="/tasks/"', ">Mine<", 'href="/domains/"')
    ]
    assert places == sorted(places)
    assert f'href="/customers/?status=archived&amp;view={customers.pk}"' in page
    assert f'href="/tasks/?whose=mine&amp;view={tasks.pk}"' in page


def test_the_opened_view_is_the_active_item(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    view = pinned(cast.alice)
    path = f"/customers/?status=archived&view={view.pk}"
    menu = alice.get(path).content.decode().partition("shell-main")[0]
    assert menu.count("aria-current") == 1
    assert f'view={view.pk}" aria-current="page"' in menu
    assert 'aria-current="page"' in alice.get("/customers/").content.decode().partition("shell-main")[0]


def test_pins_are_personal(alice: Client, stan: Client, cast: Cast) -> None:
    view = pinned(cast.alice, name="Archive", is_shared=True)
    assert shown(stan) == {}
    stan.post(f"/views/{view.pk}/pin/")
    assert shown(stan) == shown(alice) == {"customers:list": [("Archive", None)]}
    stan.post(f"/views/{view.pk}/unpin/")
    assert (shown(stan), shown(alice)) == ({}, {"customers:list": [("Archive", None)]})


def test_pinning_is_undone(alice: Client, cast: Cast) -> None:
    view = SavedViewFactory(owner=Membership.objects.get(user=cast.alice))
    assert f'action="/views/{view.pk}/unpin/"' in alice.post(f"/views/{view.pk}/pin/", follow=True).content.decode()
    assert (
        f'action="/views/{view.pk}/pin/"' in alice.post(f"/views/{view.pk}/unpin/", {"next": "/dashboard/"}, follow=True).content.decode()
    )


def test_the_form_pins_a_view(alice: Client) -> None:
    fields = {"name": "Archive", "query": "status=archived", "list_name": "customers"}
    alice.post("/views/add/", fields | {"is_pinned": "on"})
    (pin,) = ViewPin.objects.all()
    assert alice.get(f"/views/{pin.view_id}/edit/").context["form"]["is_pinned"].value() is True
    alice.post(f"/views/{pin.view_id}/edit/", {"name": "Archive"})
    assert not ViewPin.objects.exists()


def test_five_views_of_each_list_can_be_pinned(alice: Client, cast: Cast) -> None:
    for number in range(MAX_PINNED):
        pinned(cast.alice, name=f"V{number}")
    sixth = SavedViewFactory(owner=Membership.objects.get(user=cast.alice), name="Sixth")
    assert "You have pinned 5 views of this list" in alice.post(f"/views/{sixth.pk}/pin/", follow=True).content.decode()
    assert "You have pinned 5 views" in alice.post(f"/views/{sixth.pk}/edit/", {"name": "Six", "is_pinned": "on"}).content.decode()
    sixth.refresh_from_db()
    assert (sixth.name, ViewPin.objects.count()) == ("Sixth", MAX_PINNED)
    # Neither other lists nor deleted views count.
    pinned(cast.alice, name="Mine", list_name="tasks", query="whose=mine")
    alice.post(f"/views/{ViewPin.objects.order_by('pk')[1].view_id}/delete/")
    alice.post(f"/views/{sixth.pk}/pin/")
    assert [name for name, _ in shown(alice)["customers:list"]] == ["V0", "V2", "V3", "V4", "Sixth"]


def test_pinned_views_are_moved(alice: Client, cast: Cast) -> None:
    first, second, third = (pinned(cast.alice, name=name) for name in "ABC")
    for view, direction, order in ((third, "up", "ACB"), (first, "up", "ACB"), (first, "down", "CAB"), (second, "down", "CAB")):
        alice.post(f"/views/{view.pk}/move/", {"direction": direction})
        assert "".join(name for name, _ in shown(alice)["customers:list"]) == order


@pytest.mark.django_db(transaction=True)
def test_concurrent_pins_keep_the_limit() -> None:
    cast = Cast()
    member = Membership.objects.get(user=cast.alice)
    for _ in range(MAX_PINNED - 1):
        pinned(cast.alice)
    views = [SavedViewFactory(owner=member) for _ in range(4)]
    results = at_once(4, lambda index: pin_view(views[index], member))
    assert results.count(True) == 1
    assert [type(result) for result in results if result is not True] == [ValidationError] * 3
    assert sorted(ViewPin.objects.values_list("position", flat=True)) == [1, 2, 3, 4, 5]


# --- Numbers ---------------------------------------------------------------------------------------------------------------


def test_numbers_of_all_lists(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, city="Köln", company="Mill & Sons")
    CustomerFactory(agency=cast.alder, city="Kiel", status="archived")
    CustomerFactory(agency=cast.birch, city="Köln")
    TaskFactory(customer=customer, assignee=cast.alice)
    TaskFactory(customer=customer, assignee=cast.stan, due_on="2020-01-01")
    ContactRequestFactory(agency=cast.alder, status="open", assignee=cast.stan)
    ContactRequestFactory(agency=cast.alder, message="Our zebra needs a site.")
    for name, query in {"All": "status=all", "City": "city=Köln", "Found": "q=mill", "Tasks": "open_tasks=on", "Typo": "q=mlil"}.items():
        pinned(cast.alice, name=name, query=query)
    for name, query in {
        "Waiting": "",
        "New": "state=new",
        "Open": "state=open",
        "Found": "q=zebra",
        "Mine": "state=open&whose=mine",
    }.items():
        pinned(cast.alice, name=name, query=query, list_name="requests")
    for name, query in {"All": "", "Mine": "whose=mine", "Overdue": "when=overdue", "Found": "q=sons"}.items():
        pinned(cast.alice, name=name, query=query, list_name="tasks")
    assert shown(alice) == {
        # A list also finds words with typing errors, but numbers cover exact matches only.
        "customers:list": [("All", 2), ("City", 1), ("Found", 1), ("Tasks", 1), ("Typo", None)],
        "requests_inbox:list": [("Waiting", 2), ("New", 1), ("Open", 1), ("Found", 1), ("Mine", None)],
        "customers:task_list": [("All", 2), ("Mine", 1), ("Overdue", 1), ("Found", 2)],
    }


def test_a_shared_view_counts_the_viewers_own_tasks(stan: Client, cast: Cast) -> None:
    view = pinned(cast.alice, list_name="tasks", query="whose=mine", is_shared=True, name="Mine")
    ViewPinFactory(view=view, member=Membership.objects.get(user=cast.stan))
    TaskFactory(customer__agency=cast.alder, assignee=cast.stan)
    assert shown(stan) == {"customers:task_list": [("Mine", 1)]}


def test_large_numbers_are_capped(alice: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(100, agency=cast.alder)
    pinned(cast.alice, name="All", query="status=all")
    page = alice.get("/dashboard/").content.decode()
    assert "99+" in page
    assert "99+ customers" in page


def test_numbers_follow_the_members_own_changes_at_once(alice: Client, stan: Client, cast: Cast) -> None:
    tasks = [TaskFactory(customer__agency=cast.alder, assignee=cast.alice) for _ in range(3)]
    pinned(cast.alice, list_name="tasks", query="whose=mine", name="Mine")
    assert shown(alice) == {"customers:task_list": [("Mine", 3)]}
    stan.post(f"/tasks/{tasks[0].pk}/done/")
    assert shown(alice) == {"customers:task_list": [("Mine", 3)]}
    alice.post(f"/tasks/{tasks[1].pk}/done/")
    assert shown(alice) == {"customers:task_list": [("Mine", 1)]}


def test_slow_numbers_are_kept_after_changes(alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "QUICK", 0)
    task = TaskFactory(customer__agency=cast.alder, assignee=cast.alice)
    pinned(cast.alice, list_name="tasks", query="whose=mine", name="Mine")
    assert shown(alice) == {"customers:task_list": [("Mine", 1)]}
    alice.post(f"/tasks/{task.pk}/done/")
    assert shown(alice) == {"customers:task_list": [("Mine", 1)]}
    cache.clear()
    assert shown(alice) == {"customers:task_list": [("Mine", None)]}


def test_one_query_counts_all_pinned_views(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert alice.get("/customers/").status_code == 200
        return len(captured)

    before = queries()
    for number in range(MAX_PINNED):
        for list_name in ("customers", "requests", "tasks"):
            pinned(cast.alice, list_name=list_name, query="q=mill" if number else "")
    cache.clear()
    assert queries() == before + 1
    # Their numbers are kept for a while.
    assert queries() == before
    assert before < 6


def test_changed_filters_are_counted_again(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, city="Kiel")
    view = pinned(cast.alice, name="City", query="city=Kiel", is_shared=True)
    assert shown(alice) == {"customers:list": [("City", 1)]}
    view.query = "city=Ulm"
    view.save()
    assert shown(alice) == {"customers:list": [("City", None)]}
