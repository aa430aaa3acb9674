"""Forms for requesting access and for answering such a request."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from customers.queries.contacts import addressable_contacts
from invitations.credentials.forms.needs import NeedsField, check_needs
from invitations.forms.invitations import AccessFieldsForm, access_layout, message_field
from invitations.models import AccessRequest
from invitations.models.areas import Area, Scope
from partnerportal.core.forms import form_helper


class GrantAccessForm(AccessFieldsForm):
    """Form with which a client grants the requested access or less."""

    def __init__(self, *args: Any, access_request: AccessRequest, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"scope": access_request.scope, "areas": access_request.areas}, **kwargs})
        if access_request.scope == Scope.PARTIAL:
            # Offers only the requested areas, so there is no choice between full and partial access.
            self.fields["scope"].widget = forms.HiddenInput()
            self.fields["scope"].choices = [(Scope.PARTIAL, Scope.PARTIAL.label)]  # type: ignore[attr-defined]
            self.fields["areas"].choices = [(area, Area(area).label) for area in access_request.areas]  # type: ignore[attr-defined]
        self.helper = form_helper(access_layout(), submit=_("Grant access"))


class RequestAccessForm(AccessFieldsForm):
    """Form with which staff request access from one of a customer's addresses."""

    email = forms.ChoiceField(label=_("E-mail"))
    message = message_field(_("Message"), _("Optional. It is quoted in the e-mail."))

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].choices = list(requestable_addresses(customer).items())  # type: ignore[attr-defined]
        self.fields["needs"] = NeedsField(customer.agency, help_text=_("The client sees this list after granting access."))
        if not self.fields["needs"].queryset:  # type: ignore[attr-defined]
            del self.fields["needs"]
        self.order_fields(["email", "scope", "areas", "needs", "message"])
        needs = ["needs"] if "needs" in self.fields else []
        submit, cancel = _("Send access request"), customer.get_absolute_url()
        self.helper = form_helper("email", access_layout(), *needs, "message", submit=submit, cancel=cancel)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "scope" in cleaned:
            check_needs(self, scope=cleaned["scope"], areas=cleaned.get("areas", []))
        return cleaned


def requestable_addresses(customer: Customer) -> dict[str, str]:
    """Return the addresses of the contacts, with their names, and of all clients who have given access for the customer."""
    clients = customer.access_invitations.order_by("-pk").values_list("client__email", flat=True)
    labels: dict[str, str] = {}
    for contact in addressable_contacts(customer):
        labels.setdefault(contact.email.lower(), contact.name_and_address)
    for email in clients:
        labels.setdefault(email.lower(), email.lower())
    return labels
