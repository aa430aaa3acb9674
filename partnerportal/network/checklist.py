"""What a good profile has, and what one needs before it can be registered."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partnerportal.network.models import PartnerProfile

#: The fields that a profile has to have from its submission on.
NEEDED = ("claim", "description", "services", "city", "contact_email", "privacy_url")
#: A description shorter than this says too little.
GOOD_DESCRIPTION = 300


@dataclass(frozen=True)
class Point:
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


def checklist(profile: PartnerProfile) -> list[Point]:
    """Every point, those that are needed first; of a profile that need not be saved yet."""
    is_saved = profile.pk is not None
    has_services, has_languages = is_saved and bool(profile.services.all()), is_saved and bool(profile.languages.all())
    return [
        Point("claim", _("Add a tagline"), bool(profile.claim), needed=True),
        Point("description", _("Describe what you do"), bool(profile.description), needed=True),
        Point("services", _("Choose your services"), has_services, needed=True),
        Point("city", _("Add your city"), bool(profile.city), needed=True),
        Point("contact_email", _("Add a contact e-mail address"), bool(profile.contact_email), needed=True),
        Point("privacy_url", _("Link to your privacy policy"), bool(profile.privacy_url), needed=True),
        Point("logo", _("Upload your logo"), bool(profile.logo_digest), needed=False),
        Point(
            "description",
            _("Write a longer description: about three paragraphs"),
            len(profile.description) >= GOOD_DESCRIPTION,
            needed=False,
        ),
        Point("languages", _("Add the languages you speak"), has_languages, needed=False),
        Point("website", _("Link to your website"), bool(profile.website), needed=False),
        Point("founded", _("Add the year you were founded"), profile.founded is not None, needed=False),
        Point("team_size", _("Add your team size"), bool(profile.team_size), needed=False),
        Point("contact_name", _("Add a contact person"), bool(profile.contact_name), needed=False),
    ]


def is_complete(profile: PartnerProfile) -> bool:
    """Whether it has all that is needed to be submitted."""
    return all(point.done for point in checklist(profile) if point.needed)
