"""Requests wait until someone has replied or marked them as needing no reply, whether or not they have a customer."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, connection, migrations, transaction
from django.test import Client
from django.utils import timezone

from customers.services.customers import erase_customer
from partnerportal.agencies.models import Membership
from partnerportal.agencies.services.team import remove_member
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.desk.menu import menu_values
from partnerportal.desk.sections import waiting_requests
from requests_inbox.models import ContactRequest, RequestMessage
from requests_inbox.queries import listed_requests, typical_first_reply
from requests_inbox.services.requests import (
    AlreadyAnswered,
    assign_request,
    close_request,
    mark_no_reply_needed,
    mark_not_spam,
    mark_reply_needed,
    mark_spam,
    reopen_request,
    reply,
)
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.saved_views import SavedViewFactory
from tests.test_plans import nodes, plan_of

OLD = timedelta(days=31)
#: Queries of views of the inbox, before and after the migration.
INBOX_VIEWS = {
    "": "state=new",
    "whose=mine": "whose=mine&state=new",
    "whose=mine&state=open": "whose=mine&state=open",
    "q=zebra": "q=zebra",
}


@pytest.fixture
def request_(cast: Cast) -> ContactRequest:
    return ContactRequestFactory(agency=cast.alder, company="Mill")


def assigned(cast: Cast, **fields: Any) -> ContactRequest:
    request = ContactRequestFactory(agency=cast.alder, **fields)
    assign_request(request, CustomerFactory(agency=cast.alder, responsible=cast.stan), by=cast.alice)
    return request


def waiting() -> list[ContactRequest]:
    return list(ContactRequest.objects.waiting().order_by("pk"))


def post(client: Client, request: ContactRequest, action: str, **fields: Any) -> str:
    return client.post(f"{request.get_absolute_url()}{action}/", fields, follow=True).content.decode()


def shown(client: Client, query: str = "") -> list[ContactRequest]:
    return client.get(f"/requests/{query}").context["page"].items


# --- Which requests wait, and where it is shown ------------------------------------------------------------------------------


def test_requests_with_a_customer_wait(stan: Client, cast: Cast) -> None:
    request = assigned(cast, company="Mill")
    assert shown(stan) == [request]
    dashboard = stan.get("/dashboard/")
    assert "1 request waiting for a reply" in dashboard.content.decode()
    assert [row.title for section in dashboard.context["dashboard"].sections for row in section.rows] == ["Mill"]
    # The label is on the tab of assigned requests, on the request, and on the customer's page.
    assert "waiting for" in stan.get("/requests/?state=assigned").content.decode()
    assert "waiting for" in stan.get(request.get_absolute_url()).content.decode()
    request.refresh_from_db()
    assert "Waiting for a reply" in stan.get(request.customer.get_absolute_url()).content.decode()


def test_a_reply_ends_it_everywhere(stan: Client, cast: Cast) -> None:
    request = assigned(cast)
    reply(request, text="Gladly.", by=cast.alice, seen=None)
    assert waiting() == shown(stan) == []
    assert "waiting for a reply</span>" not in stan.get("/dashboard/").content.decode()
    request.refresh_from_db()
    for page in ("/requests/?state=assigned", request.get_absolute_url()):
        assert "waiting for" not in stan.get(page).content.decode()
    assert "Waiting for a reply" not in stan.get(request.customer.get_absolute_url()).content.decode()


def test_the_tab_counts_all_requests_that_wait(stan: Client, cast: Cast) -> None:
    assigned(cast)
    ContactRequestFactory(agency=cast.alder)
    ContactRequestFactory(agency=cast.alder, status="open")
    ContactRequestFactory(agency=cast.birch)
    tabs = {tab["state"]: tab["count"] for tab in stan.get("/requests/").context["tabs"]}
    assert (tabs["waiting"], tabs["new"], tabs["open"]) == (3, 1, 1)


def test_closed_requests_and_spam_do_not_wait(cast: Cast) -> None:
    request, spam = (ContactRequestFactory(agency=cast.alder) for _ in range(2))
    close_request(request, by=cast.stan)
    mark_spam(spam, by=cast.stan)
    assert waiting() == []
    reopen_request(request, by=cast.stan)
    mark_not_spam(spam, by=cast.stan)
    assert waiting() == [request, spam]


def test_requests_of_erased_customers_do_not_wait(cast: Cast) -> None:
    request = assigned(cast)
    request.refresh_from_db()
    erase_customer(request.customer, by=cast.alice)
    assert waiting() == []


@pytest.mark.parametrize(("assignee", "expected"), [("", ["stan"]), ("max", ["max"])])
def test_they_wait_for_the_assignee_or_the_account_manager(cast: Cast, assignee: str, expected: list[str]) -> None:
    assigned(cast, assignee=getattr(cast, assignee) if assignee else None)
    found = []
    for name in ("alice", "max", "stan"):
        client = Client()
        client.force_login(getattr(cast, name))
        if client.get("/dashboard/?whose=mine").context["dashboard"].sections:
            found.append(name)
    assert found == expected


def test_requests_of_a_former_member_are_reassigned(cast: Cast) -> None:
    request = assigned(cast, assignee=cast.stan)
    remove_member(Membership.objects.get(user=cast.stan), to=cast.max, by=cast.alice)
    request.refresh_from_db()
    assert request.assignee == cast.max


# --- No reply needed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_assigned", [False, True])
def test_no_reply_needed_and_undo(stan: Client, cast: Cast, is_assigned: bool) -> None:
    request = assigned(cast) if is_assigned else ContactRequestFactory(agency=cast.alder)
    status = ContactRequest.objects.get(pk=request.pk).status
    page = post(stan, request, "no-reply-needed")
    assert "Marked as needing no reply." in page
    assert "No reply needed." in page
    assert f'action="{request.get_absolute_url()}reply-needed/"' in page
    assert waiting() == []
    assert "none needed" in stan.get(f"/requests/?state={status}").content.decode()
    page = post(stan, request, "reply-needed")
    assert "The request is waiting for a reply again." in page
    assert waiting() == [request]
    assert list(AuditEvent.objects.order_by("-pk").values_list("action", flat=True)[:2]) == [
        "request.reply_needed",
        "request.no_reply_needed",
    ]
    assert ContactRequest.objects.get(pk=request.pk).status == status


def test_it_can_still_be_answered(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    mark_no_reply_needed(request_, by=cast.alice)
    post(stan, request_, "reply", text="Gladly.", seen="0")
    request_.refresh_from_db()
    assert (request_.first_reply_at is None, request_.no_reply_needed_at, request_.is_waiting) == (False, None, False)


def test_what_is_answered_is_not_marked(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    reply(request_, text="Gladly.", by=cast.alice, seen=None)
    assert "No reply needed" not in stan.get(request_.get_absolute_url()).content.decode()
    for action in ("no-reply-needed", "reply-needed"):
        assert "has since been answered. Nothing was changed." in post(stan, request_, action)
    request_.refresh_from_db()
    assert request_.no_reply_needed_at is None


@pytest.mark.parametrize(("settle", "says"), [(close_request, "has since been closed"), (mark_spam, "has since been marked as spam")])
def test_what_is_settled_is_not_marked(stan: Client, cast: Cast, request_: ContactRequest, settle: Any, says: str) -> None:
    settle(request_, by=cast.alice)
    assert says in post(stan, request_, "no-reply-needed")
    request_.refresh_from_db()
    assert request_.no_reply_needed_at is None


def test_marking_twice_is_one_event(cast: Cast, request_: ContactRequest) -> None:
    assert mark_no_reply_needed(request_, by=cast.alice)
    assert not mark_no_reply_needed(request_, by=cast.stan)
    assert AuditEvent.objects.filter(action="request.no_reply_needed").count() == 1
    assert mark_reply_needed(request_, by=cast.alice)
    assert not mark_reply_needed(request_, by=cast.stan)


# --- The time until the first reply ------------------------------------------------------------------------------------------


def test_replies_to_assigned_requests_count_and_marks_do_not(cast: Cast) -> None:
    received_at = timezone.now() - timedelta(hours=2)
    for _ in range(5):
        mark_no_reply_needed(ContactRequestFactory(agency=cast.alder), by=cast.alice)
    requests = [assigned(cast, created_at=received_at) for _ in range(5)]
    assert typical_first_reply(cast.alder) is None
    for request in requests:
        reply(request, text="Gladly.", by=cast.alice, seen=None)
    median = typical_first_reply(cast.alder)
    assert median is not None
    assert round(median / timedelta(hours=1)) == 2


# --- The database ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"first_reply_at": None}, {"no_reply_needed_at": timezone.now()}])
def test_the_database_keeps_answered_requests_answered(cast: Cast, request_: ContactRequest, change: dict[str, Any]) -> None:
    reply(request_, text="Gladly.", by=cast.alice, seen=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactRequest.objects.filter(pk=request_.pk).update(**change)


def test_the_migration_keeps_history(cast: Cast) -> None:
    operations = import_module("requests_inbox.migrations.0002_waiting").Migration.operations
    (update,) = (operation for operation in operations if isinstance(operation, migrations.RunSQL))
    now = timezone.now()
    old, recent = assigned(cast), assigned(cast)
    answered, unassigned = assigned(cast), ContactRequestFactory(agency=cast.alder, status_since=now - OLD, created_at=now - OLD)
    reply(answered, text="Gladly.", by=cast.alice, seen=None)
    ContactRequest.objects.filter(pk__in=[old.pk, answered.pk]).update(status_since=now - OLD)
    ContactRequest.objects.filter(pk=recent.pk).update(created_at=now - OLD)
    with connection.cursor() as cursor:
        cursor.execute(update.sql)
    assert waiting() == [recent, unassigned]
    answered.refresh_from_db()
    assert (answered.first_reply_at is None, answered.no_reply_needed_at) == (False, None)
    old.refresh_from_db()
    assert old.no_reply_needed_at == now - OLD


def test_the_migration_keeps_what_saved_views_show(cast: Cast) -> None:
    (update,) = import_module("partnerportal.desk.migrations.0003_views_of_new_requests").Migration.operations
    views = [SavedViewFactory(owner=cast.alder.memberships.first(), list_name="requests", query=query) for query in INBOX_VIEWS]
    tasks = SavedViewFactory(owner=cast.alder.memberships.first(), list_name="tasks", query="whose=mine")
    with connection.cursor() as cursor:
        cursor.execute(update.sql)
    for view, expected in zip([*views, tasks], [*INBOX_VIEWS.values(), "whose=mine"], strict=True):
        view.refresh_from_db()
        assert view.query == expected


def test_the_badge_the_inbox_and_the_dashboard_read_only_what_waits(cast: Cast) -> None:
    now = timezone.now()
    ContactRequest.objects.bulk_create(
        ContactRequestFactory.build(agency=cast.alder, status="open", first_reply_at=None if number % 100 == 0 else now)
        for number in range(3000)
    )
    with connection.cursor() as cursor:
        # The statistics that an upgrade leaves.
        cursor.execute(import_module("requests_inbox.migrations.0004_analyze_waiting").ANALYZE)
        cursor.execute("SELECT count(*) FROM pg_stats WHERE tablename = 'requests_inbox_contactrequest' AND attname = 'is_waiting'")
        assert cursor.fetchone() == (1,)
    badges = menu_values.build(agency=cast.alder.pk, member=1, list_name="", now=now, today=now.date(), recently=now)
    inbox = listed_requests("waiting", "", agency=cast.alder.pk, user=cast.stan.pk).order_by("-pk")[:26]
    for query, scan_type in ((badges, "Index Only Scan"), (inbox, "Index Scan")):
        plan = nodes(plan_of(*query.query.sql_with_params()))
        (scan,) = (node for node in plan if node.get("Relation Name") == "requests_inbox_contactrequest")
        assert (scan["Node Type"], scan["Index Name"]) == (scan_type, "contact_request_waiting")
        assert scan["Actual Rows"] <= 30
    dashboard = waiting_requests.build("", 7, agency=cast.alder.pk, user=cast.stan.pk)
    plan = nodes(plan_of(*dashboard.query.sql_with_params()))
    scans = [node for node in plan if node.get("Relation Name") == "requests_inbox_contactrequest"]
    assert [scan.get("Index Name") for scan in scans] == ["contact_request_waiting"] * 2


# --- At the same time --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_concurrent_reply_and_mark() -> None:
    cast = Cast()
    request = ContactRequestFactory(agency=cast.alder)
    actions = [lambda: reply(request, text="Gladly.", by=cast.stan, seen=0), lambda: mark_no_reply_needed(request, by=cast.alice)]
    replied, marked = at_once(2, lambda n: actions[n]())
    assert isinstance(replied, RequestMessage)
    assert marked is True or isinstance(marked, AlreadyAnswered)
    request.refresh_from_db()
    assert (request.first_reply_at is None, request.no_reply_needed_at, request.is_waiting) == (False, None, False)


@pytest.mark.django_db(transaction=True)
def test_concurrent_marks_are_one_event() -> None:
    cast = Cast()
    request = ContactRequestFactory(agency=cast.alder)
    team = [cast.stan, cast.alice, cast.max]
    assert sorted(at_once(3, lambda n: mark_no_reply_needed(request, by=team[n]))) == [False, False, True]  # type: ignore[type-var]
    assert AuditEvent.objects.filter(action="request.no_reply_needed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_concurrent_mark_and_close() -> None:
    cast = Cast()
    request = ContactRequestFactory(agency=cast.alder)
    actions = [lambda: mark_no_reply_needed(request, by=cast.stan), lambda: close_request(request, by=cast.alice)]
    marked, closed = at_once(2, lambda n: actions[n]())
    assert closed is None
    assert marked is True or isinstance(marked, InvalidTransition)
    assert waiting() == []
