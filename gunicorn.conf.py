"""Configuration that gunicorn loads automatically, in `make run` and in the container."""

import os

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
# Limits memory leaks of libraries. The jitter prevents all workers from restarting at the same time.
max_requests = 10_000
max_requests_jitter = 1_000
# Set by `make dev`.
reload = os.environ.get("DEBUG", "").lower() in {"1", "true", "on", "yes", "y", "ok"}
accesslog = "-" if reload else None
# The server isn't controlled at run time.
control_socket_disable = True


def post_worker_init(worker):
    """Redact secret links in the access log and in gunicorn's own messages, which bypass Django's logging."""
    # Imported here, because only workers, which `reload` replaces, import the portal.
    from partnerportal.core.log_filters import RedactingFormatter

    for logger in (worker.log.error_log, worker.log.access_log):
        for handler in logger.handlers:
            handler.setFormatter(RedactingFormatter(handler.formatter))
