"""Handing a mail to SMTP, over a connection that the worker keeps."""

import smtplib
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SMTPBackend

from partnerportal.outbox.models import OutgoingMail


class TemporaryFailure(Exception):
    """The server is away, says “later” (4xx), or refuses *us*: the same mail may go through another time."""


class FinalFailure(Exception):
    """The server refuses this recipient or this message (5xx), or it is no message at all."""


#: Kept from mail to mail; each worker process has its own.
_backend: BaseEmailBackend | None = None


def deliver(mail: OutgoingMail) -> None:
    """Send one mail; returning means that the server has taken it.

    Raises:
        TemporaryFailure: worth another attempt.
        FinalFailure: not worth one.
    """
    try:
        message = build_message(mail)
        # Without a recipient Django would skip it silently.
        if not message.recipients() or not message.message():
            raise FinalFailure("no recipient")
    except ValueError as error:  # a header that can't be written
        raise FinalFailure(str(error)) from error
    try:
        _open_backend().send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        code, reason = next(iter(error.recipients.values()))
        raise _failure_for(code, reason) from error
    except smtplib.SMTPDataError as error:
        raise _failure_for(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise FinalFailure(str(error)) from error
    except (smtplib.SMTPException, OSError) as error:
        # Whatever else (sign-in or sender refused, connection lost) is between the server and us, and can be mended.
        close_connection()
        raise TemporaryFailure(f"{type(error).__name__}: {error}") from error


def build_message(mail: OutgoingMail) -> EmailMultiAlternatives:
    """The message as it goes out. Its Message-ID is the row's, so that a twin can be told as such.

    Raises:
        ValueError: a header that can't be written (a line break, an impossible address).
    """
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=formataddr((mail.from_name or name, address)),
        to=[mail.to_email],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        # RFC 3834: no out-of-office answers to us, please.
        headers={"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"},
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    return message


def close_connection() -> None:
    """Let go of the kept connection; the next mail opens a new one."""
    global _backend
    backend, _backend = _backend, None
    if backend is not None:
        backend.close()


def _open_backend() -> BaseEmailBackend:
    """The kept connection if the server still answers on it, else a new one."""
    global _backend
    if isinstance(_backend, SMTPBackend) and _backend.connection is not None:
        try:
            answers = _backend.connection.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            answers = False
        if not answers:
            close_connection()
    if _backend is None:
        backend = get_connection()
        backend.open()
        _backend = backend
    return _backend


def _failure_for(code: int, reason: bytes | str) -> TemporaryFailure | FinalFailure:
    text = f"{code} {reason.decode(errors='replace') if isinstance(reason, bytes) else reason}"
    return FinalFailure(text) if 500 <= code < 600 else TemporaryFailure(text)
