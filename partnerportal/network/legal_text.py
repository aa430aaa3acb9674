"""Texts of legal pages as HTML: headings, paragraphs and links."""

import re

from django.template.defaultfilters import linebreaksbr
from django.utils.html import conditional_escape, format_html, urlize
from django.utils.safestring import SafeString, mark_safe

_BLOCKS = re.compile(r"\n[ \t]*(?:\n|(?=#))")
_HEADING = re.compile(r"(#{1,3})[ \t]+(.+)")


def legal_html(text: str) -> SafeString:
    """Return a text as HTML. Lines that begin with # are headings, and blank lines separate paragraphs; addresses become links."""
    blocks = (block.strip() for block in _BLOCKS.split(text.replace("\r\n", "\n")))
    return mark_safe("\n".join(_block(block) for block in blocks if block))  # noqa: S308  # nosec  # each block is escaped


def _block(block: str) -> str:
    first, _newline, rest = block.partition("\n")
    heading = _HEADING.fullmatch(first)
    if not heading:
        return format_html("<p>{}</p>", linebreaksbr(mark_safe(urlize(block, autoescape=True))))  # noqa: S308  # nosec  # urlize escapes
    # The page's title is its first heading.
    level = len(heading[1]) + 1
    html = format_html("<h{}>{}</h{}>", level, conditional_escape(heading[2]), level)
    return f"{html}\n{_block(rest.strip())}" if rest.strip() else html
