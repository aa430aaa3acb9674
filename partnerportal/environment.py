"""Reader of environment variables."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T", int, float)

#: Schemes of mail servers, with their ports.
SMTP_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465, "smtps": 465}
#: What a password in a URL must not contain.
ENCODING = "Percent-encode these characters in names and passwords: % %25, # %23, / %2F, ? %3F, @ %40, : %3A, + %2B, [ %5B, ] %5D"
#: Settings that contain secrets. Each can be in a file, whose path is then in the variable NAME_FILE.
SECRETS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "METRICS_TOKEN", "SENTRY_DSN")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TRUE, _FALSE = {"1", "true", "on", "yes"}, {"0", "false", "off", "no", ""}


class Environment(environ.Env):  # type: ignore[misc]  # the library brings no types
    """`environ.Env` that reads secrets from files, and rejects invalid values with an error that names the variable."""

    def __init__(self) -> None:
        super().__init__()
        self.escape_proxy = True
        # The library reads a value that starts with $ as the name of another variable, unless the $ is escaped. Generated
        # keys may start with it.
        self.ENVIRON = {name: value.replace("$", r"\$") for name, value in with_secrets_from_files(os.environ).items()}

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

    def db_url(self, var: str = environ.Env.DEFAULT_DATABASE_ENV, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the settings of a database. Raise ImproperlyConfigured if the URL is invalid."""
        self.split_url(var)
        return cast(dict[str, Any], super().db_url(var, *args, **kwargs))

    def email_url(self, var: str = environ.Env.DEFAULT_EMAIL_ENV, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return Django's settings for sending e-mails. `smtp+tls` is STARTTLS; `smtps` and `smtp+ssl` are TLS from the first byte.

        Raises:
            ImproperlyConfigured: The scheme is unknown, or the URL contains no host or a character that must be encoded.
        """
        url = self.split_url(var)
        if url.scheme not in self.EMAIL_SCHEMES:
            raise ImproperlyConfigured(f"{var} must be a URL such as smtp+tls://user:password@mail.example.com:587")
        config = cast(dict[str, Any], super().email_url(var, *args, **kwargs))
        if url.scheme in SMTP_PORTS:
            # The rest of a URL with a “/”, “?” or “#” in the password looks like a path, options or a fragment.
            if not url.hostname or url.path.strip("/") or url.fragment or "@" in url.query:
                raise ImproperlyConfigured(f"{var} must be a URL such as smtp+tls://user:password@mail.example.com:587. {ENCODING}")
            config["EMAIL_PORT"] = url.port or SMTP_PORTS[url.scheme]
            # The library reads `smtps` as STARTTLS.
            implicit = url.scheme in {"smtps", "smtp+ssl"}
            config |= {"EMAIL_USE_SSL": implicit, "EMAIL_USE_TLS": url.scheme == "smtp+tls"}
        return config

    def split_url(self, var: str) -> SplitResult:
        """Return the parts of a URL. Errors name the variable, but not its value, which can contain a password."""
        try:
            url = urlsplit(str(self.get_value(var, cast=str)))
            # Reads the port, which can be the beginning of a password.
            _ = url.port
        except ValueError:
            raise ImproperlyConfigured(f"{var} is not a valid URL. {ENCODING}") from None
        return url

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

    def retention(self, var: str, default: int, least: int) -> int:
        """Return a number of days, or 0 for data that is kept. Raise ImproperlyConfigured if it is less than `least`."""
        days = self.not_negative(var, default, unit="days")
        if 0 < days < least:
            raise ImproperlyConfigured(f"{var} must be 0 or at least {least} (days)")
        return days

    def networks(self, var: str) -> list[Network]:
        """Return the networks of a list such as 10.0.0.0/8,::1. Raise ImproperlyConfigured if one is invalid."""
        try:
            return [ipaddress.ip_network(text.strip()) for text in self.list(var, default=[])]
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} must be a list of networks such as 10.0.0.0/8,fd00::/8 ({error})") from error

    def web_address(self, var: str) -> str:
        """Return an http(s) URL, or an empty string if it is missing. Raise ImproperlyConfigured for anything else."""
        value = str(self.get_value(var, cast=str, default="")).strip()
        if value and not (urlsplit(value).scheme in {"http", "https"} and urlsplit(value).hostname):
            raise ImproperlyConfigured(f"{var} must be a URL such as https://example.com/imprint")
        return value


def with_secrets_from_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables, with the contents of each file that a variable NAME_FILE of a secret setting names.

    Empty variables count as missing. A newline at the end of a file isn't part of the secret.

    Raises:
        ImproperlyConfigured: NAME and NAME_FILE are both set, or the file can't be read, is empty or isn't text.
    """
    return {**environment, **{name: _secret_from_file(name, environment) for name in SECRETS if environment.get(f"{name}_FILE")}}


def _secret_from_file(name: str, environment: Mapping[str, str]) -> str:
    variable, path = f"{name}_FILE", environment[f"{name}_FILE"]
    if environment.get(name):
        raise ImproperlyConfigured(f"Set {name} or {variable}, not both")
    try:
        secret = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ImproperlyConfigured(f"{variable}: can’t read {path} ({error.strerror})") from error
    except UnicodeDecodeError:
        # Without its cause, whose message contains bytes of the secret.
        raise ImproperlyConfigured(f"{variable}: {path} must be a text in UTF-8") from None
    if not secret.strip():
        raise ImproperlyConfigured(f"{variable}: {path} is empty")
    if "\0" in secret:
        raise ImproperlyConfigured(f"{variable}: {path} must be a text in UTF-8")
    return secret
