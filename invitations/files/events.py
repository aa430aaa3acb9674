"""Descriptions of the audit events of files and approvals. They contain no titles, which can be personal data."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register

register("shared_file.uploaded", _("File uploaded"), icon="arrow-up-tray")
register("shared_file.version_added", _("New version of a file uploaded"), icon="arrow-up-tray")
register("shared_file.received", _("Client uploaded a file"), icon="arrow-up-tray")
register("shared_file.version_received", _("Client uploaded a new version of a file"), icon="arrow-up-tray")
register("shared_file.changed", _("File changed"), icon="pencil")
register("shared_file.shared", _("File shared with the client"), icon="eye")
register("shared_file.unshared", _("File no longer shared with the client"), icon="eye-slash")
register("shared_file.downloaded", _("File of the client downloaded"), icon="arrow-down-tray")
register("shared_file.downloaded_by_client", _("Client downloaded a file"), icon="arrow-down-tray")
register("shared_file.deleted", _("File deleted"), icon="trash")
register("shared_file.deleted_by_client", _("Client deleted a file"), icon="trash")

register("approval.requested", _("Approval requested"), icon="paper-airplane")
register("approval.withdrawn", _("Request for approval withdrawn"), icon="x-circle")
register("approval.approved", _("Client gave approval"), icon="check-circle")
register("approval.changes_requested", _("Client requested changes"), icon="pencil-square")
