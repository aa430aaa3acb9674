"""Form for the operator of the network in Django admin."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partnerportal.core.forms import TextForm
from partnerportal.network.models import Operator
from partnerportal.network.services.logos import Logo, process_logo


class OperatorForm(TextForm, forms.ModelForm):
    """Form for the name, colour and logo of the network, and for its applications."""

    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG or WebP, up to 2 MB. Square images work best."),
    )
    remove_logo = forms.BooleanField(label=_("Remove logo"), required=False)

    class Meta:
        model = Operator
        fields = ("name", "tint", "accepts_applications")
        help_texts = {
            "name": _("Shown in place of “Partner Network” and “Partner Portal” on public pages and in e-mails."),
            "tint": _("Each of these colours has enough contrast in light and dark."),
            "accepts_applications": _("Public pages and the sign-in page link to a form. Each application needs your approval."),
        }

    def clean_logo(self) -> Logo | None:
        file = self.cleaned_data["logo"]
        return process_logo(file) if file else None

    def save(self, commit: bool = True) -> Any:
        logo = self.cleaned_data["logo"]
        if logo or self.cleaned_data["remove_logo"]:
            self.instance.logo_digest = logo.digest if logo else ""
            self.instance.logo_content = logo.content if logo else None
        return super().save(commit)
