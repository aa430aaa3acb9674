"""Reports to Sentry (`SENTRY_DSN`), as a server receives them: no tokens, form values, cookies and e-mail addresses."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import brotli
import pytest
import sentry_sdk
from celery.signals import task_failure
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import got_request_exception
from django.db import IntegrityError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from partnerportal import celery_app, urls
from partnerportal.core import error_tracking
from partnerportal.core.error_tracking import start_error_tracking
from tests.test_settings import run

SECRET = "S3cr3tT0kenOfThisLink0123456789"
#: What the user sends.
NAME, TEXT, EMAIL, COOKIE, QUERY, FILE = (
    "Ludmilla Würz",
    "line one\nÜber uns",
    "lu.würz+x@client.example",
    "c00kie-of-lu",
    "Waldweg 3",
    "lu.pdf",
)


def fail(request: HttpRequest, **_kwargs: str) -> HttpResponse:
    """Raise an error whose message repeats everything that the user sent, as parsers do."""
    # Not written out, because reports contain lines of the source.
    local_variable = "-".join(("only", "in", "a", "variable"))
    values = [*request.POST.values(), *request.GET.values(), *request.COOKIES.values(), *(file.name for file in request.FILES.values())]
    texts = [*values, *map(repr, values), *(value.upper() for value in values if value), request.path, request.get_full_path()]
    raise ValueError(f"Can’t parse: {texts} of someone@else.example ({len(local_variable)})")


def violate(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE people (name text CHECK (name = '')) ON COMMIT DROP; INSERT INTO people VALUES ('Not Typed')"
        )
    return HttpResponse()


def chain(request: HttpRequest) -> HttpResponse:
    try:
        fail(request)
    except ValueError as error:
        raise RuntimeError(f"The form of {request.POST['name']}") from error
    return HttpResponse()


urlpatterns = [
    path("r/<str:token>/", fail, name="with-token"),
    path("failing/", fail, name="failing"),
    path("violating/", violate, name="violating"),
    path("chain/", chain, name="chain"),
    *urls.urlpatterns,
]
handler500 = urls.handler500


DECODERS: dict[str, Callable[[bytes], bytes]] = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}


class Sentry:
    """A server that records what it receives."""

    def __init__(self) -> None:
        received: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append(DECODERS[self.headers.get("Content-Encoding", "")](body))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.received = received
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://0a1b2c3d@127.0.0.1:{self._server.server_port}/1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def events(self) -> list[dict[str, Any]]:
        """Return the reports, once all have arrived."""
        sentry_sdk.flush(10)
        lines = [line for envelope in self.received for line in envelope.decode().splitlines()]
        return [event for event in map(json.loads, lines) if "exception" in event]

    def text(self) -> str:
        """Return everything that arrived, with escaped letters decoded."""
        self.events()
        lines = [line for envelope in self.received for line in envelope.decode().splitlines()]
        return "\n".join(json.dumps(json.loads(line), ensure_ascii=False) for line in lines)


@pytest.fixture
def sentry(settings: Any) -> Iterator[Sentry]:
    settings.ROOT_URLCONF = __name__
    with Sentry() as server:
        start_error_tracking(server.dsn)
        yield server
        sentry_sdk.get_client().close(timeout=5)
        sentry_sdk.get_global_scope().set_client(None)
        got_request_exception.disconnect(error_tracking._report_request)
        task_failure.disconnect(error_tracking._report_job)


@pytest.fixture
def visitor() -> Client:
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = COOKIE
    return client


def post(visitor: Client, address: str) -> None:
    data = {"name": NAME, "text": TEXT, "email": EMAIL, "file": SimpleUploadedFile(FILE, b"content of the file")}
    assert visitor.post(f"{address}?q={QUERY}", data).status_code == 500


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/failing/", f"/r/{SECRET}/", "/chain/"])
def test_a_report_contains_nothing_that_the_user_sent(sentry: Sentry, visitor: Client, address: str) -> None:
    post(visitor, address)
    assert len(sentry.events()) == 1
    text = sentry.text().casefold()
    sent = [
        NAME,
        *TEXT.split("\n"),
        EMAIL,
        COOKIE,
        QUERY,
        FILE,
        "content of the file",
        SECRET,
        "someone@else.example",
        "only-in-a-variable",
    ]
    assert [value for value in sent if value.casefold() in text] == []


@pytest.mark.django_db
def test_a_report_says_what_failed(sentry: Sentry, visitor: Client) -> None:
    post(visitor, "/failing/")
    (event,) = sentry.events()
    (exception,) = event["exception"]["values"]
    assert (exception["type"], event["transaction"]) == ("ValueError", "POST failing")
    assert exception["value"].startswith("Can’t parse")
    frame = exception["stacktrace"]["frames"][-1]
    assert (frame["function"], "raise ValueError" in frame["context_line"]) == ("fail", True)
    assert event["tags"]["request_id"]
    assert {"request", "user", "breadcrumbs", "server_name", "modules", "extra", "contexts"}.isdisjoint(event)


@pytest.mark.django_db
def test_both_errors_of_a_chain_are_reported(sentry: Sentry, visitor: Client) -> None:
    post(visitor, "/chain/")
    (event,) = sentry.events()
    assert [exception["type"] for exception in event["exception"]["values"]] == ["ValueError", "RuntimeError"]


@pytest.mark.django_db
def test_a_report_contains_no_row_of_the_database(sentry: Sentry, visitor: Client) -> None:
    visitor.raise_request_exception = True
    with pytest.raises(IntegrityError):
        visitor.get("/violating/")
    (event,) = sentry.events()
    assert "violates check constraint" in event["exception"]["values"][-1]["value"]
    assert "Failing row contains" not in sentry.text()
    assert "Not Typed')" not in event["exception"]["values"][-1]["value"]


@pytest.mark.django_db
def test_a_failed_job_is_reported_without_its_arguments(sentry: Sentry) -> None:
    @celery_app.task(name="tests.fail")
    def failing(address: str, link: str) -> None:
        raise ValueError(f"Can’t send {link} to {address}")

    failing.apply(args=(EMAIL, f"https://portal.example.com/r/{SECRET}/"))
    (event,) = sentry.events()
    assert event["transaction"] == "tests.fail"
    text = sentry.text()
    assert [value for value in (EMAIL, SECRET) if value in text] == []


@pytest.mark.django_db
def test_pages_work_while_the_server_is_unavailable(settings: Any, visitor: Client) -> None:
    settings.ROOT_URLCONF = __name__
    with Sentry() as server:
        pass
    start_error_tracking(server.dsn)
    try:
        post(visitor, "/failing/")
    finally:
        sentry_sdk.get_client().close(timeout=0.1)
        sentry_sdk.get_global_scope().set_client(None)
        got_request_exception.disconnect(error_tracking._report_request)
        task_failure.disconnect(error_tracking._report_job)


def test_sentry_is_only_loaded_with_its_setting() -> None:
    code = "import sys, django; django.setup(); print('sentry_sdk' in sys.modules)"
    assert run(code).stdout.split() == ["False"]
    assert run(code, SENTRY_DSN="http://0a1b2c3d@127.0.0.1:9/1").stdout.split() == ["True"]


def test_a_missing_package_is_named() -> None:
    code = "import sys; sys.modules['sentry_sdk'] = None; import django; django.setup()"
    result = run(code, SENTRY_DSN="http://0a1b2c3d@127.0.0.1:9/1")
    assert "SENTRY_DSN requires the packages of requirements/sentry.txt" in result.stderr.splitlines()[-1]
