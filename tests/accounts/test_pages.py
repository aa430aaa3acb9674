"""All reachable allauth pages, in each of their states, use the portal's layout and are in German."""

import re
from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client

from partnerportal.accounts.models import User
from partnerportal.outbox.models import OutgoingMail
from tests.accounts.test_second_factors import MFA, passkey
from tests.agencies.test_second_factor import with_app
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.route_matrix import all_routes
from tests.test_german import FAMILIAR, english_left, german, texts_in

#: allauth routes without a page.
NO_PAGE = {"mfa_download_recovery_codes", "mfa_login_webauthn"}


class Walk:
    """Opens pages and collects their routes and problems."""

    def __init__(self) -> None:
        self.routes: set[str] = set()
        self.wrong: list[tuple[str, Any]] = []

    def __call__(self, browser: Client, path: str, data: dict[str, Any] | None = None) -> None:
        response = browser.get(path) if data is None else browser.post(path, data)
        page = response.content.decode()
        self.routes.add(response.resolver_match.view_name)
        if response.status_code != 200 or not re.search(r'class="(sheet column column-narrow entrance|account-page( column)?)"', page):
            self.wrong.append((path, (response.status_code, response.get("Location"))))
        elif response["Content-Language"] != "de" or english_left(page):
            self.wrong.append((path, english_left(page)))
        self.wrong += [(path, text) for text in texts_in(page) if FAMILIAR.search(text)]


def of(person: User) -> Client:
    client = german()
    client.force_login(person)
    return client


def password_typed(person: User) -> Client:
    client = german()
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    return client


def test_all_pages_are_in_layout_and_german(cast: Cast, clean_cache: None) -> None:
    walk, visitor, stan, kim = Walk(), german(), of(cast.stan), of(cast.kim)
    for path in ("login/", "login/code/", "signup/", "inactive/", "confirm-email/", "confirm-email/no:key/", "password/reset/",
                 "password/reset/done/", "password/reset/key/1-x/", "password/reset/key/done/"):  # fmt: skip
        walk(visitor, f"/accounts/{path}")
    walk(visitor, "/accounts/login/", {"login": "x", "password": ""})
    walk(visitor, "/accounts/login/", {"login": "nobody@people.example", "password": "x"})
    walk(visitor, "/accounts/password/reset/", {"email": "x"})
    visitor.post("/accounts/login/code/", {"email": cast.max.email})
    walk(visitor, "/accounts/login/code/confirm/")
    walk(visitor, "/accounts/login/code/confirm/", {"code": "wrong"})
    reset_link(walk, cast)

    for browser in (stan, kim):
        for path in ("password/change/", "logout/", "reauthenticate/", "sessions/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/",
                     "2fa/webauthn/add/"):  # fmt: skip
            walk(browser, f"/accounts/{path}")
        walk(browser, "/accounts/password/change/", {"oldpassword": "x", "password1": "1234", "password2": "5"})
        walk(browser, "/accounts/reauthenticate/", {"password": "x"})
        walk(browser, f"{MFA}totp/activate/", {"code": "x"})
        walk(browser, f"{MFA}webauthn/add/", {"name": "x", "credential": "{}"})
    # Clients have a page of their own.
    walk(stan, "/accounts/email/")
    walk(stan, "/accounts/email/", {"action_add": "", "email": "x"})
    stan.post("/accounts/email/", {"action_add": "", "email": "neu@alder.example"})
    walk(stan, "/accounts/email/")
    new = EmailAddress.objects.get(email="neu@alder.example")
    walk(stan, f"/accounts/confirm-email/{EmailConfirmationHMAC(new).key}/")
    # Another user verified the address first.
    EmailAddress.objects.create(user=cast.max, email="Neu@alder.example", verified=True)
    walk(stan, f"/accounts/confirm-email/{EmailConfirmationHMAC(new).key}/")
    EmailAddress.objects.filter(email__iexact="neu@alder.example").delete()
    with_second_factors(walk, cast)
    cast.kim.set_unusable_password()
    cast.kim.save()
    walk(of(cast.kim), "/accounts/password/set/")
    walk(of(cast.kim), "/accounts/password/set/", {"password1": "1", "password2": "2"})

    assert walk.wrong == []
    theirs = {name for name, route in all_routes().items() if name.startswith(("account_", "mfa_", "usersessions_"))}
    assert theirs - walk.routes == NO_PAGE


def reset_link(walk: Walk, cast: Cast) -> None:
    """Open the page behind a reset link."""
    browser = german()
    browser.post("/accounts/password/reset/", {"email": cast.alice.email})
    link = re.search(r"/accounts/password/reset/key/\S+", OutgoingMail.objects.latest("pk").text)
    assert link
    page = browser.get(link[0], follow=True).request["PATH_INFO"]
    walk(browser, page)
    walk(browser, page, {"password1": "1", "password2": "2"})


def with_second_factors(walk: Walk, cast: Cast) -> None:
    """Open the pages of a user with several second factors."""
    with_app(cast.stan)
    RecoveryCodes.activate(cast.stan)
    walk(password_typed(cast.stan), f"{MFA}authenticate/")
    walk(password_typed(cast.stan), f"{MFA}authenticate/", {"code": "wrong"})
    stan = of(cast.stan)
    for path in ("", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/", "reauthenticate/"):
        walk(stan, f"{MFA}{path}")
    walk(stan, f"{MFA}reauthenticate/", {"code": "wrong"})
    key = passkey(cast, "Handy")
    walk(password_typed(cast.stan), f"{MFA}authenticate/")
    for path in ("", "webauthn/", "webauthn/reauthenticate/", f"webauthn/keys/{key.pk}/edit/", f"webauthn/keys/{key.pk}/remove/"):
        walk(stan, f"{MFA}{path}")
    walk(stan, f"{MFA}webauthn/keys/{key.pk}/edit/", {"name": ""})
