"""Forms for editing and declining a profile."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Fieldset, Layout, Row
from django import forms
from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.core.forms import TextForm, form_helper
from partnerportal.core.validators import validate_plain_text
from partnerportal.core.versions import VersionedForm
from partnerportal.network.models import RESERVED_SLUGS, PartnerProfile, ProfileSlug, Service, SpokenLanguage, name_column
from partnerportal.network.queries import REQUIRED_FIELDS
from partnerportal.network.services.logos import Logo, process_logo


class ProfileForm(VersionedForm, forms.ModelForm):
    """Form for editing a profile and the agency's name."""

    conflict_text = _(
        "Someone else changed this profile while you were editing. Nothing is lost: the saved values are shown below your fields."
    )
    never_merged = ("version", "logo", "remove_logo")
    required_messages = {"name": _("Enter the agency’s name."), "slug": _("Enter a profile address.")}

    class Meta:
        model = PartnerProfile
        fields = (
            "slug", "tagline", "description", "services", "languages", "city", "website", "founded", "team_size", "open_for_clients",
            "contact_name", "contact_email", "privacy_url", "offers_feeds",
        )  # fmt: skip
        widgets = {
            "description": forms.Textarea(attrs={"rows": 9}),
            "services": forms.CheckboxSelectMultiple,
            "languages": forms.CheckboxSelectMultiple,
            "founded": forms.TextInput(attrs={"inputmode": "numeric"}),
            "contact_email": forms.EmailInput(attrs={"inputmode": "email"}),
        }
        help_texts = {
            "tagline": _("One memorable sentence."),
            "description": _("Plain text. Leave a blank line between paragraphs."),
            "open_for_clients": _("If not, your profile says so and the contact form is closed."),
            "contact_name": _("The person who answers inquiries. Their name appears on e-mails to prospects."),
            "contact_email": _("Replies from prospects are sent here. Not shown on your profile."),
            "privacy_url": _("People who contact you must agree to it first."),
            "offers_feeds": _("Feed readers and your website can follow your public reviews (Atom and JSON Feed)."),
        }

    name = forms.CharField(label=_("Name"), max_length=120, validators=Agency._meta.get_field("name").validators)
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG or WebP, up to 2 MB. Square images work best."),
    )
    remove_logo = forms.BooleanField(label=_("Remove logo"), required=False)
    #: Version of the profile when the user opened the form; 0 for a new profile.
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, may_edit: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        profile = self.instance
        self.fields["name"].initial = profile.agency.name
        self.fields["version"].initial = profile.version
        self.fields["slug"].help_text = _("%(site)s/partners/…/. If you change it, the old address redirects to the new one.") % {
            "site": settings.SITE_URL
        }
        for name, model in (("services", Service), ("languages", SpokenLanguage)):
            chosen = Q(profiles=profile.pk) if profile.pk else Q()
            self.fields[name].queryset = model.objects.filter(Q(is_active=True) | chosen).distinct().order_by(name_column())  # type: ignore[attr-defined]
        if profile.status in {PartnerProfile.Status.SUBMITTED, PartnerProfile.Status.REGISTERED}:
            for name in REQUIRED_FIELDS:
                self.fields[name].required = True
        if not (profile.logo_digest and may_edit):
            del self.fields["remove_logo"]
        if not may_edit:
            del self.fields["logo"]
            for field in self.fields.values():
                field.disabled = True
        layout = (
            Fieldset(
                _("About your agency"),
                Row(Column("name"), Column("slug")),
                HTML('{% include "network/includes/_current_logo.html" %}'),
                *(name for name in ("logo", "remove_logo") if name in self.fields),
                "tagline",
                "description",
            ),
            Fieldset(_("Services and languages"), "services", "languages", "open_for_clients"),
            Fieldset(
                _("Company details"),
                Row(Column("city"), Column("website")),
                Row(Column("founded"), Column("team_size")),
            ),
            Fieldset(_("Contact"), Row(Column("contact_name"), Column("contact_email")), "privacy_url"),
            Fieldset(_("Feeds"), "offers_feeds"),
            "version",
        )
        if may_edit:
            self.helper = form_helper(*layout, submit=_("Save"))
        else:
            self.helper = FormHelper()
            self.helper.layout = Layout(*layout)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].lower()
        if slug in RESERVED_SLUGS or ProfileSlug.objects.filter(slug=slug).exclude(profile=self.instance.pk).exists():
            self.reject_slug()
        return slug

    def reject_slug(self) -> None:
        """Add the error for an address that belongs, or once belonged, to another profile."""
        self.add_error("slug", forms.ValidationError(_("This address is already taken. Choose another one."), "taken"))

    def clean_logo(self) -> Logo | None:
        file = self.cleaned_data["logo"]
        return process_logo(file) if file else None

    @property
    def values(self) -> dict[str, Any]:
        """Values for `save_profile`: all of a new profile, only the changed ones of an existing profile."""
        values = {name: value for name, value in self.cleaned_data.items() if name not in {"logo", "remove_logo", "version", "shown"}}
        if self.is_edit:
            values = {name: values[name] for name in self.changed_here}
        if self.cleaned_data["logo"] or self.cleaned_data.get("remove_logo"):
            values["logo"] = self.cleaned_data["logo"]
        return values


class DeclineForm(TextForm, forms.Form):
    """The reason for declining a profile, which the agency receives unchanged."""

    decline_reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        validators=[validate_plain_text],
        help_text=_("Sent to the agency by e-mail and shown on its profile page."),
    )
