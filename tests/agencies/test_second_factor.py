"""Two-factor authentication required by an agency."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.agencies import AgencyFactory, MembershipFactory
from tests.factories.second_factors import code, with_app

TEAM = "/company/team/"
NEEDED = "/company/second-factor/"


@pytest.fixture
def required(cast: Cast, alice: Client) -> None:
    """Alice, who has a second factor, requires one of all members."""
    with_app(cast.alice)
    assert alice.post(f"{TEAM}second-factor/", {"required": "on"}).status_code == 302
    cast.alder.refresh_from_db()
    assert cast.alder.second_factor_required


def test_owner_without_second_factor_cannot_require_one(cast: Cast, alice: Client) -> None:
    response = alice.post(f"{TEAM}second-factor/", {"required": "on"}, follow=True)
    assert "Set up your own second factor before requiring one for the team" in response.content.decode()
    cast.alder.refresh_from_db()
    assert not cast.alder.second_factor_required


def test_members_without_second_factor_are_redirected_to_set_it_up(required: None, cast: Cast, stan: Client) -> None:
    for path in ("/dashboard/", "/customers/", TEAM):
        assert stan.get(path).url == NEEDED
    assert stan.post("/customers/add/", {"kind": "person", "last_name": "X"}).url == NEEDED
    assert not cast.alder.customers.exists()
    htmx = stan.get("/search/?q=x", headers={"HX-Request": "true"})
    assert (htmx.status_code, htmx["HX-Redirect"]) == (204, NEEDED)
    page = stan.get(NEEDED).content.decode()
    assert "Alder Web requires two-factor authentication" in page
    for path in ("/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/", "/account/"):
        assert stan.get(path).status_code == 200


def test_form_input_survives_a_new_requirement(cast: Cast, alice: Client, stan: Client) -> None:
    stan.get("/customers/add/")
    with_app(cast.alice)
    alice.post(f"{TEAM}second-factor/", {"required": "on"})
    assert stan.post("/customers/add/", {"kind": "person", "last_name": "Typed"}).url == NEEDED
    with_app(cast.stan)
    page = stan.get("/customers/add/").content.decode()
    assert "Your input has been kept" in page
    assert 'value="Typed"' in page


def test_confirmation_lists_members_without_second_factor(cast: Cast, alice: Client) -> None:
    path = f"{TEAM}second-factor/"
    assert "Set up your own second factor before requiring one for the team" in alice.get(path).content.decode()
    with_app(cast.alice)
    page = alice.get(path).content.decode()
    assert all(f"<li>{name}</li>" in page for name in ("Max Meyer", "Stan Stein"))
    assert 'name="required" value="True"' in page
    alice.post(path, {"required": "True"})
    assert "Make optional" in alice.get(path).content.decode()


def test_setting_up_a_second_factor_restores_access(required: None, cast: Cast, stan: Client) -> None:
    secret = stan.get("/accounts/2fa/totp/activate/").context["form"].secret
    assert stan.post("/accounts/2fa/totp/activate/", {"code": code(secret)}).url == "/accounts/2fa/recovery-codes/"
    assert stan.get("/dashboard/").status_code == 200
    assert stan.get(NEEDED).url == "/dashboard/"
    assert Authenticator.objects.filter(user=cast.stan, type="recovery_codes").exists()
    # The next sign-in asks for it.
    browser = Client()
    signed_in = browser.post("/accounts/login/", {"login": cast.stan.email, "password": PASSWORD})
    assert signed_in.url == "/accounts/2fa/authenticate/"
    assert browser.get("/dashboard/").status_code == 302
    Authenticator.objects.filter(user=cast.stan, type="totp").delete()
    assert stan.get("/dashboard/").url == NEEDED


def test_setup_continues_to_the_requested_page(required: None, cast: Cast, stan: Client) -> None:
    assert stan.get("/customers/?q=mill").url == NEEDED
    secret = stan.get("/accounts/2fa/totp/activate/").context["form"].secret
    codes = stan.post("/accounts/2fa/totp/activate/", {"code": code(secret)}, follow=True).content.decode()
    assert f'href="{NEEDED}"' in codes
    assert stan.get(NEEDED).url == "/customers/?q=mill"
    assert stan.get(NEEDED).url == "/dashboard/"
    assert "requires two-factor authentication. If this is your only method" in stan.get("/accounts/2fa/totp/deactivate/").content.decode()


def test_recovery_codes_alone_are_no_second_factor(required: None, cast: Cast, stan: Client) -> None:
    Authenticator.objects.create(user=cast.stan, type="recovery_codes", data={})
    assert stan.get("/dashboard/").url == NEEDED


def test_passkey_counts_as_second_factor(required: None, cast: Cast, stan: Client) -> None:
    Authenticator.objects.create(user=cast.stan, type="webauthn", data={})
    assert stan.get("/dashboard/").status_code == 200


def test_requirement_does_not_affect_other_agencies(required: None, cast: Cast, stan: Client) -> None:
    cedar = AgencyFactory(name="Cedar")
    MembershipFactory(agency=cedar, user=cast.stan)
    assert stan.post("/company/switch/", {"agency": cedar.pk}).url == "/dashboard/"
    assert stan.get("/dashboard/").status_code == 200


def test_team_page_counts_members_without_second_factor(required: None, cast: Cast, alice: Client) -> None:
    page = alice.get(TEAM).content.decode()
    assert "2 members haven’t set up two-factor authentication yet." in page
    for person in (cast.max, cast.stan):
        with_app(person)
    assert "Everyone signs in with a second factor" in alice.get(TEAM).content.decode()


def test_requirement_can_be_removed(required: None, cast: Cast, alice: Client, stan: Client) -> None:
    alice.post(f"{TEAM}second-factor/")
    assert stan.get("/dashboard/").status_code == 200
    actions = AuditEvent.objects.filter(action__startswith="team.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["team.second_factor_required", "team.second_factor_optional"]
