"""The review itself."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from reviews.models import CATEGORIES, MAX_AUTHOR_LENGTH, DisplayNameAs, Review


@dataclass(frozen=True)
class DisplayNameOption:
    """One way of showing the author, with how that looks."""

    value: str
    label: str | Promise
    example: str
    chosen: bool


class ReviewForm(forms.ModelForm):
    """Four ratings of 1 to 5 stars, a text, a name, and how the name is to be shown."""

    class Meta:
        model = Review
        fields = (*CATEGORIES, "text", "author", "display_name_as")
        widgets = {"text": forms.Textarea(attrs={"rows": 5}), "author": forms.TextInput(attrs={"autocomplete": "name"})}
        help_texts = {"text": _("Optional. What would you tell others? Shown on the agency’s public profile.")}

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer
        for name in CATEGORIES:
            self.fields[name] = forms.TypedChoiceField(
                label=Review._meta.get_field(name).verbose_name,  # type: ignore[union-attr]
                choices=[(stars, str(stars)) for stars in range(1, 6)],
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={
                    "required": _("Select one to five stars."),
                    "invalid_choice": _("Select one to five stars."),
                },
            )
        ways = [way for way in DisplayNameAs if way != DisplayNameAs.COMPANY or customer.company]
        # The example beside it says already what it is called then.
        labels = {DisplayNameAs.ANONYMOUS: _("Without a name")}
        self.fields["display_name_as"] = forms.ChoiceField(
            label=_("Show my name as"),
            choices=[(way.value, labels.get(way, way.label)) for way in ways],
            widget=forms.RadioSelect,
            required=False,
            initial=DisplayNameAs.FULL,
        )
        # Without a name on the review it need not be told; `clean` asks for it where it is shown.
        self.fields["author"].required = False
        self.initial.setdefault("author", customer.person_name[:MAX_AUTHOR_LENGTH])
        if self.instance.display_name_as == DisplayNameAs.COMPANY:
            self.initial["author"] = customer.person_name[:MAX_AUTHOR_LENGTH]

    @property
    def names_shown(self) -> list[DisplayNameOption]:
        """The ways to choose from, each with how the name that stands in the form would look."""
        author, chosen = str(self["author"].value() or "").strip(), self["display_name_as"].value() or DisplayNameAs.FULL
        return [
            DisplayNameOption(value, label, self._example(value, author), value == chosen)
            for value, label in self.fields["display_name_as"].choices  # type: ignore[attr-defined]
        ]

    def _example(self, way: str, author: str) -> str:
        if way == DisplayNameAs.COMPANY:
            return self.customer.company
        return Review(author=author or str(_("Your name")), display_name_as=way).author_label

    def clean_display_name_as(self) -> str:
        return self.cleaned_data["display_name_as"] or DisplayNameAs.FULL

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        way = cleaned.get("display_name_as")
        if way == DisplayNameAs.COMPANY:
            cleaned["author"] = self.customer.company[:MAX_AUTHOR_LENGTH]
            self.errors.pop("author", None)
        elif not cleaned.get("author") and "author" not in self.errors:
            if way == DisplayNameAs.ANONYMOUS:
                cleaned["author"] = (self.customer.person_name or self.customer.company)[:MAX_AUTHOR_LENGTH]
            else:
                self.add_error("author", _("Enter a name, or choose to post without one."))
        return cleaned
