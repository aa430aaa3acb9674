"""gunicorn, for `make run` and for the container alike; it reads this file by itself."""

import os

from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):
    """A worker that refuses new connections while it finishes its last requests.

    gunicorn's own keeps its socket open meanwhile: the kernel goes on taking connections, which are reset, with whatever was
    asked over them, when the worker ends. A refused one the proxy takes elsewhere, or tries again.
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
# A request that takes longer than this is a defect; its worker is replaced.
timeout = 30
# Asked to end, a worker has as long for the requests that it has begun.
graceful_timeout = 30
# Whatever a library may leak is gone after a while, not from all workers at once.
max_requests = 10_000
max_requests_jitter = 1_000
# `make dev`
reload = os.environ.get("DEBUG", "").lower() in {"1", "true", "on", "yes", "y", "ok"}
accesslog = "-" if reload else None
# Nothing here needs to be steered at run time.
control_socket_disable = True


def post_worker_init(worker):
    """Redact secret links in the access log and in gunicorn's own messages, which bypass Django's logging."""
    # Only the workers, which `reload` replaces, import the portal.
    from partnerportal.logs import RedactingFormatter

    for logger in (worker.log.error_log, worker.log.access_log):
        for handler in logger.handlers:
            handler.setFormatter(RedactingFormatter(handler.formatter))
