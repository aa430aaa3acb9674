"""Logos in the header of e-mails.

They are added on delivery, not stored in the outbox: an e-mail contains the logo that its agency has when it is
sent, and the agency's initials if it has none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from email.mime.image import MIMEImage

from django.template.loader import render_to_string

#: Comments around the cell of the initials in `email/includes/_header.html`. Text of users is escaped and contains none.
START, END = "<!--logo-->", "<!--/logo-->"


@dataclass(frozen=True)
class EmailLogo:
    """A PNG image, because Outlook for Windows shows no WebP; its hash; width and height in CSS pixels."""

    content: bytes
    digest: str
    width: int
    height: int

    @property
    def content_id(self) -> str:
        """Content-ID: the same for the same image in any e-mail."""
        return f"{self.digest}@logo"


#: Functions that other apps registered with `register`.
_finders: list[Callable[[int], EmailLogo | None]] = []


def register(find: Callable[[int], EmailLogo | None]) -> None:
    """Get logos from `find`, which receives the ID of an agency."""
    _finders.append(find)


def find_logo(agency_id: int) -> EmailLogo | None:
    """Return the agency's logo, or None if it has no public one."""
    return next((logo for find in _finders if (logo := find(agency_id))), None)


def with_logo(html: str, logo: EmailLogo) -> str:
    """Return the HTML with the logo instead of the initials."""
    before, _, rest = html.partition(START)
    _, _, after = rest.partition(END)
    return before + render_to_string("email/includes/_logo.html", {"logo": logo}) + after


def inline_part(logo: EmailLogo) -> MIMEImage:
    """Return the image as the part to which the HTML refers."""
    part = MIMEImage(logo.content, "png")
    part.add_header("Content-ID", f"<{logo.content_id}>")
    part.add_header("Content-Disposition", "inline", filename="logo.png")
    return part
