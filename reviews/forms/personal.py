"""Form with which customers submit and edit their review."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partnerportal.core.forms import StrictForm
from reviews.models import CATEGORIES, MAX_AUTHOR_LENGTH, DisplayNameAs, Review, ReviewRequest


@dataclass(frozen=True)
class DisplayNameOption:
    """A way of displaying the author, with an example."""

    value: str
    label: str | Promise
    example: str
    chosen: bool


class ReviewForm(StrictForm):
    """Ratings of one to five stars in each category, a text, a name, and how the name is displayed."""

    class Meta:
        model = Review
        fields = (*CATEGORIES, "text", "author", "display_name_as")
        widgets = {"text": forms.Textarea(attrs={"rows": 5}), "author": forms.TextInput(attrs={"autocomplete": "name"})}
        help_texts = {"text": _("Optional. What would you tell others? Shown on the agency’s public profile.")}

    def __init__(self, *args: Any, review_request: ReviewRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = review_request.customer
        self.person_name = review_request.recipient.person_name
        for name, category in CATEGORIES.items():
            self.fields[name] = forms.TypedChoiceField(
                label=category.label,
                choices=[(stars, str(stars)) for stars in range(1, 6)],
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={
                    "required": _("Select one to five stars."),
                    "invalid_choice": _("Select one to five stars."),
                },
            )
        options = [option for option in DisplayNameAs if option != DisplayNameAs.COMPANY or self.customer.company]
        # The example beside this option already contains its usual label.
        labels = {DisplayNameAs.ANONYMOUS: _("Without a name")}
        self.fields["display_name_as"] = forms.ChoiceField(
            label=_("Show my name as"),
            choices=[(option.value, labels.get(option, option.label)) for option in options],
            widget=forms.RadioSelect,
            required=False,
            initial=DisplayNameAs.FULL,
        )
        # `clean` requires a name if it is displayed.
        self.fields["author"].required = False
        self.initial.setdefault("author", self.person_name[:MAX_AUTHOR_LENGTH])
        if self.instance.display_name_as == DisplayNameAs.COMPANY:
            self.initial["author"] = self.person_name[:MAX_AUTHOR_LENGTH]

    @property
    def star_fields(self) -> list[tuple[forms.BoundField, Any]]:
        """The categories' fields with their hints."""
        return [(self[name], category.hint) for name, category in CATEGORIES.items()]

    @property
    def display_name_options(self) -> list[DisplayNameOption]:
        """The ways of displaying the author, with examples based on the name in the form."""
        author = str(self["author"].value() or "").strip()
        chosen = self["display_name_as"].value() or DisplayNameAs.FULL
        return [
            DisplayNameOption(value, label, self._example(value, author), value == chosen)
            for value, label in self.fields["display_name_as"].choices  # type: ignore[attr-defined]
        ]

    def _example(self, option: str, author: str) -> str:
        if option == DisplayNameAs.COMPANY:
            return self.customer.company
        return Review(author=author or str(_("Your name")), display_name_as=option).author_label

    def clean_display_name_as(self) -> str:
        return self.cleaned_data["display_name_as"] or DisplayNameAs.FULL

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        option = cleaned.get("display_name_as")
        if option == DisplayNameAs.COMPANY:
            cleaned["author"] = self.customer.company[:MAX_AUTHOR_LENGTH]
            self.errors.pop("author", None)
        elif not cleaned.get("author") and "author" not in self.errors:
            if option == DisplayNameAs.ANONYMOUS:
                cleaned["author"] = (self.person_name or self.customer.company)[:MAX_AUTHOR_LENGTH]
            else:
                self.add_error("author", _("Enter a name, or choose to post without one."))
        return cleaned
