"""The WSGI application that gunicorn serves."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

from partnerportal.db_timeouts import set_statement_timeouts

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partnerportal.settings")


def without_body_for_head(respond: WSGIHandler) -> Callable[..., Iterable[bytes]]:
    """Answer HEAD with the headers of GET and no body. Django leaves the body in, and gunicorn logs a warning for each one it drops."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = respond(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return response
        # Ends the request, as the server does after a body.
        response.close()
        return []

    return application


application = without_body_for_head(get_wsgi_application())
set_statement_timeouts("web")
