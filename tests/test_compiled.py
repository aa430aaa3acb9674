"""Compiled queries return the same rows as the plain querysets."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections, models, transaction
from django.db.models import F, QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.deadlines.services import record_due_notices
from customers.models import Customer, Task
from customers.models.items import NO_DATE
from customers.services.items import update_item
from partnerportal.core.compiled import compiled, planned
from partnerportal.core.pagination import Page
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import send
from requests_inbox.services.contact import submit_request
from requests_inbox.services.requests import reply
from reviews.models import ReviewRound
from reviews.services.reviews import submit_review
from reviews.tokens import address_digest
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, TaskFactory
from tests.factories.invitations import ConnectedFactory
from tests.factories.requests import SenderFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory, same_rating
from tests.test_queries import calendar_feed, fill, first_customer, open_link, public_review, used_link

#: Pages that together call every compiled query. Those of lists have both directions of the pages.
PAGES = (
    "/dashboard/",
    "/dashboard/?whose=mine",
    "/dashboard/?section=waiting",
    "/customers/",
    "/customers/add/",
    "/customers/?status=all&kind=company&open_tasks=on&sort=name",
    "/requests/",
    "/requests/?state=assigned&whose=nobody",
    "/tasks/?when=week&whose=mine",
    "/tasks/?state=done",
    "/projects/?status=all&when=overdue",
    "/domains/?renewal=manual&when=soon",
    "/contracts/?when=cancel",
    "/contracts/",
    "/company/reviews/",
    "/search/?q=lea",
    "/search/?q=gmbh+company",
    "/company/reviews/stats/",
    "/partners/",
    "/partners/?sort=name",
    "/partners/how-reviews-work/",
)
#: Pages of which members see another version.
PUBLIC_PAGES = (
    "/partners/alder/",
    "/partners/alder/contact/",
    "/partners/alder/?sort=lowest",
    "/partners/alder/badge.svg",
    "/de/partners/alder/",
)


def content(row: Any, seen: tuple[Any, ...] = ()) -> Any:
    """Return all values of a row, with those of its related objects."""
    if not isinstance(row, models.Model) or row in seen:
        return row
    related = {name: content(value, (*seen, row)) for name, value in row._state.fields_cache.items()}
    values = {name: value for name, value in vars(row).items() if name not in {"_state", "colleagues"}}
    return type(row), values, related


def test_each_compiled_query_returns_what_its_queryset_returns(
    cast: Cast, alice: Client, stan: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cast, 2)
    CustomerFactory.create_batch(30, agency=cast.alder)
    ContractFactory(customer=cast.alder.customers.first(), price=9)
    TaskFactory(customer=cast.alder.customers.first(), due_on="2020-01-01", assignee=cast.stan)
    due = TaskFactory(customer=cast.alder.customers.first(), due_on=timezone.localdate(), assignee=cast.stan)
    update_item(due, changed=["title"], by=cast.stan)
    ReviewFactory(review_request__customer__agency=cast.alder)
    ReviewRound.objects.create(agency=cast.alder, name="Spring", status="running", started_at=timezone.now())
    for number, request in enumerate(cast.alder.review_requests.pending()):
        # The order of requests that expire at the same time isn't defined.
        cast.alder.review_requests.filter(pk=request.pk).update(expires_at=request.expires_at - timedelta(days=number))
        cast.alder.review_opt_outs.get_or_create(address_digest=address_digest(request.customer.email))
    called: set[str] = set()
    call = compiled.__call__

    def compare(query: Any, *choice: Any, **values: Any) -> list[Any]:
        expected = list(query.build(*choice, **values))
        rows = call(query, *choice, **values)
        assert [content(row) for row in rows] == [content(row) for row in expected], query.__name__
        if rows:
            called.add(query.__name__)
        return rows

    monkeypatch.setattr(compiled, "__call__", compare)
    for path in (*PAGES, first_customer(cast)):
        # A second member and request use the statements of the first.
        for browser in (alice, stan, alice):
            response = browser.get(path)
            assert response.status_code == 200
            if isinstance(page := response.context.get("page"), Page) and page.next_url:
                where = path.partition("?")[0]
                following = browser.get(where + page.next_url)
                assert following.context["page"].items
                assert browser.get(where + following.context["page"].previous_url).context["page"].items == page.items
    for path in (*PUBLIC_PAGES, public_review(cast), open_link(cast), used_link(cast), calendar_feed(cast)) * 2:
        assert Client().get(path).status_code == 200
    for _ in range(2):
        answers = {**same_rating(5), "text": "", "author": "Lea"}
        assert submit_review(ReviewRequestFactory(customer__agency=cast.alder, customer__email="lea@brandt.example"), **answers)
    SenderFactory(agency=cast.alder, key="lea@brandt.example", status="fine")
    for number in range(2):
        fields = {"name": "Lea", "email": "lea@brandt.example", "phone": "", "company": "", "message": f"Message {number}"}
        new = submit_request(cast.alder, submission=f"{number}", language="en", consented_at=timezone.now(), **fields)
        assert new
        reply(new, text="Hello.", by=cast.stan, seen=None)
        reply(new, text="Hello once again.", by=cast.stan, seen=None)
    send.run(OutgoingMail.objects.latest("pk").pk)
    open_space_twice(cast, stan)
    DomainFactory(customer__agency=cast.alder, expires_on=date.today())  # noqa: DTZ011  # near, in any time zone
    assert record_due_notices(cast.alder)
    own = [query.__name__ for query in compiled.registry if not query.__module__.startswith("tests.")]
    assert called == set(own), "add a page to PAGES that calls the query and finds rows"


def open_space_twice(cast: Cast, stan: Client) -> None:
    given = ConnectedFactory(customer=cast.alder.customers.first(), client=cast.kim)
    kim = Client()
    kim.force_login(cast.kim)
    for browser, path in ((kim, "/my/alder/"), (kim, f"/my/~{cast.alder.pk}/"), (stan, f"/customers/{given.customer_id}/shared/")) * 2:
        assert browser.get(path).status_code == 200


def test_no_date_and_no_time_is_compiled(cast: Cast, alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[Any] = []
    compile_ = compiled._compile

    def remember(query: Any, *choice: Any) -> Any:
        statements.append(compile_(query, *choice))
        return statements[-1]

    monkeypatch.setattr(compiled, "_compile", remember)
    for query in compiled.registry:
        monkeypatch.setattr(query, "_statement", partial(remember, query))
    fill(cast, 2)
    for path in (*PAGES, first_customer(cast)):
        assert alice.get(path).status_code == 200
    fixed = [value for statement in statements for value in statement._parameters if isinstance(value, date)]
    assert set(fixed) <= {NO_DATE}


@compiled
def tasks(*order: str, customer: Any, before: Any) -> QuerySet[Task]:
    return Task.objects.filter(customer=customer, created_at__lt=before, title__contains="50%").order_by(*order)


def test_values_are_filled_in(cast: Cast) -> None:
    first, second = CustomerFactory.create_batch(2, agency=cast.alder)
    found, _other = TaskFactory(customer=first, title="50% done"), TaskFactory(customer=second, title="50% done")
    now = timezone.now()
    assert tasks(customer=first.pk, before=now) == [found]
    assert tasks(customer=first.pk, before=now - timedelta(days=1)) == []
    assert tasks("-pk", customer=first.pk, before=timezone.localtime(now)) == [found]


def test_a_query_is_compiled_once_for_each_choice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[tuple[str, ...]] = []

    @compiled
    def customers(*order: str, agency: Any) -> QuerySet[Customer]:
        built.append(order)
        return Customer.objects.filter(agency=agency).order_by(*order)

    compiled.registry.remove(customers)
    for order in (("number",), ("-number",), ("number",)):
        customers(*order, agency=cast.alder.pk)
        customers(*order, agency=cast.birch.pk)
    assert built == [("number",), ("-number",)]


@pytest.mark.parametrize("value", [None, [1, 2], {1}, F("pk"), Customer(pk=1), Customer.objects.none()])
def test_only_single_values_can_be_filled_in(value: Any) -> None:
    with pytest.raises(TypeError, match="customer must be a single value"):
        tasks(customer=value, before=timezone.now())


@compiled
def tasks_of_any(*, customers: Any) -> QuerySet[Task]:
    return Task.objects.filter(customer__id__any=customers).order_by("pk")


@pytest.mark.django_db
def test_tuples_are_compared_with_each_of_their_values(settings: Any) -> None:
    first, second, _third = (TaskFactory() for _ in range(3))
    for is_compiled in (True, False):
        settings.COMPILED_QUERIES = is_compiled
        assert tasks_of_any(customers=(second.customer_id, first.customer_id)) == [first, second]
        assert tasks_of_any(customers=(first.customer_id,)) == [first]
        assert tasks_of_any(customers=()) == []


@planned
def counted_tasks(*, customer: Any) -> QuerySet[Task]:
    return Task.objects.filter(customer=customer)


def prepared(text: str) -> list[tuple[int, int]]:
    """Return how often each prepared query with this text was run, with the plan for any values and with one for its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE strpos(statement, %s) > 0", [text])
        return cursor.fetchall()


