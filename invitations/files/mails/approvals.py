"""E-mails about approvals: the request and its withdrawal to the clients, the decision to both sides."""

from django.utils.translation import gettext_lazy as _

from invitations.files.mails.recipients import send_to_clients, send_to_members
from invitations.files.models.approvals import Approval, ApprovalDecision, Outcome
from invitations.space.queries import Space
from partnerportal.accounts.models import User
from partnerportal.outbox.letters import Letter

_PAGE = "invitations:space_approval"


def send_approval_requested(approval: Approval, *, by: User) -> None:
    """Ask the clients to approve a text or a version of a file."""
    letter = Letter(
        kind="approval_requested",
        subject=_("%(agency)s is requesting your approval"),
        intro=_("%(person)s of %(agency)s is requesting your approval of “%(title)s”."),
        outro=[_("You can approve it or request changes. Your decision is permanent.")],
        button=_("View approval"),
        values={"person": str(by)},
    )
    send_to_clients(letter, approval, by=by, page=_PAGE)


def send_approval_withdrawn(approval: Approval, *, by: User) -> None:
    """Notify the clients that their approval is no longer needed."""
    letter = Letter(
        kind="approval_withdrawn",
        subject=_("%(agency)s has withdrawn a request for approval"),
        intro=_("%(agency)s no longer needs your approval of “%(title)s”. No action is needed."),
        button=_("View approval"),
    )
    send_to_clients(letter, approval, by=by, page=_PAGE)


def send_approval_decided(decision: ApprovalDecision, *, space: Space) -> None:
    """Notify the agency, and all clients who could have decided, of the decision with its comment."""
    approval, given = decision.approval, space.invitations[0]
    is_approved = decision.outcome == Outcome.APPROVED
    letter = Letter(
        kind="approval_decided",
        subject=_("Approved: %(title)s") if is_approved else _("Changes requested: %(title)s"),
        intro=_("%(who)s has approved “%(title)s”.") if is_approved else _("%(who)s has requested changes to “%(title)s”."),
        quote=decision.comment,
        quote_label=_("Comment:"),
        button=_("View approval"),
        values={"who": lambda: given.name_for_others},
    )
    send_to_members(letter, approval, client=space.client, who=given.display_name, requested_by=approval.requested_by_id)
    send_to_clients(letter, approval, by=None, page=_PAGE)
