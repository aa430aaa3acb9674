"""Addresses of pages whose only argument, if any, is a primary key.

Django resolves a view's pattern for each link, which costs more than the rest of a row. Their
patterns are the same in every language, so they are resolved once.
"""

from functools import lru_cache
from typing import Any

from django.template.defaulttags import URLNode
from django.urls import get_script_prefix, reverse

#: Stands for the primary key in a resolved pattern.
_KEY = 7_000_000_007


def address(name: str, key: int | None = None) -> str:
    """Return the same as `reverse`."""
    pattern = _pattern(name, key is not None, get_script_prefix())
    return pattern if key is None else pattern.replace(str(_KEY), str(key))


@lru_cache(maxsize=1024)
def _pattern(name: str, has_key: bool, _prefix: str) -> str:
    return reverse(name, args=[_KEY] if has_key else [])


class AddressNode(URLNode):
    """Django's `url` tag, which uses `address` where possible."""

    def render(self, context: Any) -> str:
        if not self.kwargs and not self.asvar and len(self.args) <= 1:
            name, *keys = (part.resolve(context) for part in (self.view_name, *self.args))
            # Addresses of the admin depend on the current application.
            if all(type(key) is int and key >= 0 for key in keys) and not name.startswith("admin:"):
                return address(name, *keys)
        return super().render(context)
