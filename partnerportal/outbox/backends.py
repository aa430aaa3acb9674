"""Custom e-mail backends."""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone


class FilePerMailBackend(BaseEmailBackend):
    """Backend for the demo that writes each e-mail to a file in `EMAIL_FILE_PATH` (`EMAIL_URL=filemail:///folder`).

    Django’s file backend writes all e-mails of a connection to one file. E-mail clients can open these `.eml` files.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            _write(message.message().as_bytes(), folder, _name(message.to[0]))
        return len(email_messages)


def _name(recipient: str) -> str:
    """Return the time and the recipient, without characters that are unsafe in file names."""
    return f"{timezone.now():%Y%m%d-%H%M%S}-{re.sub(r'[^a-zA-Z0-9.@+-]', '_', recipient)[:100]}"


def _write(content: bytes, folder: Path, name: str) -> None:
    """Write a new file, even if other processes write at the same time. Partial files (disk full) are deleted."""
    for count in itertools.count(1):
        path = folder / f"{name}{f'-{count}' if count > 1 else ''}.eml"
        try:
            file = path.open("xb")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(content)
        except OSError:
            path.unlink()
            raise
        return
