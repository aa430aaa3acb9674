"""Forms for a client's account."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partnerportal.core.fields import AddressFormField
from partnerportal.core.forms import WordedForm, form_helper


class NewAddressForm(WordedForm, forms.Form):
    """Form for a new e-mail address."""

    email = AddressFormField(label=_("New e-mail address"), widget=forms.TextInput(attrs={"autocomplete": "email"}))

    required_messages = {"email": _("Enter the new e-mail address.")}

    def __init__(self, *args: Any, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("email", submit=_("Send codes"), cancel=cancel)


class CodesForm(WordedForm, forms.Form):
    """Form for the two codes of a change of address."""

    old_code = forms.CharField(label=_("Code from the old address"), max_length=20)
    new_code = forms.CharField(label=_("Code from the new address"), max_length=20)

    required_messages = {
        "old_code": _("Enter the code from the e-mail to your old address."),
        "new_code": _("Enter the code from the e-mail to your new address."),
    }

    def __init__(self, *args: Any, cancel: str, old: str, new: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, email in (("old_code", old), ("new_code", new)):
            self.fields[name].help_text = _("We’ve sent it to %(email)s.") % {"email": email}
            self.fields[name].widget.attrs.update({"inputmode": "numeric", "autocomplete": "one-time-code"})
        self.helper = form_helper("old_code", "new_code", submit=_("Change address"), cancel=cancel)


class CloseAccountForm(WordedForm, forms.Form):
    """Form for closing the account."""

    confirmed = forms.BooleanField(label=_("I understand that this can’t be undone."))

    required_messages = {"confirmed": _("Confirm that you want to close the account.")}

    def __init__(self, *args: Any, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("confirmed", submit=_("Close account"), style="danger", cancel=cancel)
