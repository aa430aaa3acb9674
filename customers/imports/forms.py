"""Forms of an import: upload, column mapping and start."""

import re
from typing import Any

from crispy_forms.layout import HTML, Column, Field, Fieldset, Row
from django import forms
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import escape, format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from customers.imports.columns import FIELDS, NAME_FIELDS, REPEATABLE, normalize
from customers.imports.definitions import field_choices
from customers.imports.domain_columns import DOMAIN_FIELDS
from customers.imports.formats import DELIMITERS, ENCODINGS
from customers.imports.models import ImportSubject, RowOutcome
from customers.imports.reader import Record
from customers.models import ImportJob
from partnerportal.core import uploads
from partnerportal.core.forms import form_helper, submit_button
from partnerportal.core.sizes import file_size

#: Maximum length of an example value, in characters.
EXAMPLE_LENGTH = 40
#: Headings of columns that may contain a customer's name, normalized.
_NAME_HEADING = re.compile("name|kunde|customer|client|firma|company|konto|account")
#: Fields of the file format.
FORMAT_FIELDS = frozenset({"subject", "encoding", "delimiter", "first_line", "has_headings"})


class UploadForm(forms.Form):
    """Upload of a file with customers."""

    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xls,.ods,.vcf,text/csv,text/vcard"}),
        help_text=_(
            "A CSV file, a spreadsheet or an address book (vCard) with one customer per row or contact, or a list of domains. Up to 50 MB."
        ),
    )

    def __init__(self, *args: Any, request_size: int = 0) -> None:
        """Adapt the error message if the request had more than `uploads.MAX_BYTES`, so that its file was discarded."""
        super().__init__(*args)
        self.helper = form_helper("file", submit=_("Continue"))
        self.is_too_large = request_size > uploads.MAX_BYTES
        if self.is_too_large:
            sizes = {"size": file_size(request_size, round_up=True), "limit": file_size(uploads.MAX_BYTES)}
            self.fields["file"].error_messages["required"] = (
                gettext("This file is %(size)s; the limit is %(limit)s. Split it into smaller files.") % sizes
            )


