"""Forms of review rounds and automatic requests."""

from typing import Any

from crispy_forms.layout import Column, Fieldset, Row
from django import forms
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.forms.submissions import AddOnceForm
from customers.models import Tag
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.core.forms import StrictForm, WordedForm, form_helper
from reviews.forms.requests import text_without_addresses
from reviews.models import AutomaticRequests, ReviewRound
from reviews.rounds.models import MAX_DAYS, MAX_PER_DAY, MIN_DAYS

#: How long ago the latest request must be, in days.
PERIODS = (
    (90, gettext_lazy("90 days")),
    (180, gettext_lazy("half a year")),
    (365, gettext_lazy("a year")),
    (730, gettext_lazy("two years")),
)


def _hours(first: int, last: int) -> list[tuple[int, str]]:
    return [(hour, f"{hour:02}:00") for hour in range(first, last + 1)]


class RoundForm(AddOnceForm, WordedForm, StrictForm):
    """A new round: which customers are asked, how many per day, and the e-mail's own texts."""

    required_messages = {"name": gettext_lazy("Enter a name.")}

    not_asked_days = forms.TypedChoiceField(
        label=gettext_lazy("Not asked within"),
        choices=PERIODS,
        coerce=int,
        initial=365,
        help_text=gettext_lazy("Customers who received a request in this time are left out."),
    )
    tag = forms.ModelChoiceField(
        label=gettext_lazy("Tag"), queryset=Tag.objects.none(), required=False, empty_label=gettext_lazy("All customers")
    )
    responsible = forms.ModelChoiceField(
        queryset=User.objects.none(), label=gettext_lazy("Account manager"), required=False, empty_label=gettext_lazy("All customers")
    )
    per_day = forms.IntegerField(
        label=gettext_lazy("Requests per day"),
        min_value=1,
        max_value=MAX_PER_DAY,
        initial=50,
        help_text=gettext_lazy("Requests are sent one after the other, from Monday to Friday."),
    )
    from_hour = forms.TypedChoiceField(label=gettext_lazy("From"), choices=_hours(0, 23), coerce=int, initial=9)
    until_hour = forms.TypedChoiceField(label=gettext_lazy("Until"), choices=_hours(1, 24), coerce=int, initial=17)

    class Meta:
        model = ReviewRound
        fields = ("name", "completed_since", "not_asked_days", "per_day", "from_hour", "until_hour", "greeting", "closing")
        widgets = {
            "completed_since": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "greeting": forms.Textarea(attrs={"rows": 2}),
            "closing": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "completed_since": gettext_lazy(
                "Customers rate their latest completed project without a review. Without a date, they rate your company."
            ),
            "greeting": gettext_lazy("Empty: the standard greeting with the customer’s name, in their language."),
            "closing": gettext_lazy("Empty: the standard closing with your name, in the customer’s language."),
        }

    def __init__(self, data: Any, *, agency: Agency) -> None:
        super().__init__(data, instance=ReviewRound(agency=agency))
        self.fields["tag"].queryset = agency.tags.order_by("name")  # type: ignore[attr-defined]
        self.fields["responsible"].queryset = agency.members.order_by("full_name", "email")  # type: ignore[attr-defined]
        self.initial["name"] = _("Reviews, %(month)s") % {"month": date_format(localdate(), "YEAR_MONTH_FORMAT")}
        self.helper = form_helper(
            "name",
            Fieldset(
                _("Who is asked"), Row(Column("completed_since"), Column("not_asked_days")), Row(Column("tag"), Column("responsible"))
            ),
            Fieldset(_("When requests are sent"), Row(Column("per_day"), Column("from_hour"), Column("until_hour"))),
            Fieldset(_("E-mail"), "greeting", "closing"),
            submit=_("Continue"),
            cancel=reverse("reviews:rounds"),
        )

    def clean_completed_since(self) -> Any:
        since = self.cleaned_data["completed_since"]
        if since and since > localdate():
            raise forms.ValidationError(_("Enter a date in the past."), "future")
        return since

    def clean_greeting(self) -> str:
        return text_without_addresses(self.cleaned_data["greeting"])

    def clean_closing(self) -> str:
        return text_without_addresses(self.cleaned_data["closing"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        start, end = cleaned.get("from_hour"), cleaned.get("until_hour")
        if start is not None and end is not None and start >= end:
            self.add_error("until_hour", _("Select a time after the beginning."))
        # Set before the model's fields are validated.
        self.instance.tag_id = getattr(cleaned.get("tag"), "pk", None)
        self.instance.responsible_id = getattr(cleaned.get("responsible"), "pk", None)
        return cleaned

    def has_same_input(self, added: ReviewRound) -> bool:
        """Return whether a round was added with this input."""
        names = (*self.Meta.fields, "tag_id", "responsible_id")
        return all(getattr(added, name) == getattr(self.instance, name) for name in names)


class AutomaticForm(forms.Form):
    """The setting for automatic requests."""

    is_on = forms.BooleanField(label=gettext_lazy("Request reviews automatically"), required=False)
    days = forms.IntegerField(
        label=gettext_lazy("Days after completion"),
        min_value=MIN_DAYS,
        max_value=MAX_DAYS,
        help_text=gettext_lazy("The customer rates the project. They are left out for the same reasons as in a round."),
    )

    def __init__(self, data: Any, *, setting: AutomaticRequests) -> None:
        super().__init__(data, initial={"is_on": setting.enabled_at is not None, "days": setting.days})
        self.helper = form_helper("is_on", "days", submit=_("Save"))
