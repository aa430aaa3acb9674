"""The wizard's three steps, and the review itself."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Hidden, Layout, Submit
from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, Project
from partnerportal.agencies.models import Agency
from partnerportal.forms import form_buttons, form_helper
from reviews.models import CATEGORIES, Review

#: Step 1 offers this many customers, the newest; anybody else is asked from their own page.
CUSTOMERS_OFFERED = 500


class CustomerChoice(forms.ModelChoiceField):
    """A customer by number and name."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.display_name} ({obj.reference})"


class SelectCustomerForm(forms.Form):
    """Step 1: who is asked."""

    customer = CustomerChoice(queryset=Customer.objects.none(), label=_("Customer"), empty_label=_("Select a customer …"))

    def __init__(self, *args: Any, agency: Agency, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].queryset = agency.customers.order_by("-number")[:CUSTOMERS_OFFERED]  # type: ignore[attr-defined]
        self.helper = form_helper("customer", submit=_("Continue"), method="get", cancel=reverse("reviews:manage"))


class SelectSubjectForm(forms.Form):
    """Step 2: what is rated, the company or one of the customer's projects."""

    SUBJECTS = (("company", _("Our company as a whole")), ("project", _("A project")))

    subject = forms.ChoiceField(label=_("What is rated"), choices=SUBJECTS, widget=forms.RadioSelect, initial="company")
    project = forms.ModelChoiceField(
        queryset=Project.objects.none(), label=_("Project"), required=False, empty_label=_("Select a project …")
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
            self.add_error("project", _("Please select the project."))
        return cleaned


class SendRequestForm(forms.Form):
    """Step 3: by e-mail, or as a link to copy. It repeats the choices of the earlier steps."""

    def __init__(self, *args: Any, customer: Customer, project: Project | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        link = Submit("link", _("Create link"), css_class="btn-outline-primary" if customer.email else "", css_id=None)
        buttons = [Submit("send", _("Send by e-mail"), css_id=None), link] if customer.email else [link]
        self.helper = FormHelper()
        self.helper.form_action = reverse("reviews:request")
        self.helper.layout = Layout(
            Hidden("customer", str(customer.pk)),
            Hidden("subject", "project" if project else "company"),
            Hidden("project", str(project.pk) if project else ""),
            form_buttons(*buttons, cancel=f"{reverse('reviews:request')}?customer={customer.pk}"),
        )


class ReviewForm(forms.ModelForm):
    """Four ratings of 1 to 5 stars, a text, and the name to be shown with it."""

    class Meta:
        model = Review
        fields = (*CATEGORIES, "text", "author")
        widgets = {"text": forms.Textarea(attrs={"rows": 5}), "author": forms.TextInput(attrs={"autocomplete": "name"})}
        help_texts = {
            "text": _("Optional: what would you tell others? It is shown on the agency's public profile."),
            "author": _("It is shown with your review."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in CATEGORIES:
            self.fields[name] = forms.TypedChoiceField(
                label=Review._meta.get_field(name).verbose_name,  # type: ignore[union-attr]
                choices=[(stars, str(stars)) for stars in range(1, 6)],
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={
                    "required": _("Please choose one to five stars."),
                    "invalid_choice": _("Please choose one to five stars."),
                },
            )
