"""Form for a saved view."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.core.forms import WordedForm, form_helper
from partnerportal.desk.saved_views.lists import normalized
from partnerportal.desk.saved_views.models import MAX_QUERY, ListName, SavedView


class SavedViewForm(WordedForm, forms.ModelForm):
    """Form for the name of a view, and for who sees it where."""

    is_pinned = forms.BooleanField(
        label=_("Pin to the menu"), required=False, help_text=_("Shows it below its list in your menu, with the number of results.")
    )

    required_messages = {"name": _("Enter a name.")}

    class Meta:
        model = SavedView
        fields = ("name", "is_shared")
        help_texts = {"is_shared": _("Everyone on the team can then open it. Only you and managers can change it.")}

    def __init__(self, data: Any, *, cancel: str, is_own: bool = True, **options: Any) -> None:
        super().__init__(data, **options)
        if not is_own:
            # Only its owner can make a shared view private again.
            del self.fields["is_shared"]
        shared = ["is_shared"] if is_own else []
        self.helper = form_helper("name", *shared, "is_pinned", submit=_("Save view"), cancel=cancel)

    @property
    def values(self) -> dict[str, Any]:
        """The arguments of the services."""
        return {"is_shared": self.instance.is_shared, **self.cleaned_data}


class NewViewForm(SavedViewForm):
    """The same for a new view, with its list and query string."""

    list_name = forms.ChoiceField(choices=ListName, widget=forms.HiddenInput)
    query = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, member: Membership, team: Sequence[User], **options: Any) -> None:
        super().__init__(data, **options)
        self.member, self.team = member, team

    def clean(self) -> dict[str, Any]:
        """Normalize the query string, which drops unknown parameters and invalid values."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "list_name" in cleaned:
            cleaned["query"] = normalized(cleaned["list_name"], cleaned.get("query", ""), member=self.member, team=self.team)
            if len(cleaned["query"]) > MAX_QUERY:
                self.add_error(None, _("These filters are too long to be saved."))
        return cleaned
