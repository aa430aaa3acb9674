"""`{% remembered %}`: parts of pages that are rendered again only if the values they show change."""

import hashlib
from collections import OrderedDict
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.template import Context, Library, Node, NodeList
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from partnerportal.core.language_addresses import fixed_language

register = Library()

#: Number of parts that each tag keeps in each process. A part has one to five kilobytes.
MAX_KEPT = 1024


@register.tag
def remembered(parser: Parser, token: Token) -> "RememberedNode":
    """Render what depends only on the given objects, the language and the time zone: `{% remembered name=object %}…{% endremembered %}`.

    The key contains all loaded values of the first object and its related ones, and those of the other
    objects without their related ones. Other variables are empty inside; `request` has only the fixed language.
    """
    given = token_kwargs(token.split_contents()[1:], parser)
    nodes = parser.parse(("endremembered",))
    parser.delete_first_token()
    return RememberedNode(nodes, given)


class RememberedNode(Node):
    """Node of the tag."""

    def __init__(self, nodelist: NodeList, given: dict[str, FilterExpression]) -> None:
        self.nodelist = nodelist
        self.given = given
        self._kept: OrderedDict[bytes, SafeString] = OrderedDict()

    def render(self, context: Context) -> SafeString:
        values = {name: value.resolve(context) for name, value in self.given.items()}
        language = fixed_language(context.get("request"))
        key = _digest(get_language(), get_current_timezone_name(), language, *values.values())
        kept = self._kept.pop(key, None)
        if kept is None or settings.DEBUG:
            kept = self.nodelist.render(context.new({**values, "request": SimpleNamespace(fixed_language=language)}))
        # The last one is the most recently used.
        self._kept[key] = kept
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return kept


def _digest(*parts: Any) -> bytes:
    """Return a digest of all values. Only the first model is included with its related objects."""
    seen: list[Model] = []
    texts = [repr(_values(part, seen, related=not seen) if isinstance(part, Model) else part) for part in parts]
    return hashlib.blake2b("\0".join(texts).encode(errors="surrogatepass"), digest_size=16).digest()


def _values(row: Model, seen: list[Model], *, related: bool) -> list[Any]:
    """Return the loaded values of a row, and those of its related objects that weren't `seen`."""
    seen.append(row)
    values = [value for name, value in vars(row).items() if name != "_state"]
    if related:
        others = row._state.fields_cache.items()
        values += [(name, _values(other, seen, related=True)) for name, other in others if other and other not in seen]
    return values
