"""Reauthentication before sensitive actions, 15 minutes after the sign-in, keeping the input."""

import time

import pytest
from django.test import Client

from partnerportal.accounts.models import User
from partnerportal.accounts.reauthentication import SESSION_KEY
from partnerportal.accounts.services.accounts import UNUSABLE_PASSWORD
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.customers import CustomerFactory
from tests.factories.exports import ExportJobFactory
from tests.factories.second_factors import code, with_app

REAUTHENTICATE = "/accounts/reauthenticate/"


def later(client: Client, seconds: int = 901) -> None:
    """Move the time of the sign-in back by `seconds`."""
    session = client.session
    session[SESSION_KEY] = time.time() - seconds
    session.save()


def guarded(cast: Cast) -> list[str]:
    stans = cast.alder.memberships.get(user=cast.stan)
    customer = CustomerFactory(agency=cast.alder)
    return [
        "/customers/export/",
        f"/customers/export/{ExportJobFactory(agency=cast.alder).pk}/",
        f"/customers/{customer.pk}/erase/",
        f"/company/team/{stans.pk}/remove/",
        f"/company/team/{stans.pk}/role/",
        "/company/team/hand-over/",
        "/company/team/second-factor/",
        "/company/team/invite/",
    ]


def test_recent_sign_in_needs_no_reauthentication(cast: Cast, alice: Client) -> None:
    later(alice, 890)
    for path in guarded(cast):
        assert alice.get(path).status_code == 200


def test_sensitive_views_require_reauthentication_after_15_minutes(cast: Cast, alice: Client) -> None:
    later(alice)
    paths = guarded(cast)
    for path in paths:
        for response in (alice.get(path), alice.post(path, {"number": "1"})):
            assert response.url.startswith(f"{REAUTHENTICATE}?next=")
    assert alice.get("/customers/").status_code == 200
    assert "Confirm it’s you" in alice.get(REAUTHENTICATE).content.decode()
    wrong = alice.post(f"{REAUTHENTICATE}?next={paths[1]}", {"password": "wrong"})
    assert wrong.status_code == 200
    assert alice.get(paths[0]).status_code == 302
    assert alice.post(f"{REAUTHENTICATE}?next={paths[1]}", {"password": PASSWORD}).url == paths[1]
    for path in paths:
        assert alice.get(path).status_code == 200


def test_form_input_survives_reauthentication(cast: Cast, alice: Client) -> None:
    customer = CustomerFactory(agency=cast.alder)
    path = f"/customers/{customer.pk}/erase/"
    alice.get(path)
    later(alice)
    redirect = alice.post(path, {"number": customer.reference})
    customer.refresh_from_db()
    assert customer.status == "active"
    page = alice.post(redirect.url, {"password": PASSWORD}, follow=True).content.decode()
    assert "Your input has been kept" in page
    assert f'value="{customer.reference}"' in page
    customer.refresh_from_db()
    assert customer.status == "active"


def test_second_factor_reauthenticates(cast: Cast, alice: Client) -> None:
    secret = with_app(cast.alice)
    later(alice)
    page = alice.get(alice.get("/customers/export/").url)
    assert [way["id"] for way in page.context["reauthentication_alternatives"]] == ["mfa_reauthenticate"]
    assert alice.post("/accounts/2fa/reauthenticate/?next=/customers/export/", {"code": code(secret)}).url == "/customers/export/"
    assert alice.get("/customers/export/").status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_users_without_password_sign_in_again(cast: Cast, alice: Client, method: str) -> None:
    User.objects.filter(pk=cast.alice.pk).update(password=UNUSABLE_PASSWORD)
    alice.force_login(User.objects.get(pk=cast.alice.pk))
    alice.get("/dashboard/")
    later(alice)
    response = getattr(alice, method)("/customers/export/")
    assert response.url == "/accounts/login/code/?next=/customers/export/"
    assert alice.get("/dashboard/").status_code == 302


def test_setting_up_a_second_factor_requires_reauthentication(alice: Client) -> None:
    assert alice.get("/accounts/2fa/totp/activate/").status_code == 200
    later(alice)
    assert alice.get("/accounts/2fa/totp/activate/").url.startswith(REAUTHENTICATE)
