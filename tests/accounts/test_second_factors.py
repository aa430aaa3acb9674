"""Second factors: encrypted secrets, sign-in, a changed secret key, and passkeys."""

import os
from hashlib import sha256
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData
from zeal import zeal_ignore

from partnerportal.accounts.tasks import reseal_second_factors
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.second_factors import code, with_app

MFA = "/accounts/2fa/"
OLD, NEW = "an old key that was used for some years …", "a new key that was made because of a leak …"

pytestmark = pytest.mark.usefixtures("clean_cache")


def password_typed(cast: Cast) -> Client:
    """Return a client in which Stan has entered his password and is asked for a second factor."""
    browser = Client()
    assert browser.post("/accounts/login/", {"login": cast.stan.email, "password": PASSWORD}).url == f"{MFA}authenticate/"
    return browser


def opens(browser: Client, entered: str) -> bool:
    """Return whether this code signs in."""
    response = browser.post(f"{MFA}authenticate/", {"code": entered})
    assert response.status_code in {200, 302}
    return browser.get("/dashboard/").status_code == 200


def recovery_codes(cast: Cast) -> list[str]:
    return RecoveryCodes.activate(cast.stan).get_unused_codes()


# --- Encryption ------------------------------------------------------------------------------------------------------------


def test_table_contains_no_plain_secrets(cast: Cast, stan: Client) -> None:
    secret = stan.get(f"{MFA}totp/activate/").context["form"].secret
    stan.post(f"{MFA}totp/activate/", {"code": code(secret)})
    codes = recovery_codes(cast)
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(json_agg(factor)::text, '') FROM mfa_authenticator factor")
        table = cursor.fetchone()[0]
    assert table.count("gAAAA") == 2
    for part in (secret, *codes):
        assert part not in table
    assert opens(password_typed(cast), code(secret))


# --- Signing in ------------------------------------------------------------------------------------------------------------


def test_recovery_code_works_once(cast: Cast) -> None:
    with_app(cast.stan)
    first, second, *_ = recovery_codes(cast)
    assert opens(password_typed(cast), first)
    mail = OutgoingMail.objects.get(to_email=cast.stan.email)
    assert mail.subject == "A recovery code has been used" and "You have 9 codes left." in mail.text
    assert not opens(password_typed(cast), first)
    assert opens(password_typed(cast), f" {second[:4]} {second[4:]} ")
    assert not opens(password_typed(cast), "00000000")


def test_wrong_code_is_a_form_error(cast: Cast) -> None:
    with_app(cast.stan)
    for typed in ("000000", "x" * 5000, "\x00"):
        page = password_typed(cast).post(f"{MFA}authenticate/", {"code": typed})
        assert page.status_code == 200
        assert page.context["form"].errors["code"]


# --- Changed secret key ----------------------------------------------------------------------------------------------------


