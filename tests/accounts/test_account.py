"""Account settings, notifications, sessions and allauth's account pages."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone
from zeal import zeal_ignore

from invitations.mails.recipients import select_recipient
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Mode, Notification
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models import InboxSettings
from requests_inbox.services.contact import submit_request
from tests.agencies.test_second_factor import with_app
from tests.agencies.test_team import signed_in_by_password
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.customers import CustomerFactory

ACCOUNT = "/account/"


def save(client: Client, **fields: str) -> None:
    response = client.post(ACCOUNT, {"full_name": "Stan Stein", "language": "", "time_zone": "", **fields})
    assert (response.status_code, getattr(response, "url", "")) == (302, ACCOUNT)


def test_menu_links_to_the_account(stan: Client) -> None:
    assert f'href="{ACCOUNT}"' in stan.get("/dashboard/").content.decode()


def test_account_language_overrides_the_browsers(stan: Client, cast: Cast) -> None:
    save(stan, language="de")
    response = stan.get("/customers/", headers={"Accept-Language": "en"})
    assert response["Content-Language"] == "de"
    assert "Kunden" in response.content.decode()
    # It also applies to the next session, but not to anonymous visitors.
    again = signed_in_by_password(cast.stan)
    assert again.get("/customers/")["Content-Language"] == "de"
    assert again.get("/partners/")["Content-Language"] == "de"
    assert Client().get("/partners/")["Content-Language"] == "en"


def test_language_switch_changes_the_account(stan: Client, cast: Cast) -> None:
    save(stan, language="de")
    stan.post("/i18n/setlang/", {"language": "en", "next": "/customers/"})
    assert stan.get("/customers/")["Content-Language"] == "en"
    cast.stan.refresh_from_db()
    assert cast.stan.language == "en"
    stan.post("/i18n/setlang/", {"language": "xx"})
    cast.stan.refresh_from_db()
    assert cast.stan.language == "en"


def test_emails_use_the_account_language(stan: Client, cast: Cast) -> None:
    for member in cast.alder.memberships.all():
        member.set_notification(Notification.REQUESTS, Mode.NOW if member.user == cast.stan else Mode.OFF)
    save(stan, language="de")
    submit_request(cast.alder, submission="1", name="Pia", email="pia@people.example", message="Hi", consented_at=timezone.now())
    assert "Anfrage" in OutgoingMail.objects.get(to_email=cast.stan.email).subject
    Client().post("/accounts/password/reset/", {"email": cast.stan.email})
    assert "Passwort" in OutgoingMail.objects.latest("pk").text


def test_times_use_the_users_time_zone(stan: Client, alice: Client, cast: Cast) -> None:
    save(stan, time_zone="Pacific/Kiritimati")
    customer = CustomerFactory(agency=cast.alder)
    there = timezone.localtime(customer.created_at, ZoneInfo("Pacific/Kiritimati"))
    here = timezone.localtime(customer.created_at, ZoneInfo("Europe/Berlin"))
    assert f"{there:%H:%M}" in stan.get(customer.get_absolute_url()).content.decode()
    assert f"{here:%H:%M}" in alice.get(customer.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    "fields", [{"full_name": ""}, {"full_name": "a\x00b"}, {"full_name": "x" * 151}, {"language": "xx"}, {"time_zone": "Mars/Base"}]
)
def test_invalid_settings_are_rejected(stan: Client, cast: Cast, fields: dict[str, str]) -> None:
    response = stan.post(ACCOUNT, {"full_name": "Stan", "language": "de", "time_zone": "Europe/Paris", **fields})
    assert response.status_code == 200
    cast.stan.refresh_from_db()
    assert (cast.stan.full_name, cast.stan.language, cast.stan.time_zone) == ("Stan Stein", "", "")


def test_time_zones_are_unique_and_former_names_are_kept(stan: Client, cast: Cast) -> None:
    offered = stan.get(ACCOUNT).content.decode()
    assert 'value="Asia/Kolkata"' in offered and 'value="Asia/Calcutta"' not in offered
    assert offered.index('value="Europe/Berlin"') < offered.index('value="Africa/Cairo"')
    cast.stan.time_zone = "Asia/Calcutta"
    cast.stan.save()
    save(stan, time_zone="Asia/Calcutta")
    assert User.objects.get(pk=cast.stan.pk).time_zone == "Asia/Calcutta"


def test_clients_have_an_account_page(cast: Cast) -> None:
    kim = Client()
    kim.force_login(cast.kim)
    kim.post(ACCOUNT, {"full_name": "Kim", "language": "de", "time_zone": ""})
    assert User.objects.get(pk=cast.kim.pk).language == "de"
    page = kim.get(ACCOUNT).content.decode()
    assert "/account/notices/" not in page


def test_help_texts_differ_for_clients_and_members(stan: Client, cast: Cast) -> None:
    kim = Client()
    kim.force_login(cast.kim)
    page = kim.get(ACCOUNT).content.decode()
    assert "Shown to the agencies you give access." in page and "Portal time zone" in page
    assert "colleagues" not in page and "Agency time zone" not in page
    page = stan.get(ACCOUNT).content.decode()
    assert "Shown to your colleagues and customers." in page and "Agency time zone" in page
    assert "Portal time zone" not in page


def test_time_zones_are_translated(cast: Cast) -> None:
    client = Client(headers={"accept-language": "de"})
    client.force_login(cast.stan)
    page = client.get(ACCOUNT).content.decode()
    assert '<option value="Europe/Athens">Athen</option>' in page
    assert '<option value="Europe/Moscow">Moskau</option>' in page
    assert '<optgroup label="Europa">' in page and '<optgroup label="Indischer Ozean">' in page
    assert page.index("Zürich") < page.index("Afrika") < page.index("Amerika") < page.index("Australien")


def test_missing_name_has_one_error(stan: Client) -> None:
    page = stan.post(ACCOUNT, {"full_name": "", "language": "", "time_zone": ""}).content.decode()
    assert '<a href="#id_full_name">Enter your name.</a>' in page


def notices(**modes: str) -> dict[str, Any]:
    """Return the form's data: the defaults of staff, except for some kinds."""
    digest = {"wants_digest": "on", "digest_hour": "8", "digest_days": ["1", "2", "3", "4", "5"]}
    return {kind.value: kind.default_mode(is_manager=False).value for kind in Notification} | digest | modes


