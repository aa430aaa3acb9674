"""E-mail backends of our own."""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone


class FilePerMailBackend(BaseEmailBackend):
    """Writes each mail into a file of its own below `EMAIL_FILE_PATH`, for the demo (`EMAIL_URL=filemail:///folder`).

    Django's file backend writes all mails of a connection into one file. Ours end in `.eml`, which mail programs open.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            _write(message.message().as_bytes(), folder, _name(message.to[0]))
        return len(email_messages)


def _name(recipient: str) -> str:
    """When and to whom, as far as it may be part of a file's name."""
    return f"{timezone.now():%Y%m%d-%H%M%S}-{re.sub(r'[^a-zA-Z0-9.@+-]', '_', recipient)[:100]}"


def _write(content: bytes, folder: Path, name: str) -> None:
    """Into a new file; others may be writing at the same moment. Half a mail, of a full disk, doesn't stay."""
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