@zeal_ignore()  # allauth queries each session separately.
def test_secrets_are_reencrypted_after_a_key_change(cast: Cast, settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    secret = with_app(cast.stan)
    first, second, *_ = recovery_codes(cast)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert opens(password_typed(cast), code(secret))
    assert opens(password_typed(cast), first)
    assert (reseal_second_factors(), reseal_second_factors()) == (2, 0)
    # The former key is no longer needed. Used codes stay used.
    settings.SECRET_KEY_FALLBACKS = []
    assert not opens(password_typed(cast), first)
    assert opens(password_typed(cast), second)


@pytest.mark.parametrize("how", ["the key is gone", "never sealed"])
def test_undecryptable_secrets_are_explained(cast: Cast, stan: Client, settings: Any, how: str) -> None:
    settings.SECRET_KEY_FALLBACKS = [OLD]
    secret = with_app(cast.stan)
    first, *_ = recovery_codes(cast)
    if how == "never sealed":
        Authenticator.objects.filter(type="totp").update(data={"secret": secret})
        Authenticator.objects.filter(type="recovery_codes").update(data={"seed": "a" * 80, "used_mask": 0})
    else:
        key = settings.SECRET_KEY
        settings.SECRET_KEY = OLD
        Authenticator.objects.all().delete()
        secret, (first, *_) = with_app(cast.stan), recovery_codes(cast)
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = key, []
    assert reseal_second_factors() == 0
    for typed in (code(secret), first):
        page = password_typed(cast).post(f"{MFA}authenticate/", {"code": typed})
        assert "two-factor authentication data can’t be read" in page.content.decode()
    assert stan.get(MFA).status_code == 200
    for path in ("", "download/"):
        page = stan.get(f"{MFA}recovery-codes/{path}", follow=True).content.decode()
        assert "recovery codes can’t be read. Generate new ones" in page
    assert stan.get(f"{MFA}recovery-codes/generate/").status_code == 200
    assert stan.post(f"{MFA}recovery-codes/generate/", follow=True).context["unused_codes"]
    assert stan.post(f"{MFA}totp/deactivate/").url == MFA


# --- Passkeys (those that need a browser are in tests/browser/test_passkey.py) ---------------------------------------------


def passkey(cast: Cast, name: str = "Phone") -> Authenticator:
    """Create a passkey like a browser would."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    credential = AttestedCredentialData.create(Aaguid(bytes(16)), os.urandom(16), public)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    made = AuthenticatorData.create(sha256(b"testserver").digest(), flags, 0, credential)
    response = {
        "clientDataJSON": CollectedClientData.create("webauthn.create", b"challenge", "https://testserver"),
        "attestationObject": AttestationObject.create("none", made, {}),
    }
    key_id = websafe_encode(credential.credential_id)
    answer = {"id": key_id, "rawId": key_id, "type": "public-key", "response": {name: websafe_encode(it) for name, it in response.items()}}
    return Authenticator.objects.create(user=cast.stan, type="webauthn", data={"name": name, "credential": answer})


def test_removing_a_passkey_notifies_its_user(cast: Cast, stan: Client) -> None:
    kept, key = passkey(cast, "Laptop"), passkey(cast)
    page = stan.post(f"{MFA}webauthn/keys/{key.pk}/remove/", follow=True)
    assert page.redirect_chain == [(f"{MFA}webauthn/", 302)]
    assert list(Authenticator.objects.filter(user=cast.stan)) == [kept]
    mail = OutgoingMail.objects.get(to_email=cast.stan.email)
    assert mail.subject == "A passkey has been removed"


def test_removing_the_last_passkey_removes_recovery_codes(cast: Cast, stan: Client) -> None:
    key = passkey(cast)
    recovery_codes(cast)
    stan.post(f"{MFA}webauthn/keys/{key.pk}/remove/")
    assert not Authenticator.objects.exists()


def test_passkey_can_be_renamed(cast: Cast, stan: Client) -> None:
    key = passkey(cast)
    page = stan.get(f"{MFA}webauthn/keys/{key.pk}/edit/").content.decode()
    assert "Rename “Phone”" in page
    for name in ("", "x" * 101, "a\x00b"):
        assert stan.post(f"{MFA}webauthn/keys/{key.pk}/edit/", {"name": name}).status_code == 200
    assert stan.post(f"{MFA}webauthn/keys/{key.pk}/edit/", {"name": "Old phone"}).url == f"{MFA}webauthn/"
    key.refresh_from_db()
    assert key.data["name"] == "Old phone"


KEY = '"id": "eA", "rawId": "eA", "type": "public-key"'
HOSTILE = [
    "", "null", "7", '"x"', "[]", "{}", '{"id": "x"}', '{"id": "x", "rawId": "x", "response": {}}', "{" * 3000,
    f'{{{KEY}, "response": {{"clientDataJSON": "e30", "attestationObject": "oA"}}}}',
    f'{{{KEY}, "response": {{"clientDataJSON": "eA", "attestationObject": "/w"}}}}',
    f'{{{KEY}, "response": {{"clientDataJSON": "e30", "authenticatorData": "eA", "signature": "eA", "userHandle": "eA"}}}}',
    f'{{{KEY}, "response": {{"userHandle": 7}}}}', '{"response": [1], "id": {"\\u0000": 1}}',
]  # fmt: skip


def test_malformed_passkey_responses_are_rejected(cast: Cast, stan: Client) -> None:
    key = passkey(cast)
    signing_in = password_typed(cast)
    for number, credential in enumerate(HOSTILE):
        # The page issues a challenge. Without one, the response isn't checked.
        stan.get(f"{MFA}webauthn/add/")
        page = stan.post(f"{MFA}webauthn/add/", {"name": "x", "credential": credential, "passwordless": "on"})
        assert page.status_code == 200 and page.context["form"].errors, credential
        signing_in.get(f"{MFA}authenticate/")
        assert signing_in.post(f"{MFA}authenticate/", {"credential": credential}).status_code == 200, credential
        stan.get(f"{MFA}webauthn/reauthenticate/")
        assert stan.post(f"{MFA}webauthn/reauthenticate/", {"credential": credential}).status_code == 302, credential
        visitor = Client(REMOTE_ADDR=f"192.0.2.{number}")  # allauth limits requests per address
        visitor.get(f"{MFA}webauthn/login/", headers={"Accept": "application/json"})
        assert visitor.post(f"{MFA}webauthn/login/", {"credential": credential}).url == "/accounts/login/", credential
    assert Authenticator.objects.get() == key


def test_passkeys_are_unavailable_by_ip_address(cast: Cast, stan: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "192.0.2.1", "portal.example"]
    for host, says in {
        "127.0.0.1:8000": 'href="http://localhost:8000/accounts/2fa/webauthn/add/"',
        "192.0.2.1": "Open the portal by its domain name.",
    }.items():
        page = stan.get(f"{MFA}webauthn/add/", headers={"Host": host}).content.decode()
        assert says in page
        assert "mfa_webauthn_add" not in page
        assert "passkey_login" not in Client().get("/accounts/login/", headers={"Host": host}).content.decode()
    page = stan.get(f"{MFA}webauthn/add/", headers={"Host": "portal.example"}).content.decode()
    assert "mfa_webauthn_add" in page
    assert "by IP address" not in page
