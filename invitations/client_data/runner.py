"""Work of a download: each step writes the rows of a section or one file, in a transaction that locks the download."""

import json
import re
from collections.abc import Iterable, Iterator

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from invitations.client_data.models import DataExport, DataExportPart, DataExportStatus
from partnerportal.accounts.personal_data import PERSONAL_DATA

#: Size of a stored part, in bytes.
PART_SIZE = 1024 * 1024
#: Maximum length of a file's name, in characters.
MAX_NAME = 100


def write_steps(export_id: int) -> Iterator[None]:
    """Write a download, pausing after each committed step."""
    while _write_step(export_id):
        yield


@transaction.atomic
def _write_step(export_id: int) -> bool:
    """Write the next step. Return False if the download is finished or deleted, or if another worker writes it.

    A killed worker's step is rolled back, and the next worker continues after the last committed one.
    """
    rows = DataExport.objects.select_for_update(skip_locked=True, of=("self",)).select_related("user")
    export = rows.filter(pk=export_id, status=DataExportStatus.RUNNING).first()
    if export is None:
        return False
    if export.progress >= len(PERSONAL_DATA):
        export.status = DataExportStatus.READY
        export.save(update_fields=["status"])
        return False
    section = PERSONAL_DATA[export.progress]
    if export.last_file is None:
        content = json.dumps(list(section.rows(export.user)), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        _append(export, f"{section.name}.json", [content.encode(errors="replace")])
        export.last_file = 0
    elif section.next_file and (file := section.next_file(export.user, export.last_file)):
        _append(export, f"{section.name}/{file.key}-{safe_name(file.name)}", file.chunks)
        export.last_file = file.key
    else:
        export.progress, export.last_file = export.progress + 1, None
    export.heard_at, export.attempts = timezone.now(), 0
    export.save()
    return True


def safe_name(name: str) -> str:
    """Return a file's name without folders and characters that file systems refuse, and of limited length."""
    plain = re.sub(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]+', "_", name).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    return (f"{stem[: MAX_NAME - len(ending) - 1]}.{ending}" if dot and len(ending) < 10 else plain[:MAX_NAME]) or "file"


def _append(export: DataExport, name: str, chunks: Iterable[bytes]) -> None:
    for data in _sliced(chunks):
        DataExportPart.objects.create(export=export, number=export.parts, name=name, data=data)
        export.parts += 1
        export.size += len(data)


def _sliced(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces of at most `PART_SIZE`; an empty one for an empty file."""
    is_empty = True
    for chunk in chunks:
        for start in range(0, len(chunk), PART_SIZE):
            is_empty = False
            yield chunk[start : start + PART_SIZE]
    if is_empty:
        yield b""
