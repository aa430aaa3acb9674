"""The inbox filter, and forms for replies, notes and reassignment."""

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.core.filters import ListFilter
from partnerportal.core.forms import form_helper
from requests_inbox.models import ContactRequest, RequestMessage
from requests_inbox.models.requests import ContactRequestQuerySet


class InboxFilter(ListFilter):
    """Requests by their state (the tabs), by words, and by who is on them."""

    WHOSE = (("", _("Anyone")), ("mine", _("Me")), ("nobody", _("Unassigned")))

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, company, e-mail, phone or message text")}),
    )
    whose = forms.ChoiceField(label=_("Assignee"), choices=WHOSE, required=False)
    state = forms.ChoiceField(choices=[("", ""), *ContactRequest.Status.choices], required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """A query too long or with odd characters fits nothing, rather than not counting at all."""
        if "q" in self.errors:
            self.cleaned_data["q"] = self.data.get("q", "")
        return self.cleaned_data

    @property
    def state_shown(self) -> str:
        """The open tab; a search looks into all of them unless one is chosen."""
        return str(self.chosen["state"] or ("" if self.chosen["q"] else ContactRequest.Status.NEW))

    @property
    def is_set(self) -> bool:
        """Whether there is more to find with fewer filters; a tab is none."""
        return bool(self.chosen["q"] or self.chosen["whose"])

    def requests(self) -> ContactRequestQuerySet:
        """The agency's requests that fit, in no order."""
        found: ContactRequestQuerySet = ContactRequest.objects.for_agency(self.agency)
        if self.state_shown:
            found = found.filter(status=self.state_shown)
        if self.chosen["whose"]:
            found = found.filter(handler=self.user if self.chosen["whose"] == "mine" else None)
        if self.chosen["q"]:
            found = ContactRequest.objects.filter(pk__in=found.search(self.chosen["q"]))
        return found


class ReplyForm(forms.Form):
    """An answer to the sender."""

    text = forms.CharField(
        label=_("Reply by e-mail"),
        max_length=10_000,
        validators=RequestMessage._meta.get_field("text").validators[:1],
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Enter a message.")},
    )
    #: The last message that the member saw when they began to type.
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, data: QueryDict | None, *, request: ContactRequest, seen: int = 0) -> None:
        super().__init__(data, auto_id="id_reply_%s", initial={"seen": seen})
        self.fields["text"].help_text = _("Sent to %(email)s in your name. Replies go to your own mailbox.") % {"email": request.email}
        self.helper = form_helper("text", "seen", submit=_("Send reply"))
        self.helper.form_action = reverse("requests_inbox:reply", args=[request.pk])

    def show_meanwhile(self, seen: int) -> None:
        """A colleague's reply is on the page now: sending once more is a decision."""
        data = cast(QueryDict, self.data).copy()
        data["seen"] = str(seen)
        self.data = data


class NoteForm(forms.Form):
    """Something for the team alone."""

    text = forms.CharField(
        label=_("Internal note"),
        max_length=10_000,
        validators=RequestMessage._meta.get_field("text").validators[:1],
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only visible to your team."),
        error_messages={"required": _("Enter a message.")},
    )
    #: As in `ReplyForm`.
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, data: QueryDict | None, *, request: ContactRequest, seen: int = 0) -> None:
        super().__init__(data, auto_id="id_note_%s", initial={"seen": seen})
        self.helper = form_helper("text", "seen", submit=_("Add note"))
        self.helper.layout[-1].fields[0].field_classes = "btn btn-secondary"
        self.helper.form_action = reverse("requests_inbox:note", args=[request.pk])


class HandOverForm(forms.Form):
    """Who is to be on it."""

    to = forms.TypedChoiceField(label=_("Reassign to"), coerce=int)

    def __init__(self, data: QueryDict | None, *, team: list[User]) -> None:
        super().__init__(data)
        self.team = {person.pk: person for person in team}
        self.fields["to"].choices = [(person.pk, str(person)) for person in team]  # type: ignore[attr-defined]

    @property
    def person(self) -> User:
        """The one who was chosen."""
        return self.team[self.cleaned_data["to"]]
