"""Outages of servers: error pages, queued e-mails, and automatic recovery."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.embedded.portal import STATEMENT_TIMEOUT, Site
from tests.polling import eventually

#: Maximum response time in seconds, far below all timeouts.
AT_ONCE = 8
#: Seconds, slightly more than the interval of the slower heartbeat.
HEARTBEAT_INTERVAL = 2.5
MAILS_TO = "SELECT count(*) FROM outbox_outgoingmail WHERE to_email = %s"
REQUESTS_OF = "SELECT count(*) FROM requests_inbox_contactrequest WHERE email = %s"


@pytest.fixture(autouse=True)
def _processes_are_not_restarted(site: Site) -> Iterator[None]:
    before = site.processes
    yield
    assert site.processes == before


def test_portal_shows_an_error_during_an_outage_and_recovers(site: Site) -> None:
    assert site.request("/partners/").status == 200
    assert site.sign_in() == 200

    site.postgres.stop()
    for _ in range(2):
        answer = site.request("/partners/")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
        assert "The portal is temporarily unavailable." in answer.text
    assert site.request("/healthz").status == 200
    ready = site.request("/readyz")
    assert (ready.status, ready.text) == (503, '{"database": false, "broker": true}')
    site.postgres.start()
    assert site.request("/partners/").status == 200
    assert site.request("/readyz").status == 200

    site.valkey.stop()
    assert site.request("/partners/").status == 200
    # Attempts are counted in Redis. An outage must not lock users out.
    assert site.sign_in() == 200
    assert site.request("/readyz").text == '{"database": true, "broker": false}'
    site.valkey.start()
    assert site.sign_in() == 200


def test_forms_are_accepted_immediately_during_a_broker_outage(site: Site) -> None:
    site.valkey.stop()
    begun = time.monotonic()
    # Senders are also counted in Redis. An outage must not reject messages.
    assert site.contact("ute@muellerei.example").status == 302
    assert time.monotonic() - begun < AT_ONCE
    assert site.count(MAILS_TO, "ute@muellerei.example") == 1
    assert not site.smtp.to("ute@muellerei.example")
    site.valkey.start()
    site.smtp.wait_for("ute@muellerei.example", seconds=30)
    site.smtp.wait_for("alice@alder.example")
    assert site.contact("uwe@muellerei.example").status == 302
    site.smtp.wait_for("uwe@muellerei.example")
    assert len(site.smtp.to("ute@muellerei.example")) == 1


def test_emails_are_sent_once_after_an_smtp_outage(site: Site) -> None:
    site.smtp.stop()
    assert site.contact("ida@muellerei.example").status == 302
    eventually(
        lambda: site.count(f"{MAILS_TO} AND attempts >= 2 AND last_error <> ''", "ida@muellerei.example"),
        "it was tried twice",
        otherwise=site.worker.logged,
    )
    site.smtp.start()
    site.smtp.wait_for("ida@muellerei.example")
    eventually(lambda: site.count(f"{MAILS_TO} AND status = 'sent'", "ida@muellerei.example"), "it is known to be sent")
    assert len(site.smtp.to("ida@muellerei.example")) == 1


def test_worker_and_beat_recover_after_a_database_outage(site: Site) -> None:
    site.smtp.stop()
    assert site.contact("leo@muellerei.example").status == 302
    eventually(lambda: site.count(f"{MAILS_TO} AND attempts > 0", "leo@muellerei.example"), "it was tried", otherwise=site.worker.logged)

    def met() -> int:
        log = site.worker.log.read_text()
        # At the start of a task, or during a delivery, whose result is stored afterwards.
        return log.count("OperationalError") + log.count("Connection to the database lost")

    before = met()
    site.postgres.stop()
    site.smtp.start()
    eventually(lambda: met() > before, "the worker has met it", otherwise=site.worker.logged)
    site.postgres.start()
    site.smtp.wait_for("leo@muellerei.example", seconds=30)
    eventually(lambda: not site.count("SELECT count(*) FROM outbox_outgoingmail WHERE status = 'queued'"), "nothing waits")
    assert len(site.smtp.to("leo@muellerei.example")) == 1


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_heartbeat_stops_during_a_broker_outage_and_resumes(site: Site, name: str) -> None:
    heartbeat = site.heartbeat_of(name)

    def beats() -> bool:
        before = heartbeat.stat().st_mtime_ns
        time.sleep(HEARTBEAT_INTERVAL)
        return heartbeat.stat().st_mtime_ns > before

    eventually(beats, "it beats", otherwise=site.worker.logged)
    site.valkey.stop()
    eventually(lambda: not beats(), "it notices")
    site.valkey.start()
    eventually(beats, "it beats again", seconds=30, otherwise=site.worker.logged)


def test_statement_timeout_shows_a_page_and_rolls_back(site: Site) -> None:
    with site.database() as other, ThreadPoolExecutor(1) as pool:
        # The request can be stored, but not its e-mails.
        other.execute("LOCK TABLE outbox_outgoingmail IN SHARE MODE")
        begun = time.monotonic()
        answer = pool.submit(site.contact, "max@muellerei.example").result()
        assert STATEMENT_TIMEOUT <= time.monotonic() - begun < STATEMENT_TIMEOUT + AT_ONCE
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert "The portal is temporarily unavailable." in answer.text
    assert site.count(REQUESTS_OF, "max@muellerei.example") == 0
    assert site.contact("max@muellerei.example").status == 302
    assert (site.count(REQUESTS_OF, "max@muellerei.example"), site.count(MAILS_TO, "max@muellerei.example")) == (1, 1)
