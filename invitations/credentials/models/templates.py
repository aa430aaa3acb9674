"""The agency's own list of what it usually needs from clients."""

from typing import ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from invitations.models.areas import Area
from partnerportal.agencies.models import Agency
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_one_line, validate_plain_text

#: Maximum number of entries in an agency's list; a trigger enforces it.
MAX_TEMPLATES = 50


class NeedFields(models.Model):
    """What an agency needs access to, and how the client can invite it."""

    name = models.CharField(_("Name"), max_length=60, validators=[validate_one_line])
    area = models.CharField(_("Area"), max_length=20, choices=Area)
    #: The agency's address for invitations; empty if its members can't be invited as users.
    address = models.CharField(_("Our address"), max_length=254, blank=True, validators=[validate_one_line])
    instructions = models.TextField(_("Instructions"), max_length=2000, blank=True, validators=[validate_plain_text])

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class NeedTemplateQuerySet(TenantQuerySet["NeedTemplate"]):
    """Queryset of the entries of agencies' lists."""

    def in_order(self) -> Self:
        """Sort by name."""
        return self.order_by(Upper("name"), "pk")


class NeedTemplate(NeedFields):
    """An entry of the agency's list, from which its access requests choose."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="need_templates")

    objects: ClassVar[NeedTemplateQuerySet] = NeedTemplateQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("entry of the list of needs")
        verbose_name_plural = _("entries of the list of needs")
        constraints = [
            models.UniqueConstraint(F("agency"), Upper("name"), name="need_template_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="need_template_has_a_name"),
            models.CheckConstraint(condition=Q(area__in=Area.values), name="need_template_area_is_known"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="limit",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("agency_id"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                # The lock makes concurrent transactions wait, because they don't count each other's rows.
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    f"""
                    PERFORM pg_advisory_xact_lock(hashtext('invitations_needtemplate'), NEW.agency_id::integer);
                    IF (SELECT COUNT(*) FROM invitations_needtemplate WHERE agency_id = NEW.agency_id) >= {MAX_TEMPLATES} THEN
                        RAISE EXCEPTION 'a list of needs has up to {MAX_TEMPLATES} entries'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'need_template_limit_per_agency';
                    END IF;
                    RETURN NEW;
                    """  # noqa: S608  # built from constants
                ),
            ),
        ]

    @property
    def audit_label(self) -> str:
        """The label in audit events; it is a word of the agency."""
        return self.name
