"""`FormSubmission`: a form that has added an object."""

import hashlib
from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.core.querysets import TenantQuerySet


def form_digest(number: str) -> str:
    """Return the digest that identifies a form."""
    return hashlib.sha256(number.encode(errors="backslashreplace")).hexdigest()


class FormSubmissionQuerySet(TenantQuerySet["FormSubmission"]):
    def of_form(self, agency: Agency, number: str) -> Self:
        """Return the submission of the form with this number, if any."""
        return self.filter(agency=agency, form_digest=form_digest(number))


class FormSubmission(models.Model):
    """A form that has added an object. Submitting it again adds nothing.

    It contains no personal data: the form's number is random, and the digest of its content is keyed.
    """

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="form_submissions")
    form_digest = models.CharField(max_length=64, editable=False)
    content_digest = models.CharField(max_length=64, editable=False)
    #: Primary key of the added object, which may have been removed since.
    added_id = models.BigIntegerField(_("Object ID"), null=True, editable=False)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True, db_index=True)

    objects: ClassVar[FormSubmissionQuerySet] = FormSubmissionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("form submission")
        verbose_name_plural = _("form submissions")
        constraints = [models.UniqueConstraint(fields=["agency", "form_digest"], name="form_submission_once")]

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.form_digest[:8]}"
