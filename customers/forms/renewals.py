"""Form that renews domains and contracts."""

from typing import Any

from django import forms
from django.utils.translation import pgettext_lazy

from partnerportal.core.forms import form_helper


class RenewForm(forms.Form):
    """Confirmation of a renewal. `until` is the end that the member saw."""

    until = forms.DateField(widget=forms.HiddenInput, input_formats=["%Y-%m-%d"])

    def __init__(self, data: Any = None, *, item: Any) -> None:
        end = getattr(item, item.renewable_field)
        super().__init__(data, initial={"until": end and end.isoformat()})
        self.helper = form_helper("until", submit=pgettext_lazy("button", "Renew"), cancel=item.customer.get_absolute_url())
