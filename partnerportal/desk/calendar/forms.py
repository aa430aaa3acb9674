"""Form of a calendar feed."""

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from partnerportal.core.forms import form_helper
from partnerportal.desk.calendar.models import CalendarFeed, Whose


def _choices() -> list[tuple[str, SafeString]]:
    notes = {
        Whose.MINE: _("Your tasks, and the dates of your customers. Owners and managers also see unassigned ones."),
        Whose.ALL: _("All dates of your agency."),
    }
    return [(whose, format_html('{}<span class="choice-note">{}</span>', whose.label, note)) for whose, note in notes.items()]


class CalendarForm(forms.Form):
    """Form for what a feed contains. Without a feed, it creates one."""

    whose = forms.ChoiceField(label=_("Contents"), choices=_choices, widget=forms.RadioSelect, initial=Whose.MINE)

    def __init__(self, data: QueryDict | None, *, feed: CalendarFeed | None) -> None:
        super().__init__(data, initial={"whose": feed.whose} if feed else None)
        submit = _("Save") if feed else _("Create link")
        style = "secondary" if feed else "primary"
        self.helper = form_helper("whose", submit=submit, style=style, action=reverse("desk:calendar"))
