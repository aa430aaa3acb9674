"""Renderer of form widgets."""

from functools import cache
from typing import Any

from django.forms import renderers
from django.template import TemplateDoesNotExist


class FormRenderer(renderers.Jinja2):
    """Renders Django's widgets with its Jinja2 templates, which take half the time.

    Widgets of other libraries, such as Django admin, only have Django templates.
    """

    def get_template(self, template_name: str) -> Any:
        return _template(self, template_name)


#: Instances are created once per process.
@cache
def _template(renderer: FormRenderer, name: str) -> Any:
    try:
        return super(FormRenderer, renderer).get_template(name)
    except TemplateDoesNotExist:
        return _FALLBACK.get_template(name)


_FALLBACK = renderers.DjangoTemplates()
