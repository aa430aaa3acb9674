"""The administration opens with a second factor and a fresh sign-in only, and where `ADMIN_PATH` says."""

import time
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth.models import Permission
from django.test import Client

from tests.cast import Cast
from tests.factories.accounts import PASSWORD, UserFactory

PAGES = ["/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/", "/admin/autocomplete/", "/admin/nothing/"]

pytestmark = pytest.mark.usefixtures("clean_cache")


@pytest.fixture(autouse=True)
def _in_production(settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = True


def signed_in(email: str, secret: str | None = None) -> Client:
    """As a person does it."""
    client = Client()
    response = client.post("/accounts/login/?next=/admin/", {"login": email, "password": PASSWORD})
    if secret:
        assert response.url.startswith("/accounts/2fa/authenticate/")
        code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
        client.post(response.url, {"code": code})
    return client


@pytest.mark.parametrize("path", PAGES)
def test_without_a_second_factor_one_is_led_to_set_one_up(cast: Cast, path: str) -> None:
    client = signed_in(cast.ada.email)
    response = client.get(path)
    assert response.url == "/accounts/2fa/"
    assert "needs a second factor" in client.get(response.url).content.decode()
    assert client.post(path, {"email": "x@y.example"}).url == "/accounts/2fa/"


def test_recovery_codes_alone_are_no_second_factor_and_a_passkey_is_one(cast: Cast) -> None:
    client = signed_in(cast.ada.email)
    Authenticator.objects.create(user=cast.ada, type="recovery_codes", data={})
    assert client.get("/admin/").url == "/accounts/2fa/"
    Authenticator.objects.create(user=cast.ada, type="webauthn", data={})
    assert client.get("/admin/").status_code == 200


def test_with_a_second_factor_it_opens(cast: Cast) -> None:
    secret = generate_totp_secret()
    TOTP.activate(cast.ada, secret)
    client = signed_in(cast.ada.email, secret)
    assert client.get("/admin/").status_code == 200
    # The password alone is half a sign-in.
    assert signed_in(cast.ada.email).get("/admin/").url.startswith("/admin/login/")


def test_an_old_sign_in_is_asked_for_again_and_leads_back(cast: Cast) -> None:
    secret = generate_totp_secret()
    TOTP.activate(cast.ada, secret)
    client = signed_in(cast.ada.email, secret)
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= 13 * 60 * 60
    session.save()
    response = client.get("/admin/accounts/user/")
    assert response.url == "/accounts/reauthenticate/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    assert client.post(response.url, {"password": PASSWORD}).url == "/admin/accounts/user/"
    assert client.get("/admin/accounts/user/").status_code == 200


def test_on_this_very_machine_it_needs_none(cast: Cast, settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = False
    assert signed_in(cast.ada.email).get("/admin/").status_code == 200


def test_nobody_reads_or_makes_another_ones_second_factor(cast: Cast, settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = False
    secret = generate_totp_secret()
    TOTP.activate(cast.alice, secret)
    client, factor = signed_in(cast.ada.email), Authenticator.objects.get()
    page = client.get(f"/admin/mfa/authenticator/{factor.pk}/change/")
    assert page.status_code == 200
    assert secret not in page.content.decode()
    assert client.post(f"/admin/mfa/authenticator/{factor.pk}/change/", {"data": "{}"}).status_code == 403
    assert client.post("/admin/mfa/authenticator/add/", {"user": cast.ada.pk, "type": "totp", "data": "{}"}).status_code == 403
    # But somebody whose telephone is lost can be helped.
    client.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.exists()


def test_addresses_are_confirmed_in_bulk_by_who_may_change_them(cast: Cast, settings: Any) -> None:
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
