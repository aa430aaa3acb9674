"""Work of an erasure: each step erases rows of one section and agency, in a transaction that locks the erasure."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from partnerportal.accounts.address_data import ADDRESS_DATA, AddressData, Effect, Person, in_order_of_erasure
from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.desk.address_data.models import AddressErasure, ErasureStatus
from partnerportal.desk.address_data.queries import obstacles
from partnerportal.desk.address_data.services import add_all
from partnerportal.desk.digest.services import erase_agency_digests


class NotErased(Exception):
    """A section still finds rows that it has erased, so that the erasure would never end."""


def erase_steps(erasure_id: int) -> Iterator[None]:
    """Erase, pausing after each committed step."""
    while _erase_step(erasure_id):
        yield


def _erase_step(erasure_id: int) -> bool:
    """Do the next step. Return False if the erasure is done or has stopped, or if another worker continues it.

    A killed worker's step is rolled back. The next worker finds the rows that are left.
    """
    try:
        return _erase_rows(erasure_id)
    except ValidationError as error:
        # A service refuses what it accepted at the start, for example because the other owner has left since.
        stopped = AddressErasure.objects.filter(pk=erasure_id, status=ErasureStatus.RUNNING)
        stopped.update(status=ErasureStatus.STOPPED, problem=" ".join(error.messages))
        return False


@transaction.atomic
def _erase_rows(erasure_id: int) -> bool:
    rows = AddressErasure.objects.select_for_update(skip_locked=True, of=("self",)).select_related("started_by")
    erasure = rows.filter(pk=erasure_id, status=ErasureStatus.RUNNING).first()
    if erasure is None:
        return False
    person, sections = erasure.person, in_order_of_erasure()
    if not erasure.progress and (found := obstacles(person)):
        raise ValidationError([obstacle.text for obstacle in found])
    if erasure.progress >= len(sections):
        _finish(erasure, person)
        return False
    section = sections[erasure.progress]
    if not _erase_some(erasure, section, person, by=erasure.started_by):
        erasure.progress += 1
    erasure.heard_at, erasure.attempts = timezone.now(), 0
    erasure.save()
    return True


def _erase_some(erasure: AddressErasure, section: AddressData, person: Person, *, by: User) -> bool:
    """Erase the next rows of a section, all of the same agency. Return False if none are left."""
    first = section.rows(person).order_by("pk").values_list(section.agency or "pk", flat=True).first()
    if first is None and not section.rows(person).exists():
        return False
    agency = first if section.agency else None
    found = section.of_agency(person, agency).order_by("pk")
    keys = list(found.values_list("pk", flat=True)[: section.batch])
    survivors = [(kept.rows(person).model, list(kept.of_agency(person, agency).values())) for kept in ADDRESS_DATA if kept.survives]
    assert section.erase  # noqa: S101  # of a section in the order of erasure
    section.erase(section.rows(person).model._base_manager.filter(pk__in=keys), person, by)
    for model, survivor_rows in survivors:
        _restore(model, survivor_rows)
    if section.rows(person).filter(pk__in=keys).exists():
        raise NotErased(section.name)
    erasure.add(agency=agency, kind=section.name, effect=section.effect, count=len(keys))
    return True


def _restore(model: type[Model], rows: list[dict[str, Any]]) -> None:
    """Insert rows that were deleted, with their times, which Django would set to now."""
    model._base_manager.bulk_create([model(**values) for values in rows], ignore_conflicts=True)
    for values in rows:
        model._base_manager.filter(pk=values["id"]).update(**values)


def _finish(erasure: AddressErasure, person: Person) -> None:
    """Delete digests, which can name the person, add what was kept, and forget the person."""
    for agency in {figure["agency"] for figure in erasure.figures} - {None}:
        erase_agency_digests(agency, {*person.addresses, *person.names})
    for section in ADDRESS_DATA:
        if section.effect == Effect.KEPT:
            add_all(erasure, section, person)
    erasure.status, erasure.finished_at, erasure.sealed_person = ErasureStatus.DONE, timezone.now(), None
    erasure.progress_total = erasure.progress
    erasure.save()
    record("address_data.erased", erasure, by=erasure.started_by, count=sum(figure["count"] for figure in erasure.figures))
