"""Mails of one build (`templates/email/standard/`): what happened, somebody's own words as a quotation, what can be done now."""

from dataclasses import dataclass, field
from typing import Any

from partnerportal.outbox.services import render_mail


@dataclass(frozen=True)
class EmailContent:
    """The text of a mail between greeting and signature."""

    subject: str
    first: str
    #: What is said after the quotation.
    then: list[str] = field(default_factory=list)
    #: Somebody's own words.
    quote: str = ""
    quote_intro: str = ""
    #: What the recipient is to type somewhere.
    code: str = ""
    #: The button's words; it leads to `link`, or else to the page where the recipient sees it all.
    button: str = ""
    link: str = ""
    #: Whether the button stands before `then`, which says something about the link.
    link_first: bool = False


def render_email(letter: EmailContent, *, name: str, sender: str, why: str, link: str) -> dict[str, Any]:
    """What `render_mail` returns, in the active language: to `name`, from `sender`, with a button to `link`, and `why` it came."""
    return render_mail("standard", {"letter": letter, "name": name, "sender": sender, "why": why, "link": link})
