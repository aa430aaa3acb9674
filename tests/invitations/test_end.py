"""The end of an access: chosen and extended by the client, and carried out in the agency's time zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from customers.deadlines.queries import deadline_lines
from customers.deadlines.services import record_due_notices
from customers.merging.services import merge_customers
from customers.models import Customer, DeadlineNotice, Project
from customers.services.customers import archive_customer, erase_customer
from customers.terms import months_later
from invitations.models import AccessInvitation, AccessRequest
from invitations.services.access_requests import grant_request
from invitations.services.invitations import change_access, connect_customer, end_access_on_its_day, give_access, revoke_access
from invitations.services.terms import continue_with_project, decline_extension, end_with_project, extend_access, request_extension
from invitations.tasks import end_access
from partnerportal.agencies.models import Mode, Notification
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Lea GmbH", email="kim@client.example", responsible=cast.stan)


@pytest.fixture
def given(cast: Cast, customer: Customer) -> AccessInvitation:
    return ConnectedFactory(customer=customer, client=cast.kim, company="Lea GmbH", ends=True)


@pytest.fixture
def project(customer: Customer) -> Project:
    return ProjectFactory(customer=customer, title="Relaunch", status="active", is_shared=True)


def until(row: AccessInvitation, day: date) -> AccessInvitation:
    """Let the access end on this day."""
    AccessInvitation.objects.filter(pk=row.pk).update(term="month", project=None, ends_on=day)
    row.refresh_from_db()
    return row


def today(row: AccessInvitation) -> date:
    return timezone.localdate(timezone=ZoneInfo(row.agency.time_zone))


def kinds() -> list[tuple[str, str]]:
    return sorted(OutgoingMail.objects.values_list("kind", "to_email"))


def status(row: AccessInvitation) -> str:
    return AccessInvitation.objects.get(pk=row.pk).status


# --- Choosing the end --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("term", "months"), [("month", 1), ("quarter", 3), ("open", None)])
def test_the_time_starts_with_the_connection(kim: Client, cast: Cast, customer: Customer, term: str, months: int | None) -> None:
    kim.post("/partners/alder/access/", {"scope": "full", "name": "Kim", "term": term})
    given = AccessInvitation.objects.get()
    assert (given.term, given.ends_on) == (term, None)
    with time_machine.travel(timezone.now() + timedelta(days=20), tick=True):
        connect_customer(given, customer=customer, by=cast.stan)
        given.refresh_from_db()
        assert given.ends_on == (months_later(today(given), months) if months else None)


def test_without_a_choice_there_is_no_end(kim: Client, cast: Cast) -> None:
    kim.post("/partners/alder/access/", {"scope": "full", "name": "Kim"})
    assert AccessInvitation.objects.get().term == "open"


@pytest.mark.parametrize("term", ["project", "week"])
def test_before_the_connection_no_project_can_be_chosen(kim: Client, cast: Cast, term: str) -> None:
    page = kim.post("/partners/alder/access/", {"scope": "full", "name": "Kim", "term": term}).content.decode()
    assert "Select a valid choice" in page
    assert not AccessInvitation.objects.exists()


def test_changing_access_also_changes_its_end(kim: Client, given: AccessInvitation, project: Project) -> None:
    path = f"/my/{given.pk}/change/"
    page = kim.get(path).content.decode()
    assert "Until “Relaunch” is completed" in page and "No end date" in page
    kim.post(path, {"scope": "full", "end": "keep"})
    assert not OutgoingMail.objects.exists()
    kim.post(path, {"scope": "full", "end": f"project-{project.pk}"})
    given.refresh_from_db()
    assert (given.term, given.project, given.ends_on) == ("project", project, None)
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email) == ("access_changed", "stan@alder.example")
    assert "The access lasts until the project “Relaunch” is completed." in mail.text
    assert [event.action for event in AuditEvent.objects.filter(object_id=given.pk)] == ["invitation.end_changed"]
    assert "ends when “Relaunch” is completed" in " ".join(kim.get("/my/").content.decode().split())
    kim.post(path, {"scope": "partial", "areas": ["email"], "end": "quarter"})
    given.refresh_from_db()
    assert (given.scope, given.ends_on, given.project) == ("partial", months_later(today(given), 3), None)


@pytest.mark.parametrize("why", ["hidden", "of another customer", "completed", "of another agency", "without the area"])
def test_clients_can_only_choose_projects_they_know(kim: Client, cast: Cast, given: AccessInvitation, why: str) -> None:
    fields: dict[str, Any] = {"title": "Secret", "is_shared": True, "customer": given.customer}
    if why == "hidden":
        fields["is_shared"] = False
    elif why == "completed":
        fields["status"] = "done"
    elif why == "without the area":
        AccessInvitation.objects.update(scope="partial", areas=["email"])
    else:
        fields["customer"] = CustomerFactory(agency=cast.alder if why == "of another customer" else cast.birch)
    secret = ProjectFactory(**fields)
    for page in ("change", "extend"):
        path = f"/my/{given.pk}/{page}/"
        assert "Secret" not in kim.get(path).content.decode()
        response = kim.post(path, {"scope": "full", "end": f"project-{secret.pk}", "ends_on": given.ends_on.isoformat()})
        assert (response.status_code, "Select a valid choice" in response.content.decode()) == (200, True)
    assert AccessInvitation.objects.get().project is None


def test_a_request_can_name_a_project_that_is_not_shared(kim: Client, stan: Client, customer: Customer, cast: Cast) -> None:
    project = ProjectFactory(customer=customer, title="Relaunch")
    fields = {"email": "kim@client.example", "scope": "full", "project": project.pk}
    stan.post(f"/customers/{customer.pk}/access/request/", fields)
    request = AccessRequest.objects.get()
    link = "/a/" + str(request.link).rstrip("/").rpartition("/")[2] + "/"
    assert "It’s for the project “Relaunch”." in " ".join(kim.get(link).content.decode().split())
    kim.post(link, {"scope": "full", "end": f"project-{project.pk}"})
    given = AccessInvitation.objects.get()
    assert (given.status, given.term, given.project, given.ends_on) == ("connected", "project", project, None)
    assert "The access lasts until the project “Relaunch” is completed." in OutgoingMail.objects.get(kind="access_request_granted").text
    assert "Relaunch" in kim.get(f"/my/{given.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("before", "chosen", "after"),
    [("open", "month", "open"), ("month", "open", "open"), ("quarter", "month", "quarter"), ("month", "quarter", "quarter")],
)
def test_granting_a_request_never_shortens_existing_access(
    cast: Cast, given: AccessInvitation, customer: Customer, before: str, chosen: str, after: str
) -> None:
    given.set_end(before)
    given.save()
    request = AccessRequestFactory(customer=customer, email=cast.kim.email)
    grant_request(request, client=cast.kim, scope="full", areas=[], term=chosen)
    given.refresh_from_db()
    months = {"open": None, "month": 1, "quarter": 3}[after]
    assert given.ends_on == (months_later(today(given), months) if months else None)


# --- The last day ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "last_moment"),
    [
        # Days on which clocks change. In Havana, midnight exists twice on 1 November, and not at all on 14 March.
        ("Europe/Berlin", date(2027, 3, 28), datetime(2027, 3, 28, 21, 59, 59, tzinfo=UTC)),
        ("Europe/Berlin", date(2027, 10, 31), datetime(2027, 10, 31, 22, 59, 59, tzinfo=UTC)),
        ("America/Havana", date(2026, 10, 31), datetime(2026, 11, 1, 3, 59, 59, tzinfo=UTC)),
        ("America/Havana", date(2027, 3, 13), datetime(2027, 3, 14, 4, 59, 59, tzinfo=UTC)),
        ("Pacific/Kiritimati", date(2027, 2, 28), datetime(2027, 2, 28, 9, 59, 59, tzinfo=UTC)),
        ("Pacific/Pago_Pago", date(2027, 2, 28), datetime(2027, 3, 1, 10, 59, 59, tzinfo=UTC)),
    ],
)
def test_access_ends_with_its_last_day_in_the_agencys_time_zone(
    cast: Cast, given: AccessInvitation, zone: str, day: date, last_moment: datetime
) -> None:
    given.agency.time_zone = zone
    given.agency.save()
    until(given, day)
    with time_machine.travel(last_moment, tick=False):
        assert (end_access(), AccessInvitation.objects.connected().count()) == (0, 1)
        assert AccessInvitation.objects.get().current_status == "connected"
    with time_machine.travel(last_moment + timedelta(seconds=1), tick=False):
        # Even before the task runs.
        assert AccessInvitation.objects.connected().count() == 0
        assert AccessInvitation.objects.get().current_status == "disconnected"
        assert (end_access(), end_access()) == (1, 0)
    given = AccessInvitation.objects.get()
    assert (given.status, given.last_day) == ("disconnected", day)
    assert given.ended_at is not None and given.ended_at.replace(microsecond=0) == last_moment
    assert kinds() == [("access_over", "kim@client.example"), ("access_over", "stan@alder.example")]
    assert all(f"{day.day} {day:%B %Y}" in mail.text for mail in OutgoingMail.objects.all())
    assert AuditEvent.objects.filter(action="invitation.ended", actor_id=None).count() == 1


def test_pages_show_the_end_before_and_after(kim: Client, stan: Client, given: AccessInvitation) -> None:
    day = until(given, today(given) + timedelta(days=10)).ends_on
    shown = f"{day.day} {day:%B %Y}" if day else ""
    staff = (given.get_absolute_url(), given.customer.get_absolute_url(), "/invitations/?show=connected", "/invitations/?show=ending")
    for browser, paths in ((kim, ("/my/", f"/my/{given.pk}/", f"/my/{given.pk}/extend/", f"/my/{given.pk}/change/")), (stan, staff)):
        for path in paths:
            page = " ".join(browser.get(path).content.decode().split())
            assert "nds on" in page and shown in page, path
    until(given, today(given) - timedelta(days=1))
    assert "Lea GmbH" in stan.get("/invitations/?show=over").content.decode()
    for path in ("/invitations/?show=connected", "/invitations/?show=ending"):
        assert "Lea GmbH" not in stan.get(path).content.decode()
    assert "End access" not in stan.get(given.get_absolute_url()).content.decode()
    assert "Previously given by" in stan.get(given.customer.get_absolute_url()).content.decode()
    for path in ("change", "extend"):
        page = kim.get(f"/my/{given.pk}/{path}/", follow=True).content.decode()
        assert "This access has already been ended." in page
    assert "Revoke access" not in kim.get("/my/").content.decode()


def test_access_ends_soon_in_the_order_of_its_end(stan: Client, cast: Cast) -> None:
    days = {"Late": 30, "Early": 3, "Later": 31}
    for company, number in days.items():
        row = ConnectedFactory(customer__agency=cast.alder, company=company, term="quarter", ends_on=timezone.localdate())
        until(row, today(row) + timedelta(days=number))
    ConnectedFactory(customer__agency=cast.alder, company="Open")
    page = stan.get("/invitations/?show=ending").context["page"]
    assert [row.company for row in page.items] == ["Early", "Late"]


@pytest.mark.parametrize("how", ["give", "connect", "grant"])
def test_access_can_be_given_again_before_the_task_has_run(cast: Cast, given: AccessInvitation, customer: Customer, how: str) -> None:
    until(given, today(given) - timedelta(days=1))
    if how == "grant":
        grant_request(AccessRequestFactory(customer=customer, email=cast.kim.email), client=cast.kim, scope="full", areas=[])
    else:
        again = give_access(agency=cast.alder, client=cast.kim, scope="full", areas=[], name="Kim")
        if how == "connect":
            connect_customer(again, customer=customer, by=cast.stan)
    assert status(given) == ("connected" if how == "give" else "disconnected")
    assert AccessInvitation.objects.exclude(pk=given.pk).get().status == ("pending" if how == "give" else "connected")


@pytest.mark.parametrize("how", ["archived", "merged", "erased"])
def test_access_of_former_customers_ends_too(cast: Cast, given: AccessInvitation, customer: Customer, how: str) -> None:
    first = CustomerFactory(agency=cast.alder)
    if how == "archived":
        archive_customer(customer, by=cast.alice)
    elif how == "merged":
        merge_customers(first, customer, values={}, by=cast.alice)
    else:
        erase_customer(customer, by=cast.alice)
    until(given, today(given) - timedelta(days=1))
    OutgoingMail.objects.all().delete()
    assert end_access() == (how != "erased")
    given.refresh_from_db()
    assert (given.status, given.customer) == ("disconnected", first if how == "merged" else customer)
    assert len(kinds()) == (0 if how == "erased" else 2)


def test_erasing_a_customer_ends_access_past_its_last_day(cast: Cast, given: AccessInvitation, customer: Customer) -> None:
    until(given, today(given) - timedelta(days=1))
    erase_customer(customer, by=cast.alice)
    assert status(given) == "disconnected"


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


# --- Extending ---------------------------------------------------------------------------------------------------------


def test_client_extends_from_the_last_day(kim: Client, given: AccessInvitation) -> None:
    until(given, date(2031, 1, 31))
    data = {"end": "month", "ends_on": "2031-01-31"}
    page = kim.get(f"/my/{given.pk}/extend/").content.decode()
    assert "One month, until 28 February 2031" in page and "2031-01-31" in page
    assert "extended" in kim.post(f"/my/{given.pk}/extend/", data, follow=True).content.decode()
    given.refresh_from_db()
    assert given.ends_on == date(2031, 2, 28)
    assert kinds() == [("access_extended", "stan@alder.example")]
    # The second click of a double click.
    assert "has since been changed" in kim.post(f"/my/{given.pk}/extend/", data, follow=True).content.decode()
    given.refresh_from_db()
    assert (given.ends_on, OutgoingMail.objects.count()) == (date(2031, 2, 28), 1)
    kim.post(f"/my/{given.pk}/extend/", {"end": "open", "ends_on": "2031-02-28"})
    given.refresh_from_db()
    assert (given.term, given.ends_on) == ("open", None)
    assert "It no longer has an end date." in OutgoingMail.objects.latest("pk").text


@pytest.mark.parametrize("data", [{}, {"end": "month"}, {"end": "keep", "ends_on": "2031-01-31"}, {"end": "month", "ends_on": "x"}])
def test_incomplete_extensions_are_rejected(kim: Client, given: AccessInvitation, data: dict[str, str]) -> None:
    until(given, date(2031, 1, 31))
    assert kim.post(f"/my/{given.pk}/extend/", data).status_code == 200
    assert AccessInvitation.objects.get().ends_on == date(2031, 1, 31)


def test_nobody_else_extends_access(stan: Client, alice: Client, cast: Cast, given: AccessInvitation) -> None:
    other = Client()
    other.force_login(ConnectedFactory(customer=given.customer).client)
    for browser in (stan, alice, other):
        for path in ("extend/", "extend/decline/", "change/"):
            assert browser.post(f"/my/{given.pk}/{path}", {"end": "open", "ends_on": given.ends_on.isoformat()}).status_code == 404
    assert AccessInvitation.objects.get(pk=given.pk).ends_on == given.ends_on


def test_agency_asks_once_for_each_end(kim: Client, stan: Client, given: AccessInvitation) -> None:
    def ask() -> str:
        return stan.post(f"/invitations/{given.pk}/ask-to-extend/", follow=True).content.decode()

    assert "Ask for extension" in stan.get(given.get_absolute_url()).content.decode()
    page = ask()
    assert "Request sent to kim@client.example" in page and "The client was asked to extend the access on" in page
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.reply_to) == ("access_extension_request", "kim@client.example", "stan@alder.example")
    assert f"/my/{given.pk}/extend/" in mail.text and "Stan Stein asks you to extend it." in mail.text
    assert "They were already asked" in ask()
    for path in ("/my/", f"/my/{given.pk}/", f"/my/{given.pk}/extend/"):
        assert "Alder Web asks you to extend the access." in " ".join(kim.get(path).content.decode().split())
    kim.post(f"/my/{given.pk}/extend/decline/")
    kim.post(f"/my/{given.pk}/extend/decline/")
    assert "They were already asked" in ask()
    assert kinds() == [("access_extension_declined", "stan@alder.example"), ("access_extension_request", "kim@client.example")]
    assert "asks you to extend" not in kim.get("/my/").content.decode()
    assert "The client declined to extend the access on" in stan.get(given.get_absolute_url()).content.decode()
    kim.post(f"/my/{given.pk}/extend/", {"end": "month", "ends_on": given.ends_on.isoformat()})
    assert "Request sent" in ask()
    assert OutgoingMail.objects.filter(kind="access_extension_request").count() == 2


@pytest.mark.parametrize("how", ["open", "ended", "pending"])
def test_extension_of_access_without_an_end_is_not_asked_for(stan: Client, cast: Cast, given: AccessInvitation, how: str) -> None:
    if how == "open":
        AccessInvitation.objects.update(term="open", ends_on=None)
    elif how == "ended":
        revoke_access(given)
    else:
        given = InvitationFactory(agency=cast.alder, term="month")
    OutgoingMail.objects.all().delete()
    assert "Ask for extension" not in stan.get(given.get_absolute_url()).content.decode()
    stan.post(f"/invitations/{given.pk}/ask-to-extend/")
    assert kinds() == []
    given.refresh_from_db()
    assert given.extension_requested_at is None


# --- At the same moment ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(4))
def test_extending_while_access_ends(cast: Cast, given: AccessInvitation, number: int) -> None:
    """The last day passes while the client extends: either it was extended in time, or it has ended."""
    day = until(given, today(given)).ends_on
    midnight = datetime.combine(today(given) + timedelta(days=1), datetime.min.time(), ZoneInfo(given.agency.time_zone))
    # Before midnight the extension wins, afterwards the end, whichever lock comes first.
    with time_machine.travel(midnight + timedelta(seconds=1 if number % 2 else -10), tick=False):
        actions = [
            lambda: extend_access(AccessInvitation.objects.get(), ends_on=day, term="month"),
            lambda: end_access_on_its_day(AccessInvitation.objects.get()),
        ]
        extended, ended = at_once(2, lambda n: actions[n]())
    given.refresh_from_db()
    if number % 2:
        assert isinstance(extended, InvalidTransition) and ended is None
        assert (given.status, given.ends_on) == ("disconnected", day)
        assert [kind for kind, _to in kinds()] == ["access_over", "access_over"]
    else:
        assert isinstance(ended, InvalidTransition) and not isinstance(extended, Exception)
        assert (given.status, given.ends_on) == ("connected", months_later(day, 1) if day else None)
        assert [kind for kind, _to in kinds()] == ["access_extended"]


@pytest.mark.django_db(transaction=True)
def test_two_extensions_and_two_tasks_at_once(cast: Cast, given: AccessInvitation) -> None:
    day = given.ends_on
    assert day
    results = at_once(2, lambda _n: extend_access(AccessInvitation.objects.get(), ends_on=day, term="month"))
    assert sum(result is not None for result in results) == 1, results
    given.refresh_from_db()
    assert given.ends_on == months_later(day, 1)
    until(given, today(given) - timedelta(days=1))
    OutgoingMail.objects.all().delete()
    assert sorted(at_once(3, lambda _n: end_access())) == [0, 0, 1]
    assert len(kinds()) == 2
    assert AuditEvent.objects.filter(action="invitation.ended").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["extend", "request", "decline", "end"])
def test_erasing_the_customer_at_the_same_moment(cast: Cast, given: AccessInvitation, customer: Customer, action: str) -> None:
    day = until(given, today(given) - timedelta(days=action == "end")).ends_on
    if action == "decline":
        request_extension(given, by=cast.stan)
    actions: dict[str, Any] = {
        "extend": lambda: extend_access(given, ends_on=day, term="month"),
        "request": lambda: request_extension(given, by=cast.stan),
        "decline": lambda: decline_extension(given),
        "end": lambda: end_access_on_its_day(given),
    }
    results = at_once(2, lambda n: erase_customer(customer, by=cast.alice) if n else actions[action]())
    assert not isinstance(results[1], Exception) and (not isinstance(results[0], Exception) or isinstance(results[0], InvalidTransition)), (
        results
    )
    given.refresh_from_db()
    assert (given.status, given.name, given.company) == ("disconnected", "", "")
