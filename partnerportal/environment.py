"""Reader of environment variables."""

from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T", int, float)

_TRUE, _FALSE = {"1", "true", "on", "yes"}, {"0", "false", "off", "no", ""}


class Environment(environ.Env):  # type: ignore[misc]  # the library brings no types
    """`environ.Env` that rejects invalid values with an error that names the variable."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        """Return the variable's value.

        Raises:
            ImproperlyConfigured: The variable is missing and has no default, or its value is invalid.
        """
        try:
            return super().get_value(var, *args, **kwargs)
        except ImproperlyConfigured:
            raise
        except (ValueError, TypeError) as error:
            raise ImproperlyConfigured(f"{var}: {error}") from error

    def bool(self, var: str, default: Any = environ.Env.NOTSET) -> bool:
        """Return True for 1/true/on/yes, False for 0/false/off/no, or else raise ImproperlyConfigured."""
        # Read as text, because the library reads every unknown value as False.
        default = default if default is self.NOTSET else str(int(default))
        value = str(self.get_value(var, cast=str, default=default)).strip().lower()
        if value not in _TRUE | _FALSE:
            raise ImproperlyConfigured(f"{var} must be 1 or 0")
        return value in _TRUE

    def positive(self, var: str, default: T) -> T:
        """Return a number of the default's type. Raise ImproperlyConfigured unless it is greater than 0."""
        value = self.get_value(var, cast=type(default), default=default)
        if value <= 0:
            raise ImproperlyConfigured(f"{var} must be greater than 0")
        return cast(T, value)

    def not_negative(self, var: str, default: int, unit: str) -> int:
        """Return an integer. Raise ImproperlyConfigured if it is negative."""
        value = int(self.get_value(var, cast=int, default=default))
        if value < 0:
            raise ImproperlyConfigured(f"{var} must be 0 or more ({unit})")
        return value

    def web_address(self, var: str) -> str:
        """Return an http(s) URL, or an empty string if it is missing. Raise ImproperlyConfigured for anything else."""
        value = str(self.get_value(var, cast=str, default="")).strip()
        if value and not (urlsplit(value).scheme in {"http", "https"} and urlsplit(value).hostname):
            raise ImproperlyConfigured(f"{var} must be a URL such as https://example.com/imprint")
        return value
