"""Automatic requests some days after the completion of a project."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from customers.merging.services import merge_customers
from customers.models import Customer, Project
from customers.services.customers import archive_customer
from partnerportal.agencies.models import Agency, Membership, Role
from partnerportal.audit.models import AuditEvent
from reviews.models import AutomaticRequest, AutomaticRequests, ReviewOptOut, ReviewRequest
from reviews.rounds import automatic
from reviews.rounds.automatic import cancel, restore, send_due, switch
from reviews.rounds.queries import automatic_projects
from reviews.services.reviews import submit_review
from reviews.tokens import address_digest
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.reviews import ReviewRequestFactory, same_rating
from tests.reviews.round_helpers import BERLIN, WORKDAY, at, completed, sent


def switched_on(cast: Cast, *, days: int = 14) -> AutomaticRequests:
    with at("2026-05-01T10:00"):
        switch(cast.alder, is_on=True, days=days, by=cast.max)
    return AutomaticRequests.objects.get(agency=cast.alder)


def run(moment: str) -> list[str]:
    """Let the task run at this time, and return the outcomes."""
    with at(moment):
        return [str(outcome) for outcome in send_due()]


def project(cast: Cast, moment: str = "2026-05-20T12:00", **fields: Any) -> Project:
    return completed(moment, **{"customer": CustomerFactory(agency=cast.alder), **fields})


def upcoming(agency: Agency) -> list[int]:
    return list(automatic_projects(Agency.objects.get(pk=agency.pk)).filter(automatic_request=None).values_list("pk", flat=True))


def events() -> list[str]:
    return list(AuditEvent.objects.filter(action__startswith="automatic").order_by("pk").values_list("action", flat=True))


def test_nothing_is_sent_until_an_agency_switches_it_on(cast: Cast) -> None:
    project(cast)
    assert run(WORKDAY) == []
    assert upcoming(cast.alder) == []
    switched_on(cast)
    project(cast, customer=CustomerFactory(agency=cast.birch))
    assert run(WORKDAY) == ["requested"]


def test_requests_are_sent_some_days_after_completion(cast: Cast) -> None:
    switched_on(cast, days=14)
    done = project(cast, "2026-05-20T12:00", title="Shop")
    assert upcoming(cast.alder) == [done.pk]
    assert run("2026-06-03T11:59") == []
    assert run("2026-06-03T12:00") == ["requested"]
    request = ReviewRequest.objects.get()
    assert (request.project, request.requested_by, request.round, request.status) == (done, cast.max, None, "open")
    assert sent() == [done.customer.email]
    assert upcoming(cast.alder) == []
    for moment in ("2026-06-03T12:00", "2026-06-04T12:00", "2027-06-03T12:00"):
        assert run(moment) == []
    assert len(sent()) == 1


@pytest.mark.parametrize("moment", ["2026-06-06T12:00", "2026-06-07T12:00", "2026-06-08T08:59", "2026-06-08T17:00"])
def test_requests_wait_for_working_hours(cast: Cast, moment: str) -> None:
    switched_on(cast)
    project(cast)
    assert run(moment) == []
    assert run("2026-06-09T09:00") == ["requested"]


def test_working_hours_are_those_of_the_agency(cast: Cast) -> None:
    Agency.objects.filter(pk=cast.alder.pk).update(time_zone="Pacific/Auckland")
    switched_on(cast)
    project(cast)
    assert run("2026-06-10T12:00") == []
    assert run("2026-06-10T23:30") == ["requested"]


def test_projects_completed_before_are_never_rated(cast: Cast) -> None:
    before = project(cast, "2026-05-01T09:59")
    switched_on(cast)
    assert upcoming(cast.alder) == []
    assert run(WORKDAY) == []
    # Off and on again: what was completed in between or before isn't rated either.
    after = project(cast, "2026-05-02T12:00")
    with at("2026-05-03T12:00"):
        switch(cast.alder, is_on=False, days=14, by=cast.max)
    assert upcoming(cast.alder) == []
    assert run(WORKDAY) == []
    between = project(cast, "2026-05-04T12:00")
    with at("2026-05-05T12:00"):
        switch(cast.alder, is_on=True, days=14, by=cast.alice)
    assert run(WORKDAY) == []
    assert not AutomaticRequest.objects.filter(project__in=[before, after, between]).exists()
    assert events() == ["automatic_requests.enabled", "automatic_requests.disabled", "automatic_requests.enabled"]


def test_other_days_keep_the_date_of_switching_on(cast: Cast) -> None:
    enabled = switched_on(cast).enabled_at
    done = project(cast)
    with at("2026-05-21T12:00"):
        switch(cast.alder, is_on=True, days=3, by=cast.alice)
    setting = AutomaticRequests.objects.get()
    assert (setting.enabled_at, setting.enabled_by, setting.days) == (enabled, cast.max, 3)
    assert run("2026-05-25T12:00") == ["requested"]
    assert done.customer.email in sent()
    assert events() == ["automatic_requests.enabled"]


def test_reopened_projects_are_not_rated_until_they_are_completed_again(cast: Cast) -> None:
    switched_on(cast, days=2)
    done = project(cast)
    done.status = "active"
    done.save()
    assert upcoming(cast.alder) == []
    assert run(WORKDAY) == []
    done.status = "done"
    done.save()
    done.refresh_from_db()
    # The days begin again. The database sets the time.
    assert done.completed_at and done.completed_at > timezone.now() - timedelta(minutes=5)
    assert upcoming(cast.alder) == [done.pk]
    assert run(WORKDAY) == []


def test_the_time_of_completion_is_kept_by_a_trigger(cast: Cast) -> None:
    planned = ProjectFactory(customer__agency=cast.alder)
    assert planned.completed_at is None
    at_once_done = ProjectFactory(customer__agency=cast.alder, status="done")
    imported = ProjectFactory(customer__agency=cast.alder, status="done", completed_at=datetime(2025, 1, 1, tzinfo=BERLIN))
    open_with_time = ProjectFactory(customer__agency=cast.alder, completed_at=datetime(2025, 1, 1, tzinfo=BERLIN))
    for made in (at_once_done, imported, open_with_time):
        made.refresh_from_db()
    assert at_once_done.completed_at and open_with_time.completed_at is None
    assert imported.completed_at == datetime(2025, 1, 1, tzinfo=BERLIN)
    # Other changes keep it.
    imported.title = "Other"
    imported.save()
    imported.refresh_from_db()
    assert imported.completed_at == datetime(2025, 1, 1, tzinfo=BERLIN)


def test_upcoming_requests_can_be_cancelled_and_restored(cast: Cast) -> None:
    switched_on(cast)
    done, other = project(cast), project(cast)
    assert cancel(done, by=cast.alice)
    assert not cancel(done, by=cast.alice)
    assert upcoming(cast.alder) == [other.pk]
    # Cancelled ones remain listed as such.
    assert set(automatic_projects(Agency.objects.get(pk=cast.alder.pk))) == {done, other}
    assert run(WORKDAY) == ["requested"]
    assert not cancel(other, by=cast.alice)
    assert not restore(other, by=cast.alice)
    assert restore(done, by=cast.alice)
    assert not restore(done, by=cast.alice)
    assert run(WORKDAY) == ["requested"]
    assert sent() == [other.customer.email, done.customer.email]
    assert events()[1:] == ["automatic_request.cancelled", "automatic_request.restored"]


def test_open_and_earlier_projects_cannot_be_cancelled(cast: Cast) -> None:
    switched_on(cast)
    assert not cancel(project(cast, "2026-04-30T12:00"), by=cast.alice)
    assert not cancel(ProjectFactory(customer__agency=cast.alder), by=cast.alice)


def test_customers_are_left_out_as_in_a_round(cast: Cast) -> None:
    switched_on(cast)
    archived, no_email, unsubscribed, own, pending, recent, rated = (project(cast) for _ in range(7))
    archive_customer(archived.customer, by=cast.stan)
    Customer.objects.filter(pk=no_email.customer_id).update(email="")
    ReviewOptOut.objects.create(agency=cast.alder, address_digest=address_digest(unsubscribed.customer.email))
    Customer.objects.filter(pk=own.customer_id).update(email=cast.stan.email)
    with at("2026-06-09T10:00"):
        ReviewRequestFactory(customer=pending.customer)
        ReviewRequestFactory(customer=recent.customer, status="withdrawn", withdrawn_at=timezone.now())
        submit_review(ReviewRequestFactory(customer=rated.customer, project=rated), **same_rating(1), text="No.", author="A")
    assert rated.pk not in upcoming(cast.alder)
    before = len(sent())
    run(WORKDAY)
    assert dict(AutomaticRequest.objects.values_list("project", "outcome")) == {
        archived.pk: "archived",
        no_email.pk: "no_email",
        unsubscribed.pk: "unsubscribed",
        own.pk: "own_staff",
        pending.pk: "open",
        recent.pk: "recent",
    }
    assert len(sent()) == before
    # The decision is final.
    assert run("2027-06-10T10:00") == []


def test_one_customer_is_asked_about_one_of_several_projects(cast: Cast) -> None:
    switched_on(cast)
    first = project(cast, "2026-05-20T12:00")
    second = project(cast, "2026-05-20T12:01", customer=first.customer)
    assert run(WORKDAY) == ["requested", "open"]
    assert ReviewRequest.objects.get().project == first
    assert AutomaticRequest.objects.get(project=second).outcome == "open"


def test_a_former_manager_is_replaced_as_sender(cast: Cast) -> None:
    switched_on(cast)
    project(cast)
    Membership.objects.filter(user=cast.max).update(role=Role.STAFF)
    assert run(WORKDAY) == ["requested"]
    assert ReviewRequest.objects.get().requested_by == cast.alice


def test_without_a_manager_requests_wait(cast: Cast) -> None:
    switched_on(cast)
    project(cast)
    members = Membership.objects.filter(agency=cast.alder)
    for member in members:
        member.user.is_active = False
        member.user.save()
    assert run(WORKDAY) == []
    assert not AutomaticRequest.objects.exists()
    cast.alice.is_active = True
    cast.alice.save()
    assert run(WORKDAY) == ["requested"]


def test_a_failing_request_does_not_keep_the_others_waiting(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    switched_on(cast)
    broken, fine = project(cast, "2026-05-20T12:00"), project(cast, "2026-05-21T12:00")
    ask = automatic.ask

    def fail(customer: Any, rated: Any, **more: Any) -> Any:
        if rated == broken:
            raise DatabaseError
        return ask(customer, rated, **more)

    monkeypatch.setattr(automatic, "ask", fail)
    assert run(WORKDAY) == ["requested"]
    assert sent() == [fine.customer.email]
    monkeypatch.undo()
    assert run(WORKDAY) == ["requested"]
    assert sent() == [fine.customer.email, broken.customer.email]


def test_a_project_that_moves_before_its_customer_is_locked_stays_due(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    switched_on(cast)
    first, moved = CustomerFactory(agency=cast.alder), project(cast)
    lock = automatic.lock_customer

    def lock_later(customer: Customer) -> Customer:
        merge_customers(first, customer, values={}, by=cast.max)
        return lock(customer)

    monkeypatch.setattr(automatic, "lock_customer", lock_later)
    assert run(WORKDAY) == []
    assert upcoming(cast.alder) == [moved.pk]
    monkeypatch.undo()
    assert run(WORKDAY) == ["requested"]
    assert sent() == [first.email]


@pytest.mark.django_db(transaction=True)
def test_concurrent_beats_ask_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    switched_on(cast)
    for _ in range(4):
        project(cast)
    monkeypatch.setattr(automatic, "is_open", lambda *_: True)
    results = at_once(4, lambda _: len(list(send_due())))
    assert sum(result for result in results if isinstance(result, int)) == 4
    assert len(sent()) == len(set(sent())) == AutomaticRequest.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_cancelling_while_requests_are_sent(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    switched_on(cast)
    done = [project(cast) for _ in range(4)]
    monkeypatch.setattr(automatic, "is_open", lambda *_: True)
    results = at_once(5, lambda index: cancel(done[index], by=cast.alice) if index < 4 else len(list(send_due())))
    assert not [result for result in results if isinstance(result, Exception)]
    cancelled = {made.customer.email for made, result in zip(done, results, strict=False) if result}
    assert set(sent()).isdisjoint(cancelled)
    assert len(sent()) + len(cancelled) == 4


@pytest.mark.django_db(transaction=True)
def test_switching_on_at_once(cast: Cast) -> None:
    assert at_once(6, lambda _: switch(cast.alder, is_on=True, days=14, by=cast.max)) == [None] * 6
    assert AutomaticRequests.objects.count() == 1
    assert events() == ["automatic_requests.enabled"]
