"""The `autocomplete` attributes of fields about the user (WCAG 2.2, 1.3.5)."""

import re
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client

from tests.accounts.test_second_factors import MFA, passkey, password_typed
from tests.agencies.test_second_factor import with_app
from tests.cast import Cast
from tests.factories.agencies import OperatorFactory
from tests.factories.reviews import ReviewRequestFactory
from tests.factories.team import TeamInvitationFactory

FIELD = re.compile(r"<(?:input|textarea)\b[^>]*>")


def fields(page: str) -> dict[str, str | None]:
    """Return the `autocomplete` attribute of each text field by its name or id, including hidden user names."""
    found: dict[str, str | None] = {}
    for tag in FIELD.findall(page[page.index("<main") : page.index("</main>")]):
        attributes: dict[str, str] = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if tag.startswith("<textarea") and "aria-hidden" not in tag:
            continue  # free text
        if attributes.get("type") not in {"hidden", "checkbox", "radio", "submit", "file"}:
            found[attributes.get("name") or attributes["id"]] = attributes.get("autocomplete")
    return found


def path(link: str | None) -> str:
    assert link
    return "/" + link.split("/", 3)[3]


def test_fields_have_autocomplete_attributes(cast: Cast, stan: Client, clean_cache: None) -> None:
    OperatorFactory(accepts_applications=True)
    kim, visitor, coded = Client(), Client(), Client()
    kim.force_login(cast.kim)
    coded.post("/accounts/login/code/", {"email": cast.kim.email})
    new = {"password1": "new-password", "password2": "new-password", "username": "username"}
    pages: list[tuple[Client, str, dict[str, Any]]] = [
        (visitor, "/accounts/login/", {"login": "username", "password": "current-password"}),
        (visitor, "/accounts/login/code/", {"email": "email"}),
        (coded, "/accounts/login/code/confirm/", {"code": "one-time-code"}),
        (visitor, "/accounts/password/reset/", {"email": "email"}),
        (visitor, path(TeamInvitationFactory(agency=cast.alder).link),
         {"username": "username", "full_name": "name", "password": "new-password"}),
        (visitor, "/partners/alder/contact/",
         {"name": "name", "company": "organization", "email": "email", "phone": "tel", "homepage": "off"}),
        (visitor, "/partners/apply/",
         {"name": "organization", "website": "url", "city": "address-level2", "contact_name": "name", "email": "email", "homepage": "off"}),
        (visitor, path(ReviewRequestFactory(customer__agency=cast.alder).link), {"author": "name"}),
        (kim, "/partners/alder/access/",
         {"name": "name", "company": "organization", "phone": "tel", "street": "address-line1", "zip": "postal-code",
          "city": "address-level2"}),
        (stan, "/account/", {"full_name": "name"}),
        (stan, "/accounts/email/", {"email": "email"}),
        (stan, "/accounts/password/change/", {"oldpassword": "current-password", **new}),
        (stan, "/accounts/reauthenticate/", {"password": "current-password"}),
        (stan, f"{MFA}totp/activate/", {"secret": "off", "code": "one-time-code"}),
        (stan, f"{MFA}webauthn/add/", {"name": "off"}),
    ]  # fmt: skip
    check(pages)
    cast.kim.set_unusable_password()
    cast.kim.save()
    kim.force_login(cast.kim)
    with_app(cast.stan)
    RecoveryCodes.activate(cast.stan)
    key = passkey(cast)
    again = [
        (kim, "/accounts/password/set/", new),
        (stan, f"{MFA}reauthenticate/", {"code": "one-time-code"}),
        (stan, f"{MFA}recovery-codes/", {"recovery_codes": "off"}),
        (stan, f"{MFA}webauthn/keys/{key.pk}/edit/", {"name": "off"}),
    ]
    check(again)
    key.delete()
    check([(password_typed(cast), f"{MFA}authenticate/", {"code": "one-time-code"})])


def check(pages: list[tuple[Client, str, dict[str, Any]]]) -> None:
    found = [(path, fields(browser.get(path, follow=True).content.decode())) for browser, path, _fields in pages]
    assert found == [(path, expected) for _browser, path, expected in pages]
