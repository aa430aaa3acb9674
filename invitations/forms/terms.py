"""Forms for the end of an access."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Project
from customers.terms import months_later
from invitations.models import AccessInvitation, Term
from invitations.models.terms import MONTHS
from partnerportal.core.forms import TextForm, form_helper

#: Value of the choice that changes nothing.
KEEP = "keep"


class EndFieldForm(TextForm, forms.Form):
    """Base form for the end of an access. Its cleaned data contains a `term` (None: unchanged) and a `project`."""

    end = forms.ChoiceField(label=gettext_lazy("End of the access"), widget=forms.RadioSelect, required=False)

    #: What an omitted choice means.
    default_end: str = Term.OPEN

    def offer_ends(self, *, since: date, projects: Iterable[Project], unchanged: str = "") -> None:
        """Offer ends counted from a day, and the completion of these projects. `unchanged` describes the present end."""
        self.projects = {str(project.pk): project for project in projects}
        self.default_end = KEEP if unchanged else Term.OPEN
        choices: list[tuple[str, Any]] = [(KEEP, unchanged)] if unchanged else []
        if unchanged != str(Term.OPEN.label):
            choices.append((Term.OPEN, Term.OPEN.label))
        for term, months in MONTHS.items():
            if day := months_later(since, months):
                label = _("%(term)s, until %(date)s") % {"term": term.label, "date": date_format(day, "DATE_FORMAT")}
                choices.append((term, label))
        choices += [(f"{Term.PROJECT}-{key}", _("Until “%(project)s” is completed") % {"project": p}) for key, p in self.projects.items()]
        self.fields["end"].choices = choices  # type: ignore[attr-defined]
        self.fields["end"].initial = self.default_end

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        term, _dash, key = (cleaned.pop("end", "") or self.default_end).partition("-")
        cleaned["term"], cleaned["project"] = (None if term == KEEP else term), self.projects.get(key)
        return cleaned


class ExtendAccessForm(EndFieldForm):
    """Form with which a client extends an access. Months are added to its last day, which the form remembers."""

    ends_on = forms.DateField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, invitation: AccessInvitation, projects: Iterable[Project], cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert invitation.ends_on  # noqa: S101  # the view offers the form only for access with an end
        self.offer_ends(since=invitation.ends_on, projects=projects)
        self.fields["ends_on"].initial = invitation.ends_on.isoformat()
        self.fields["end"].label = _("New end")
        self.fields["end"].required = True
        self.fields["end"].initial = Term.MONTH
        self.helper = form_helper("ends_on", "end", submit=_("Extend access"), cancel=cancel)


def end_label(invitation: AccessInvitation) -> str:
    """Return the end of a connected access as a label."""
    if invitation.ends_on:
        return _("Ends on %(date)s") % {"date": date_format(invitation.ends_on, "DATE_FORMAT")}
    if invitation.project:
        return _("Ends when “%(project)s” is completed") % {"project": invitation.project}
    return str(Term.OPEN.label)
