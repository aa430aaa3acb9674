"""Notices before access ends, and access until the completion of a project."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from customers.deadlines.queries import deadline_lines
from customers.deadlines.services import record_due_notices
from customers.merging.services import merge_customers
from customers.models import Customer, DeadlineNotice, Project
from customers.terms import months_later
from invitations.models import AccessInvitation, AccessRequest
from invitations.services.invitations import change_access, end_access_on_its_day, revoke_access
from invitations.services.terms import continue_with_project, end_with_project, extend_access
from invitations.tasks import end_access
from partnerportal.agencies.models import Mode, Notification
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.invitations import AccessRequestFactory
from tests.invitations.end_helpers import kinds, status, today, until

# --- Notices -----------------------------------------------------------------------------------------------------------


def notify(row: AccessInvitation) -> list[tuple[str, str]]:
    record_due_notices(row.agency)
    return kinds()


@pytest.fixture
def immediately(cast: Cast) -> None:
    for member in cast.alder.memberships.all():
        member.set_notification(Notification.DEADLINES, Mode.NOW)


BOTH = [("access_ending", "kim@client.example"), ("deadlines", "stan@alder.example")]


@pytest.mark.usefixtures("immediately")
def test_both_sides_are_notified_once_seven_days_before(given: AccessInvitation) -> None:
    until(given, today(given) + timedelta(days=8))
    assert notify(given) == []
    until(given, today(given) + timedelta(days=7))
    assert notify(given) == BOTH
    assert notify(given) == BOTH
    assert f"/my/{given.pk}/extend/" in OutgoingMail.objects.get(kind="access_ending").text
    assert "Access from Lea GmbH ends on" in OutgoingMail.objects.get(kind="deadlines").text
    with time_machine.travel(timezone.now() + timedelta(days=6), tick=True):
        assert notify(given) == BOTH


@pytest.mark.usefixtures("immediately")
def test_another_end_is_notified_again(given: AccessInvitation) -> None:
    until(given, today(given) + timedelta(days=5))
    assert len(notify(given)) == 2
    extend_access(given, ends_on=given.ends_on, term="month")
    given.refresh_from_db()
    OutgoingMail.objects.all().delete()
    assert notify(given) == []
    with time_machine.travel(timezone.now() + timedelta(days=30), tick=True):
        assert notify(given) == BOTH


@pytest.mark.usefixtures("immediately")
@pytest.mark.parametrize("how", ["revoked", "no end", "past", "project"])
def test_nothing_is_notified_without_an_end_ahead(given: AccessInvitation, project: Project, how: str) -> None:
    until(given, today(given) + timedelta(days=-1 if how == "past" else 5))
    if how == "revoked":
        revoke_access(given)
    elif how == "no end":
        change_access(given, scope="full", areas=[], term="open")
    elif how == "project":
        change_access(given, scope="full", areas=[], term="project", project=project)
        AccessInvitation.objects.update(ends_on=today(given))
    OutgoingMail.objects.all().delete()
    assert notify(given) == []


def test_the_digest_has_a_line(cast: Cast, given: AccessInvitation) -> None:
    until(given, today(given) + timedelta(days=5))
    record_due_notices(cast.alder)
    (line,) = deadline_lines(cast.alder, DeadlineNotice.objects.values_list("pk", flat=True))
    assert line.text.startswith("Access from Lea GmbH ends on ") and line.url.endswith(given.get_absolute_url())


@pytest.mark.usefixtures("immediately")
def test_notices_of_both_sides_share_one_transaction(given: AccessInvitation, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError

    until(given, today(given) + timedelta(days=5))
    with monkeypatch.context() as patch:
        patch.setattr("invitations.mails.terms.send_to_client", fail)
        with pytest.raises(RuntimeError):
            record_due_notices(given.agency)
    assert kinds() == []
    assert notify(given) == BOTH


# --- Until a project is completed --------------------------------------------------------------------------------------


@pytest.fixture
def with_project(given: AccessInvitation, project: Project) -> AccessInvitation:
    given.set_end("project", project=project)
    given.save()
    return given


@pytest.mark.parametrize("how", ["done", "cancelled", "deleted"])
def test_access_ends_with_the_day_on_which_its_project_closes(with_project: AccessInvitation, project: Project, how: str) -> None:
    assert end_access() == 0
    if how == "deleted":
        project.delete()
    else:
        Project.objects.update(status=how)
    assert (end_access(), end_access()) == (0, 0)
    with_project.refresh_from_db()
    assert (with_project.status, with_project.ends_on) == ("connected", today(with_project))
    told = [("access_ends_with_project", "kim@client.example"), ("access_ends_with_project", "stan@alder.example")]
    assert kinds() == told
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=True):
        assert (end_access(), end_access()) == (1, 0)
    assert kinds() == [*told, ("access_over", "kim@client.example"), ("access_over", "stan@alder.example")]


def test_a_project_reopened_before_the_task_ran_changes_nothing(with_project: AccessInvitation, project: Project) -> None:
    Project.objects.update(status="done")
    (closed,) = AccessInvitation.objects.with_closed_project()
    Project.objects.update(status="active")
    with pytest.raises(InvalidTransition):
        end_with_project(closed)
    assert end_access() == 0
    assert kinds() == []
    assert status(with_project) == "connected"


@pytest.mark.parametrize("days", [0, 1])
def test_access_continues_with_a_reopened_project(with_project: AccessInvitation, project: Project, days: int) -> None:
    Project.objects.update(status="done")
    end_access()
    OutgoingMail.objects.all().delete()
    Project.objects.update(status="active")
    with time_machine.travel(timezone.now() + timedelta(days=days), tick=True):
        # The task that ends access would come too late, too.
        with pytest.raises(InvalidTransition):
            end_access_on_its_day(AccessInvitation.objects.get())
        assert (end_access(), end_access()) == (0, 0)
    with_project.refresh_from_db()
    assert (with_project.status, with_project.project, with_project.ends_on) == ("connected", project, None)
    assert kinds() == [("access_continues", "kim@client.example")]


def test_a_client_who_extended_is_not_affected_by_the_project(with_project: AccessInvitation, project: Project) -> None:
    Project.objects.update(status="done")
    end_access()
    with_project.refresh_from_db()
    extend_access(with_project, ends_on=with_project.ends_on, term="month")
    OutgoingMail.objects.all().delete()
    Project.objects.update(status="active")
    end_access()
    with pytest.raises(InvalidTransition):
        continue_with_project(with_project)
    with_project.refresh_from_db()
    assert (with_project.term, with_project.ends_on) == ("month", months_later(today(with_project), 1))
    assert kinds() == []


def test_a_merge_keeps_the_project(cast: Cast, with_project: AccessInvitation, project: Project, customer: Customer) -> None:
    first = CustomerFactory(agency=cast.alder)
    merge_customers(first, customer, values={}, by=cast.alice)
    transaction.get_connection().check_constraints()
    Project.objects.update(status="done")
    end_access()
    with_project.refresh_from_db()
    assert (with_project.customer, with_project.project, with_project.ends_on) == (first, project, today(with_project))


def test_database_rejects_projects_of_other_agencies(cast: Cast, given: AccessInvitation) -> None:
    theirs = ProjectFactory(customer__agency=cast.birch)
    request = AccessRequestFactory(customer=given.customer)
    for rows, fields in (
        (AccessInvitation.objects.filter(pk=given.pk), {"term": "project", "ends_on": None}),
        (AccessRequest.objects.filter(pk=request.pk), {}),
    ):
        with pytest.raises(IntegrityError, match="belongs to another agency"), transaction.atomic():
            rows.update(project=theirs, **fields)  # type: ignore[attr-defined]
