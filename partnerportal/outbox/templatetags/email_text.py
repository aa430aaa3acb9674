"""What the templates of mails need."""

from django import template

register = template.Library()


@register.filter
def quoted(text: str) -> str:
    """Somebody's words as a quotation in the text part of a mail."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())
