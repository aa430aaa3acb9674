"""Reading the environment: django-environ, which names the variable whatever is wrong with it."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_TRUE, _FALSE = {"1", "true", "on", "yes"}, {"0", "false", "off", "no", ""}


class Environment(environ.Env):  # type: ignore[misc]  # the library brings no types
    """`environ.Env`, stricter: what can't be read is no default, and every refusal names its variable."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        """The variable's value.

        Raises:
            ImproperlyConfigured: it isn't set and has no default, or can't be read as what it should be.
        """
        try:
            return super().get_value(var, *args, **kwargs)
        except ImproperlyConfigured:
            raise
        except (ValueError, TypeError) as error:
            raise ImproperlyConfigured(f"{var}: {error}") from error

    def bool(self, var: str, default: Any = environ.Env.NOTSET) -> bool:
        """A switch: 1/true/on/yes or 0/false/off/no; anything else is refused rather than guessed."""
        # As text: given a default of True or False, the library would read anything unknown as False.
        default = default if default is self.NOTSET else str(int(default))
        value = str(self.get_value(var, cast=str, default=default)).strip().lower()
        if value not in _TRUE | _FALSE:
            raise ImproperlyConfigured(f"{var} must be 1 or 0")
        return value in _TRUE
