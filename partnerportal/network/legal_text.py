"""Texts of legal pages as HTML: headings, paragraphs and links."""

import re

from django.template.defaultfilters import linebreaksbr
from django.utils.html import conditional_escape, format_html, urlize
from django.utils.safestring import SafeString, mark_safe

_BLOCKS = re.compile(r"\n[ \t]*(?:\n|(?=#))")
_HEADING = re.compile(r"(#{1,3})[ \t]+(.+)")


def legal_html(text: str) -> SafeString:
    """Return a text as HTML. Lines that begin with # are headings, and blank lines separate paragraphs; addresses become links.

    A heading and the paragraphs below it are in one element, so that the heading is closer to them than to the text above.
    """
    parts: list[list[str]] = [[]]
    for block in _BLOCKS.split(text.replace("\r\n", "\n")):
        first, _newline, rest = block.strip().partition("\n")
        if heading := _HEADING.fullmatch(first):
            # The page's title is its first heading.
            level = len(heading[1]) + 1
            parts.append([format_html("<h{}>{}</h{}>", level, conditional_escape(heading[2]), level)])
            first = ""
        if paragraph := f"{first}\n{rest}".strip():
            parts[-1].append(_paragraph(paragraph))
    return mark_safe("\n".join("<div>{}</div>".format("\n".join(part)) for part in parts if part))  # noqa: S308  # nosec  # blocks are escaped


def _paragraph(text: str) -> str:
    return format_html("<p>{}</p>", linebreaksbr(mark_safe(urlize(text, autoescape=True))))  # noqa: S308  # nosec  # urlize escapes
