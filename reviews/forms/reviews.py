"""Forms of the actions on a review, and filters of the list of reviews."""

import json
from typing import Any

from crispy_forms.layout import Hidden, Submit
from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.models import Customer, Project
from partnerportal.core.filters import ListFilter
from partnerportal.core.forms import WordedForm, form_helper, submit_button
from partnerportal.core.pagination import Rows
from partnerportal.core.search import MAX_CANDIDATES
from partnerportal.core.validators import validate_plain_text
from partnerportal.core.versions import EditForm
from reviews.models import Review, ReviewComment, ReviewReplyDraft, ReviewReport
from reviews.models.drafts import MAX_REPLY_LENGTH
from reviews.queries.lists import listed_reviews


class ReviewActionForm(WordedForm, forms.Form):
    """Base of the forms, which return to the page `next`."""

    submit: str | Promise

    def __init__(self, *args: Any, next_address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper(
            *self.fields,
            Hidden("next", next_address),
            submit=self.submit,
            buttons=self.other_buttons(),
            cancel=next_address or reverse("reviews:list"),
        )

    def other_buttons(self) -> list[Submit]:
        """Return further buttons."""
        return []


class CommentForm(EditForm, ReviewActionForm):
    """Form for publishing a comment, or for saving it as a draft with “Save draft” or “Preview”."""

    submit = pgettext_lazy("button", "Reply")
    conflict_text = _("The draft was changed in the meantime. The saved draft is shown below the field.")
    conflict_advice = _("Select a button again to keep your version.")
    required_messages = {"text": _("Enter a comment.")}
    text = forms.CharField(
        label=ReviewComment._meta.get_field("text").verbose_name,
        max_length=MAX_REPLY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[validate_plain_text],
    )

    def __init__(self, *args: Any, draft: ReviewReplyDraft | None, **kwargs: Any) -> None:
        self.draft = draft
        #: Text of the draft that the input was compared with.
        self.draft_text = draft.text if draft else ""
        super().__init__(*args, initial={"text": self.draft_text}, **kwargs)
        #: The button by which the form was submitted: `draft`, `preview`, `edit` or none of them.
        self.button = next((name for name in ("draft", "preview", "edit") if name in self.data), "")
        # Saving an empty text deletes the draft.
        self.fields["text"].required = not (draft and self.button == "draft")

    def other_buttons(self) -> list[Submit]:
        """Return the buttons that don't publish."""
        return [
            submit_button(_("Preview"), style="secondary", name="preview"),
            submit_button(_("Save draft"), style="secondary", name="draft"),
        ]

    def _merge(self) -> list[str]:
        """Return the text as a conflict if someone else changed the draft, even if the user didn't change what the form showed.

        Otherwise, “Reply” could publish a text that the user hasn't seen.
        """
        is_stale = self._shown().get("text") != json.loads(self._stored_now())["text"]
        conflicts = ["text"] if is_stale and self._submitted("text") != self._stored("text") else []
        data: Any = self.data
        data = data.copy()
        data[self.add_prefix("shown")] = self._stored_now()
        self.data = data
        return conflicts


class CommentPreviewForm(CommentForm):
    """The form below the preview of a draft, which contains its text."""

    submit = _("Publish")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].widget = forms.HiddenInput()

    def other_buttons(self) -> list[Submit]:
        """Return the button that returns to the text."""
        # Focused so that pressing Enter twice on “Preview” doesn't publish.
        return [submit_button(_("Back to editing"), style="secondary", name="edit", autofocus="")]


class HideForm(ReviewActionForm):
    """Form with predefined reasons: free text about a customer would stay in the audit log."""

    submit = _("Hide review")
    required_messages = {"reason": _("Select a reason.")}
    reason = forms.ChoiceField(label=_("Reason"), choices=Review.HiddenReason.choices, widget=forms.RadioSelect)


class ReportForm(ReviewActionForm):
    submit = _("Report")
    required_messages = {"reason": _("Select a reason."), "details": _("Describe what is wrong.")}
    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("Select…")), *ReviewReport.Reason.choices])
    details = forms.CharField(
        label=_("Details"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[validate_plain_text],
        help_text=_("What exactly is wrong, and how can we tell? Only the portal administrators can read this."),
    )


class ReviewFilter(ListFilter):
    """Filters of reviews by state, stars, subject, customer and project."""

    SHOW = (
        ("", _("All")),
        ("unanswered", _("No comment yet")),
        ("reported", _("Under review")),
        ("hidden", _("Hidden")),
        ("pinned", _("Pinned")),
    )
    ABOUT = (("", _("All")), ("company", _("Company")), ("project", _("Projects")))

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Customer or project")}),
    )
    show = forms.ChoiceField(label=_("Show"), choices=SHOW, required=False)
    stars = forms.ChoiceField(label=_("Stars"), choices=[("", _("All")), *((str(n), str(n)) for n in range(5, 0, -1))], required=False)
    about = forms.ChoiceField(label=_("Review of"), choices=ABOUT, required=False)

    def reviews(self) -> QuerySet[Review] | Rows[Review]:
        """Return the agency's reviews that match. Lists without a search are compiled."""
        chosen = self.chosen
        rows = Rows(listed_reviews, (chosen["show"], chosen["stars"], chosen["about"]), {"agency": self.agency.pk})
        if not chosen["q"]:
            return rows
        customers = Customer.objects.for_agency(self.agency).search(chosen["q"])[:MAX_CANDIDATES]
        projects = Project.objects.for_agency(self.agency).search(chosen["q"])[:MAX_CANDIDATES]
        return rows.queryset().filter(Q(request__customer__in=customers) | Q(request__project__in=projects))

    def order_by(self) -> tuple[str, ...]:
        """Return the order: pinned reviews by position, others newest first."""
        return ("pin_position",) if self.chosen["show"] == "pinned" else ("-pk",)
