"""The wizard's three steps, and the filters of the requests."""

import re
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Hidden, Layout, Submit
from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, Project
from partnerportal.agencies.models import Agency
from partnerportal.core.filters import ListFilter
from partnerportal.core.forms import form_buttons, form_helper
from partnerportal.core.search import MAX_QUERY_LENGTH
from reviews.mails import DefaultTexts
from reviews.models import ReviewRequest
from reviews.models.requests import ReviewRequestQuerySet

#: Step 1 shows so many of those who were found; whoever looks for another types more.
MAX_CUSTOMERS = 8
#: What makes a word a web address; mail programs turn these into links.
_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)


class SelectCustomerForm(forms.Form):
    """Step 1: who is asked. The page offers whom `q` finds among the agency's active customers, at first the newest."""

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
        # One more than is shown tells whether there are more.
        found = list(self._found()[: MAX_CUSTOMERS + 1])
        self.offered, self.offers_more = found[:MAX_CUSTOMERS], len(found) > MAX_CUSTOMERS

    def _found(self) -> QuerySet[Customer]:
        if not self.query:
            return self.active.order_by("-number")
        found = Customer.objects.filter(pk__in=self.active.search(self.query))
        return found.ranked(self.query).order_by("-rank", "-number")


class SelectSubjectForm(forms.Form):
    """Step 2: what is rated, the company or one of the customer's projects."""

    SUBJECTS = (("company", _("Our company")), ("project", _("A specific project")))

    subject = forms.ChoiceField(label=_("What is rated"), choices=SUBJECTS, widget=forms.RadioSelect, initial="company")
    project = forms.ModelChoiceField(
        queryset=Project.objects.none(), label=_("Project"), required=False, empty_label=_("Select a project…")
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        projects = customer.projects.order_by("-pk")
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]
        if not projects:
            # Nothing to choose from: the company it is.
            self.fields["subject"].choices = self.SUBJECTS[:1]  # type: ignore[attr-defined]
            self.fields["project"].widget = forms.HiddenInput()
        self.helper = form_helper(
            Hidden("customer", str(customer.pk)), "subject", "project", submit=_("Next"), method="get", cancel=reverse("reviews:request")
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("subject") == "company":
            cleaned["project"] = None
        elif cleaned.get("subject") == "project" and not cleaned.get("project") and "project" not in self.errors:
            self.add_error("project", _("Select a project."))
        return cleaned


class SendRequestForm(forms.ModelForm):
    """Step 3: the mail's first and last words, then by e-mail, or as a link to copy. It repeats the choices of the earlier steps."""

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
        usual: DefaultTexts,
        by_mail: bool,
        recently_requested: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.usual = usual
        if by_mail:
            self.initial.update(greeting=self.instance.greeting or usual.greeting, closing=self.instance.closing or usual.closing)
        else:
            del self.fields["greeting"], self.fields["closing"]
        if not recently_requested:
            del self.fields["anyway"]
        link = Submit("link", _("Create link"), css_class="btn-outline-primary" if by_mail else "", css_id=None)
        send = Submit("send", _("Send by e-mail"), css_id=None)
        preview = Submit("preview", _("Preview"), css_class="btn-secondary needs-no-js", css_id=None)
        # What is typed shows in the mail below; without a script, a button does it.
        words = Div(
            "greeting",
            "closing",
            css_class="mail-words",
            hx_post=reverse("reviews:request"),
            hx_trigger="input delay:300ms",
            hx_include="closest form",
            hx_vals='{"preview": "1"}',
            hx_target="#mail-preview",
            hx_select="#mail-preview",
            hx_swap="outerHTML",
            hx_sync="this:replace",
        )
        self.helper = FormHelper()
        self.helper.form_action = reverse("reviews:request")
        self.helper.attrs = {"novalidate": ""}
        self.helper.layout = Layout(
            Hidden("customer", str(customer.pk)),
            Hidden("subject", "project" if project else "company"),
            Hidden("project", str(project.pk) if project else ""),
            *([words] if by_mail else []),
            *(["anyway"] if recently_requested else []),
            form_buttons(*([send, link, preview] if by_mail else [link]), cancel=f"{reverse('reviews:request')}?customer={customer.pk}"),
        )

    def clean_greeting(self) -> str:
        return self._own_words("greeting")

    def clean_closing(self) -> str:
        return self._own_words("closing")

    def _own_words(self, name: str) -> str:
        """What differs from the usual words; they stay in the customer's language should that change.

        Raises:
            ValidationError: there is a web address in it.
        """
        text: str = "\n".join(self.cleaned_data[name].split("\r\n")).strip()
        if _ADDRESS.search(text):
            raise forms.ValidationError(_("Web addresses aren’t allowed here: the e-mail should contain only the review link."), "address")
        return "" if text == getattr(self.usual, name) else text


class RequestFilter(ListFilter):
    """Review requests by words of the customer, by what became of them, by how the link went out."""

    WAYS = (("", _("All")), ("mail", _("By e-mail")), ("link", _("By link")))

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, e-mail, phone, number…")}),
    )
    state = forms.ChoiceField(label=_("Status"), choices=[("", _("All")), *ReviewRequest.Stage.choices], required=False)
    way = forms.ChoiceField(label=_("Sent"), choices=WAYS, required=False)

    def requests(self) -> QuerySet[ReviewRequest]:
        """The agency's requests that fit."""
        found: ReviewRequestQuerySet = self.agency.review_requests.select_related("customer", "project", "review")
        if self.chosen["q"]:
            found = found.filter(customer__in=Customer.objects.for_agency(self.agency).search(self.chosen["q"]))
        if self.chosen["state"]:
            found = found.with_stage(self.chosen["state"])
        if self.chosen["way"]:
            found = found.filter(Q(mailed_at__isnull=self.chosen["way"] == "link"))
        return found
