"""Forms of the wizard that requests a review, and filters of the list of requests."""

import re
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Hidden
from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from customers.models import Contact, Customer, Project
from customers.queries.contacts import addressable_contacts
from partnerportal.agencies.models import Agency
from partnerportal.core.filters import ListFilter
from partnerportal.core.forms import TextForm, form_helper, submit_button
from partnerportal.core.pagination import Rows
from partnerportal.core.search import MAX_QUERY_LENGTH
from reviews.mails import DefaultTexts
from reviews.models import ReviewRequest
from reviews.queries.lists import listed_requests

#: Maximum number of customers that step 1 displays.
MAX_CUSTOMERS = 8
#: Web addresses, which e-mail programs turn into links.
_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)


class SelectCustomerForm(forms.Form):
    """Step 1: the customer. Offers active customers that match `q`, or the newest ones."""

    q = forms.CharField(
        label=_("Search customers"),
        required=False,
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "placeholder": _("Name, e-mail, phone, number, city, domain…")}
        ),
    )
    customer = forms.ModelChoiceField(
        queryset=Customer.objects.none(), label=_("Customer"), error_messages={"required": _("Select a customer.")}
    )

    def __init__(self, *args: Any, agency: Agency, query: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.active = Customer.objects.for_agency(agency).active()
        self.fields["customer"].queryset = self.active  # type: ignore[attr-defined]
        self.query = query.replace("\x00", "")[:MAX_QUERY_LENGTH].strip()
        self.initial["q"] = self.query
        # Loads one customer more than displayed to learn whether there are more.
        matches = list(self._matches()[: MAX_CUSTOMERS + 1])
        self.offered, self.offers_more = matches[:MAX_CUSTOMERS], len(matches) > MAX_CUSTOMERS

    def _matches(self) -> QuerySet[Customer]:
        if not self.query:
            return self.active.order_by("-number")
        matches = Customer.objects.filter(pk__in=self.active.search(self.query))
        return matches.ranked(self.query).order_by("-rank", "-number")


class SelectSubjectForm(forms.Form):
    """Step 2: the company or one of the customer's projects, and the recipient if several contacts have an address."""

    SUBJECTS = (("company", _("Our company")), ("project", _("A specific project")))

    subject = forms.ChoiceField(label=_("What is rated"), choices=SUBJECTS, widget=forms.RadioSelect, initial="company")
    project = forms.ModelChoiceField(
        queryset=Project.objects.none(), label=_("Project"), required=False, empty_label=_("Select a project…")
    )
    contact = forms.TypedChoiceField(label=_("Recipient"), coerce=int, empty_value=None, required=False, widget=forms.RadioSelect)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._customer = customer
        self.fields["project"].queryset = customer.projects.order_by("-pk")  # type: ignore[attr-defined]
        #: The contacts with an e-mail address.
        self.recipients = addressable_contacts(customer)
        if len(self.recipients) > 1:
            labels = [(contact.pk, f"{contact.name_and_address} · {contact.get_role_display()}") for contact in self.recipients]
            self.fields["contact"].choices = labels  # type: ignore[attr-defined]
            self.initial["contact"] = self.recipients[0].pk
        else:
            del self.fields["contact"]

    @cached_property
    def helper(self) -> FormHelper:
        """The layout, without the choice of a project if there is none. Step 3 doesn't need it."""
        if not self._customer.projects.exists():
            self.fields["subject"].choices = self.SUBJECTS[:1]  # type: ignore[attr-defined]
            self.fields["project"].widget = forms.HiddenInput()
        return form_helper(
            Hidden("customer", str(self._customer.pk)),
            "subject",
            "project",
            *(["contact"] if "contact" in self.fields else []),
            submit=_("Next"),
            method="get",
            cancel=reverse("reviews:request"),
        )

    @property
    def chosen_contact(self) -> Contact | None:
        """The chosen recipient; None if there was no choice."""
        return next((contact for contact in self.recipients if contact.pk == self.cleaned_data.get("contact")), None)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("subject") == "company":
            cleaned["project"] = None
        elif cleaned.get("subject") == "project" and not cleaned.get("project") and "project" not in self.errors:
            self.add_error("project", _("Select a project."))
        return cleaned


class SendRequestForm(TextForm, forms.ModelForm):
    """Step 3: the e-mail's greeting and closing, and buttons to send it or create a link."""

    anyway = forms.BooleanField(label=_("Request anyway"), required=False)

    class Meta:
        model = ReviewRequest
        fields = ("greeting", "closing")
        widgets = {"greeting": forms.Textarea(attrs={"rows": 2}), "closing": forms.Textarea(attrs={"rows": 3})}

    def __init__(
        self,
        *args: Any,
        customer: Customer,
        project: Project | None,
        contact: Contact | None,
        defaults: DefaultTexts,
        by_mail: bool,
        recently_requested: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.defaults = defaults
        if by_mail:
            self.initial.update(greeting=self.instance.greeting or defaults.greeting, closing=self.instance.closing or defaults.closing)
        else:
            del self.fields["greeting"], self.fields["closing"]
        if not recently_requested:
            del self.fields["anyway"]
        texts = Div(
            "greeting",
            "closing",
            css_class="email-custom-text",
            hx_post=reverse("reviews:request"),
            hx_trigger="input delay:300ms",
            hx_include="closest form",
            hx_vals='{"preview": "1"}',
            hx_target="#mail-preview",
            hx_select="#mail-preview",
            hx_swap="outerHTML",
            hx_sync="this:replace",
        )
        more_buttons = [
            submit_button(_("Create link"), style="outline-primary", name="link"),
            # Without JavaScript, this button updates the preview.
            submit_button(_("Preview"), style="secondary needs-no-js", name="preview"),
        ]
        self.helper = form_helper(
            Hidden("customer", str(customer.pk)),
            Hidden("subject", "project" if project else "company"),
            Hidden("project", str(project.pk) if project else ""),
            *([Hidden("contact", str(contact.pk))] if contact else []),
            *([texts] if by_mail else []),
            *(["anyway"] if recently_requested else []),
            submit=_("Send by e-mail") if by_mail else _("Create link"),
            name="send" if by_mail else "link",
            buttons=more_buttons if by_mail else [],
            cancel=f"{reverse('reviews:request')}?customer={customer.pk}",
            action=reverse("reviews:request"),
        )

    def clean_greeting(self) -> str:
        return self._custom_text("greeting")

    def clean_closing(self) -> str:
        return self._custom_text("closing")

    def _custom_text(self, name: str) -> str:
        """Return the text of a field, or "" for the default, which then follows the customer's language.

        Raises:
            ValidationError: The text contains a web address.
        """
        text = text_without_addresses(self.cleaned_data[name])
        return "" if text == getattr(self.defaults, name) else text


def text_without_addresses(value: str) -> str:
    """Return the greeting or closing of an e-mail, stripped.

    Raises:
        ValidationError: The text contains a web address.
    """
    text = "\n".join(value.split("\r\n")).strip()
    if _ADDRESS.search(text):
        raise forms.ValidationError(_("Web addresses aren’t allowed here: the e-mail should contain only the review link."), "address")
    return text


class RequestFilter(ListFilter):
    """Filters of review requests by customer, stage and how the link was sent."""

    WAYS = (("", _("All")), ("mail", _("By e-mail")), ("link", _("By link")))

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, e-mail, phone, number…")}),
    )
    state = forms.ChoiceField(label=_("Status"), choices=[("", _("All")), *ReviewRequest.Stage.choices], required=False)
    way = forms.ChoiceField(label=_("Sent"), choices=WAYS, required=False)

    def requests(self) -> QuerySet[ReviewRequest] | Rows[ReviewRequest]:
        """Return the agency's requests that match. Lists without a search are compiled."""
        rows = Rows(listed_requests, (self.chosen["state"], self.chosen["way"]), {"agency": self.agency.pk, "now": timezone.now()})
        if not self.chosen["q"]:
            return rows
        return rows.queryset().filter(customer__in=Customer.objects.for_agency(self.agency).search(self.chosen["q"]))
