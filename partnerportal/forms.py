"""What all our forms share."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Layout, Submit
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _


def form_helper(*fields: Any, submit: str | Promise, cancel: str = "", method: str = "post", **attributes: str) -> FormHelper:
    """A crispy layout: the fields, then one button named `submit` and, if given, a way back to the address `cancel`.

    The browser's own checks are off: our messages are in the reader's language, tied to the field, and summed up.
    """
    helper = FormHelper()
    helper.form_method = method
    # Those that a layout doesn't name.
    helper.render_hidden_fields = True
    helper.attrs = {"novalidate": "", **attributes}
    helper.layout = Layout(*fields, form_buttons(Submit("", submit, css_id=None), cancel=cancel))
    return helper


def form_buttons(*buttons: Any, cancel: str = "") -> Div:
    """The row of buttons that ends a form."""
    way_back = [HTML(format_html('<a class="btn btn-link" href="{}">{}</a>', cancel, _("Cancel")))] if cancel else []
    return Div(*buttons, *way_back, css_class="form-actions")
