"""The WSGI application."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

from partnerportal.db_timeouts import set_statement_timeouts

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partnerportal.settings")


def without_body_for_head(respond: WSGIHandler) -> Callable[..., Iterable[bytes]]:
    """Remove the body of responses to HEAD. Django keeps it, and gunicorn logs a warning for each one."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = respond(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return response
        # Sends request_finished, as the server does after sending a body.
        response.close()
        return []

    return application


application = without_body_for_head(get_wsgi_application())
set_statement_timeouts("web")
