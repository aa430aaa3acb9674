"""“Contact them now”, and what the team types about a request."""

from typing import Any, cast

from crispy_forms.layout import Column, Div, Row
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from customers.forms.filters import ListFilter
from partnerportal.accounts.models import User
from partnerportal.agencies.access import AgencyRequest
from partnerportal.agencies.models import Membership
from partnerportal.core.concurrent_edits import EditForm
from partnerportal.core.forms import WordedForm, form_helper
from partnerportal.network.models import PartnerProfile
from requests_inbox.form_timestamps import FormTimestamp, new_timestamp, read_timestamp
from requests_inbox.intake import submission_digest
from requests_inbox.models import ContactRequest, InboxSettings, RequestMessage
from requests_inbox.models.contact_request import ContactRequestQuerySet


class ContactForm(WordedForm, forms.ModelForm):
    """What a prospect writes. Two things are for machines only: a field that nobody sees, and the stamp."""

    class Meta:
        model = ContactRequest
        fields = ("name", "company", "email", "phone", "message")
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "company": forms.TextInput(attrs={"autocomplete": "organization"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "message": forms.Textarea(attrs={"rows": 7}),
        }
        help_texts = {"message": _("What do you need, and by when? A few sentences are enough.")}

    required_messages = {
        "name": _("Enter your name."),
        "email": _("Enter your e-mail address."),
        "message": _("Enter a message."),
    }

    consent = forms.BooleanField(error_messages={"required": _("The agency needs your consent to read your message.")})
    #: Machines fill in whatever is there.
    homepage = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )
    stamp = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, profile: PartnerProfile, cancel: str) -> None:
        super().__init__(data)
        for name in ("name", "email", "message"):
            self.fields[name].required = True
        self.fields["consent"].label = self._consent_label(profile)
        self.initial["stamp"] = new_timestamp()
        #: When this form was given out; None before it is checked, and for a stamp that isn't ours or too old.
        self.given_out: FormTimestamp | None = None
        self.helper = form_helper(
            Row(Column("name", css_class="col-sm-6"), Column("company", css_class="col-sm-6")),
            Row(Column("email", css_class="col-sm-6"), Column("phone", css_class="col-sm-6")),
            "message",
            "consent",
            Div("homepage", css_class="visually-hidden", aria_hidden="true"),
            "stamp",
            submit=_("Send"),
            cancel=cancel,
        )

    @staticmethod
    def _consent_label(profile: PartnerProfile) -> str:
        text = _("%(agency)s may use this information to reply to me.") % {"agency": profile.agency.name}
        if not profile.privacy_url:
            return str(text)
        link = _("Privacy policy")
        new_tab = _("(opens a new tab)")
        return format_html(
            '{} <a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}<span class="visually-hidden"> {}</span></a>',
            text, profile.privacy_url, link, new_tab,
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.given_out = read_timestamp(cleaned.get("stamp") or "")
        if self.given_out is None:
            # Not `{**self.data}`: unpacking a QueryDict gives lists.
            data = cast(QueryDict, self.data).copy()
            data["stamp"] = new_timestamp()
            self.data = data
            raise ValidationError(_("This page was open for a long time. Nothing is lost: select Send again."), "stamp")
        if self.given_out.is_too_fresh and not self.errors:
            raise ValidationError(_("That was very quick. Check your message and select Send again."), "fresh")
        return cleaned

    @property
    def is_suspicious(self) -> bool:
        """Whether the field that nobody sees was filled in."""
        return bool(self.cleaned_data["homepage"])

    @property
    def request_fields(self) -> dict[str, Any]:
        """What was typed, by the names of the request's fields."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    @property
    def submission(self) -> str:
        """What makes this form, with this text, one request."""
        return submission_digest(self.given_out.number if self.given_out else "", self.request_fields)


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


class MemberChoice(forms.ModelMultipleChoiceField):
    """Members by name and role."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.user} ({obj.get_role_display()})"


class InboxSettingsForm(EditForm, forms.ModelForm):
    """Who is told, and how long settled requests are kept."""

    class Meta:
        model = InboxSettings
        fields = ("keep_days",)
        labels = {"keep_days": _("Delete closed requests and spam after (days)")}
        help_texts = {"keep_days": _("Requests assigned to a customer are never deleted.")}

    notified = MemberChoice(
        queryset=Membership.objects.none(),
        label=_("Who is notified about new requests"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("If no one is selected, owners and managers are notified."),
    )

    def __init__(self, *args: Any, request: AgencyRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["notified"].queryset = request.agency.memberships.select_related("user").order_by("pk")  # type: ignore[attr-defined]
        self.initial["notified"] = [member.pk for member in InboxSettings.told(request.agency)]
        self.helper = form_helper("notified", "keep_days", submit=_("Save"), cancel=reverse("requests_inbox:list"))
