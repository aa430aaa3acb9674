"""Saved replies: texts of an agency that members insert into their replies."""

from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_one_line, validate_plain_text
from requests_inbox.models.placeholders import validate_placeholders

#: Maximum number of saved replies of an agency; a trigger enforces it.
MAX_SAVED_REPLIES = 100


class SavedReplyQuerySet(TenantQuerySet["SavedReply"]):
    """Queryset of saved replies."""

    def in_order(self, language: str = "") -> Self:
        """Sort by language, the given one first, and title."""
        first = Case(When(language=language, then=Value(0)), default=Value(1))
        return self.order_by(first, "language", Upper("title"), "pk")


class SavedReply(models.Model):
    """A text with placeholders. It belongs to the agency, and isn't personal data of a customer."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="saved_replies")
    title = models.CharField(_("Title"), max_length=60, validators=[validate_one_line])
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    text = models.TextField(_("Text"), max_length=5000, validators=[validate_plain_text, validate_placeholders])

    objects: ClassVar[SavedReplyQuerySet] = SavedReplyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("saved reply")
        verbose_name_plural = _("saved replies")
        constraints = [
            models.UniqueConstraint(F("agency"), F("language"), Upper("title"), name="saved_reply_once_per_language"),
            models.CheckConstraint(condition=~Q(title="") & ~Q(text=""), name="saved_reply_has_title_and_text"),
            models.CheckConstraint(
                condition=Q(language__in=[code for code, _name in settings.LANGUAGES]), name="saved_reply_language_is_known"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="limit",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("agency_id"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                # The lock makes concurrent transactions wait, because they don't count each other's rows.
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    f"""
                    PERFORM pg_advisory_xact_lock(hashtext('requests_inbox_savedreply'), NEW.agency_id::integer);
                    IF (SELECT COUNT(*) FROM requests_inbox_savedreply WHERE agency_id = NEW.agency_id) >= {MAX_SAVED_REPLIES} THEN
                        RAISE EXCEPTION 'an agency has up to {MAX_SAVED_REPLIES} saved replies'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'saved_reply_limit_per_agency';
                    END IF;
                    RETURN NEW;
                    """  # noqa: S608  # built from constants
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def audit_label(self) -> str:
        """The label in audit events; it is a word of the agency."""
        return self.title
