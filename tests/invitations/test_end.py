"""The end of an access: chosen by the client, and carried out in the agency's time zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from customers.merging.services import merge_customers
from customers.models import Customer, Project
from customers.services.customers import archive_customer, erase_customer
from customers.terms import months_later
from invitations.models import AccessInvitation, AccessRequest
from invitations.services.access_requests import grant_request
from invitations.services.invitations import connect_customer, give_access
from invitations.tasks import end_access
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory
from tests.invitations.end_helpers import kinds, status, today, until

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
