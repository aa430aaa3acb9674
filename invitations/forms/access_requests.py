"""Forms for requesting access and for answering such a request."""

from typing import Any

from crispy_forms.layout import Div
from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, Project
from customers.queries.contacts import addressable_contacts
from invitations.credentials.forms.needs import NeedsField, check_needs
from invitations.forms.invitations import AccessFieldsForm, access_layout, message_field
from invitations.forms.terms import EndFieldForm
from invitations.models import AccessRequest
from invitations.models.areas import Area, Scope
from partnerportal.core.fields import AddressFormField
from partnerportal.core.forms import form_helper

#: Choice of an address that the customer's contacts don't have.
OTHER = "other"


class GrantAccessForm(EndFieldForm, AccessFieldsForm):
    """Form with which a client grants the requested access or less, with an end."""

    def __init__(self, *args: Any, access_request: AccessRequest, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"scope": access_request.scope, "areas": access_request.areas}, **kwargs})
        if access_request.scope == Scope.PARTIAL:
            # Offers only the requested areas, so there is no choice between full and partial access.
            self.fields["scope"].widget = forms.HiddenInput()
            self.fields["scope"].choices = [(Scope.PARTIAL, Scope.PARTIAL.label)]  # type: ignore[attr-defined]
            self.fields["areas"].choices = [(area, Area(area).label) for area in access_request.areas]  # type: ignore[attr-defined]
        project = access_request.project
        self.offer_ends(since=access_request.today, projects=[project] if project and project.is_open else [])
        self.helper = form_helper(access_layout(), "end", submit=_("Grant access"))


class RequestAccessForm(AccessFieldsForm):
    """Form with which staff request access from one of a customer's addresses, or from another one."""

    email = forms.ChoiceField(label=_("Recipient"))
    other_email = AddressFormField(
        label=_("Other e-mail address"), required=False, error_messages={"required": _("Enter an e-mail address.")}
    )
    add_contact = forms.BooleanField(
        label=_("Add this address to the customer’s contacts"),
        required=False,
    )
    project = forms.ModelChoiceField(
        Project.objects.none(),
        label=_("Project"),
        required=False,
        empty_label=_("No project"),
        help_text=_("Optional. The client sees its title, and can let access end when it is completed."),
    )
    message = message_field(_("Message"), _("Optional. It is quoted in the e-mail."))

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = requestable_addresses(customer)
        email: Any = self.fields["email"]
        email.choices = [*known.items(), (OTHER, _("Another address"))]
        if not known:
            email.widget, email.initial = forms.HiddenInput(), OTHER
            self.fields["other_email"].label, self.fields["other_email"].required = _("Recipient"), True
        projects: Any = self.fields["project"]
        projects.queryset = customer.projects.filter(status__in=[Project.Status.PLANNED, Project.Status.ACTIVE]).order_by("title", "pk")
        needs = NeedsField(customer.agency, help_text=_("Optional. The client sees this list in the request."))
        if needs.queryset:
            self.fields["needs"] = needs
        self.order_fields(["email", "other_email", "add_contact", "scope", "areas", "needs", "project", "message"])
        self.helper = form_helper(
            Div("email", "other_email", "add_contact", css_class="recipient-fields"),
            access_layout(),
            *(["needs"] if "needs" in self.fields else []),
            "project",
            "message",
            submit=_("Send access request"),
            cancel=customer.get_absolute_url(),
        )

    def clean(self) -> dict[str, Any]:
        """Let `email` be the address to which the request is sent."""
        cleaned = super().clean()
        if "scope" in cleaned:
            check_needs(self, scope=cleaned["scope"], areas=cleaned.get("areas", []))
        other = cleaned.pop("other_email", "")
        if cleaned.get("email") == OTHER:
            cleaned["email"] = other.lower()
            if not other and "other_email" not in self.errors:
                self.add_error("other_email", _("Enter an e-mail address."))
        elif other:
            self.add_error("other_email", _("Choose “Another address” as the recipient, or leave this field empty."))
        else:
            cleaned["add_contact"] = False
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
