"""The report of an erasure, for its page and as a CSV file. It contains only numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from partnerportal.accounts.address_data import ADDRESS_DATA, Effect
from partnerportal.desk.address_data.models import AddressErasure
from partnerportal.desk.address_data.queries import names_of


@dataclass(frozen=True)
class Line:
    """Number of objects of a kind in an agency, and what happened to them."""

    agency: str
    kind: str | Promise
    effect: Effect
    note: str | Promise
    count: int


def lines_of(erasure: AddressErasure) -> list[Line]:
    """Return the lines of a report, by agency and in the order of the registry."""
    sections = {section.name: section for section in ADDRESS_DATA}
    order = {name: position for position, name in enumerate(sections)}
    lines = []
    for agency, name in names_of({figure["agency"] for figure in erasure.figures}):
        figures = [figure for figure in erasure.figures if figure["agency"] == agency]
        for figure in sorted(figures, key=lambda one: order.get(one["kind"], len(order))):
            section = sections.get(figure["kind"])
            label, note = (section.label, section.note) if section else (figure["kind"], "")
            lines.append(Line(name, label, Effect(figure["effect"]), note, figure["count"]))
    return lines


def csv_rows(erasure: AddressErasure) -> Iterator[list[str]]:
    """Yield the rows of the CSV file, each of which can be read on its own."""
    yield [
        _("Erasure report"), _("Status"), _("Started"), _("Finished"), _("Administrator"),
        _("Agency"), _("Kind"), _("Result"), _("Count"), _("Note"),
    ]  # fmt: skip
    head = [
        erasure.reference,
        str(erasure.get_status_display()),
        erasure.created_at.isoformat(timespec="seconds"),
        erasure.finished_at.isoformat(timespec="seconds") if erasure.finished_at else "",
        str(erasure.started_by),
    ]
    for line in lines_of(erasure):
        yield [*head, line.agency, str(line.kind), str(line.effect.label), str(line.count), str(line.note)]
