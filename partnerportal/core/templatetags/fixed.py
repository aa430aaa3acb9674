"""`{% fixed %}`: parts of a page that are rendered once per process and language."""

from typing import Any

from django.template import Context, Library, Node, NodeList
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = Library()

#: Maximum number of values for which one part is kept.
MAX_KEPT = 256


@register.tag
def fixed(parser: Parser, token: Token) -> "FixedNode":
    """Render what depends only on the language and the given values, once for each: `{% fixed name=value %}…{% endfixed %}`.

    Other variables are empty inside, even `request`. There should be few different values, which must be hashable.
    """
    given = token_kwargs(token.split_contents()[1:], parser)
    nodes = parser.parse(("endfixed",))
    parser.delete_first_token()
    return FixedNode(nodes, given)


class FixedNode(Node):
    """Node of the tag."""

    def __init__(self, nodelist: NodeList, given: dict[str, FilterExpression]) -> None:
        self.nodelist = nodelist
        self.given = given
        self._kept: dict[Any, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        values = {name: value.resolve(context) for name, value in self.given.items()}
        key = (get_language(), *values.values())
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            kept = self._kept[key] = self.nodelist.render(context.new(values))
        return kept
