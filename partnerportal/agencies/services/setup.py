"""Setup steps of a new agency."""

from collections.abc import Iterable

from django.db import transaction

from partnerportal.agencies.models import Agency, SetupStep
from partnerportal.agencies.services.team import lock_team


@transaction.atomic
def dismiss_setup_steps(agency: Agency, steps: Iterable[SetupStep]) -> list[SetupStep]:
    """Stop showing these steps to everyone in the agency, and return those that were shown."""
    locked = lock_team(agency.pk)
    shown = [step for step in steps if step not in locked.dismissed_setup_steps]
    _save(locked, {*locked.dismissed_setup_steps, *shown})
    return shown


@transaction.atomic
def restore_setup_steps(agency: Agency, steps: Iterable[SetupStep]) -> None:
    """Show these steps again."""
    locked = lock_team(agency.pk)
    _save(locked, {*locked.dismissed_setup_steps} - {*steps})


def _save(agency: Agency, dismissed: set[str]) -> None:
    agency.dismissed_setup_steps = [step for step in SetupStep if step in dismissed]
    agency.save(update_fields=["dismissed_setup_steps"])