class ColumnsForm(forms.Form):
    """File format, and the field each column is mapped to."""

    subject = forms.ChoiceField(label=_("Content"), choices=ImportSubject)
    encoding = forms.ChoiceField(label=_("Encoding"), choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(label=_("Delimiter"), choices=list(DELIMITERS.items()))
    first_line = forms.IntegerField(label=_("First row"), min_value=1, max_value=1000, help_text=_("Rows above it are skipped."))
    has_headings = forms.BooleanField(label=_("The first row contains headings"), required=False)
    keep_others = forms.BooleanField(
        label=_("Add all other columns to the notes"), required=False, help_text=_("Otherwise they aren’t imported.")
    )

    def __init__(self, data: Any, *, job: ImportJob, sample: list[Record]) -> None:
        self._job = job
        initial = {"encoding": job.encoding, "delimiter": job.delimiter, "first_line": job.first_line}
        initial |= {"has_headings": job.has_headings, "subject": job.subject}
        super().__init__(data, initial=initial)
        format_fields = [Row(Column("encoding"), Column("delimiter"), Column("first_line"))]
        if job.source != job.Source.TEXT:
            del self.fields["encoding"], self.fields["delimiter"]
            format_fields = ["first_line"]
        fields: dict[str, Any] = {**FIELDS, **field_choices(job.agency)}
        last: list[Any] = ["keep_others"]
        if job.subject == ImportSubject.DOMAINS:
            fields, last = DOMAIN_FIELDS, []
            del self.fields["keep_others"]
        examples = sample[1:] if job.has_headings else sample
        choices = [("", _("Don’t import")), *fields.items()]
        columns = range(len(job.headings))
        for column, heading in enumerate(job.headings):
            self.fields[_field_name(column)] = forms.ChoiceField(
                label=heading or gettext("Column %(number)s") % {"number": column + 1},
                choices=choices,
                required=False,
                initial=job.columns.get(column, ""),
                help_text=_examples(column, examples),
            )
        hint = gettext("Example values from the first rows are shown below each column.")
        self.helper = form_helper(
            # Enter presses the first button, which must not be “Reload preview”.
            HTML('<input type="submit" class="visually-hidden" tabindex="-1" aria-hidden="true" value="">'),
            Fieldset(
                _("File format"),
                "subject",
                *format_fields,
                "has_headings",
                submit_button(_("Reload preview"), style="secondary", name="reload_preview"),
            ),
            Fieldset(
                _("Map columns"),
                HTML(f'<p class="text-soft">{escape(hint)}</p>'),
                Row(*(Column(Field(_field_name(column)), css_class="col-sm-6 col-xl-4") for column in columns), css_class="import-columns"),
                *last,
            ),
            submit=_("Check all rows"),
            cancel=reverse("customers:import"),
        )

    @property
    def columns(self) -> dict[int, str]:
        """Column number → field it is mapped to."""
        rest = "notes" if self.cleaned_data.get("keep_others") else ""
        mapping = {column: self.cleaned_data.get(_field_name(column)) or rest for column in range(len(self._job.headings))}
        return {column: field for column, field in mapping.items() if field}

    @property
    def format_changed(self) -> bool:
        """Whether the file must be read again, so that the columns shown no longer apply."""
        return "reload_preview" in self.data or bool(FORMAT_FIELDS & set(self.changed_data))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.format_changed:
            return cleaned
        column_of: dict[str, int] = {}
        for column, field in self.columns.items():
            if field in column_of and field not in REPEATABLE:
                other = self.fields[_field_name(column_of[field])].label
                self.add_error(_field_name(column), gettext("“%(other)s” is already mapped to this field.") % {"other": other})
            column_of.setdefault(field, column)
        if self._job.subject == ImportSubject.DOMAINS:
            if "domain" not in column_of:
                self.add_error(None, gettext("Map one column to Domain."))
        elif not set(NAME_FIELDS) & set(column_of):
            self.add_error(None, self._name_missing())
        return cleaned

    def _name_missing(self) -> str:
        message = gettext("A customer needs a name. Map at least one column to Company, Last name or Name (first and last).")
        likely = next((heading for heading in self._job.headings if _NAME_HEADING.search(normalize(heading))), "")
        hint = gettext("It may be the column “%(column)s”.") % {"column": likely}
        return f"{message} {hint}" if likely else message


class RunForm(forms.Form):
    """Start of an import."""

    import_duplicates = forms.BooleanField(
        label=_("Also import possible duplicates and repeated rows"),
        required=False,
        help_text=_("Otherwise they are skipped. A domain that belongs to another customer is never imported."),
    )

    def __init__(self, data: Any, *, job: ImportJob) -> None:
        super().__init__(data)
        new = job.counts.get(RowOutcome.NEW, 0) + job.counts.get(RowOutcome.UPDATE, 0)
        is_domain_list = job.subject == ImportSubject.DOMAINS
        if is_domain_list or not (job.counts.get(RowOutcome.POSSIBLE_DUPLICATE) or job.counts.get(RowOutcome.DUPLICATE_ROW)):
            del self.fields["import_duplicates"]
        if is_domain_list:
            text = ngettext("Import %(count)s domain", "Import %(count)s domains", new)
        else:
            text = ngettext("Import %(count)s customer", "Import %(count)s customers", new)
        submit = text % {"count": number_format(new, force_grouping=True)} if new else _("Import")
        self.helper = form_helper(*self.fields, submit=submit)
        self.helper.form_action = reverse("customers:import_run", args=[job.pk])


def _field_name(column: int) -> str:
    return f"column_{column}"


def _examples(column: int, rows: list[Record]) -> str:
    values = [row.cells[column].strip() for row in rows if column < len(row.cells)]
    shortened = [value if len(value) <= EXAMPLE_LENGTH else f"{value[:EXAMPLE_LENGTH]}…" for value in values if value]
    # HTML, because crispy forms don't escape help texts.
    return format_html(
        '<span class="meta-list">{}</span>', format_html_join("", "<span>{}</span>", ([value] for value in shortened or ["–"]))
    )
