"""Configuration that gunicorn loads automatically, in `make run` and in the container."""

import os
import shutil
import tempfile

from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):
    """A worker that refuses new connections while it completes its last requests.

    gunicorn's own worker keeps its listening socket open during this time. The kernel then accepts connections, and resets them
    and their requests when the worker exits. A proxy can retry a refused connection, or use another server.
    """

    def set_accept_enabled(self, enabled):
        super().set_accept_enabled(enabled)
        if not (enabled or self.alive):
            for listener in self.sockets:
                listener.close()


wsgi_app = "partnerportal.wsgi"
host = os.environ.get("HOST") or "127.0.0.1"
bind = f"{f'[{host}]' if ':' in host else host}:{os.environ.get('PORT') or '8000'}"
worker_class = Worker
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = int(os.environ.get("WEB_THREADS") or 4)
# Seconds. A request that takes longer is a defect, and its worker is replaced.
timeout = 30
# Seconds in which a stopping worker completes its current requests.
graceful_timeout = 30
# Seconds until an idle connection is closed. Longer than the proxy's (deploy/caddy/Caddyfile), which can't repeat a form that
# arrives while the connection is closed.
keepalive = 5
# Limits memory leaks of libraries. The jitter prevents all workers from restarting at the same time.
max_requests = 10_000
max_requests_jitter = 1_000
# Set by `make dev`.
reload = os.environ.get("DEBUG", "").lower() in {"1", "true", "on", "yes", "y", "ok"}
accesslog = "-" if reload else None
# The server isn't controlled at run time.
control_socket_disable = True


# Without the portal's settings, which only workers load.
_metrics = any(os.environ.get(name) for name in ("METRICS_TOKEN", "METRICS_TOKEN_FILE", "METRICS_NETWORKS"))


def on_starting(server):
    """Create the folder in which all workers count their requests. In memory, if possible."""
    if _metrics:
        memory = "/dev/shm"  # noqa: S108  # mkdtemp creates a folder that only this user can read
        folder = memory if os.access(memory, os.W_OK) else None
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="portal-metrics-", dir=folder)


def pre_fork(server, worker):
    """Give the new worker the lowest free slot. It continues the counters of the slot's last worker."""
    taken = {other.slot for other in server.WORKERS.values()}
    worker.slot = min(set(range(len(taken) + 1)) - taken)


def post_fork(server, worker):
    """Tell the worker its slot before it loads the portal."""
    if _metrics:
        os.environ["METRICS_SLOT"] = str(worker.slot)


def on_exit(server):
    """Delete the folder of the counters."""
    if _metrics:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def post_worker_init(worker):
    """Redact secret links in the access log and in gunicorn's own messages, which bypass Django's logging."""
    # Imported here, because only workers, which `reload` replaces, import the portal.
    from partnerportal.core.log_filters import RedactingFormatter

    for logger in (worker.log.error_log, worker.log.access_log):
        for handler in logger.handlers:
            handler.setFormatter(RedactingFormatter(handler.formatter))
