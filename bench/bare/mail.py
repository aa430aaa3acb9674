"""Celery application that sends e-mails over one SMTP connection, without an outbox."""

import os
from typing import Any

from celery import Celery
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partnerportal.settings")

app = Celery("bench", broker=settings.CELERY_BROKER_URL)
app.conf.update(task_ignore_result=True, task_default_queue="bench", worker_hijack_root_logger=False, worker_prefetch_multiplier=4)

_connection: Any = None


@app.task(name="bench.send")
def send(to: str, subject: str, text: str, html: str) -> None:
    """Send one e-mail."""
    global _connection
    if _connection is None:
        _connection = get_connection()
        _connection.open()
    message = EmailMultiAlternatives(subject, text, to=[to])
    message.attach_alternative(html, "text/html")
    _connection.send_messages([message])
