"""Actions on erasures of an address: start, continue, sweep; and the record of exports.

A worker erases between these actions (`runner`).
"""

import logging
from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from partnerportal.accounts.address_data import ADDRESS_DATA, AddressData, Effect, Person, find_person, in_order_of_erasure
from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.desk.address_data.models import DIGESTS, AddressErasure, ErasureStatus
from partnerportal.desk.address_data.queries import count_rows, obstacles

logger = logging.getLogger(__name__)

#: Number of times that a stalled erasure is enqueued again before it stops.
MAX_ATTEMPTS = 5


@transaction.atomic
def start_erasure(email: str, *, by: User) -> AddressErasure:
    """Let a worker erase what is stored about an address. An erasure that runs or has stopped continues.

    Raises:
        ValidationError: Something else has to be done first; see `obstacles`.
    """
    # A second submission waits here and finds the first one's row.
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    person = find_person(email)
    if found := obstacles(person):
        raise ValidationError([obstacle.text for obstacle in found])
    unfinished = AddressErasure.objects.exclude(status=ErasureStatus.DONE)
    if erasure := unfinished.filter(address_digest__in=DIGESTS.digests(email)).first():
        continue_erasure(erasure)
        return erasure
    erasure = AddressErasure(started_by=by, progress_total=len(in_order_of_erasure()))
    erasure.seal(person)
    for section in ADDRESS_DATA:
        # Its rows go with those of another section.
        if section.erase is None and section.effect != Effect.KEPT:
            add_all(erasure, section, person)
    try:
        with transaction.atomic():
            erasure.save()
    except IntegrityError:
        # Another administrator has started it at the same time.
        if started := unfinished.filter(address_digest=erasure.address_digest).first():
            return started
        raise
    record("address_data.erasure_started", erasure, by=by)
    transaction.on_commit(lambda: enqueue(erasure.pk), robust=True)
    return erasure


def add_all(erasure: AddressErasure, section: AddressData, person: Person) -> None:
    """Add the present rows of a section to the figures, without saving."""
    for agency, count in count_rows(section, person):
        erasure.add(agency=agency, kind=section.name, effect=section.effect, count=count)


@transaction.atomic
def continue_erasure(erasure: AddressErasure) -> bool:
    """Let a stopped erasure continue. Return False if it hasn't stopped."""
    stopped = AddressErasure.objects.filter(pk=erasure.pk, status=ErasureStatus.STOPPED)
    if not stopped.update(status=ErasureStatus.RUNNING, problem="", attempts=0, heard_at=Now()):
        return False
    transaction.on_commit(lambda: enqueue(erasure.pk), robust=True)
    return True


@transaction.atomic
def record_export(*, by: User) -> None:
    """Record that an administrator exported what is stored about an address, without the address."""
    record("address_data.exported", by, by=by, label="")


def enqueue(erasure_id: int) -> None:
    """Enqueue the worker's task. If the broker is unavailable, a sweep finds the erasure."""
    try:
        current_app.send_task("desk.erase_address", (erasure_id,), retry=False, expires=settings.IMPORT_LEASE)
    except OperationalError as error:
        logger.warning("Broker unavailable; erasure %s stays queued: %s", erasure_id, error)


def sweep() -> int:
    """Enqueue erasures that no worker continues, and return their number. They stop after `MAX_ATTEMPTS` without progress."""
    stalled = AddressErasure.objects.filter(status=ErasureStatus.RUNNING, heard_at__lte=Now() - timedelta(seconds=settings.IMPORT_LEASE))
    problem = _("The worker failed repeatedly. See its log.")
    if stopped := stalled.filter(attempts__gte=MAX_ATTEMPTS).update(status=ErasureStatus.STOPPED, problem=problem):
        logger.error("%s erasures of addresses stopped.", stopped)
    keys = list(stalled.values_list("pk", flat=True))
    AddressErasure.objects.filter(pk__in=keys).update(heard_at=Now(), attempts=F("attempts") + 1)
    for key in keys:
        enqueue(key)
    return len(keys)
