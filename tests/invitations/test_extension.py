"""Extending an access, also while it ends."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.test import Client

from customers.models import Customer
from customers.services.customers import archive_customer, erase_customer
from customers.terms import months_later
from invitations.models import AccessInvitation
from invitations.services.invitations import end_access_on_its_day, revoke_access
from invitations.services.terms import decline_extension, extend_access, request_extension
from invitations.tasks import end_access
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.invitations import ConnectedFactory, InvitationFactory
from tests.invitations.end_helpers import kinds, today, until

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


def test_no_extension_is_asked_for_archived_customers(stan: Client, cast: Cast, given: AccessInvitation) -> None:
    archive_customer(given.customer, by=cast.alice)
    assert f"{given.get_absolute_url()}ask-to-extend/" not in stan.get(given.get_absolute_url()).content.decode()
    page = stan.post(f"{given.get_absolute_url()}ask-to-extend/", follow=True).content.decode()
    assert "This customer is archived" in page
    given.refresh_from_db()
    assert (given.extension_requested_at, OutgoingMail.objects.count()) == (None, 0)


def test_removed_members_ask_for_no_extension(cast: Cast, given: AccessInvitation) -> None:
    cast.alder.memberships.get(user=cast.stan).delete()
    with pytest.raises(PermissionDenied):
        request_extension(given, by=cast.stan)
    given.refresh_from_db()
    assert given.extension_requested_at is None


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
