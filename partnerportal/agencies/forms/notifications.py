"""Form of a member's notifications."""

from datetime import time
from typing import Any

from crispy_forms.layout import HTML, Field, Fieldset
from django import forms
from django.http import QueryDict
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import time_format
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Membership, Mode, Notification
from partnerportal.core.forms import form_helper
from partnerportal.core.versions import EditForm


def _hour_choices() -> list[tuple[int, str]]:
    return [(hour, time_format(time(hour), "TIME_FORMAT")) for hour in range(24)]


def _day_choices() -> list[tuple[int, str]]:
    """Return the days of the week by their ISO number."""
    return [(day + 1, str(name)) for day, name in WEEKDAYS_ABBR.items()]


class NotificationsForm(EditForm, forms.Form):
    """Form for a member's notifications: a field for each kind, and the daily digest."""

    wants_digest = forms.BooleanField(
        label=_("Send me the digest"),
        required=False,
        help_text=_(
            "One e-mail with what is overdue or due this week, requests waiting for a reply and what’s new. Not sent if there’s nothing. "
            "Without it, you get no e-mail about what is set to “Digest”."
        ),
    )
    digest_hour = forms.TypedChoiceField(label=_("Time"), choices=_hour_choices, coerce=int)
    digest_days = forms.TypedMultipleChoiceField(
        label=_("Days"), choices=_day_choices, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data: QueryDict | None, *, member: Membership) -> None:
        digest = ("wants_digest", "digest_hour", "digest_days")
        modes = {kind.value: member.chosen_mode(kind).value for kind in Notification}
        super().__init__(data, initial=modes | {name: getattr(member, name) for name in digest})
        for kind in Notification:
            self.fields[kind.value] = forms.TypedChoiceField(label=kind.label, choices=Mode, coerce=Mode, widget=forms.RadioSelect)
            self.fields[kind.value].help_text = str(kind.description)
        self.fields["digest_hour"].help_text = _("In your time zone (%(zone)s).") % {"zone": member.time_zone}
        table = HTML('{% include "agencies/includes/_notification_modes.html" %}')
        days = Field("digest_days", wrapper_class="segmented")
        self.helper = form_helper(table, Fieldset(_("Daily digest"), "wants_digest", "digest_hour", days), submit=_("Save"))

    @property
    def mode_fields(self) -> list[forms.BoundField]:
        """The fields of the table."""
        return [self[kind.value] for kind in Notification]

    @property
    def mode_labels(self) -> list[str]:
        """The headings of the table."""
        return [str(mode.label) for mode in Mode]

    def modes(self) -> dict[Notification, Mode]:
        """Return the chosen modes."""
        return {kind: self.cleaned_data[kind.value] for kind in Notification}

    def clean_digest_days(self) -> list[int]:
        return sorted(set(self.cleaned_data["digest_days"]))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("wants_digest") and not cleaned.get("digest_days") and "digest_days" not in self.errors:
            self.add_error("digest_days", _("Select at least one day."))
        return cleaned
