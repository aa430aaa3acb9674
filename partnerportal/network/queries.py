"""What a good profile has, and what one needs before it can be registered."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partnerportal.network.models import PartnerProfile

#: The fields that a profile has to have from its submission on.
REQUIRED_FIELDS = ("claim", "description", "services", "city", "contact_email", "privacy_url")
#: A description shorter than this says too little.
MIN_DESCRIPTION_LENGTH = 300


@dataclass(frozen=True)
class ChecklistItem:
    """One thing that a profile has or lacks; `field` is the form's that it is typed into."""

    field: str
    text: str | Promise
    done: bool
    #: Without it the profile can't be submitted.
    needed: bool

    @property
    def anchor(self) -> str:
        """Link to the field in the form. A group of checkboxes is linked as a whole, because it may have no options."""
        return f"#div_id_{self.field}" if self.field in {"services", "languages"} else f"#id_{self.field}"


def checklist(profile: PartnerProfile) -> list[ChecklistItem]:
    """Every point, those that are needed first; of a profile that need not be saved yet."""
    is_saved = profile.pk is not None
    has_services, has_languages = is_saved and bool(profile.services.all()), is_saved and bool(profile.languages.all())
    return [
        ChecklistItem("claim", _("Add a tagline"), bool(profile.claim), needed=True),
        ChecklistItem("description", _("Describe what you do"), bool(profile.description), needed=True),
        ChecklistItem("services", _("Choose your services"), has_services, needed=True),
        ChecklistItem("city", _("Add your city"), bool(profile.city), needed=True),
        ChecklistItem("contact_email", _("Add a contact e-mail address"), bool(profile.contact_email), needed=True),
        ChecklistItem("privacy_url", _("Link to your privacy policy"), bool(profile.privacy_url), needed=True),
        ChecklistItem("logo", _("Upload your logo"), bool(profile.logo_digest), needed=False),
        ChecklistItem(
            "description",
            _("Write a longer description: about three paragraphs"),
            len(profile.description) >= MIN_DESCRIPTION_LENGTH,
            needed=False,
        ),
        ChecklistItem("languages", _("Add the languages you speak"), has_languages, needed=False),
        ChecklistItem("website", _("Link to your website"), bool(profile.website), needed=False),
        ChecklistItem("founded", _("Add the year you were founded"), profile.founded is not None, needed=False),
        ChecklistItem("team_size", _("Add your team size"), bool(profile.team_size), needed=False),
        ChecklistItem("contact_name", _("Add a contact person"), bool(profile.contact_name), needed=False),
    ]


def is_complete(profile: PartnerProfile) -> bool:
    """Whether it has all that is needed to be submitted."""
    return all(point.done for point in checklist(profile) if point.needed)
