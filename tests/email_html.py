"""HTML of e-mails as a tree, with the colours of each text in both colour schemes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from html.parser import HTMLParser

VOID = {"br", "img", "meta", "link", "hr", "input"}
#: A rule of the style sheet for one class.
RULE = r"\.([\w-]+) \{(.*?)\}"
#: Colours of a client where the e-mail has none.
DEFAULTS = {"color": "#000000", "background": "#ffffff"}


@dataclass(eq=False)
class Node:
    """An element."""

    tag: str
    attributes: dict[str, str]
    parent: "Node | None"
    children: "list[Node | str]" = field(default_factory=list)

    @cached_property
    def style(self) -> dict[str, str]:
        """The inline style."""
        pairs = (part.partition(":") for part in self.attributes.get("style", "").split(";") if part.strip())
        return {name.strip(): value.strip() for name, _, value in pairs}

    @cached_property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def with_ancestors(self) -> "Iterator[Node]":
        node: Node | None = self
        while node:
            yield node
            node = node.parent

    @cached_property
    def is_hidden(self) -> bool:
        return self.style.get("display") == "none" or (self.parent is not None and self.parent.is_hidden)

    @property
    def text(self) -> str:
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join("".join(parts).replace("\u200c", "").split())

    def is_inside(self, name: str) -> bool:
        """Whether it, or an element around it, has this class."""
        return any(name in node.classes for node in self.with_ancestors)


class EmailHTML(HTMLParser):
    """A parsed e-mail: all elements, the comments and the style sheet's rules for dark mode."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self.comments: list[str] = []
        self._open: list[Node] = []
        self.feed(html)
        self.close()
        assert self._open == [], [node.tag for node in self._open]
        css = "".join(node.text for node in self.all("style"))
        _, _, dark = css.partition("(prefers-color-scheme: dark) {")
        rules = {name: Node("style", {"style": rule.replace("!important", "")}, None) for name, rule in re.findall(RULE, dark)}
        self.dark = {name: rule.style for name, rule in rules.items()}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1] if self._open else None
        node = Node(tag, {name: value or "" for name, value in attrs}, parent)
        self.nodes.append(node)
        if parent:
            parent.children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, tag: str, name: str = "") -> list[Node]:
        """Return the elements with this tag and class."""
        return [node for node in self.nodes if node.tag == tag and (not name or name in node.classes)]

    def visible(self) -> list[tuple[str, Node]]:
        """Return the texts on the screen with their elements."""
        body = [node for node in self.nodes if any(parent.tag == "body" for parent in node.with_ancestors) and not node.is_hidden]
        return [(child.strip(), node) for node in body for child in node.children if isinstance(child, str) and child.strip()]

    def colour(self, node: Node, kind: str, *, dark: bool) -> str:
        """Return the `color` or `background` of an element. Rules of the style sheet precede inline styles."""
        for place in node.with_ancestors:
            if dark:
                for name in reversed(self.dark):
                    if name in place.classes and kind in self.dark[name]:
                        return self.dark[name][kind]
            if kind in place.style:
                return place.style[kind]
        return DEFAULTS[kind]

    def contrast(self, node: Node, *, dark: bool) -> float:
        """Return the contrast of an element's text (WCAG 2.2)."""
        values = [_luminance(self.colour(node, kind, dark=dark)) for kind in DEFAULTS]
        return (max(values) + 0.05) / (min(values) + 0.05)


@cache
def _luminance(colour: str) -> float:
    assert re.fullmatch(r"#[0-9a-f]{6}", colour), colour
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
