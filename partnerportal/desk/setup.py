"""Setup steps on the dashboard of a new agency."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from partnerportal.agencies.models import Membership, Role, SetupStep
from partnerportal.core.addresses import address
from partnerportal.desk.figures import profile_progress

#: Role that each step requires.
STEP_ROLES = {
    SetupStep.PROFILE: Role.MANAGER,
    SetupStep.CUSTOMERS: Role.STAFF,
    SetupStep.TEAM: Role.OWNER,
    SetupStep.REVIEW: Role.STAFF,
}


@dataclass(frozen=True)
class Step:
    """A step, whether it is done, and where to do it."""

    name: str
    title: str
    hint: str
    url: str
    is_done: bool
    #: Link to the import, for members who can import.
    import_url: str = ""


@dataclass(frozen=True)
class Setup:
    """The steps that a member sees."""

    steps: list[Step]
    #: The agency whose profile is previewed, if its step is among them.
    agency: Any = None

    def __bool__(self) -> bool:
        return any(not step.is_done for step in self.steps)

    @property
    def done(self) -> int:
        """Number of completed steps."""
        return sum(step.is_done for step in self.steps)


def steps_of(member: Membership) -> list[SetupStep]:
    """Return the steps that the member's role permits."""
    return [step for step, role in STEP_ROLES.items() if member.has_role(role)]


def setup_for(agency: Any, member: Membership, *, team_size: int) -> Setup:
    """Return the steps of an agency loaded by `load_agency`, except dismissed ones and those that the member can't do."""
    shown = [step for step in steps_of(member) if step not in agency.dismissed_setup_steps]
    profile, done, total = profile_progress(agency)
    import_url = address("customers:import") if member.is_manager else ""
    steps = {
        SetupStep.PROFILE: (
            _("%(done)d of %(total)d details so far. Submit it so that clients find you.") % {"done": done, "total": total},
            address("network:company"),
            profile is not None and not profile.can_be_submitted,
        ),
        SetupStep.CUSTOMERS: (
            _("Their projects, tasks, domains and contracts then appear here."),
            address("customers:add"),
            agency.has_customers,
        ),
        SetupStep.TEAM: (_("Colleagues share customers, requests and tasks."), address("agencies:invite"), _has_team(agency, team_size)),
        SetupStep.REVIEW: (
            _("Ask a customer whose project you’ve just completed."),
            address("reviews:request"),
            agency.has_review_requests,
        ),
    }
    return Setup(
        [
            Step(step.value, str(step.label), hint, url, is_done, import_url if step == SetupStep.CUSTOMERS else "")
            for step in shown
            for hint, url, is_done in [steps[step]]
        ],
        agency if SetupStep.PROFILE in shown else None,
    )


def _has_team(agency: Any, team_size: int) -> bool:
    return team_size > 1 or bool(agency.has_team_invitations)
