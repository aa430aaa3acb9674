"""`/metrics` of a complete portal: several gunicorn workers, jobs, beat, and e-mails."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from partnerportal.embedded.environment import BASE_DIR
from partnerportal.embedded.processes import wait_until
from tests.embedded.portal import METRICS_TOKEN, Site
from tests.embedded.test_run import free_port
from tests.metrics.conftest import key, parsed
from tests.polling import eventually

WORKERS = 2


class Web:
    """Another web process of the site, with two workers."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.port, self.log = site, free_port(), folder / "web.log"

    def start(self) -> None:
        env = self.site.env | {"PORT": str(self.port), "WEB_CONCURRENCY": str(WORKERS), "WEB_THREADS": "2"}
        with self.log.open("wb") as log:
            self.master = psutil.Popen([sys.executable, "-m", "gunicorn"], cwd=BASE_DIR, env=env, stdout=log, stderr=subprocess.STDOUT)
        assert wait_until(lambda: self.site.is_up(self.port), 90), self.log.read_text()

    def workers(self) -> list[psutil.Process]:
        return self.master.children()

    def files(self) -> set[Path]:
        """Return the files of the counters that the workers use."""
        paths = {Path(mapped.path) for worker in self.workers() for mapped in worker.memory_maps()}
        return {path for path in paths if path.parent.name.startswith("portal-metrics-")}

    def folder(self) -> Path:
        """Return the folder of these files."""
        (folder,) = {path.parent for path in self.files()}
        return folder

    def figures(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        return figures_of(self.site, self.port)

    def directory_pages(self) -> float:
        return self.figures().get(key("portal_requests_total", route="network:directory", method="GET", status="200"), 0)

    def get(self, times: int) -> None:
        for _ in range(times):
            assert self.site.request("/partners/", port=self.port).status == 200


def figures_of(site: Site, port: int = 0) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = site.request("/metrics", port=port, Authorization=f"Bearer {METRICS_TOKEN}")
    assert response.status == 200, response.text
    return parsed(response.text)


@pytest.fixture(scope="module")
def web(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Web process of the following tests, the last of which ends it."""
    web = Web(site, tmp_path_factory.mktemp("web"))
    web.start()
    yield web
    if web.master.is_running():
        web.master.terminate()
        web.master.wait(30)


def test_each_worker_reports_the_requests_of_all(web: Web) -> None:
    before = web.directory_pages()
    web.get(20)
    # Either worker answers.
    assert {web.directory_pages() for _ in range(10)} == {before + 20}
    assert len(web.files()) == 2 * WORKERS


def test_counters_and_their_files_survive_their_worker(web: Web) -> None:
    before = web.directory_pages()
    web.get(5)
    folder = web.folder()
    files = sorted(path.name for path in folder.iterdir())
    for _ in range(3):
        workers = web.workers()
        for worker in workers:
            os.kill(worker.pid, signal.SIGKILL)
        eventually(lambda old=workers: len(set(web.workers()) - set(old)) == WORKERS, "new workers run", seconds=60)
        eventually(lambda: web.site.is_up(web.port), "they respond", seconds=60)
        web.get(5)
    assert web.directory_pages() == before + 20
    assert sorted(path.name for path in folder.iterdir()) == files


def test_the_folder_is_private_and_deleted_at_the_end(web: Web) -> None:
    web.get(2)
    folder = web.folder()
    assert folder.stat().st_mode & 0o077 == 0
    web.master.terminate()
    web.master.wait(30)
    assert not folder.exists()


def test_jobs_beat_and_emails_are_counted(site: Site) -> None:
    def is_counted() -> bool:
        found = figures_of(site)
        return found.get(key("portal_jobs_total", job="outbox.sweep", outcome="success"), 0) > 1 and key("portal_beat_age_seconds") in found

    eventually(is_counted, "beat and worker are counted", seconds=60)
    found = figures_of(site)
    assert 0 <= found[key("portal_beat_age_seconds")] < 30
    assert found[key("portal_job_seconds_total", job="outbox.sweep")] > 0
    sent = found.get(key("portal_delivery_attempts_total", outcome="sent"), 0)
    site.submit("/accounts/password/reset/", email="alice@alder.example")
    eventually(
        lambda: figures_of(site).get(key("portal_delivery_attempts_total", outcome="sent"), 0) > sent, "the e-mail is counted", seconds=60
    )


def test_deferred_emails_are_counted(site: Site) -> None:
    site.smtp.refuse("RCPT", "450 4.2.0 Greylisted", times=1)
    deferred = figures_of(site).get(key("portal_delivery_attempts_total", outcome="deferred"), 0)
    site.submit("/accounts/password/reset/", email="alice@alder.example")
    eventually(
        lambda: figures_of(site).get(key("portal_delivery_attempts_total", outcome="deferred"), 0) == deferred + 1,
        "the refusal is counted",
        seconds=60,
    )
