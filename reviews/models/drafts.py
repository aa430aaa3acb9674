"""Drafts of replies to reviews."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.validators import validate_plain_text

#: Maximum length of a reply, in characters.
MAX_REPLY_LENGTH = 2000


class ReviewReplyDraft(models.Model):
    """The team's unpublished reply to a review. Only the team can read it; publishing the reply deletes it."""

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.RESTRICT, related_name="reply_drafts")
    review = models.OneToOneField(
        "reviews.Review", verbose_name=gettext_lazy("Review"), on_delete=models.CASCADE, related_name="reply_draft"
    )
    text = models.TextField(gettext_lazy("Comment"), max_length=MAX_REPLY_LENGTH, validators=[validate_plain_text])
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=gettext_lazy("Saved by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    saved_at = models.DateTimeField(gettext_lazy("Saved"), auto_now=True)

    class Meta:
        verbose_name = gettext_lazy("draft reply")
        verbose_name_plural = gettext_lazy("draft replies")
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="reply_draft_says_something"),
            SameParent(field="review", parent="agency", name="reply_draft_same_agency"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
