"""Export of what the portal stores about an address: a ZIP file with `data.json` and uploaded files, written while it is downloaded."""

import json
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from invitations.client_data.runner import safe_name
from partnerportal.accounts.address_data import ADDRESS_DATA, AddressData, Person
from partnerportal.agencies.models import Agency
from partnerportal.core.zip_stream import zipped

#: Version of the format of `data.json`. It changes if a key gets another meaning.
FORMAT = 1
#: Number of rows that are read at a time.
BATCH_SIZE = 200


def export(person: Person) -> Iterator[bytes]:
    """Yield the ZIP file. A row or a piece of a file at a time is in memory."""
    return zipped(_pieces(person), when=timezone.now())


def _pieces(person: Person) -> Iterator[tuple[str, bytes]]:
    agencies = dict(Agency.objects.values_list("pk", "name"))
    for text in _json(person, agencies):
        yield "data.json", text.encode(errors="replace")
    for section in ADDRESS_DATA:
        if section.files:
            for row in section.rows(person).order_by("pk"):
                for file in section.files(row):
                    for chunk in file.chunks:
                        yield f"{section.name}/{row.pk}-{file.key}-{safe_name(file.name)}", chunk


def _json(person: Person, agencies: dict[int, str]) -> Iterator[str]:
    head = {"format": FORMAT, "exported_at": timezone.now(), "addresses": person.addresses}
    yield f'{_dumps(head)[:-1]}, "data": {{'
    for number, section in enumerate(ADDRESS_DATA):
        yield f"{',' if number else ''}\n{_dumps(section.name)}: ["
        paths = [section.agency] if section.agency else []
        keys = dict(section.rows(person).values_list("pk", *paths)) if paths else {}
        for index, row in enumerate(section.rows(person).order_by("pk").iterator(chunk_size=BATCH_SIZE)):
            yield f"{',' if index else ''}\n{_dumps(_values(section, row, agencies.get(keys.get(row.pk) or 0)))}"
        yield "]"
    yield "}}\n"


def _values(section: AddressData, row: Any, agency: str | None) -> dict[str, Any]:
    return {"id": row.pk, "agency": agency, **{name: getattr(row, name) for name in section.values}}


def _dumps(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
