"""Filter of the sent e-mails."""

import re
from typing import Any

from django import forms
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from partnerportal.core.filters import ListFilter
from partnerportal.outbox.kinds import TYPES
from partnerportal.outbox.models import OutgoingMail, OutgoingMailQuerySet

#: Value of the type of all e-mails to members of the team.
TO_TEAM = "team"


def _types() -> list[tuple[str, Any]]:
    return [("", _("All")), *((name, mail_type.label) for name, mail_type in TYPES.items()), (TO_TEAM, _("For the team"))]


class MailFilter(ListFilter):
    """Filter of an agency's e-mails by subject and recipient, status, type and customer."""

    STATUS_CHOICES = (
        ("", _("All")),
        ("sent", _("Sent")),
        ("queued", _("Queued")),
        ("failed", _("Failed")),
        ("unseen", _("Failed, not seen")),
    )

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Subject or recipient…")}),
    )
    status = forms.ChoiceField(label=_("Status"), choices=STATUS_CHOICES, required=False)
    type = forms.ChoiceField(label=_("Type"), choices=_types, required=False)
    customer = forms.CharField(
        label=_("Customer"), required=False, max_length=20, widget=forms.TextInput(attrs={"placeholder": _("e.g. K-1001")})
    )

    #: The chosen customer; None without one, or if there is none with this number.
    found_customer: Customer | None = None

    def clean(self) -> dict[str, Any]:
        # Invalid searches find nothing, instead of being ignored.
        for name in ("q", "customer"):
            if name in self.errors:
                self.cleaned_data[name] = self.data.get(name, "")
        number = re.fullmatch(r"(?:K-?)?([0-9]{1,9})", self.cleaned_data["customer"], re.IGNORECASE)
        if number:
            merged = ArraySubquery(Customer.objects.filter(merged_into=OuterRef("pk")).values("pk"))
            known = self.agency.customers.exclude(status=Customer.Status.ERASED).annotate(merged_keys=merged)
            self.found_customer = known.filter(number=int(number[1])).first()
        return self.cleaned_data

    def mails(self) -> OutgoingMailQuerySet:
        """Return the agency's matching e-mails, without their bodies."""
        mails, chosen = OutgoingMail.objects.for_agency(self.agency).defer("encrypted_body"), self.chosen
        if chosen["status"] == "unseen":
            mails = mails.unseen()
        elif chosen["status"]:
            mails = mails.filter(status=chosen["status"])
        if chosen["type"] == TO_TEAM:
            mails = mails.filter(to_team=True)
        elif chosen["type"]:
            mails = mails.filter(to_team=False, kind__in=TYPES[chosen["type"]].kinds)
        if chosen["customer"]:
            found: Any = self.found_customer
            mails = mails.filter(customer_id__in=[found.pk, *found.merged_keys] if found else [])
        return mails.matching(chosen["q"]) if chosen["q"] else mails
