"""Checklist of required and recommended profile fields."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partnerportal.network.models import PartnerProfile

#: Fields that are required as soon as a profile has been submitted.
REQUIRED_FIELDS = ("tagline", "description", "services", "city", "contact_email", "privacy_url")
#: Recommended minimum length of a description, in characters.
MIN_DESCRIPTION_LENGTH = 300


@dataclass(frozen=True)
class ChecklistItem:
    """An item of the checklist. `field` is the name of the form field."""

    field: str
    text: str | Promise
    done: bool
    #: Whether the profile can't be submitted without it.
    required: bool = False

    @property
    def anchor(self) -> str:
        """Link to the field in the form. A group of checkboxes is linked as a whole, because it may have no options."""
        return f"#div_id_{self.field}" if self.field in {"services", "languages"} else f"#id_{self.field}"


def checklist(profile: PartnerProfile) -> list[ChecklistItem]:
    """Return all items, required ones first. The profile can be unsaved."""
    is_saved = profile.pk is not None
    return checklist_with(
        profile,
        has_services=is_saved and bool(profile.services.all()),
        has_languages=is_saved and bool(profile.languages.all()),
    )


def checklist_with(profile: PartnerProfile, *, has_services: bool, has_languages: bool) -> list[ChecklistItem]:
    """Return the checklist of a profile whose services and languages aren't loaded."""
    has_long_description = len(profile.description) >= MIN_DESCRIPTION_LENGTH
    return [
        ChecklistItem("tagline", _("Add a tagline"), bool(profile.tagline), required=True),
        ChecklistItem("description", _("Describe what you do"), bool(profile.description), required=True),
        ChecklistItem("services", _("Choose your services"), has_services, required=True),
        ChecklistItem("city", _("Add your city"), bool(profile.city), required=True),
        ChecklistItem("contact_email", _("Add a contact e-mail address"), bool(profile.contact_email), required=True),
        ChecklistItem("privacy_url", _("Link to your privacy policy"), bool(profile.privacy_url), required=True),
        ChecklistItem("logo", _("Upload your logo"), bool(profile.logo_digest)),
        ChecklistItem("description", _("Write a longer description: about three paragraphs"), has_long_description),
        ChecklistItem("languages", _("Add the languages you speak"), has_languages),
        ChecklistItem("website", _("Link to your website"), bool(profile.website)),
        ChecklistItem("founded", _("Add the year you were founded"), profile.founded is not None),
        ChecklistItem("team_size", _("Add your team size"), bool(profile.team_size)),
        ChecklistItem("contact_name", _("Add a contact person"), bool(profile.contact_name)),
    ]


def is_complete(profile: PartnerProfile) -> bool:
    """Return whether all items required for a submission are done."""
    return all(item.done for item in checklist(profile) if item.required)