# --- Notifications -----------------------------------------------------------------------------------------------------


def test_request_notifications_match_the_inbox_settings(stan: Client, alice: Client, cast: Cast) -> None:
    assert [member.user for member in InboxSettings.notified_members(cast.alder)] == [cast.alice, cast.max]
    stan.post("/account/notices/", notices(requests="now"))
    assert [member.user for member in InboxSettings.notified_members(cast.alder)] == [cast.alice, cast.max, cast.stan]
    alice.post("/account/notices/", notices(requests="off"))
    assert [member.user for member in InboxSettings.notified_members(cast.alder)] == [cast.max, cast.stan]
    stans = cast.alder.memberships.get(user=cast.stan)
    alice.post("/requests/settings/", {"notified": [stans.pk], "retention_days": "30"})
    initial = stan.get("/account/notices/").context["form"].initial
    assert (initial["requests"], initial["access"]) == ("now", "now")
    stan.post("/account/notices/", notices(requests="off", access="off"))
    # Owners and managers are notified if no member has turned notifications on.
    assert [member.user for member in InboxSettings.notified_members(cast.alder)] == [cast.alice, cast.max]


def test_members_without_access_notifications_are_skipped(cast: Cast) -> None:
    members = {member.user: member for member in cast.alder.memberships.all()}
    assert select_recipient(cast.alder, cast.stan.pk) == cast.stan
    members[cast.stan].set_notification(Notification.ACCESS, Mode.OFF)
    assert select_recipient(cast.alder, cast.stan.pk) == cast.alice
    for member in members.values():
        member.set_notification(Notification.ACCESS, Mode.OFF)
    assert select_recipient(cast.alder, cast.stan.pk) == cast.stan


@pytest.mark.parametrize("mode", ["everything", "\x00", ""])
def test_unknown_notifications_are_rejected(stan: Client, cast: Cast, mode: str) -> None:
    assert stan.post("/account/notices/", notices(requests=mode)).status_code == 200
    assert not cast.alder.memberships.get(user=cast.stan).notification_choices.exists()


# --- Sessions ----------------------------------------------------------------------------------------------------------


@zeal_ignore()  # allauth queries each session separately.
def test_other_sessions_can_be_ended(cast: Cast) -> None:
    here, elsewhere = signed_in_by_password(cast.stan), signed_in_by_password(cast.stan)
    page = here.get("/accounts/sessions/").content.decode()
    assert page.count("192.0.2.7") == 2
    assert page.count("this session") == 1
    response = here.post("/accounts/sessions/", follow=True)
    assert "You’ve been signed out of all other sessions." in response.content.decode()
    assert "You’re not signed in anywhere else." in response.content.decode()
    assert elsewhere.get("/dashboard/").status_code == 302
    assert here.get("/dashboard/").status_code == 200


@zeal_ignore()
def test_single_session_can_be_ended_and_current_one_is_first(cast: Cast) -> None:
    old, newer, here = (signed_in_by_password(cast.stan) for _ in range(3))
    strangers = signed_in_by_password(cast.alice)
    key, foreign = (UserSession.objects.get(session_key=browser.session.session_key).pk for browser in (newer, strangers))
    page = here.get("/accounts/sessions/").content.decode()
    assert page.index("this session") < page.index(f"/account/sessions/{key}/end/")
    assert page.count("/end/") == 2
    assert here.post(f"/account/sessions/{foreign}/end/").status_code == 404
    assert "Session ended." in here.post(f"/account/sessions/{key}/end/", follow=True).content.decode()
    assert [browser.get("/dashboard/").status_code for browser in (old, newer, here, strangers)] == [200, 302, 200, 200]


@zeal_ignore()
def test_new_password_ends_other_sessions(cast: Cast) -> None:
    here, elsewhere = signed_in_by_password(cast.stan), signed_in_by_password(cast.stan)
    new = "another-long-password"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert User.objects.get(pk=cast.stan.pk).check_password(new)
    assert here.get("/dashboard/").status_code == 200
    assert elsewhere.get("/dashboard/").status_code == 302


# --- allauth's pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agency", [True, False])
def test_all_account_pages_open(cast: Cast, agency: bool) -> None:
    person = cast.stan if agency else cast.kim
    with_app(person)
    key = Authenticator.objects.create(user=person, type="webauthn", data={"name": "Phone", "credential": {}})
    RecoveryCodes.activate(person)
    client = Client()
    client.force_login(person)
    paths = ["", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/", "recovery-codes/download/", "reauthenticate/"]
    for path in [*paths, f"webauthn/keys/{key.pk}/edit/", f"webauthn/keys/{key.pk}/remove/"]:
        assert client.get(f"/accounts/2fa/{path}").status_code == 200, path
    # Clients change their address on a page of their own.
    for path in ("sessions/", *(["email/"] if agency else []), "password/change/", "reauthenticate/"):
        assert client.get(f"/accounts/{path}").status_code == 200, path
