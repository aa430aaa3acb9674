"""Error reports without secrets: Django's debug page and its e-mails to ADMINS."""

import re
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from partnerportal.core.redaction import SECRET_PARAMETERS, SECRET_QUERY_PARAMETERS, redact, secrets_in, spellings

#: Names of local variables whose value is hidden.
_SECRET_NAMES = re.compile(rf"token|secret|passw|nonce|signature|^(?:{'|'.join(sorted(SECRET_PARAMETERS))})$", re.IGNORECASE)


class ReportFilter(SafeExceptionReporterFilter):
    """Hides local variables that contain secrets, and settings whose URLs contain passwords."""

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|DATABASE_URL|REDIS_URL|EMAIL_URL|BROKER_URL|^LOCATION$", re.IGNORECASE
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        """Hide what views declare as sensitive on the debug page, too."""
        return True

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> Any:
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return [(name, self.cleansed_substitute if _SECRET_NAMES.search(name) else value) for name, value in variables]


class RedactingReporter(ExceptionReporter):
    """Redacts secret links in the rest of the report, such as the path and exception messages."""

    def get_traceback_html(self) -> SafeString:
        return self._redacted(super().get_traceback_html())

    def get_traceback_text(self) -> SafeString:
        return self._redacted(super().get_traceback_text())

    def _redacted(self, report: SafeString) -> SafeString:
        # Redaction adds no characters with a meaning in HTML.
        return SafeString(redact(report, *(secrets_of(self.request) if self.request else ())))  # nosec B703


def secrets_of(request: HttpRequest) -> set[str]:
    """Return the secrets in the address of the request, which can occur anywhere in a report."""
    known = secrets_in(request.path)
    known |= secrets_in(request.META.get("HTTP_REFERER", ""))
    for name, values in request.GET.lists():
        for value in map(str, values):
            known |= spellings({value}) if name in SECRET_QUERY_PARAMETERS else secrets_in(value)
    if match := request.resolver_match:
        known |= spellings({str(value) for name, value in match.kwargs.items() if name in SECRET_PARAMETERS})
    return known
