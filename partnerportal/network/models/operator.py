"""The operator of the network: its name, logo and colour, whether agencies can apply, and the legal pages."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.core.validators import validate_one_line, validate_plain_text
from partnerportal.network.tints import TINTS

#: Key of the only row of `Operator`.
OPERATOR_KEY = 1
#: Maximum length of a legal page, in characters. Privacy policies have about 30,000.
MAX_LEGAL_TEXT = 200_000


class Tint(models.IntegerChoices):
    """Colours that public pages can have instead of the usual one, as steps of `network/tints.py`."""

    RED = 1, _("Red")
    ORANGE = 2, _("Orange")
    OLIVE = 3, _("Olive")
    GREEN = 5, _("Green")
    TEAL = 6, _("Teal")
    SKY = 7, _("Sky blue")
    BLUE = 8, _("Blue")
    INDIGO = 9, _("Indigo")
    PURPLE = 10, _("Purple")
    PINK = 0, _("Pink")


class Operator(models.Model):
    """The operator of the network. There is at most one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=OPERATOR_KEY, editable=False)
    name = models.CharField(_("Name of the network"), max_length=60, blank=True, validators=[validate_one_line])
    #: All have enough contrast, which `tests/network/test_tints.py` computes.
    tint = models.PositiveSmallIntegerField(_("Accent colour"), choices=Tint, null=True, blank=True)
    #: Hash of the logo, which is part of its address; empty without a logo.
    logo_digest = models.CharField(max_length=32, blank=True, editable=False)
    #: WebP image, as re-encoded by `process_logo` (docs/decisions/0008).
    logo_content = models.BinaryField(null=True, editable=False)
    accepts_applications = models.BooleanField(_("Agencies can apply"), default=False, db_default=False)
    updated_at = models.DateTimeField(_("Updated"), auto_now=True)

    class Meta:
        verbose_name = _("operator")
        verbose_name_plural = _("operator")
        constraints = [
            models.CheckConstraint(condition=Q(id=OPERATOR_KEY), name="operator_is_one_row"),
            models.CheckConstraint(condition=Q(tint=None) | Q(tint__lt=TINTS), name="operator_tint_is_known"),
            models.CheckConstraint(
                condition=Q(logo_digest="", logo_content=None) | ~Q(logo_digest="") & Q(logo_content__isnull=False),
                name="operator_logo_has_its_hash",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(_("Partner Network"))


class LegalKind(models.TextChoices):
    """Legal pages of the network. Public pages and e-mails link those that are published."""

    IMPRINT = "imprint", _("Imprint")
    PRIVACY = "privacy", _("Privacy policy")
    TERMS = "terms", _("Terms of use")


class LegalPage(models.Model):
    """A legal page in one language. An empty text isn't published."""

    kind = models.CharField(_("Page"), max_length=10, choices=LegalKind)
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES)
    text = models.TextField(_("Text"), max_length=MAX_LEGAL_TEXT, blank=True, validators=[validate_plain_text])
    updated_at = models.DateTimeField(_("Updated"), auto_now=True)

    class Meta:
        verbose_name = _("legal page")
        verbose_name_plural = _("legal pages")
        constraints = [
            models.UniqueConstraint(fields=["kind", "language"], name="legal_page_once_per_language"),
            models.CheckConstraint(condition=Q(kind__in=LegalKind.values), name="legal_page_kind_is_known"),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="keeps_its_versions",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("text"),  # type: ignore[no-untyped-call]
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    """
                    IF TG_OP = 'INSERT' OR NEW.text IS DISTINCT FROM OLD.text THEN
                        INSERT INTO network_legalpageversion (page_id, number, text, created_at)
                        SELECT NEW.id, COALESCE(MAX(number), 0) + 1, NEW.text, clock_timestamp()
                        FROM network_legalpageversion WHERE page_id = NEW.id;
                    END IF;
                    RETURN NULL;
                    """
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_language_display()})"

    def get_absolute_url(self) -> str:
        return reverse(f"network:legal_{self.language}", args=[self.kind])


class LegalPageVersion(models.Model):
    """The text of a legal page at a time. A trigger writes it, and nothing changes or deletes it."""

    page = models.ForeignKey(LegalPage, verbose_name=_("legal page"), on_delete=models.RESTRICT, related_name="versions")
    number = models.PositiveIntegerField(_("Version"))
    text = models.TextField(_("Text"), blank=True)
    created_at = models.DateTimeField(_("Published"))

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [models.UniqueConstraint(fields=["page", "number"], name="legal_page_version_once")]
        triggers = [pgtrigger.Protect(name="never_changes", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.number}"
