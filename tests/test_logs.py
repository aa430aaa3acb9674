"""Logs: request IDs, tracebacks and redaction."""

import json
import logging
import re
import uuid

import pytest
from django.test import Client

from partnerportal.core.log_filters import drop_client_error_traceback, redact_secrets
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import sweep
from tests.cast import Cast
from tests.customers.import_helpers import columns_of, uploaded
from tests.factories.customers import CustomerFactory
from tests.polling import eventually
from tests.smtp import Sink
from tests.workers import Process


def test_client_errors_are_logged_without_traceback(stan: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "django.request"):
        assert stan.get("/customers/import/").status_code == 403
    (record,) = caplog.records
    assert record.exc_info is None
    assert "/customers/import/" in record.getMessage()


def test_server_errors_are_logged_with_traceback() -> None:
    failure = logging.LogRecord("django.request", logging.ERROR, "", 0, "Internal Server Error", None, (ValueError, ValueError(), None))
    failure.status_code = 500  # type: ignore[attr-defined]
    assert drop_client_error_traceback(failure)
    assert failure.exc_info


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/r/K4kBSX2pCZcYWMgx/", "/r/…/"),
        ("/r/K4kBSX2pCZcYWMgx/edit/?stars=5", "/r/…/edit/"),
        ("/r/stop/11-2603f6.4hl_Z/", "/r/stop/…/"),
        ("/a/K4kBSX2pCZcYWMgx/decline/", "/a/…/decline/"),
        ("/requests/7/", "/requests/7/"),
    ],
)
def test_secrets_in_paths_are_not_logged(cast: Cast, caplog: pytest.LogCaptureFixture, path: str, logged: str) -> None:
    with caplog.at_level(logging.WARNING):
        assert Client().patch(path).status_code in (404, 405)
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert redact_secrets(record)  # as the console handler does, which may run after the handler of this test
    assert record.getMessage().endswith(logged)
    assert not {"K4kBSX2pCZcYWMgx", "11-2603f6"} & set(re.split(r"[/.']", str(record.__dict__)))


def test_responses_contain_the_request_id(client: Client) -> None:
    given = str(uuid.uuid4())
    assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given
    for odd in ("", "7", "x" * 5000, "a\r\nSet-Cookie: b=c"):
        request_id = client.get("/healthz", headers={"X-Request-ID": odd}).headers["X-Request-ID"]
        assert len(request_id) == 32
        assert request_id != odd


@pytest.mark.django_db(transaction=True)
def test_tasks_log_the_id_of_their_request(alice: Client, cast: Cast, celery_worker: Process, smtp_sink: Sink) -> None:
    # As in docker-compose.yml: only LOG_LEVEL, whose default is INFO, sets the level.
    assert not [argument for argument in celery_worker.arguments if "loglevel" in argument]
    customer = CustomerFactory(agency=cast.alder)
    given = str(uuid.uuid4())
    # The log also contains entries of other tests.
    message = f"450 4.2.0 Come back later {uuid.uuid4()}"
    smtp_sink.refuse("RCPT", message, times=1)
    fields = {"customer": customer.pk, "subject": "company", "send": ""}
    assert alice.post("/company/reviews/request/", fields, headers={"X-Request-ID": given}).status_code == 302

    def lines(word: str) -> list[dict[str, str]]:
        return [json.loads(line) for line in celery_worker.log.read_text().splitlines() if word in line]

    eventually(lambda: bool(lines(message)), "the refusal is logged", otherwise=celery_worker.logged)
    assert [(line["request_id"], line["level"]) for line in lines(message)] == [(given, "WARNING")]

    # The next attempt is dispatched by a sweep, which belongs to no request.
    mail = OutgoingMail.objects.get()
    eventually(sweep, "another attempt is due", otherwise=celery_worker.logged)
    eventually(lambda: bool(lines(f"E-mail {mail.pk} sent.")), "the sending is logged", otherwise=celery_worker.logged)
    assert [line["request_id"] for line in lines(f"E-mail {mail.pk} sent.")] == [given]


@pytest.mark.django_db(transaction=True)
def test_celery_logs_the_id_of_the_request(alice: Client, cast: Cast, celery_worker: Process) -> None:
    job = uploaded(alice, "Firma\nMuster GmbH\n")
    given = str(uuid.uuid4())
    columns = columns_of(alice, job)
    assert alice.post(f"/customers/import/{job.pk}/columns/", columns, headers={"X-Request-ID": given}).status_code == 302

    def entries() -> list[dict[str, str]]:
        lines = [json.loads(line) for line in celery_worker.log.read_text().splitlines() if given in line]
        return [line for line in lines if line["message"].startswith("Task customers.work_import")]

    eventually(entries, "the job is logged as that request's", otherwise=celery_worker.logged)
    assert {line["request_id"] for line in entries()} == {given}


def celery_message(task: str, level: int = logging.INFO) -> list[logging.LogRecord]:
    """Return what worker and beat log about a task."""
    context = {"name": task, "id": "7"}
    worker = {"name": "celery.app.trace", "msg": "Task %(name)s[%(id)s]", "args": context, "data": context, "levelno": level}
    beat = {"name": "celery.beat", "msg": "Scheduler: Sending due task %s (%s)", "args": ("entry", task), "levelno": level}
    return [logging.makeLogRecord(worker), logging.makeLogRecord(beat)]


def test_regular_sweeps_are_not_logged() -> None:
    (console,) = [handler for handler in logging.getLogger().handlers if handler.get_name() == "console"]
    assert not [record for record in celery_message("outbox.sweep") if console.filter(record)]
    kept = [*celery_message("outbox.send"), *celery_message("outbox.sweep", logging.ERROR)]
    kept += [logging.makeLogRecord({"name": "celery.beat", "msg": "beat: Starting...", "levelno": logging.INFO})]
    assert all(console.filter(record) for record in kept)


def logged(text: str, *args: object) -> str:
    """Return a message as it is logged."""
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, text, args, None)
    record.request = "<WSGIRequest: GET '/r/s3cr3t/'>"  # type: ignore[attr-defined]
    assert redact_secrets(record)
    assert not hasattr(record, "request")
    return record.getMessage()


@pytest.mark.parametrize(
    "path", ["/r/{}/", "/r/{}/edit/", "/r/stop/{}/undo/", "/a/{}/", "/accounts/password/reset/key/{}/", "/accounts/confirm-email/{}/"]
)
def test_secret_links_are_not_logged(path: str) -> None:
    line = logged("Gone: %s", path.format("s3cr3t-t0ken.x:y"))
    assert "s3cr3t" not in line
    assert line.startswith("Gone: " + path.partition("{")[0])


def test_control_characters_are_escaped() -> None:
    assert logged("refused %s", "Kim\n2026-01-01 INFO root: all is well\r\x1b[2K\u2028x") == (
        "refused Kim\\x0a2026-01-01 INFO root: all is well\\x0d\\x1b[2K\\x2028x"
    )


def test_console_handler_escapes_and_redacts() -> None:
    record = logging.makeLogRecord({"msg": "Gone: %s", "args": ("/r/s3cr3t/",), "levelno": logging.WARNING})
    (console,) = [handler for handler in logging.getLogger().handlers if handler.get_name() == "console"]
    assert console.filter(record)
    assert "s3cr3t" not in console.format(record)
