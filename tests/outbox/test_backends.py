"""E-mails written to files, for the demo."""

from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import time_machine

from partnerportal.outbox.delivery import build_message
from partnerportal.outbox.tasks import send
from tests.concurrency import at_once
from tests.factories.outbox import MailFactory


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """Target folder; created by the backend."""
    settings.EMAIL_BACKEND = "partnerportal.outbox.backends.FilePerMailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "a" / "mail")
    return tmp_path / "a" / "mail"


def test_each_email_is_written_to_an_eml_file(folder: Path, db: None) -> None:
    mails = MailFactory.create_batch(3, to="lea@clients.example", text="Grüße\n")
    for mail in mails:
        send(mail.pk)
    files = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml")]
    assert sorted(file["Message-ID"] for file in files) == sorted(mail.message_id for mail in mails)
    assert files[0].get_body(("plain",)).get_content() == "Grüße\n"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_concurrent_writers_do_not_overwrite_files(folder: Path, db: None) -> None:
    messages = [build_message(mail) for mail in MailFactory.create_batch(20, to="lea@clients.example")]
    with time_machine.travel("2026-11-21 12:00:00", tick=False):
        assert at_once(20, lambda n: messages[n].send()) == [1] * 20
    written = {message_from_bytes(path.read_bytes())["Message-ID"] for path in folder.iterdir()}
    assert len(written) == len(list(folder.iterdir())) == 20


@pytest.mark.parametrize(
    "address", ["../../etc/passwd@clients.example", "l" * 64 + "@" + "x" * 180 + ".example", "lea/../x@clients.example"]
)
def test_addresses_become_safe_file_names(folder: Path, db: None, address: str) -> None:
    mail = MailFactory(to=address)
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, len(list(folder.iterdir())), [path.name for path in folder.parent.iterdir()]) == ("sent", 1, ["mail"])
