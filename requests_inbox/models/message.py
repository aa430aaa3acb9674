"""`RequestMessage`: what the team wrote about a request, to the sender or among themselves."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_plain_text
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models.contact_request import ContactRequest


class RequestMessage(models.Model):
    """A reply, which goes out by mail, or a note, which only the team sees."""

    class Kind(models.TextChoices):
        REPLY = "reply", _("Reply")
        NOTE = "note", _("Internal note")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="+")
    request = models.ForeignKey(ContactRequest, verbose_name=_("Request"), on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(_("Kind"), max_length=10, choices=Kind)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Author"), on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField(_("Text"), max_length=10_000, validators=[validate_plain_text])
    #: How the delivery goes. None for notes, and once the mail is gone.
    mail = models.ForeignKey(OutgoingMail, verbose_name=_("E-mail"), on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("Written"), auto_now_add=True)

    objects: ClassVar[TenantQuerySet["RequestMessage"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("request message")
        verbose_name_plural = _("request messages")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["reply", "note"]), name="request_message_kind_is_known"),
            models.CheckConstraint(condition=~Q(text=""), name="request_message_has_a_text"),
            models.CheckConstraint(condition=Q(kind="reply") | Q(mail__isnull=True), name="request_message_note_is_never_mailed"),
            SameParent(field="request", parent="agency", name="request_message_same_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def is_reply(self) -> bool:
        """Whether it went to the sender; a note never does."""
        return self.kind == self.Kind.REPLY
