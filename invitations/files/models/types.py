"""Media types of files, and their names."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: Type of everything else.
UNKNOWN = "application/octet-stream"
HTML, TEXT, ZIP = "text/html", "text/plain", "application/zip"
PROGRAM = "application/vnd.microsoft.portable-executable"
OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
#: Labels of types, which pages show.
LABELS: dict[str, str | Promise] = {
    "application/pdf": "PDF",
    "image/png": _("PNG image"),
    "image/jpeg": _("JPEG image"),
    "image/gif": _("GIF image"),
    "image/webp": _("WebP image"),
    "image/heif": _("HEIF image"),
    "image/vnd.adobe.photoshop": _("Photoshop image"),
    "video/mp4": _("MP4 video"),
    "audio/mpeg": _("MP3 audio"),
    ZIP: _("ZIP archive"),
    f"{OFFICE}.wordprocessingml.document": _("Word document"),
    f"{OFFICE}.spreadsheetml.sheet": _("Excel workbook"),
    f"{OFFICE}.presentationml.presentation": _("PowerPoint presentation"),
    f"{_ODF}.text": _("OpenDocument text"),
    f"{_ODF}.spreadsheet": _("OpenDocument spreadsheet"),
    f"{_ODF}.presentation": _("OpenDocument presentation"),
    TEXT: _("Text file"),
    HTML: _("Web page"),
    PROGRAM: _("Windows program"),
}