def test_postgres_plans_a_query_once_unless_its_plan_depends_on_the_values(cast: Cast) -> None:
    first, second = CustomerFactory.create_batch(2, agency=cast.alder)
    for customer in (first, second, first):
        assert tasks(customer=customer.pk, before=timezone.now()) == []
        assert counted_tasks(customer=customer.pk) == []
    assert prepared("50") == [(3, 0)]
    assert sum(map(sum, prepared("customers_task"))) == 3


def test_connections_keep_the_text_of_prepared_queries_only(cast: Cast) -> None:
    """psycopg would keep the last 100 queries of each connection with their values, such as pieces of files."""
    customer = CustomerFactory(agency=cast.alder, notes="A confidential note.")
    assert tasks(customer=customer.pk, before=timezone.now()) == []
    cache = connection.connection._prepared
    kept = b" ".join(text for text, _types in (*cache._counts, *cache._names))
    assert b"confidential" not in kept
    assert prepared("50")


@pytest.mark.django_db
def test_prepared_queries_are_reported() -> None:
    with CaptureQueriesContext(connection) as captured:
        for _ in range(2):
            assert tasks(customer=1, before=timezone.now()) == []
    assert [query["sql"].partition(" FROM ")[2][:16] for query in captured] == ['"customers_task"'] * 2


