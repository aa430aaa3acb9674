"""Form field for the tags of a customer, and the forms of tags themselves."""

from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Row
from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from customers.models import Tag
from customers.models.tags import MAX_TAGS, split_names
from customers.queries.definitions import Definitions
from partnerportal.core.forms import WordedForm, form_helper


class TagsWidget(forms.TextInput):
    """Checkboxes for the names of the chosen tags, and a text input with suggestions for more."""

    template_name = "customers/includes/_tags_input.html"
    #: Tags that are suggested.
    tags: tuple[Tag, ...] = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        typed = data.getlist(name) if hasattr(data, "getlist") else [data[name]] if name in data else []
        return split_names(",".join([*typed, data.get(f"{name}_new", "")]))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        chosen = split_names(value if isinstance(value, str) else ",".join(value or []))
        colors = {tag.name.upper(): tag.color for tag in self.tags}
        names = {name.upper() for name in chosen}
        return {
            "widget": {
                "name": name,
                "id": (attrs or {}).get("id", f"id_{name}"),
                "chosen": [(tag_name, colors.get(tag_name.upper(), "grey")) for tag_name in chosen],
                "suggested": [tag.name for tag in self.tags if tag.name.upper() not in names],
                "is_invalid": "is-invalid" in (attrs or {}).get("class", ""),
                "described_by": (attrs or {}).get("aria-describedby", ""),
            }
        }

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def id_for_label(self, id_: str, index: Any = None) -> str:
        return id_


class TagsField(forms.MultipleChoiceField):
    """Names of tags. Its cleaned value are the tags; those that the user may create aren't saved yet."""

    widget = TagsWidget

    def __init__(self, definitions: Definitions, *, may_create: bool) -> None:
        help_text = gettext_lazy("Separate several by commas.")
        super().__init__(label=gettext_lazy("Tags"), required=False, help_text=help_text if definitions.tags or may_create else "")
        self._tags = {tag.name.upper(): tag for tag in definitions.tags}
        self._may_create = may_create
        widget: Any = self.widget
        widget.tags = definitions.tags

    def clean(self, value: Any) -> list[Tag]:
        names = split_names(",".join(value or []))
        missing = [name for name in names if name.upper() not in self._tags]
        if missing and not self._may_create:
            raise ValidationError(unknown_tags(missing), "unknown_tag")
        new = {name.upper(): Tag(name=name) for name in missing}
        if len(self._tags) + len(new) > MAX_TAGS:
            raise ValidationError(_("An agency can have %(limit)d tags. Merge or delete some first.") % {"limit": MAX_TAGS}, "limit")
        for tag in new.values():
            if problem := tag.name_problem:
                raise ValidationError(problem, "invalid")
        return [self._tags.get(name.upper()) or new[name.upper()] for name in names]


def unknown_tags(names: Iterable[str]) -> str:
    """Return the message for tags that only a manager can create."""
    quoted = get_text_list([f"“{name}”" for name in names], _("and"))
    text = ngettext(
        "There is no tag %(names)s. A manager can create it.", "There are no tags %(names)s. A manager can create them.", len([*names])
    )
    return text % {"names": quoted}


class TagForm(WordedForm, forms.ModelForm):
    """A new tag, or the name and the color of one."""

    required_messages = {"name": gettext_lazy("Enter a name.")}

    class Meta:
        model = Tag
        fields = ("name", "color")
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    @property
    def helper(self) -> FormHelper:
        is_new = self.instance.pk is None
        return form_helper(
            Row(Column("name"), Column("color", css_class="col-sm-4")),
            submit=_("Create tag") if is_new else _("Save"),
            cancel="" if is_new else reverse("customers:tags"),
        )


class MergeForm(forms.Form):
    """The tag that another one is merged into."""

    into = forms.ModelChoiceField(Tag.objects.none(), label=gettext_lazy("Merge into"), empty_label=gettext_lazy("Select a tag"))

    def __init__(self, data: Any, *, tag: Tag) -> None:
        super().__init__(data)
        field: Any = self.fields["into"]
        field.queryset = Tag.objects.filter(agency=tag.agency_id).exclude(pk=tag.pk).order_by("name")
        field.error_messages["required"] = _("Select the tag that remains.")
        self.helper = form_helper("into", submit=_("Merge"), style="danger", cancel=reverse("customers:tags"))


class QuickTagForm(forms.Form):
    """Tags to add to a customer."""

    def __init__(self, data: Any, *, definitions: Definitions, may_create: bool) -> None:
        super().__init__(data)
        self.fields["tags"] = TagsField(definitions, may_create=may_create)
