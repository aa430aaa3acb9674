"""Forms for requesting access and for answering such a request."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from invitations.forms.client import AccessFieldsForm, _access_layout
from invitations.forms.invitations import _message_field
from invitations.models import AccessRequest
from invitations.models.areas import Area, Scope
from partnerportal.core.forms import form_helper


class GrantAccessForm(AccessFieldsForm):
    """A client grants what an agency asks for, or less."""

    def __init__(self, *args: Any, asked: AccessRequest, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"scope": asked.scope, "areas": asked.areas}, **kwargs})
        if asked.scope == Scope.PARTIAL:
            # No more than was asked for, and so nothing to choose between full and partial.
            self.fields["scope"].widget = forms.HiddenInput()
            self.fields["scope"].choices = [(Scope.PARTIAL, Scope.PARTIAL.label)]  # type: ignore[attr-defined]
            self.fields["areas"].choices = [(area, Area(area).label) for area in asked.areas]  # type: ignore[attr-defined]
        self.helper = form_helper(_access_layout(), submit=_("Grant access"))


class RequestAccessForm(AccessFieldsForm):
    """Staff ask one of a customer's addresses for access."""

    email = forms.ChoiceField(label=_("E-mail"))
    message = _message_field(_("Message"), _("Optional. It is quoted in the e-mail."))

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].choices = [(email, email) for email in requestable_addresses(customer)]  # type: ignore[attr-defined]
        self.order_fields(["email", "scope", "areas", "message"])
        self.helper = form_helper("email", _access_layout(), "message", submit=_("Send access request"), cancel=customer.get_absolute_url())


def requestable_addresses(customer: Customer) -> list[str]:
    """Whom an agency can ask for access to a customer's things: the customer, and whoever has given access before."""
    clients = customer.access_invitations.order_by("-pk").values_list("client__email", flat=True)
    return list(dict.fromkeys(email.lower() for email in [customer.email, *clients] if email))
