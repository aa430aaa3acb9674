"""`{% fixed %}`: parts of a page that are rendered once per process and language."""

import re
from html import escape
from types import MethodType
from typing import Any

from django.template import Context, Library, Node, NodeList
from django.template.base import FilterExpression, Parser, Token, Variable, VariableDoesNotExist, token_kwargs
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = Library()

#: Maximum number of values for which one part is kept.
MAX_KEPT = 256
#: Stands for the first slot in a kept part; the following ones are the next numbers.
_FIRST_SLOT = 7_000_000_000
#: Types whose texts need no escaping, for which `conditional_escape` takes longer.
_HARMLESS = {SafeString, int}
_BLANK_LINES = re.compile(r"\n\s*\n")


@register.tag
def fixed(parser: Parser, token: Token) -> "FixedNode":
    """Render what depends only on the language and the given values, once for each.

        {% fixed kind=customer.kind slots name=customer.name pk=customer.pk %}…{% endfixed %}

    There should be few different values, which must be hashable or have a hashable `fixed_key`. Slots can be any texts
    and numbers, which are put in afterwards. Inside, they can be shown as they are, or be arguments of `url`, but neither
    be filtered nor compared.
    Other variables are empty inside, even `request`.
    """
    words = token.split_contents()[1:]
    start = words.index("slots") if "slots" in words else len(words)
    given, slots = token_kwargs(words[:start], parser), token_kwargs(words[start + 1 :], parser)
    for expression in (*given.values(), *slots.values()):
        if expression.is_var and expression.var.lookups:
            expression.var = QuickVariable(expression.var)
    nodes = parser.parse(("endfixed",))
    parser.delete_first_token()
    return FixedNode(nodes, given, slots)


class QuickVariable:
    """A variable of Django that first looks up its parts as attributes, which those of rows are."""

    def __init__(self, variable: Variable) -> None:
        self._variable = variable
        self._first, *self._names = variable.lookups or ()

    def resolve(self, context: Context) -> Any:
        try:
            current = context[self._first]
        except KeyError:
            raise VariableDoesNotExist("%s isn’t set", (self._first,)) from None
        try:
            for name in self._names:
                if hasattr(type(current), "__getitem__"):
                    return self._variable.resolve(context)
                current = getattr(current, name)
                if isinstance(current, MethodType) and not hasattr(current, "alters_data"):
                    current = current()
        except (AttributeError, TypeError):
            return self._variable.resolve(context)
        return self._variable.resolve(context) if callable(current) else current


def _escaped(value: Any) -> str:
    return escape(value) if type(value) is str else conditional_escape(value)


class FixedNode(Node):
    """Node of the tag."""

    def __init__(self, nodelist: NodeList, given: dict[str, FilterExpression], slots: dict[str, FilterExpression]) -> None:
        self.nodelist = nodelist
        self.given = given
        self.slots = slots
        self._kept: dict[Any, list[Any]] = {}

    def render(self, context: Context) -> SafeString:
        values = [value.resolve(context) for value in self.given.values()]
        key = (get_language(), *[getattr(value, "fixed_key", value) for value in values])
        parts = self._kept.get(key)
        filling = [value.resolve(context) for value in self.slots.values()]
        if parts is None:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            parts = self._kept[key] = self._parts(context, values, filling)
        if len(parts) == 1:
            return SafeString(parts[0])  # nosec B703
        texts = [str(value) if type(value) in _HARMLESS else _escaped(value) for value in filling]
        return SafeString("".join([part if isinstance(part, str) else texts[part] for part in parts]))  # nosec B703

    def _parts(self, context: Context, values: list[Any], filling: list[Any]) -> list[Any]:
        numbers = range(_FIRST_SLOT, _FIRST_SLOT + len(self.slots))
        markers = [number if isinstance(value, int) else str(number) for number, value in zip(numbers, filling, strict=True)]
        inside = dict(zip(self.given, values, strict=True)) | dict(zip(self.slots, markers, strict=True))
        html = _BLANK_LINES.sub("\n", self.nodelist.render(context.new(inside)))
        if not self.slots:
            return [html]
        pattern = re.compile("|".join(map(str, numbers)))
        parts: list[Any] = []
        end = 0
        for match in pattern.finditer(html):
            parts += [html[end : match.start()], int(match[0]) - _FIRST_SLOT]
            end = match.end()
        return [*parts, html[end:]]


@register.tag
def fixed_form(parser: Parser, token: Token) -> "FixedFormNode":
    """Render an unfilled form once for each of its `fixed_key`s and language: `{% fixed_form form %}{% crispy form %}{% endfixed_form %}`.

    Without a key, it is rendered each time. The form's `tokens` are put in afterwards, as is the CSRF token: random texts in
    the form that are different each time.
    """
    _name, form = token.split_contents()
    nodes = parser.parse(("endfixed_form",))
    parser.delete_first_token()
    return FixedFormNode(nodes, parser.compile_filter(form))


class FixedFormNode(Node):
    """Node of the tag."""

    def __init__(self, nodelist: NodeList, form: FilterExpression) -> None:
        self.nodelist = nodelist
        self.form = form
        self._kept: dict[Any, str] = {}

    def render(self, context: Context) -> SafeString:
        form = self.form.resolve(context)
        if form.fixed_key is None:
            return self.nodelist.render(context)
        key = (type(form), get_language(), form.fixed_key)
        slots = [(str(_FIRST_SLOT + number), token) for number, token in enumerate([str(context["csrf_token"]), *form.tokens])]
        html = self._kept.get(key)
        if html is None:
            html = self.nodelist.render(context)
            for slot, token in slots:
                html = html.replace(token, slot)
            # Other threads may use the same dictionary.
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = html
        for slot, token in slots:
            html = html.replace(slot, token)
        return SafeString(html)  # nosec B703
