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
            stamp = timezone.now().strftime("%Y%m%d-%H%M%S")
            recipient = re.sub(r"[^\w.@+-]", "_", message.to[0])
            for count in itertools.count(1):
                path = folder / f"{stamp}-{recipient}{f'-{count}' if count > 1 else ''}.eml"
                try:
                    with path.open("xb") as file:
                        file.write(message.message().as_bytes())
                except FileExistsError:
                    continue
                break
        return len(email_messages)
