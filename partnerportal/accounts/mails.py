"""What people are told about their own account, a function each. django-allauth says when (`AccountAdapter.send_mail`).

These mails belong to no agency: whoever of a team could read a code or a reset link could sign in with it.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.account import app_settings
from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User
from partnerportal.accounts.templatetags.user_agents import browser
from partnerportal.outbox.content import EmailContent, render_email
from partnerportal.outbox.services import queue_mail

DAY = 24 * 60 * 60
Context = dict[str, Any]


def send_account_mail(name: str, to: str, context: Context, *, owner: User | None) -> None:
    """Queue an e-mail by allauth's name for it, in the recipient's language or else the page's.

    Only `owner`, the account with this address, is greeted by name. Any other name could be a message to a stranger.
    """
    user: User | None = context.get("user") or owner
    with translation.override((user and user.language) or get_language()):
        letter = EMAILS[name](context)
        why = _("You’re receiving this e-mail because it concerns an account with this address.")
        parts = render_email(letter, name=owner.full_name if owner else "", sender=_("Partner Portal"), why=why, link=letter.link)
    queue_mail(kind=name, to=to, **parts)


# --- What opens something ------------------------------------------------------------------------------------------------


def login_code(context: Context) -> EmailContent:
    """A code that signs in."""
    minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
    return EmailContent(
        subject=_("Your sign-in code"),
        first=_("Enter this code on the page where you requested it:"),
        code=context["code"],
        then=[
            ngettext("The code is valid for %(count)d minute.", "The code is valid for %(count)d minutes.", minutes) % {"count": minutes},
            _("If you didn’t request it, you can ignore this e-mail. Never share this code with anyone."),
        ],
    )


def password_reset_link(context: Context) -> EmailContent:
    """The link to a new password."""
    return EmailContent(
        subject=_("Choose a new password"),
        first=_("Someone, probably you, requested a new password for your account."),
        button=_("Choose a new password"),
        link=_with_site_url(context["password_reset_url"]),
        link_first=True,
        then=[
            _good_for(settings.PASSWORD_RESET_TIMEOUT // DAY),
            _("If this wasn’t you, you can ignore this e-mail. Your password won’t change."),
        ],
    )


def confirm_address(context: Context) -> EmailContent:
    """Whether an address is somebody's."""
    return EmailContent(
        subject=_("Please confirm your e-mail address"),
        first=_("Please confirm that this is your e-mail address. You’ll use it to sign in from now on."),
        button=_("Confirm address"),
        link=_with_site_url(context["activate_url"]),
        link_first=True,
        then=[_good_for(app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS), _("If you didn’t request this, you can ignore this e-mail.")],
    )


# --- What was changed ----------------------------------------------------------------------------------------------------


def password_changed(context: Context) -> EmailContent:
    """By the old password, or by a reset link."""
    return _changed(
        context, _("Your password has been changed"), _("You now sign in with a new password. All other sessions have been signed out.")
    )


def password_set(context: Context) -> EmailContent:
    """The first one of an account that had none."""
    return _changed(context, _("Your account now has a password"), _("You can now use it to sign in, or continue to use sign-in codes."))


def address_changed(context: Context) -> EmailContent:
    """To the old address, which opens nothing any more: so there is no link to a new password."""
    return EmailContent(
        subject=_("Your e-mail address has been changed"),
        first=_("You now sign in with %(to_email)s. This address can no longer be used to sign in.") % context,
        then=[_done(context), _("If this wasn’t you, contact the portal administrator immediately.")],
    )


def address_removed(context: Context) -> EmailContent:
    """One of several."""
    return _changed(context, _("An e-mail address has been removed"), _("%(deleted_email)s is no longer linked to your account.") % context)


def app_set_up(context: Context) -> EmailContent:
    """TOTP on."""
    return _changed(
        context, _("Two-factor authentication is on"), _("From now on, you’ll need a code from your authenticator app to sign in.")
    )


def app_turned_off(context: Context) -> EmailContent:
    """TOTP off."""
    return _changed(context, _("Your authenticator app was turned off"), _("You no longer need a code from your app to sign in."))


def passkey_added(context: Context) -> EmailContent:
    """WebAuthn on."""
    return _changed(context, _("A passkey has been added"), _("A new passkey or security key can now be used to sign in to your account."))


def passkey_removed(context: Context) -> EmailContent:
    """WebAuthn off."""
    return _changed(
        context, _("A passkey has been removed"), _("A passkey or security key can no longer be used to sign in to your account.")
    )


def codes_made(context: Context) -> EmailContent:
    """New recovery codes."""
    return _changed(
        context,
        _("You have new recovery codes"),
        _("New recovery codes were generated for your account. Your previous codes no longer work."),
    )


def code_used(context: Context) -> EmailContent:
    """A recovery code has opened the account."""
    left = ngettext("You have %(count)d code left.", "You have %(count)d codes left.", context["left"]) % {"count": context["left"]}
    return _changed(context, _("A recovery code has been used"), _("Someone signed in with one of your recovery codes.") + f" {left}")


#: By allauth's names, but for the last. The others it has are never sent here; tests/accounts/test_mails.py knows them.
EMAILS: dict[str, Callable[[Context], EmailContent]] = {
    "account/email/login_code": login_code,
    "account/email/password_reset_key": password_reset_link,
    "account/email/email_confirmation": confirm_address,
    "account/email/email_confirmation_signup": confirm_address,
    "account/email/password_changed": password_changed,
    "account/email/password_reset": password_changed,
    "account/email/password_set": password_set,
    "account/email/email_changed": address_changed,
    "account/email/email_deleted": address_removed,
    "mfa/email/totp_activated": app_set_up,
    "mfa/email/totp_deactivated": app_turned_off,
    "mfa/email/webauthn_added": passkey_added,
    "mfa/email/webauthn_removed": passkey_removed,
    "mfa/email/recovery_codes_generated": codes_made,
    "recovery_code_used": code_used,
}


def _changed(context: Context, subject: str, first: str) -> EmailContent:
    """Something that opens the account is new or gone: whoever did not do it can do something about it."""
    return EmailContent(
        subject=subject,
        first=first,
        then=[_done(context), _("If this wasn’t you, someone else has access to your account. Choose a new password immediately.")],
        button=_("Choose a new password"),
        link=f"{settings.SITE_URL}{reverse('account_reset_password')}",
    )


def _done(context: Context) -> str:
    when = date_format(timezone.localtime(context["timestamp"]), "DATETIME_FORMAT")
    values = {"when": when, "browser": browser(context["user_agent"]), "ip": context["ip"]}
    if context["ip"]:
        return _("This happened on %(when)s, using %(browser)s, from the IP address %(ip)s.") % values
    return _("This happened on %(when)s, using %(browser)s.") % values


def _good_for(days: int) -> str:
    return ngettext(
        "The link is valid for %(count)d day and can be used once.", "The link is valid for %(count)d days and can be used once.", days
    ) % {"count": days}


def _with_site_url(url: str) -> str:
    """The same page at `SITE_URL`, as in all our mails; allauth takes the address under which the page was opened."""
    return f"{settings.SITE_URL}{urlsplit(url).path}"
