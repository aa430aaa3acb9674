"""Graceful shutdown of web processes."""

import http.client
from concurrent.futures import ThreadPoolExecutor

from partnerportal.embedded.processes import wait_until
from tests.embedded.portal import Site
from tests.embedded.test_run import free_port
from tests.polling import eventually

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'network_partnerprofile'::regclass"


def test_slow_request_is_completed_before_shutdown(site: Site) -> None:
    port = free_port()
    web = site.start_web(PORT=str(port), WEB_STATEMENT_TIMEOUT="30")
    try:
        assert wait_until(lambda: site.is_up(port), 90)
        with site.database() as other, ThreadPoolExecutor(1) as pool:
            other.execute("LOCK TABLE network_partnerprofile IN ACCESS EXCLUSIVE MODE")
            slow = pool.submit(site.request, "/partners/", port=port)
            eventually(lambda: site.count(WAITING), "the request is under way")
            web.terminate()
            eventually(lambda: refuses(port), "new ones go elsewhere")
            assert web.poll() is None
            other.rollback()
            answer = slow.result()
        assert (answer.status, "Alder Web" in answer.text) == (200, True)
        assert web.wait(15) == 0
    finally:
        web.kill()
        web.wait()


def refuses(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.connect()
    except OSError:
        return True
    finally:
        connection.close()
    return False
