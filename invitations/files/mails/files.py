"""E-mails about files: each side is notified when the other one uploads."""

from django.utils.translation import gettext_lazy as _

from invitations.files.mails.recipients import send_to_clients, send_to_members
from invitations.files.models.files import SharedFile
from invitations.space.queries import Space
from partnerportal.accounts.models import User
from partnerportal.outbox.letters import Letter


def send_file_shared(shared: SharedFile, *, by: User) -> None:
    """Notify the clients of a file, or of its new version."""
    letter = Letter(
        kind="file_shared",
        subject=_("%(agency)s has shared a file with you"),
        intro=_("%(agency)s has shared “%(title)s” with you."),
        button=_("View file"),
    )
    send_to_clients(letter, shared, by=by, page="invitations:space_file")


def send_file_received(shared: SharedFile, *, space: Space) -> None:
    """Notify the agency of a client's file, or of its new version."""
    letter = Letter(
        kind="file_received",
        subject=_("New file from %(who)s"),
        intro=_("%(who)s has uploaded “%(title)s” for %(customer)s."),
        button=_("View file"),
    )
    send_to_members(letter, shared, client=space.client, who=space.invitations[0].display_name)
