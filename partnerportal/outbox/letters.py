"""Letters: the content of e-mails, and how they are rendered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db.models import Model
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.text import Truncator

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Characters beside the subject. E-mail clients show 40 to 140.
PREHEADER_LENGTH = 140
#: What other apps add to the context of all letters, in the letter's language: `portal_name`, and `legal_links` with label and URL.
context_hooks: list[Callable[[], dict[str, Any]]] = []


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An e-mail to one recipient.

    Texts are lazy translations with placeholders from `values`. They are rendered in `language`, in
    the order of the fields below. Text that users typed belongs in `values`, `quote` or `body`.
    """

    #: Identifies the type of e-mail in the outbox.
    kind: str = ""
    to: str = ""
    language: str = ""
    #: Values of the placeholders. Callables are called in the letter's language, and dates are formatted.
    values: Mapping[str, object] = field(default_factory=dict)

    subject: "StrOrPromise"
    #: Heading of the HTML part; the subject by default.
    heading: "StrOrPromise" = ""
    #: Name in the greeting; empty for recipients who are not known.
    name: str = ""
    intro: "StrOrPromise" = ""
    quote_label: "StrOrPromise" = ""
    #: Text typed by another user.
    quote: str = ""
    #: Code the recipient has to enter.
    code: str = ""
    outro: Sequence["StrOrPromise"] = ()
    #: Label of the button that opens `link`.
    button: "StrOrPromise" = ""
    link: str = ""
    #: Shows the button before `outro`, which then explains the link.
    link_first: bool = False
    #: Further links: label, without a colon, and URL.
    more_links: Sequence[tuple["StrOrPromise", str]] = ()
    #: Lines below “Kind regards”; the portal's name by default.
    signature: str = ""
    #: Why the recipient receives this e-mail.
    footer_reason: "StrOrPromise" = ""
    footer_link: str = ""
    #: Complete text typed by a person, instead of everything from the greeting to the signature. An
    #: e-mail with a body isn’t marked as auto-generated, so that out-of-office replies are sent.
    body: str = ""
    #: Folder of the templates in `templates/email/`. Their context also contains `values`.
    template: str = "standard"

    #: Team that can read the e-mail; None for e-mails that contain a link or code for one person only.
    agency: Model | None = None
    #: Whether the recipient is a member of the team, and not a customer or client of it.
    to_team: bool = False
    #: Customer it concerns, so that it is deleted when the customer is erased.
    customer: Model | None = None
    #: Sender name; the portal's name by default.
    from_name: str = ""
    reply_to: str = ""
    #: Conversation. The e-mail references earlier ones of the conversation to the same address.
    thread: str = ""
    #: Whether the conversation is new, so that no earlier e-mails are looked up.
    begins_thread: bool = False
    #: Additional headers, stored encrypted because they can contain secret links.
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def sender(self) -> str:
        """Name in the header of the HTML part: the agency's if the e-mail is sent in its name; empty for the portal's."""
        return str(self.agency or self.from_name) if self.from_name else ""

    @property
    def preheader(self) -> str:
        """The first words, which e-mail clients show beside the subject."""
        return Truncator(" ".join(f"{self.intro} {self.quote} {self.body}".split())).chars(PREHEADER_LENGTH)

    @property
    def quote_as_text(self) -> str:
        """The quote as the text part shows it."""
        return "\n".join(f"> {line}".rstrip() for line in self.quote.splitlines())


class RenderedLetter(NamedTuple):
    """Subject and bodies of a letter in its language."""

    #: Name of the portal in this language.
    portal_name: str
    subject: str
    text: str
    html: str


def render_letter(letter: Letter) -> RenderedLetter:
    """Render a letter in its language."""
    language = letter.language or settings.LANGUAGE_CODE
    with translation.override(language):
        context = letter_context(letter)
        return RenderedLetter(
            portal_name=context["portal_name"],
            subject=context["letter"].subject,
            text=render_to_string(f"email/{letter.template}/body.txt", context).strip() + "\n",
            html=render_to_string(f"email/{letter.template}/body.html", context),
        )


def letter_context(letter: Letter) -> dict[str, Any]:
    """Return the template context of a letter in the active language: `letter` with its texts translated, and `values`."""
    values = {name: _localized(value) for name, value in letter.values.items()}
    texts = replace(
        letter,
        subject=letter.subject % values,
        heading=(letter.heading or letter.subject) % values,
        intro=letter.intro % values,
        quote_label=letter.quote_label % values,
        outro=[text % values for text in letter.outro],
        button=letter.button % values,
        more_links=[(label % values, url) for label, url in letter.more_links],
        footer_reason=letter.footer_reason % values,
    )
    added = {name: value for hook in context_hooks for name, value in hook().items()}
    return {**values, **added, "letter": texts}


def _localized(value: object) -> object:
    """Return a value as the active language writes it."""
    if callable(value):
        value = value()
    if isinstance(value, datetime):
        value = timezone.localtime(value)
    return date_format(value, "DATE_FORMAT") if isinstance(value, date) else value
