"""E-mails about accounts: in the user's language, and not visible to any agency."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import allauth
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client
from django.utils import timezone, translation

from partnerportal.accounts.mails import EMAILS, send_account_mail
from partnerportal.outbox.kinds import KINDS_WITH_ADDRESS
from partnerportal.outbox.models import OutgoingMail
from tests.accounts.test_second_factors import MFA, passkey
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.second_factors import code, with_app
from tests.test_german import ENGLISH, FAMILIAR, texts_in

#: allauth e-mails that are never sent, because sign-up is closed or their feature is turned off.
NEVER = {"unknown_account", "account_already_exists", "password_reset_code", "email_confirm"}
NEW = "another-long-password"

pytestmark = pytest.mark.usefixtures("clean_cache")


def test_all_allauth_emails_are_replaced() -> None:
    folders = [Path(allauth.__file__).parent / "templates" / app / "email" for app in ("account", "mfa")]
    names = {f"{folder.parent.name}/email/{file.name[:-12]}" for folder in folders for file in folder.glob("*_subject.txt")}
    assert names - {f"account/email/{name}" for name in NEVER} == set(EMAILS) - {"recovery_code_used"}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", EMAILS)
def test_email_is_complete_and_in_the_users_language(cast: Cast, name: str, language: str, settings: Any) -> None:
    settings.SITE_URL = "https://portal.example"
    cast.kim.language = language
    cast.kim.save()
    context = {
        "user": cast.kim, "code": "ABC-123", "password_reset_url": "http://else.example/reset/key/1-x/", "timestamp": timezone.now(),
        "activate_url": "http://else.example/confirm/x/", "ip": "192.0.2.7", "user_agent": "Mozilla/5.0 (X11; Linux) Firefox/128",
        "from_email": "old@client.example", "to_email": "new@client.example", "deleted_email": "old@client.example", "left": 3,
    }  # fmt: skip
    with translation.override("en"):
        send_account_mail(name, cast.kim.email, context, owner=cast.kim)
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.agency) == (name, cast.kim.email, None)
    assert mail.html.count("<html") == 1
    assert ("Kim Client" in mail.text) and ("Kim Client" in mail.html)
    assert "else.example" not in mail.text
    assert ("ABC-123" in mail.text, "ABC-123" in mail.html) == ((True, True) if "login_code" in name else (False, False))
    assert "ABC-123" not in mail.subject
    # They are deleted with other IP addresses.
    assert ("192.0.2.7" in mail.text, "Firefox" in mail.html) == (name in KINDS_WITH_ADDRESS, name in KINDS_WITH_ADDRESS)
    if language == "de":
        for part in (mail.subject, *mail.text.splitlines(), *texts_in(mail.html)):
            if "http" not in part:
                assert not ENGLISH.search(part.replace("Firefox on", "")), part
                assert not FAMILIAR.search(part), part


def change_password(stan: Client, cast: Cast) -> None:
    stan.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})


def reset_password(stan: Client, cast: Cast) -> None:
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": cast.stan.email})
    link = next(line for line in OutgoingMail.objects.latest("pk").text.splitlines() if "/accounts/password/reset/key/" in line)
    page = browser.get("/" + link.split("/", 3)[3], follow=True)
    browser.post(page.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    cast.stan.refresh_from_db()
    assert cast.stan.check_password(NEW)


def set_up_an_app(stan: Client, cast: Cast) -> None:
    secret = stan.get(f"{MFA}totp/activate/").context["form"].secret
    stan.post(f"{MFA}totp/activate/", {"code": code(secret)})


def turn_the_app_off(stan: Client, cast: Cast) -> None:
    with_app(cast.stan)
    stan.post(f"{MFA}totp/deactivate/")


def make_codes(stan: Client, cast: Cast) -> None:
    passkey(cast)
    RecoveryCodes.activate(cast.stan)
    stan.post(f"{MFA}recovery-codes/generate/")


@pytest.mark.django_db(transaction=True)  # allauth sends some of these on commit
@pytest.mark.parametrize(
    ("change", "subject"),
    [
        (change_password, "Your password has been changed"),
        (reset_password, "Your password has been changed"),
        (set_up_an_app, "Two-factor authentication is on"),
        (turn_the_app_off, "Your authenticator app was turned off"),
        (make_codes, "You have new recovery codes"),
    ],
)
def test_user_is_notified_of_security_changes(cast: Cast, stan: Client, change: Callable[[Client, Cast], None], subject: str) -> None:
    change(stan, cast)
    mail = OutgoingMail.objects.filter(to_email=cast.stan.email).latest("pk")
    assert mail.subject == subject
    assert "If this wasn’t you" in mail.text
    assert "127.0.0.1" in mail.text


def test_old_address_is_notified_of_the_new_one(cast: Cast, stan: Client) -> None:
    stan.post("/accounts/email/", {"action_add": "", "email": "new@alder.example"})
    verification = OutgoingMail.objects.get()
    assert verification.to_email == "new@alder.example"
    # The greeting omits the name, which could be a message to a stranger until the address is verified.
    assert verification.text.startswith("Hello,\n")
    link = next(line for line in verification.text.splitlines() if "/accounts/confirm-email/" in line)
    stan.post("/" + link.split("/", 3)[3])
    notification = OutgoingMail.objects.latest("pk")
    assert (notification.to_email, notification.subject) == ("stan@alder.example", "Your e-mail address has been changed")
    assert "new@alder.example" in notification.text
    assert "reset" not in notification.text
    assert [address.email for address in EmailAddress.objects.filter(user=cast.stan)] == ["new@alder.example"]


def test_sign_in_code_uses_the_account_language(cast: Cast) -> None:
    cast.kim.language = "de"
    cast.kim.save()
    Client(headers={"Accept-Language": "en"}).post("/accounts/login/code/", {"email": cast.kim.email})
    assert OutgoingMail.objects.get().subject == "Ihr Anmeldecode"
