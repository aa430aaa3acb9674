"""The forms of an import: the file, its columns, the start."""

from typing import Any

from crispy_forms.layout import HTML, Column, Field, Fieldset, Row, Submit
from django import forms
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import escape
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from customers.imports.columns import FIELDS
from customers.imports.reader import DELIMITERS, ENCODINGS, MAX_COLUMNS, Record
from customers.models import ImportJob
from partnerportal.core import uploads
from partnerportal.core.forms import form_helper

#: Characters of a value that is shown as an example.
EXAMPLE_LENGTH = 40


class UploadForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label=_("CSV file"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
        help_text=_("Exported from Excel, Outlook or another system, with one customer per row. Up to 50 MB."),
    )

    def __init__(self, *args: Any, sent: int = 0) -> None:
        """`sent`: so many bytes came; if they were too many, the file was dropped on its way."""
        super().__init__(*args)
        self.helper = form_helper("file", submit=_("Continue"))
        self.is_too_large = sent > uploads.MAX_BYTES
        if self.is_too_large:
            sizes = {"size": filesizeformat(sent), "limit": filesizeformat(uploads.MAX_BYTES)}
            self.fields["file"].error_messages["required"] = (
                gettext("This file is %(size)s; the limit is %(limit)s. Split it into smaller files.") % sizes
            )

    def refuse(self, *, is_workbook: bool) -> None:
        """This is no CSV file."""
        if is_workbook:
            self.add_error("file", _("This is a spreadsheet file. Save it as “CSV UTF-8”, then upload the CSV file."))
        else:
            self.add_error("file", _("This isn’t a text file. Upload a CSV file."))

    def refuse_width(self, columns: int) -> None:
        """This has more columns than anybody can map."""
        text = gettext("This file has %(columns)d columns; the limit is %(limit)d. Remove the columns you don’t need.")
        self.add_error("file", text % {"columns": columns, "limit": MAX_COLUMNS})


class ColumnsForm(forms.Form):
    """How the file is written, and what each of its columns becomes."""

    encoding = forms.ChoiceField(label=_("Encoding"), choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(label=_("Delimiter"), choices=list(DELIMITERS.items()))
    has_headings = forms.BooleanField(label=_("The first row contains headings"), required=False)

    def __init__(self, data: Any, *, job: ImportJob, sample: list[Record]) -> None:
        self._job = job
        initial = {"encoding": job.encoding, "delimiter": job.delimiter, "has_headings": job.has_headings}
        super().__init__(data, initial=initial)
        examples = sample[1:] if job.has_headings else sample
        choices = [("", _("Don’t import")), *FIELDS.items()]
        for place, heading in enumerate(job.headings):
            self.fields[_name(place)] = forms.ChoiceField(
                label=heading or gettext("Column %(number)s") % {"number": place + 1},
                choices=choices,
                required=False,
                initial=job.columns.get(place, ""),
                help_text=_examples(place, examples),
            )
        places = range(len(job.headings))
        hint = gettext("Example values from the first rows are shown below each column.")
        self.helper = form_helper(
            Fieldset(
                _("File format"),
                Row(Column("encoding"), Column("delimiter")),
                "has_headings",
                Submit("read_anew", _("Reload preview"), css_class="btn-secondary", css_id=None),
            ),
            Fieldset(
                _("Map columns"),
                HTML(f'<p class="soft">{escape(hint)}</p>'),
                Row(*(Column(Field(_name(place)), css_class="col-sm-6 col-xl-4") for place in places), css_class="import-columns"),
            ),
            submit=_("Check all rows"),
            cancel=reverse("customers:import"),
        )
        # The button of the whole form, and not “Read again”, is the one that Enter presses.
        self.helper.layout.fields.insert(0, HTML('<input type="submit" class="visually-hidden" tabindex="-1" aria-hidden="true" value="">'))

    @property
    def columns(self) -> dict[int, str]:
        """Place of a column → the field it becomes."""
        named = {place: self.cleaned_data.get(_name(place), "") for place in range(len(self._job.headings))}
        return {place: field for place, field in named.items() if field}

    @property
    def reads_differently(self) -> bool:
        """Whether the file is to be read in another way than the columns were shown for."""
        return bool({"encoding", "delimiter", "has_headings"} & set(self.changed_data))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "read_anew" in self.data or self.reads_differently:
            return cleaned
        places: dict[str, int] = {}
        for place, field in self.columns.items():
            if field in places:
                other = self.fields[_name(places[field])].label
                self.add_error(_name(place), gettext("“%(other)s” is already mapped to this field.") % {"other": other})
            places.setdefault(field, place)
        if not {"company", "last_name"} & set(places):
            self.add_error(None, _("Map at least one column to Company or Last name."))
        return cleaned


class RunForm(forms.Form):
    """The start of an import."""

    import_twins = forms.BooleanField(
        label=_("Also import possible duplicates and repeated rows"),
        required=False,
        help_text=_("Otherwise they are skipped. A domain that belongs to another customer is never imported."),
    )

    def __init__(self, data: Any, *, job: ImportJob) -> None:
        super().__init__(data)
        new = job.counts.get("new", 0)
        if not (job.counts.get("twin") or job.counts.get("duplicate")):
            del self.fields["import_twins"]
        submit = (
            ngettext("Import %(count)s customer", "Import %(count)s customers", new) % {"count": number_format(new, force_grouping=True)}
            if new
            else _("Import")
        )
        self.helper = form_helper(*self.fields, submit=submit)
        self.helper.form_action = reverse("customers:import_run", args=[job.pk])


def _name(place: int) -> str:
    return f"column_{place}"


def _examples(place: int, rows: list[Record]) -> str:
    found = [row.cells[place].strip() for row in rows if place < len(row.cells)]
    # crispy prints a help text as it is.
    return str(escape(" · ".join(text if len(text) <= EXAMPLE_LENGTH else f"{text[:EXAMPLE_LENGTH]}…" for text in found if text) or "–"))
