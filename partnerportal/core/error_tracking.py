"""Error reports for Sentry or a compatible server (`SENTRY_DSN`), without secrets and personal data.

Only exceptions are sent: of requests (`got_request_exception`) and of jobs (`task_failure`). The integrations of sentry-sdk
are off, because they collect request bodies, cookies, users, queries and log entries, and this module knows what each
report contains.
"""

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

import sentry_sdk
from celery.signals import task_failure
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django_guid import get_guid
from sentry_sdk.integrations.atexit import AtexitIntegration

from partnerportal.core.error_reports import secrets_of
from partnerportal.core.redaction import ELLIPSIS, redact

#: Minimum length of a form value that is removed from messages, in characters. Shorter ones occur in every text.
MIN_VALUE_LENGTH = 3
#: Parts of an event that are sent. All others are dropped, such as breadcrumbs and the names of installed packages.
_KEPT = frozenset({"event_id", "timestamp", "platform", "level", "exception", "transaction", "tags", "sdk"})
#: Parts of a frame of a traceback that are sent: no variables.
_KEPT_OF_FRAMES = frozenset(
    {"filename", "abs_path", "function", "module", "lineno", "pre_context", "context_line", "post_context", "in_app"}
)
_EMAIL = re.compile(r"[^\s\"'<>()=,;:]+@[^\s\"'<>()=,;:]+", re.UNICODE)


def start_error_tracking(dsn: str) -> None:
    """Send the exceptions of this process and of its forks."""
    sentry_sdk.init(
        dsn=dsn,
        default_integrations=False,
        auto_enabling_integrations=False,
        # Sends the last reports when the process ends, without a message on its output.
        integrations=[AtexitIntegration(callback=lambda pending, timeout: None)],
        before_send=scrubbed,
        include_local_variables=False,
        max_breadcrumbs=0,
        server_name="",
        auto_session_tracking=False,
    )
    got_request_exception.connect(_report_request)
    task_failure.connect(_report_job)


def scrubbed(event: Any, hint: dict[str, Any]) -> Any:
    """Return the parts of an event that are sent, without secret links, e-mail addresses and the values in `hint`."""
    kept = {name: value for name, value in event.items() if name in _KEPT}
    for exception in kept.get("exception", {}).get("values", ()):
        exception["value"] = _without_values(str(exception.get("value") or ""), hint.get("values", ()))
        for frame in exception.get("stacktrace", {}).get("frames", ()):
            for name in frame.keys() - _KEPT_OF_FRAMES:
                del frame[name]
    return _redacted(kept, tuple(hint.get("secrets", ())))


def _report_request(request: HttpRequest | None = None, **_: Any) -> None:
    values = set(_values_of(request)) if request else set()
    secrets = secrets_of(request) if request else set()
    match = request.resolver_match if request else None
    method = (request.method or "") if request else ""
    _report(None, f"{method} {match.view_name if match else ''}".strip(), values=values, secrets=secrets)


def _report_job(exception: BaseException, sender: Any = None, **_: Any) -> None:
    _report(exception, getattr(sender, "name", ""))


def _report(exception: BaseException | None, transaction: str, *, values: Iterable[str] = (), secrets: Iterable[str] = ()) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.set_transaction_name(transaction)
        scope.set_tag("request_id", get_guid() or "")
        scope.add_event_processor(partial(_with_hint, {"values": values, "secrets": secrets}))
        sentry_sdk.capture_exception(exception)


def _with_hint(known: dict[str, Iterable[str]], event: Any, hint: dict[str, Any]) -> Any:
    """Pass what must not be sent to `scrubbed`."""
    hint.update(known)
    return event


def _values_of(request: HttpRequest) -> Iterable[str]:
    """Return everything that the user typed, selected or uploaded, and all cookies."""
    # A form that hasn't been read can't be in a message, and reading it now could fail.
    was_read = hasattr(request, "_post")
    for data in (request.GET, request.POST) if was_read else (request.GET,):
        for _name, values in data.lists():
            yield from map(str, values)
    if was_read:
        yield from (file.name for _name, files in request.FILES.lists() for file in files if file.name)
    yield from request.COOKIES.values()


def _without_values(message: str, values: Iterable[str]) -> str:
    # PostgreSQL adds the values of the row in further lines: “DETAIL:  Failing row contains (…)”.
    message = message.partition("\nDETAIL:")[0].partition("\nCONTEXT:")[0]
    parts = {part.strip() for value in values for part in (value, *value.splitlines())}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= MIN_VALUE_LENGTH:
            message = re.sub(re.escape(part), ELLIPSIS, message, flags=re.IGNORECASE)
            message = message.replace(repr(part)[1:-1], ELLIPSIS)
    return message


def _redacted(value: Any, secrets: tuple[str, ...]) -> Any:
    """Redact all texts of a JSON value."""
    if isinstance(value, str):
        return _EMAIL.sub(ELLIPSIS, redact(value, *secrets))
    if isinstance(value, dict):
        return {name: _redacted(content, secrets) for name, content in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(content, secrets) for content in value]
    return value
