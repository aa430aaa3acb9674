"""Content of an upload: its hash, the type detected from it, and a harmless file name."""

import hashlib
import re
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

import puremagic

from invitations.files.models.files import CHUNK_SIZE, NAME_LENGTH
from invitations.files.models.types import HTML, LABELS, OFFICE, PROGRAM, TEXT, UNKNOWN, ZIP

#: Number of bytes at the beginning of a file from which its type is detected.
HEAD_SIZE = 8 * 1024
#: Types that a response never names, because a browser could execute or display them as a page. Texts could be taken for one.
_SERVED_AS_UNKNOWN = {HTML, TEXT, PROGRAM, UNKNOWN}
#: Folder in a ZIP archive that shows which Office document it is.
_OFFICE_FOLDERS = {
    "word/": f"{OFFICE}.wordprocessingml.document",
    "xl/": f"{OFFICE}.spreadsheetml.sheet",
    "ppt/": f"{OFFICE}.presentationml.presentation",
}
#: Beginnings of texts that browsers display as a page.
_PAGE = re.compile(rb"\s*<(!doctype|html|head|body|script|svg|\?xml|iframe|!--)", re.IGNORECASE)
#: Names that Windows reserves for devices, with any extension.
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ .]*(\..*)?", re.IGNORECASE | re.DOTALL)
#: Characters that Windows forbids in names, or that have a meaning in headers and shells.
_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"|?*%;`', "_"))


@dataclass(frozen=True)
class Upload:
    """What is known about an uploaded file."""

    name: str
    content_type: str
    size: int
    sha256: str


def examine(file: IO[bytes], *, name: str) -> Upload:
    """Read an uploaded file to its end, in chunks, and return what is stored about it."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while data := file.read(CHUNK_SIZE):
        digest.update(data)
        size += len(data)
    return Upload(safe_name(name), detect_type(file), size, digest.hexdigest())


def detect_type(file: IO[bytes]) -> str:
    """Return the media type of a file, detected from its content only. Types without a label are `UNKNOWN`."""
    file.seek(0)
    head = file.read(HEAD_SIZE)
    if _PAGE.match(head.removeprefix(b"\xef\xbb\xbf")):
        return HTML
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        matches = []
    if head.startswith(b"PK\x03\x04"):
        return _type_of_archive(file)
    found = next((match.mime_type for match in matches if match.mime_type in LABELS), UNKNOWN)
    return TEXT if found == UNKNOWN and not matches and _is_text(head) else found


def served_type(content_type: str) -> str:
    """Return the media type for a download. Browsers neither display nor execute it."""
    return UNKNOWN if content_type in _SERVED_AS_UNKNOWN else content_type


def safe_name(name: str) -> str:
    """Return the last part of a path as a name that is harmless in headers, on disks and on pages. It is never empty."""
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    name = name.replace("\\", "/").rpartition("/")[2]
    # Control and format characters can split a header or reverse the order of letters; surrogates and unassigned ones can't be shown.
    name = "".join(" " if unicodedata.category(char)[0] == "Z" else char for char in name if unicodedata.category(char)[0] != "C")
    name = " ".join(name.translate(_FORBIDDEN).split()).strip(". ")
    if not any(unicodedata.category(char)[0] in "LN" for char in name):
        name = f"file{name}" if name.startswith("_.") else "file"
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    return _shortened(name)


def _shortened(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:
        return name[:NAME_LENGTH].rstrip(". ")
    return f"{stem[: NAME_LENGTH - len(extension) - 1].rstrip('. ')}.{extension}"


def _type_of_archive(file: IO[bytes]) -> str:
    try:
        # Reads the directory at the end of the file, and unpacks nothing. The name of an OpenDocument type isn't compressed.
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()[:1000]
            names = [entry.filename for entry in entries]
            if "[Content_Types].xml" in names:
                return next((kind for folder, kind in _OFFICE_FOLDERS.items() if any(name.startswith(folder) for name in names)), ZIP)
            first = entries[0] if entries else None
            if first and first.filename == "mimetype" and first.compress_type == zipfile.ZIP_STORED and first.file_size <= 100:
                kind = archive.read(first).decode("ascii", "replace")
                return kind if kind in LABELS else ZIP
    except (zipfile.BadZipFile, zlib.error, struct.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError):
        return UNKNOWN
    return ZIP


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # The end of the head can be in the middle of a character.
        if error.start < len(head) - 3 or len(head) < HEAD_SIZE:
            return False
        text = head[: error.start].decode()
    return not any(unicodedata.category(char) == "Cc" and char not in "\t\n\r\f" for char in text)
