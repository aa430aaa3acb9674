"""Setup steps of a new agency."""

from collections.abc import Iterable

from django.db import transaction

from partnerportal.agencies.models import Agency, SetupStep
from partnerportal.agencies.services.team import lock_team


@transaction.atomic
def dismiss_setup_steps(agency: Agency, steps: Iterable[SetupStep]) -> None:
    """Stop showing these steps to everyone in the agency."""
    locked = lock_team(agency.pk)
    dismissed = {*locked.dismissed_setup_steps, *steps}
    locked.dismissed_setup_steps = [step for step in SetupStep if step in dismissed]
    locked.save(update_fields=["dismissed_setup_steps"])
