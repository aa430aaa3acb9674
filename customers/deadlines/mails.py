"""E-mails about deadlines: to members, and to customers who are to be notified."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.deadlines.queries import Deadline
from customers.deadlines.tokens import OPT_OUTS
from customers.models import Contact
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letters

#: Kinds of the e-mails to members and to customers.
MEMBER_KIND, CUSTOMER_KIND = "deadlines", "deadlines_customer"
#: Maximum number of deadlines that an e-mail lists. The dashboard shows the others.
MAX_LINES = 50


def send_deadlines(found: Sequence[tuple[Membership, list[Deadline]]]) -> None:
    """Notify members of deadlines, each with one e-mail."""
    queue_letters([_member_letter(member, deadlines) for member, deadlines in found])


def send_customer_deadlines(found: Sequence[tuple[Contact, list[Deadline]]], agency: Agency, *, replies_to: Sequence[User | None]) -> None:
    """Notify contacts of customers of deadlines, each with one e-mail. Replies go to the user at the same position, or to the agency."""
    letters = [_customer_letter(*row, agency, sender=sender) for row, sender in zip(found, replies_to, strict=True)]
    queue_letters(letters)


def _member_letter(member: Membership, deadlines: list[Deadline]) -> Letter:
    shown = deadlines[:MAX_LINES]
    texts = {f"line_{number}": lambda line=line: _line(line) for number, line in enumerate(shown)}
    links: list[tuple[Any, str]] = [(f"%(line_{number})s", line.url) for number, line in enumerate(shown)]
    if len(deadlines) > MAX_LINES:
        links.append((_("All deadlines"), f"{settings.SITE_URL}{reverse('desk:dashboard')}"))
    return Letter(
        kind=MEMBER_KIND,
        to=member.user.email,
        language=member.language,
        values={"agency": member.agency.name, "count": len(deadlines), "first": lambda: deadlines[0].text, **texts},
        subject="%(first)s" if len(deadlines) == 1 else _("%(count)s deadlines, the first: %(first)s"),
        name=member.user.full_name,
        intro=ngettext_lazy("This deadline is near or has just passed:", "These deadlines are near or have just passed:", len(deadlines)),
        more_links=links,
        footer_reason=_(
            "You’re receiving this e-mail because you’re notified about deadlines at %(agency)s. You can turn this off in your account:"
        ),
        footer_link=f"{settings.SITE_URL}{reverse('agencies:notifications')}",
        agency=member.agency,
        to_team=True,
        customer=deadlines[0].customer if len({line.customer.pk for line in deadlines}) == 1 else None,
    )


def _line(line: Deadline) -> str:
    return f"{line.text} ({line.customer.name_in_text})"


def _customer_letter(contact: Contact, deadlines: list[Deadline], agency: Agency, *, sender: User | None) -> Letter:
    unsubscribe_url = opt_out_link(contact)
    texts = {f"line_{number}": lambda line=line: line.customer_text for number, line in enumerate(deadlines)}
    profile = getattr(agency, "profile", None)
    reply_to = sender.email if sender else profile.contact_email if profile else ""
    return Letter(
        kind=CUSTOMER_KIND,
        to=contact.email,
        language=contact.language,
        values={"agency": agency.name, "sender": str(sender or agency), **texts},
        subject=ngettext_lazy("Reminder from %(agency)s: a deadline", "Reminder from %(agency)s: your next deadlines", len(deadlines)),
        name=contact.person_name,
        intro=_("%(agency)s looks after your domains and contracts and would like to remind you:"),
        outro=[
            *(f"%(line_{number})s" for number in range(len(deadlines))),
            _("Would you like to change or end something? Reply to this e-mail. Your reply goes to %(sender)s."),
        ],
        signature=f"{sender}\n{agency.name}" if sender else agency.name,
        footer_reason=format_lazy(
            "{} {}",
            _("You’re receiving this e-mail because %(agency)s reminds you of deadlines."),
            _("Unsubscribe from these reminders:"),
        ),
        footer_link=unsubscribe_url,
        agency=agency,
        customer=deadlines[0].customer,
        from_name=agency.name,
        reply_to=reply_to,
        # RFC 8058: one-click unsubscribe in the e-mail client.
        headers={"List-Unsubscribe": f"<{unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )


def opt_out_link(contact: Contact) -> str:
    """Return the URL at which the contact unsubscribes from these e-mails."""
    token = OPT_OUTS.token(contact.customer_id, contact.email)
    return f"{settings.SITE_URL}{reverse('customers:deadlines_unsubscribe', args=[token])}"
