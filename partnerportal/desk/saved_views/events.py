"""Descriptions of audit events of views that are shared with the team."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register

register("view.shared", _("View shared with the team"), icon="bookmark")
register("view.changed", _("Shared view changed"), icon="bookmark")
register("view.deleted", _("Shared view deleted"), icon="bookmark-slash")
register("view.restored", _("Shared view restored"), icon="bookmark")
