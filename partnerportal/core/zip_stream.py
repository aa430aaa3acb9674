"""ZIP files that are written while they are downloaded, so that no process holds a whole file."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.utils import timezone


class _Written(io.RawIOBase):
    """What a ZIP file has written since the last `take`. It can't seek, so that nothing is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self._pieces.append(bytes(data))  # type: ignore[call-overload]
        return len(self._pieces[-1])

    def take(self) -> bytes:
        """Return what was written, and forget it."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def zipped(pieces: Iterable[tuple[str, bytes]], *, when: datetime) -> Iterator[bytes]:
    """Yield a ZIP file of pieces with the names of their files. Successive pieces with the same name are one file."""
    written = _Written()
    with zipfile.ZipFile(written, "w") as archive:
        entry, last_name = None, ""
        for name, data in pieces:
            if entry is None or name != last_name:
                if entry:
                    entry.close()
                last_name = name
                info = zipfile.ZipInfo(name, date_time=timezone.localtime(when).timetuple()[:6])
                info.compress_type = zipfile.ZIP_DEFLATED
                entry = archive.open(info, "w", force_zip64=True)
            entry.write(data)
            yield written.take()
        if entry:
            entry.close()
    yield written.take()
