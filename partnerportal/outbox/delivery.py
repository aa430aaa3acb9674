"""Handing a mail to SMTP, over a connection that the worker keeps."""

import contextlib
import smtplib
import threading
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SMTPBackend

from partnerportal.core.email_addresses import with_ascii_domain
from partnerportal.core.encryption import DecryptionError
from partnerportal.outbox.models import OutgoingMail

#: Seconds for each answer once a mail is on its way (RFC 5321, 4.5.3.2.6). Whoever hangs up on a server that is still
#: thinking about a mail sends it twice; `EMAIL_TIMEOUT`, for connecting, may be much shorter.
ANSWER_TIMEOUT = 600

#: Final in their form, but about our sign-in or our manners, not about the mail: all of them would fail.
SENDER_REJECTED = {503, 530, 534, 535, 538}


class TemporaryFailure(Exception):
    """The server is away, says “later” (4xx), or refuses *us*: the same mail may go through another time."""


class PermanentFailure(Exception):
    """The server refuses this recipient or this message (5xx), or it is no message at all."""


class _Kept(threading.local):
    """The connection kept from mail to mail; each worker has its own."""

    backend: BaseEmailBackend | None = None


_kept = _Kept()


def deliver(mail: OutgoingMail) -> None:
    """Send one mail; returning means that the server has taken it.

    Raises:
        TemporaryFailure: worth another attempt.
        FinalFailure: not worth one.
    """
    message = _message_or_refusal(mail)
    try:
        _hand_over(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, reason = next(iter(error.recipients.values()))
        raise _failure_for(code, reason) from error
    except smtplib.SMTPDataError as error:
        raise _failure_for(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:
        # Whatever else it refuses (the greeting, the sign-in, the sender) is between the server and us, and can be mended.
        close_connection()
        raise TemporaryFailure(_readable(error.smtp_code, error.smtp_error)) from error
    except (smtplib.SMTPException, OSError) as error:
        close_connection()
        raise TemporaryFailure(f"{type(error).__name__}: {error}") from error


def build_message(mail: OutgoingMail) -> EmailMultiAlternatives:
    """The message as it goes out. Its Message-ID is the row's, so that a twin can be told as such.

    Raises:
        SealBroken: no known key opens the body.
    """
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    headers = {**mail.headers, "Message-ID": mail.message_id}
    if mail.references:
        headers |= {"In-Reply-To": mail.references.split()[-1], "References": mail.references}
    if not mail.written_by_person:
        # RFC 3834: no out-of-office answers to us, please.
        headers["Auto-Submitted"] = "auto-generated"
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        # Django would encode the domains by IDNA 2003, in which ß is ss: another mailbox.
        from_email=formataddr((mail.from_name or name, with_ascii_domain(address))),
        to=[with_ascii_domain(mail.to_email)],
        reply_to=[with_ascii_domain(mail.reply_to)] if mail.reply_to else None,
        headers=headers,
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    return message


def close_connection() -> None:
    """Let go of the kept connection; the next mail opens a new one."""
    backend, _kept.backend = _kept.backend, None
    if backend is not None:
        _set_timeout(backend, settings.EMAIL_TIMEOUT)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            backend.close()


def _message_or_refusal(mail: OutgoingMail) -> EmailMultiAlternatives:
    try:
        message = build_message(mail)
        # What can't be written (a line break in a header, half a character) shows here, not in the middle of SMTP.
        message.message()
    except DecryptionError as error:
        raise PermanentFailure("Sealed with a key that is not known any more: put it into SECRET_KEY_FALLBACKS and send again.") from error
    except ValueError as error:
        raise PermanentFailure(f"{type(error).__name__}: {error}") from error
    # Django would skip it silently.
    if not message.recipients():
        raise PermanentFailure("There is no recipient.")
    return message


def _hand_over(message: EmailMessage) -> None:
    """Over the kept connection if the server still answers on it, else over a new one."""
    backend = _open_backend()
    if backend is not None:
        try:
            _set_timeout(backend, ANSWER_TIMEOUT)
            backend.send_messages([message])
        except smtplib.SMTPSenderRefused:
            # Many servers take only so many mails over one connection.
            close_connection()
        else:
            return
    # Kept from the start, so that what is left of a failed sign-in is closed, too.
    _kept.backend = backend = get_connection()
    backend.open()
    _set_timeout(backend, ANSWER_TIMEOUT)
    backend.send_messages([message])


def _open_backend() -> BaseEmailBackend | None:
    """The kept connection, with nothing left on it of an earlier mail; None if the server has closed it or is silent."""
    backend = _kept.backend
    if isinstance(backend, SMTPBackend) and backend.connection is not None:
        _set_timeout(backend, settings.EMAIL_TIMEOUT)
        try:
            answers = backend.connection.rset()[0] == 250
        except (smtplib.SMTPException, OSError):
            answers = False
        if not answers:
            close_connection()
    return _kept.backend


def _set_timeout(backend: BaseEmailBackend, seconds: float | None) -> None:
    """How long to wait for the server's answers from now on."""
    if isinstance(backend, SMTPBackend) and backend.connection is not None and backend.connection.sock is not None:
        backend.connection.sock.settimeout(seconds)


def _failure_for(code: int, reason: bytes | str) -> TemporaryFailure | PermanentFailure:
    is_final = 500 <= code < 600 and code not in SENDER_REJECTED
    return (PermanentFailure if is_final else TemporaryFailure)(_readable(code, reason))


def _readable(code: int, reason: bytes | str) -> str:
    return f"{code} {reason.decode(errors='replace') if isinstance(reason, bytes) else reason}"
