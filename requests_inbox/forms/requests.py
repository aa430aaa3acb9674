"""The inbox filter, and forms for replies, notes and reassignment."""

from collections.abc import Sequence
from typing import Any, cast

from crispy_forms.layout import Div
from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.core.filters import ListFilter
from partnerportal.core.forms import TextForm, form_helper, submit_button
from partnerportal.core.validators import validate_plain_text
from requests_inbox.models import ContactRequest, RequestMessage, RequestStatus, SavedReply
from requests_inbox.models.requests import WAITING, ContactRequestQuerySet

#: The tabs of the inbox: requests that wait for a reply, and each status.
TABS: list[tuple[str, Any]] = [(WAITING, _("Waiting for a reply")), *RequestStatus.choices]


class InboxFilter(ListFilter):
    """Filter of the inbox by tab, search query and assignee."""

    ASSIGNEE_CHOICES = (("", _("Anyone")), ("mine", _("Me")), ("nobody", _("Unassigned")))

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, company, e-mail, phone or message text")}),
    )
    whose = forms.ChoiceField(label=_("Assignee"), choices=ASSIGNEE_CHOICES, required=False)
    state = forms.ChoiceField(choices=[("", ""), *TABS], required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Keep invalid search queries, so that they find nothing instead of being ignored."""
        if "q" in self.errors:
            self.cleaned_data["q"] = self.data.get("q", "")
        return self.cleaned_data

    @property
    def active_tab(self) -> str:
        """The selected tab. By default, a search covers all statuses, and the inbox shows requests that wait for a reply."""
        return str(self.chosen["state"] or ("" if self.chosen["q"] else WAITING))

    @property
    def shows_new_requests(self) -> bool:
        """Whether requests that have just arrived are on the selected tab."""
        return self.active_tab in (WAITING, RequestStatus.NEW)

    @property
    def is_set(self) -> bool:
        """Whether fewer filters could find more. The tabs don't count."""
        return bool(self.chosen["q"] or self.chosen["whose"])

    def narrowed(self) -> ContactRequestQuerySet:
        """Return the requests that match the filters other than the search, unordered."""
        requests: ContactRequestQuerySet = ContactRequest.objects.for_agency(self.agency).on_tab(self.active_tab)
        if self.chosen["whose"]:
            requests = requests.filter(assignee=self.user if self.chosen["whose"] == "mine" else None)
        return requests

    def exact_matches(self) -> ContactRequestQuerySet:
        """Return the matching requests, without those that a search finds despite typing errors."""
        requests = self.narrowed()
        return requests.matching(self.chosen["q"]) if self.chosen["q"] else requests

    def requests(self) -> ContactRequestQuerySet:
        """Return the agency's matching requests, unordered."""
        requests = self.narrowed()
        if self.chosen["q"]:
            requests = ContactRequest.objects.filter(pk__in=requests.search(self.chosen["q"]))
        return requests


def _text_field(label: Any, *, rows: int, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=10_000,
        validators=[validate_plain_text],
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": _("Enter a message.")},
    )


class ReplyForm(TextForm, forms.Form):
    """Form for a reply to the prospect. Its button “Insert” adds a saved reply to the text instead of sending it."""

    saved = forms.TypedChoiceField(
        label=_("Saved reply"),
        coerce=int,
        empty_value=None,
        required=False,
        error_messages={"required": _("Select a saved reply."), "invalid_choice": _("This saved reply was deleted in the meantime.")},
    )
    text = _text_field(_("Reply by e-mail"), rows=6)
    #: Primary key of the last message shown on the page.
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, data: QueryDict | None, *, request: ContactRequest, saved: Sequence[SavedReply] = (), seen: int = 0) -> None:
        super().__init__(data, auto_id="id_reply_%s", initial={"seen": seen})
        self.is_inserting = data is not None and "insert" in data
        self.fields["text"].help_text = _("Sent to %(email)s in your name. Replies go to your own mailbox.") % {"email": request.email}
        self.fields["text"].required = not self.is_inserting
        self.fields["saved"].required = self.is_inserting
        self.fields["saved"].choices = _by_language(saved)  # type: ignore[attr-defined]
        path = reverse("requests_inbox:reply", args=[request.pk])
        # The answer is the whole page, of which only this form is replaced.
        swap = {"hx_post": path, "hx_target": "#reply-form", "hx_select": "#reply-form", "hx_swap": "outerHTML"}
        insert = submit_button(_("Insert"), style="secondary", name="insert", **swap)
        fields = [Div("saved", insert, css_class="saved-reply"), "text", "seen"] if saved or self.is_inserting else ["text", "seen"]
        self.helper = form_helper(*fields, submit=_("Send reply"))
        self.helper.form_action, self.helper.form_id = path, "reply-form"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.is_inserting:
            # Only inserted replies matter: sending works if the selected one was deleted in the meantime.
            self.errors.pop("saved", None)
        return cleaned

    def insert(self, text: str) -> None:
        """Append a text to what was typed."""
        data = cast(QueryDict, self.data).copy()
        typed = data.get("text", "").rstrip()
        data["text"] = f"{typed}\n\n{text}" if typed else text
        data["saved"] = ""
        self.fields["saved"].required = False
        self.fields["text"].widget.attrs["autofocus"] = True
        self.data = data
        self.full_clean()

    def show_conflict(self, replies: Sequence[RequestMessage]) -> None:
        """Report newer replies and mark them as seen, so that submitting the form again sends it."""
        names = ", ".join(sorted({str(reply.author or "–") for reply in replies}))
        text = _("%(names)s replied while you were typing. Read it below, then select Send reply again to send yours as well.")
        self.add_error(None, text % {"names": names})
        data = cast(QueryDict, self.data).copy()
        data["seen"] = str(replies[-1].pk)
        self.data = data


def _by_language(saved: Sequence[SavedReply]) -> list[tuple[Any, Any]]:
    """Return the choices of saved replies, grouped by their language if there are several."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for reply in saved:
        groups.setdefault(str(reply.get_language_display()), []).append((reply.pk, reply.title))
    choices: list[Any] = list(groups.items()) if len(groups) > 1 else [choice for group in groups.values() for choice in group]
    return [("", _("Select a saved reply")), *choices]


class NoteForm(TextForm, forms.Form):
    """Form for an internal note."""

    text = _text_field(_("Internal note"), rows=3, help_text=_("Only visible to your team."))
    #: As in ReplyForm.
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, data: QueryDict | None, *, request: ContactRequest, seen: int = 0) -> None:
        super().__init__(data, auto_id="id_note_%s", initial={"seen": seen})
        self.helper = form_helper("text", "seen", submit=_("Add note"))
        self.helper.form_action = reverse("requests_inbox:note", args=[request.pk])


class ReassignForm(forms.Form):
    """Form for selecting a new assignee."""

    to = forms.TypedChoiceField(label=_("Reassign to"), coerce=int)

    def __init__(self, data: QueryDict | None, *, team: list[User]) -> None:
        super().__init__(data)
        self.team = {user.pk: user for user in team}
        self.fields["to"].choices = [(user.pk, str(user)) for user in team]  # type: ignore[attr-defined]

    @property
    def assignee(self) -> User:
        """The selected member."""
        return self.team[self.cleaned_data["to"]]