def test_prepared_queries_outlive_the_rollback_of_a_savepoint(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    for _ in range(2):
        savepoint = transaction.savepoint()
        assert tasks(customer=customer.pk, before=timezone.now()) == []
        transaction.savepoint_rollback(savepoint)
    assert prepared("50") == [(2, 0)]


@pytest.mark.django_db(transaction=True)
def test_a_migration_can_change_the_type_of_a_column_of_a_prepared_query() -> None:
    """The processes of the previous version work during an upgrade."""

    def change(length: int) -> None:
        migration = connections.create_connection("default")
        with migration.cursor() as cursor:
            cursor.execute(f"ALTER TABLE customers_task ALTER COLUMN title TYPE varchar({length})")
        migration.close()

    task = TaskFactory(title="50% done")
    values = {"customer": task.customer_id, "before": timezone.now()}
    assert tasks(**values) == [task]
    change(201)
    try:
        assert tasks(**values) == [task]
    finally:
        change(Task._meta.get_field("title").max_length or 0)


def test_the_setting_prepares_no_query(cast: Cast, settings: Any) -> None:
    settings.PREPARED_QUERIES = False
    customer = CustomerFactory(agency=cast.alder)
    fresh = compiled(tasks.build)
    compiled.registry.remove(fresh)
    connection.connection._prepared.clear()
    assert fresh(customer=customer.pk, before=timezone.now()) == []
    assert prepared("50") == []


def test_the_setting_runs_plain_querysets(alice: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert alice.get("/customers/").status_code == 200
        return [query["sql"] for query in captured]

    compiled_ones = queries()
    settings.COMPILED_QUERIES = False
    monkeypatch.setattr(compiled, "_compile", None)
    assert len(queries()) == len(compiled_ones)
