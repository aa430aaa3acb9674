"""E-mails about a client's account. They belong to no agency, because a member could read a code."""

from dataclasses import replace

from django.utils.translation import get_language, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from invitations.client_data.models import CODE_MINUTES
from partnerportal.accounts.models import User
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letter


def send_code_to_old_address(user: User, *, code: str, email: str) -> None:
    """Send the code that permits the change of address, which names the new `email`."""
    letter = Letter(
        kind="address_change_old",
        subject=_("Code to change your e-mail address"),
        intro=_("Someone, probably you, wants to sign in with %(email)s from now on. Enter this code to permit it:"),
        code=code,
        outro=[
            _VALIDITY,
            _("If this wasn’t you, someone else has access to your mailbox or a signed-in device. Never share this code with anyone."),
        ],
        values={"email": email, "count": CODE_MINUTES},
    )
    _send(user, letter, to=user.email)


def send_code_to_new_address(user: User, *, code: str, email: str) -> None:
    """Send the code that proves that the new address belongs to the person."""
    letter = Letter(
        kind="address_change_new",
        subject=_("Code to confirm your new e-mail address"),
        intro=_("Enter this code on the page where you changed your address:"),
        code=code,
        outro=[_VALIDITY, _("If you didn’t request it, you can ignore this e-mail. Never share this code with anyone.")],
        values={"count": CODE_MINUTES},
    )
    # Without the name: the address isn't confirmed.
    queue_letter(replace(letter, to=email, language=_language(user), footer_reason=_REASON))


def send_address_in_use(email: str, *, language: str) -> None:
    """Notify the owner of an address that someone wanted to use it, without any code."""
    letter = Letter(
        kind="address_change_refused",
        subject=_("This address already has an account"),
        intro=_("Someone wanted to use this address for another account. It already has an account, so nothing was changed."),
        outro=[_("If this was you, sign in with this address. Otherwise, no action is needed.")],
    )
    queue_letter(replace(letter, to=email, language=language, footer_reason=_REASON))


def send_address_changed(user: User, *, old: str) -> None:
    """Notify the previous address."""
    letter = Letter(
        kind="address_changed",
        subject=_("Your e-mail address has been changed"),
        intro=_("You now sign in with %(email)s. This address can no longer be used to sign in."),
        outro=[_("If this wasn’t you, contact the portal administrator immediately.")],
        values={"email": user.email},
    )
    _send(user, letter, to=old)


def send_account_closed(*, to: str, name: str, language: str) -> None:
    """Confirm to the former address that the account was closed."""
    letter = Letter(
        kind="account_closed",
        subject=_("Your account has been closed"),
        intro=_("Your account in the Partner Portal was closed. All access you had given has ended, and the agencies were notified."),
        outro=[_("If this wasn’t you, contact the portal administrator immediately.")],
        name=name,
    )
    queue_letter(replace(letter, to=to, language=language, footer_reason=_REASON))


_REASON = _("You’re receiving this e-mail because it concerns an account with this address.")
_VALIDITY = ngettext_lazy("The code is valid for %(count)d minute.", "The code is valid for %(count)d minutes.", CODE_MINUTES)


def _send(user: User, letter: Letter, *, to: str) -> None:
    queue_letter(replace(letter, to=to, language=_language(user), name=user.full_name, footer_reason=_REASON))


def _language(user: User) -> str:
    return user.language or get_language() or ""
