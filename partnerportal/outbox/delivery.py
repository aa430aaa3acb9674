"""Delivery of e-mails by SMTP over a connection that each worker keeps open."""

import contextlib
import smtplib
import threading
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SMTPBackend

from partnerportal.core.email_addresses import with_ascii_domain
from partnerportal.core.encryption import DecryptionError
from partnerportal.outbox import logos
from partnerportal.outbox.models import OutgoingMail

#: Seconds to wait for each response during a transfer (RFC 5321, 4.5.3.2.6). A shorter timeout, such as
#: `EMAIL_TIMEOUT` for connecting, would disconnect from slow servers and send e-mails twice.
ANSWER_TIMEOUT = 600

#: Permanent SMTP errors about authentication or the session. They are retried because they affect all e-mails.
SENDER_REJECTED = {503, 530, 534, 535, 538}


class TemporaryFailure(Exception):
    """The server is unavailable, asks to retry (4xx) or rejects the portal itself. A later attempt can succeed."""


class PermanentFailure(Exception):
    """The server rejects the recipient or the message (5xx), or the message is invalid."""


class _Message(EmailMultiAlternatives):
    """Message whose image belongs to its HTML part, so that e-mail clients don't list it as an attachment."""

    mixed_subtype = "related"
    _serialized: Any = None

    def message(self, **kwargs: Any) -> Any:
        """Build the message once, for its validation and its transfer."""
        if self._serialized is None:
            self._serialized = super().message(**kwargs)
        return self._serialized


class _Connection(threading.local):
    """Connection that each worker reuses for its next e-mail."""

    backend: BaseEmailBackend | None = None


_connection = _Connection()


def deliver(mail: OutgoingMail) -> None:
    """Send one e-mail. Returns once the server has accepted it.

    Raises:
        TemporaryFailure: Another attempt can succeed.
        PermanentFailure: No further attempt can succeed.
    """
    message = _valid_message(mail)
    try:
        _transfer(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, reason = next(iter(error.recipients.values()))
        raise _failure_for(code, reason) from error
    except smtplib.SMTPDataError as error:
        raise _failure_for(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:
        # Other rejections (greeting, authentication, sender) concern the configuration, which can be fixed.
        close_connection()
        raise TemporaryFailure(_readable(error.smtp_code, error.smtp_error)) from error
    except (smtplib.SMTPException, OSError) as error:
        close_connection()
        raise TemporaryFailure(f"{type(error).__name__}: {error}") from error


def build_message(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Return the message to send. Duplicates can be recognized by the Message-ID, which is stored in the row.

    Raises:
        DecryptionError: No known key decrypts the body.
    """
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    headers = {**mail.headers, "Message-ID": mail.message_id}
    if mail.references:
        headers |= {"In-Reply-To": mail.references.split()[-1], "References": mail.references}
    if not mail.written_by_person:
        # RFC 3834: prevents out-of-office replies.
        headers["Auto-Submitted"] = "auto-generated"
    message = _Message(
        subject=mail.subject,
        body=mail.text,
        # Django encodes domains by IDNA 2003, which replaces ß by ss and so reaches another mailbox.
        from_email=formataddr((mail.from_name or name, with_ascii_domain(address))),
        to=[with_ascii_domain(mail.to_email)],
        reply_to=[with_ascii_domain(mail.reply_to)] if mail.reply_to else None,
        headers=headers,
    )
    if html := mail.html:
        logo = logos.find_logo(mail.agency_id) if mail.agency_id and logos.START in html else None
        message.attach_alternative(logos.with_logo(html, logo) if logo else html, "text/html")
        if logo:
            message.attach(logos.inline_part(logo))
    return message


def close_connection() -> None:
    """Close the worker’s connection; the next e-mail opens a new one."""
    backend, _connection.backend = _connection.backend, None
    if backend is not None:
        _set_timeout(backend, settings.EMAIL_TIMEOUT)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            backend.close()


def _valid_message(mail: OutgoingMail) -> EmailMultiAlternatives:
    try:
        message = build_message(mail)
        # Serializes the message to detect invalid headers and characters before the SMTP transfer.
        message.message()
    except DecryptionError as error:
        raise PermanentFailure("Encrypted with an unknown key. Add the key to SECRET_KEY_FALLBACKS and resend the e-mail.") from error
    except ValueError as error:
        raise PermanentFailure(f"{type(error).__name__}: {error}") from error
    # Django silently skips messages without recipients.
    if not message.recipients():
        raise PermanentFailure("There is no recipient.")
    return message


def _transfer(message: EmailMessage) -> None:
    """Send the message over the open connection if the server still responds, or else over a new one."""
    backend = _open_backend()
    if backend is not None:
        try:
            _set_timeout(backend, ANSWER_TIMEOUT)
            backend.send_messages([message])
        except smtplib.SMTPSenderRefused:
            # Many servers limit the number of e-mails per connection.
            close_connection()
        else:
            return
    # Stored before opening, so that close_connection() also closes it after a failed authentication.
    _connection.backend = backend = get_connection()
    backend.open()
    _set_timeout(backend, ANSWER_TIMEOUT)
    backend.send_messages([message])


def _open_backend() -> BaseEmailBackend | None:
    """Return the open connection after resetting it, or None if the server closed it or doesn’t respond."""
    backend = _connection.backend
    if isinstance(backend, SMTPBackend) and backend.connection is not None:
        _set_timeout(backend, settings.EMAIL_TIMEOUT)
        try:
            answers = backend.connection.rset()[0] == 250
        except (smtplib.SMTPException, OSError):
            answers = False
        if not answers:
            close_connection()
    return _connection.backend


def _set_timeout(backend: BaseEmailBackend, seconds: float | None) -> None:
    """Set the timeout for the server’s next responses."""
    if isinstance(backend, SMTPBackend) and backend.connection is not None and backend.connection.sock is not None:
        backend.connection.sock.settimeout(seconds)


def _failure_for(code: int, reason: bytes | str) -> TemporaryFailure | PermanentFailure:
    is_final = 500 <= code < 600 and code not in SENDER_REJECTED
    return (PermanentFailure if is_final else TemporaryFailure)(_readable(code, reason))


def _readable(code: int, reason: bytes | str) -> str:
    return f"{code} {reason.decode(errors='replace') if isinstance(reason, bytes) else reason}"
