"""E-mails about the recipient’s own account. django-allauth decides when to send them (`AccountAdapter.send_mail`).

They belong to no agency, because a member who can read a code or reset link could sign in with it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from allauth.account import app_settings
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import get_language, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.accounts.templatetags.user_agents import browser
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letter

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Seconds in a day.
DAY = 24 * 60 * 60
Context = dict[str, Any]


def send_account_mail(name: str, to: str, context: Context, *, owner: User | None) -> None:
    """Queue the e-mail with this allauth name in the recipient’s language, or else the page’s.

    Only `owner`, the confirmed owner of the address, is greeted by name. Anyone can choose a name, so
    that a greeting could otherwise be used to send a message to any address.
    """
    user: User | None = context.get("user") or owner
    queue_letter(
        replace(
            EMAILS[name](context),
            kind=name,
            to=to,
            language=(user and user.language) or get_language() or "",
            name=owner.full_name if owner else "",
            footer_reason=_("You’re receiving this e-mail because it concerns an account with this address."),
        )
    )


# --- Codes and links -----------------------------------------------------------------------------


def login_code(context: Context) -> Letter:
    """Return the e-mail with a sign-in code."""
    minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
    return Letter(
        subject=_("Your sign-in code"),
        intro=_("Enter this code on the page where you requested it:"),
        code=context["code"],
        outro=[
            ngettext_lazy("The code is valid for %(count)d minute.", "The code is valid for %(count)d minutes.", minutes),
            _("If you didn’t request it, you can ignore this e-mail. Never share this code with anyone."),
        ],
        values={"count": minutes},
    )


def password_reset_link(context: Context) -> Letter:
    """Return the e-mail with a link to choose a new password."""
    days = settings.PASSWORD_RESET_TIMEOUT // DAY
    return Letter(
        subject=_("Choose a new password"),
        intro=_("Someone, probably you, requested a new password for your account."),
        button=_("Choose a new password"),
        link=_with_site_url(context["password_reset_url"]),
        link_first=True,
        outro=[_link_validity(days), _("If this wasn’t you, you can ignore this e-mail. Your password won’t change.")],
        values={"count": days},
    )


def confirm_address(context: Context) -> Letter:
    """Return the e-mail with a link that confirms the recipient’s address."""
    days = app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS
    return Letter(
        subject=_("Please confirm your e-mail address"),
        intro=_("Please confirm that this is your e-mail address. You’ll use it to sign in from now on."),
        button=_("Confirm address"),
        link=_with_site_url(context["activate_url"]),
        link_first=True,
        outro=[_link_validity(days), _("If you didn’t request this, you can ignore this e-mail.")],
        values={"count": days},
    )


# --- Changes of the account ----------------------------------------------------------------------


def password_changed(context: Context) -> Letter:
    """Return the notification about a changed or reset password."""
    return _account_changed(
        context, _("Your password has been changed"), _("You now sign in with a new password. All other sessions have been signed out.")
    )


def password_set(context: Context) -> Letter:
    """Return the notification about the first password of an account."""
    return _account_changed(
        context, _("Your account now has a password"), _("You can now use it to sign in, or continue to use sign-in codes.")
    )


def address_changed(context: Context) -> Letter:
    """Return the notification to the previous address. It has no reset link, because that address can’t sign in any more."""
    return Letter(
        subject=_("Your e-mail address has been changed"),
        intro=_("You now sign in with %(to_email)s. This address can no longer be used to sign in."),
        outro=[_circumstances(context), _("If this wasn’t you, contact the portal administrator immediately.")],
        values=_values(context),
    )


def address_removed(context: Context) -> Letter:
    """Return the notification about a removed address."""
    return _account_changed(context, _("An e-mail address has been removed"), _("%(deleted_email)s is no longer linked to your account."))


def totp_activated(context: Context) -> Letter:
    """Return the notification about a new authenticator app."""
    return _account_changed(
        context, _("Two-factor authentication is on"), _("From now on, you’ll need a code from your authenticator app to sign in.")
    )


def totp_deactivated(context: Context) -> Letter:
    """Return the notification about a removed authenticator app."""
    return _account_changed(context, _("Your authenticator app was turned off"), _("You no longer need a code from your app to sign in."))


def passkey_added(context: Context) -> Letter:
    """Return the notification about a new passkey."""
    return _account_changed(
        context, _("A passkey has been added"), _("A new passkey or security key can now be used to sign in to your account.")
    )


def passkey_removed(context: Context) -> Letter:
    """Return the notification about a removed passkey."""
    return _account_changed(
        context, _("A passkey has been removed"), _("A passkey or security key can no longer be used to sign in to your account.")
    )


def recovery_codes_generated(context: Context) -> Letter:
    """Return the notification about new recovery codes."""
    return _account_changed(
        context,
        _("You have new recovery codes"),
        _("New recovery codes were generated for your account. Your previous codes no longer work."),
    )


def recovery_code_used(context: Context) -> Letter:
    """Return the notification about a sign-in with a recovery code; `left` is the number of remaining codes."""
    remaining = ngettext_lazy("You have %(count)d code left.", "You have %(count)d codes left.", context["left"])
    intro = format_lazy("{} {}", _("Someone signed in with one of your recovery codes."), remaining)
    return _account_changed(context, _("A recovery code has been used"), intro)


#: By allauth’s names, except the last. tests/accounts/test_mails.py lists the allauth e-mails that are never sent.
EMAILS: dict[str, Callable[[Context], Letter]] = {
    "account/email/login_code": login_code,
    "account/email/password_reset_key": password_reset_link,
    "account/email/email_confirmation": confirm_address,
    "account/email/email_confirmation_signup": confirm_address,
    "account/email/password_changed": password_changed,
    "account/email/password_reset": password_changed,
    "account/email/password_set": password_set,
    "account/email/email_changed": address_changed,
    "account/email/email_deleted": address_removed,
    "mfa/email/totp_activated": totp_activated,
    "mfa/email/totp_deactivated": totp_deactivated,
    "mfa/email/webauthn_added": passkey_added,
    "mfa/email/webauthn_removed": passkey_removed,
    "mfa/email/recovery_codes_generated": recovery_codes_generated,
    "recovery_code_used": recovery_code_used,
}


#: Those that name the IP address and the browser.
WITH_CIRCUMSTANCES = {name for name, write in EMAILS.items() if write not in {login_code, password_reset_link, confirm_address}}


def _account_changed(context: Context, subject: "StrOrPromise", intro: "StrOrPromise") -> Letter:
    """Return a notification about a changed way to sign in, with a link to reset the password."""
    return Letter(
        subject=subject,
        intro=intro,
        outro=[
            _circumstances(context),
            _("If this wasn’t you, someone else has access to your account. Choose a new password immediately."),
        ],
        button=_("Choose a new password"),
        link=f"{settings.SITE_URL}{reverse('account_reset_password')}",
        values=_values(context),
    )


def _circumstances(context: Context) -> "StrOrPromise":
    if context["ip"]:
        return _("This happened on %(when)s, using %(browser)s, from the IP address %(ip)s.")
    return _("This happened on %(when)s, using %(browser)s.")


def _values(context: Context) -> Context:
    return {
        "when": lambda: date_format(timezone.localtime(context["timestamp"]), "DATETIME_FORMAT"),
        "browser": lambda: browser(context["user_agent"]),
        "ip": context["ip"],
        "to_email": context.get("to_email"),
        "deleted_email": context.get("deleted_email"),
        "count": context.get("left"),
    }


def _link_validity(days: int) -> "StrOrPromise":
    return ngettext_lazy(
        "The link is valid for %(count)d day and can be used once.", "The link is valid for %(count)d days and can be used once.", days
    )


def _with_site_url(url: str) -> str:
    """Return the page’s URL below `SITE_URL`. allauth uses the host of the request instead."""
    return f"{settings.SITE_URL}{urlsplit(url).path}"
