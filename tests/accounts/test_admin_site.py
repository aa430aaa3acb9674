"""The admin site requires a second factor and a recent sign-in."""

from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from zeal import zeal_ignore

from partnerportal.accounts.models import User
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.second_factors import code, with_app

PAGES = ["/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/", "/admin/autocomplete/", "/admin/nothing/"]

pytestmark = pytest.mark.usefixtures("clean_cache")


@pytest.fixture(autouse=True)
def _in_production(settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = True


def signed_in(email: str, secret: str | None = None) -> Client:
    """Return a client that signed in with the password and, if given, the second factor's secret."""
    client = Client()
    response = client.post("/accounts/login/?next=/admin/", {"login": email, "password": PASSWORD})
    if secret:
        assert response.url.startswith("/accounts/2fa/authenticate/")
        client.post(response.url, {"code": code(secret)})
    return client


@pytest.mark.parametrize("path", PAGES)
def test_admin_without_second_factor_is_redirected_to_set_it_up(cast: Cast, path: str) -> None:
    client = signed_in(cast.ada.email)
    response = client.get(path)
    assert response.url == "/accounts/2fa/"
    assert "The admin area requires two-factor authentication" in client.get(response.url).content.decode()
    assert client.post(path, {"email": "x@y.example"}).url == "/accounts/2fa/"


def test_first_admin_signs_in_without_email(db: None, settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = False
    call_command("createsuperuser", interactive=False, email="First@portal.example", verbosity=0)
    first = User.objects.get()
    first.set_password(PASSWORD)
    first.save()
    assert signed_in(first.email).get("/admin/").status_code == 200
    assert not OutgoingMail.objects.exists()


def test_passkey_counts_as_second_factor_and_recovery_codes_do_not(cast: Cast) -> None:
    client = signed_in(cast.ada.email)
    Authenticator.objects.create(user=cast.ada, type="recovery_codes", data={})
    assert client.get("/admin/").url == "/accounts/2fa/"
    Authenticator.objects.create(user=cast.ada, type="webauthn", data={})
    assert client.get("/admin/").status_code == 200


def test_admin_opens_with_a_second_factor(cast: Cast) -> None:
    secret = with_app(cast.ada)
    client = signed_in(cast.ada.email, secret)
    assert client.get("/admin/").status_code == 200
    # A password without the second factor isn't enough.
    assert signed_in(cast.ada.email).get("/admin/").url.startswith("/admin/login/")


def test_old_sign_in_requires_reauthentication(cast: Cast) -> None:
    secret = with_app(cast.ada)
    client = signed_in(cast.ada.email, secret)
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= 13 * 60 * 60
    session.save()
    response = client.get("/admin/accounts/user/")
    assert response.url == "/accounts/reauthenticate/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    assert client.post(response.url, {"password": PASSWORD}).url == "/admin/accounts/user/"
    assert client.get("/admin/accounts/user/").status_code == 200


def test_second_factor_is_optional_on_loopback(cast: Cast, settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = False
    assert signed_in(cast.ada.email).get("/admin/").status_code == 200


def test_second_factors_can_only_be_removed(cast: Cast, settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = False
    secret = with_app(cast.alice)
    client, factor = signed_in(cast.ada.email), Authenticator.objects.get()
    page = client.get(f"/admin/mfa/authenticator/{factor.pk}/change/")
    assert page.status_code == 200
    assert secret not in page.content.decode()
    assert client.post(f"/admin/mfa/authenticator/{factor.pk}/change/", {"data": "{}"}).status_code == 403
    assert client.post("/admin/mfa/authenticator/add/", {"user": cast.ada.pk, "type": "totp", "data": "{}"}).status_code == 403
    # A lost second factor can be removed.
    client.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.exists()


def test_verifying_addresses_requires_change_permission(cast: Cast, settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = False
    helper = UserFactory(is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_emailaddress"))
    EmailAddress.objects.update(verified=False)
    EmailAddress.objects.filter(user=helper).update(verified=True)
    mine = EmailAddress.objects.get(user=cast.alice)
    confirm = {"action": "make_verified", "_selected_action": [mine.pk]}
    signed_in(helper.email).post("/admin/account/emailaddress/", confirm)
    mine.refresh_from_db()
    assert not mine.verified
    helper.user_permissions.add(Permission.objects.get(codename="change_emailaddress"))
    signed_in(helper.email).post("/admin/account/emailaddress/", confirm)
    mine.refresh_from_db()
    assert mine.verified


@zeal_ignore()  # allauth queries each session separately.
@pytest.mark.parametrize("by", ["page", "list"])
def test_deleting_a_session_ends_it(cast: Cast, settings: Any, by: str) -> None:
    settings.ADMIN_REQUIRES_MFA = False
    lost, ada = signed_in(cast.stan.email), signed_in(cast.ada.email)
    session = UserSession.objects.get(user=cast.stan)
    sessions = "/admin/usersessions/usersession/"
    assert "Stan Stein" not in ada.get(f"{sessions}?q=max@alder").content.decode()
    assert lost.cookies["sessionid"].value not in ada.get(f"{sessions}{session.pk}/change/").content.decode()
    for words in ("stein", "stan@alder"):
        assert "Stan Stein" in ada.get(f"{sessions}?q={words}").content.decode()
    assert ada.post(f"{sessions}add/", {"user": cast.stan.pk}).status_code == 403
    assert ada.post(f"{sessions}{session.pk}/change/", {"user": cast.ada.pk}).status_code == 403
    if by == "page":
        ada.post(f"{sessions}{session.pk}/delete/", {"post": "yes"})
    else:
        ada.post(sessions, {"action": "delete_selected", "_selected_action": [session.pk], "post": "yes"})
    assert lost.get("/dashboard/").status_code == 302
    assert ada.get("/admin/").status_code == 200


def test_signed_in_client_can_be_deleted(cast: Cast, settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = False
    signed_in(cast.kim.email)
    signed_in(cast.ada.email).post(f"/admin/accounts/user/{cast.kim.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(email=cast.kim.email).exists()


def test_admin_urls_accept_any_characters(cast: Cast, settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = False
    ada = signed_in(cast.ada.email)
    assert ada.get("/admin/network/spokenlanguage/x%00/change/").status_code == 302


def test_corrected_address_replaces_the_former_one(cast: Cast, settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = False
    client, former = signed_in(cast.ada.email), cast.stan.email
    form = {"email": "Stan.Stein@alder.example", "full_name": "Stan Stein", "is_active": "on"}
    assert client.post(f"/admin/accounts/user/{cast.stan.pk}/change/", form).status_code == 302
    address = EmailAddress.objects.get(user=cast.stan)
    assert (address.email, address.primary, address.verified) == ("stan.stein@alder.example", True, False)
    assert Client().post("/accounts/login/", {"login": former, "password": PASSWORD}).status_code == 200
    # Addresses can't be edited in allauth's table.
    client.post(f"/admin/account/emailaddress/{address.pk}/change/", {"user": cast.ada.pk, "email": "x@y.example", "verified": "on"})
    address.refresh_from_db()
    assert (address.user, address.email, address.verified) == (cast.stan, "stan.stein@alder.example", True)
    assert client.post("/admin/account/emailaddress/add/").status_code == 403
