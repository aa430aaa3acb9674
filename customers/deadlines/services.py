"""Recording and sending of notices: once for each step of a deadline."""

import logging
from collections.abc import Iterator
from datetime import timedelta

from celery import current_app
from django.db import DatabaseError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from customers.deadlines.mails import MEMBER_KIND, send_customer_deadlines, send_deadlines
from customers.deadlines.models import LATE_DAYS
from customers.deadlines.opt_outs import delete_opt_outs
from customers.deadlines.queries import Deadline, customer_recipients, due_deadlines
from customers.models import Contact, Customer, DeadlineNotice
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, DigestItem, Membership, Mode, Notification, Role
from partnerportal.agencies.queries import active_members
from partnerportal.outbox.models import OutgoingMail

logger = logging.getLogger(__name__)

#: Number of rows of each INSERT.
BATCH_SIZE = 1000


def notify_agencies(after: int = 0) -> Iterator[int]:
    """Notify all agencies with a larger primary key than `after`, pausing after each with its key.

    An agency whose notices can't be written is logged, so that the others are still notified.
    """
    for agency in Agency.objects.filter(pk__gt=after).order_by("pk"):
        try:
            record_due_notices(agency)
        except DatabaseError:
            logger.exception("Deadlines of agency %s failed", agency.pk)
        yield agency.pk


def enqueue(after: int = 0) -> None:
    """Let a worker continue after this agency. If the broker is unavailable, the next hour's task does."""
    try:
        current_app.send_task("customers.notify_deadlines", (after,), retry=False, expires=60 * 60)
    except OperationalError as error:
        logger.warning("Broker unavailable; deadlines after agency %s wait: %s", after, error)


def record_due_notices(agency: Agency) -> int:
    """Record the agency's due notices, and queue their e-mails and items of digests, in one transaction. Return their number."""
    if not due_deadlines(agency):
        return 0
    with transaction.atomic():
        # A concurrent run waits here and then finds the notices. An erasure waits, too.
        agency = Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
        deadlines = due_deadlines(agency)
        notices = DeadlineNotice.objects.bulk_create(
            [
                DeadlineNotice(agency=agency, kind=line.kind.name, object_id=line.item.pk, date=line.date, step=line.step)
                for line in deadlines
            ],
            batch_size=BATCH_SIZE,
        )
        if deadlines:
            members = active_members(agency)
            _notify_members(members, deadlines, notices)
            _notify_customers(agency, members, [line for line in deadlines if line.notifies_customer])
        for line in deadlines:
            if line.kind.also_notify:
                line.kind.also_notify(line.item)
        return len(deadlines)


def _notify_members(members: list[Membership], deadlines: list[Deadline], notices: list[DeadlineNotice]) -> None:
    """Notify the customers' account managers; if there is none in the team, the owners and managers."""
    by_user = {member.user_id: member for member in members}
    managers = [member for member in members if member.has_role(Role.MANAGER)]
    letters: dict[int, tuple[Membership, list[Deadline]]] = {}
    items = []
    for line, notice in zip(deadlines, notices, strict=True):
        responsible = by_user.get(line.customer.responsible_id or 0)
        for member in [responsible] if responsible else managers:
            if member.is_notified_about(Notification.DEADLINES):
                letters.setdefault(member.pk, (member, []))[1].append(line)
            elif member.is_notified_about(Notification.DEADLINES, mode=Mode.DIGEST) and member.wants_digest:
                items.append(DigestItem(membership=member, kind=Notification.DEADLINES, object_id=notice.pk))
    DigestItem.objects.bulk_create(items, batch_size=BATCH_SIZE)
    send_deadlines(list(letters.values()))


def _notify_customers(agency: Agency, members: list[Membership], deadlines: list[Deadline]) -> None:
    """Notify the contacts of the customers. Replies go to the account manager."""
    if not deadlines:
        return
    by_customer: dict[int, list[Deadline]] = {}
    for line in deadlines:
        by_customer.setdefault(line.customer.pk, []).append(line)
    recipients = customer_recipients(agency, [lines[0].customer for lines in by_customer.values()])
    users = {member.user_id: member.user for member in members}
    found: list[tuple[Contact, list[Deadline]]] = [(contact, by_customer[key]) for key, contact in recipients.items()]
    senders: list[User | None] = [users.get(lines[0].customer.responsible_id or 0) for _contact, lines in found]
    send_customer_deadlines(found, agency, replies_to=senders)


def purge() -> int:
    """Delete notices of deadlines so long ago that none is sent again, and return their number."""
    deleted, _models = DeadlineNotice.objects.filter(date__lt=timezone.localdate() - timedelta(days=3 * LATE_DAYS)).delete()
    return deleted


def erase_deadlines(customer: Customer, by: User) -> None:
    """Delete what notices say about an erased customer: opt-outs, and e-mails to members that may list several customers.

    E-mails about this customer alone are deleted with its others. Of the queued ones, those that don't name the customer stay.
    """
    delete_opt_outs(customer)
    several = OutgoingMail.objects.filter(agency=customer.agency_id, kind=MEMBER_KIND, customer_id=None)
    several.exclude(status=OutgoingMail.Status.QUEUED).delete()
    for mail in several.filter(status=OutgoingMail.Status.QUEUED):
        if f"({customer.name_in_text})" in mail.text:
            mail.delete()
