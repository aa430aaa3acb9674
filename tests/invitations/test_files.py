"""Files that an agency and its clients share: upload, download, sharing, deletion, and what hostile files can't do."""

import hashlib
import io
import tracemalloc
import unicodedata
import zipfile
from threading import Event
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from gunicorn.config import Config
from gunicorn.http import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from customers.models import Customer
from customers.services.customers import archive_customer, erase_customer
from invitations.files.content import detect_type, examine, safe_name, served_type
from invitations.files.models.files import CHUNK_SIZE
from invitations.files.services import files as services
from invitations.models import AccessInvitation, Approval, ApprovalDecision, FileChunk, FileQuota, FileVersion, SharedFile
from invitations.services.invitations import revoke_access
from invitations.space.queries import client_space
from invitations.space.services import SpaceClosed
from partnerportal.agencies.models import DigestItem, Mode, Notification
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.customers import CustomerFactory
from tests.factories.files import CONTENT, SharedFileFactory, TextApprovalFactory, VersionFactory
from tests.factories.invitations import ConnectedFactory

MB = 1024 * 1024


@pytest.fixture
def given_access(cast: Cast) -> AccessInvitation:
    """Full access of Kim to a customer of Alder."""
    invitation: AccessInvitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, company="Mill Ltd", name="Kim Client")
    return invitation


@pytest.fixture
def mill(given_access: AccessInvitation) -> Customer:
    assert given_access.customer
    return given_access.customer


def space_of(cast: Cast, client: Any = None) -> Any:
    space = client_space(client or cast.kim, "alder")
    assert space is not None
    return space


def pdf(name: str = "offer.pdf", content: bytes = CONTENT) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def actions() -> list[str]:
    return list(AuditEvent.objects.filter(object_type="invitations.sharedfile").order_by("pk").values_list("action", flat=True))


# --- Both directions ---------------------------------------------------------------------------------------------------


def test_staff_upload_a_file_and_the_client_downloads_it(cast: Cast, stan: Client, kim: Client, mill: Customer) -> None:
    values = {"file": pdf("Offer for you.pdf"), "title": "", "area": "hosting", "is_shared": "on", "complete": "1"}
    response = stan.post(f"/customers/{mill.pk}/shared/files/add/", values, follow=True)
    assert "File uploaded." in response.content.decode()
    shared = SharedFile.objects.get()
    assert (shared.title, shared.is_shared, shared.from_client, shared.uploaded_by) == ("Offer for you", True, False, cast.stan)
    version = shared.versions.get()
    assert (version.name, version.content_type, version.size) == ("Offer for you.pdf", "application/pdf", len(CONTENT))
    assert version.sha256 == hashlib.sha256(CONTENT).hexdigest()
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.reply_to) == ("file_shared", cast.kim.email, cast.stan.email)
    assert f"/my/alder/files/{shared.pk}/" in mail.text

    assert "Offer for you" in kim.get("/my/alder/files/").content.decode()
    downloaded = kim.get(f"/my/alder/files/versions/{version.pk}/")
    assert body(downloaded) == CONTENT
    assert downloaded["Content-Disposition"] == 'attachment; filename="Offer for you.pdf"'
    assert actions() == ["shared_file.uploaded", "shared_file.downloaded_by_client"]
    assert "Offer" not in str(list(AuditEvent.objects.values_list("object_label", "data", "actor_label")))


def test_client_uploads_a_file_and_staff_download_it(cast: Cast, stan: Client, kim: Client, mill: Customer) -> None:
    Customer.objects.update(responsible=cast.stan)
    values = {"file": pdf("logo.pdf"), "title": "Logo", "area": "email", "complete": "1"}
    response = kim.post("/my/alder/files/add/", values, follow=True)
    assert "File uploaded. Alder Web has been notified." in response.content.decode()
    shared = SharedFile.objects.get()
    assert (shared.from_client, shared.is_shared, shared.uploaded_by, shared.area) == (True, True, cast.kim, "email")
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.reply_to) == ("file_received", cast.stan.email, cast.kim.email)
    page = stan.get(f"/customers/{mill.pk}/shared/files/{shared.pk}/").content.decode()
    address = f"/customers/{mill.pk}/shared/files/versions/{shared.versions.get().pk}/"
    assert address in page
    assert body(stan.get(address)) == CONTENT
    assert actions() == ["shared_file.received", "shared_file.downloaded"]
    received = AuditEvent.objects.get(action="shared_file.received")
    assert (received.actor_label, received.customer_id) == ("", mill.pk)


def test_downloads_of_the_own_side_and_of_headers_are_not_recorded(stan: Client, kim: Client, mill: Customer) -> None:
    version = SharedFileFactory(customer=mill).versions.get()
    stan.get(f"/customers/{mill.pk}/shared/files/versions/{version.pk}/")
    head = kim.head(f"/my/alder/files/versions/{version.pk}/")
    assert (head.content, head["Content-Length"]) == (b"", str(len(CONTENT)))
    assert actions() == []


def test_members_choose_how_they_are_notified(cast: Cast, mill: Customer) -> None:
    mill.responsible = cast.stan
    mill.save()
    stan = cast.alder.memberships.get(user=cast.stan)
    for mode, mails, items in ((Mode.NOW, 1, 0), (Mode.DIGEST, 0, 1), (Mode.OFF, 0, 0)):
        stan.set_notification(Notification.FILES, mode)
        OutgoingMail.objects.all().delete()
        DigestItem.objects.all().delete()
        services.upload_by_client(space=space_of(cast), file=pdf(), name="a.pdf", title="A", area="email")
        assert (OutgoingMail.objects.count(), DigestItem.objects.filter(kind="files").count()) == (mails, items), mode


def test_owners_and_managers_are_notified_if_no_one_is_responsible(cast: Cast, mill: Customer) -> None:
    services.upload_by_client(space=space_of(cast), file=pdf(), name="a.pdf", title="A", area="email")
    assert set(OutgoingMail.objects.values_list("to_email", flat=True)) == {cast.alice.email, cast.max.email}


def test_file_has_all_its_versions(cast: Cast, stan: Client, kim: Client, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill)
    response = stan.post(f"/customers/{mill.pk}/shared/files/{shared.pk}/version/", {"file": pdf("new.pdf"), "complete": "1"})
    assert response.status_code == 302
    assert list(shared.versions.order_by("number").values_list("number", "name")) == [(1, "offer.pdf"), (2, "new.pdf")]
    page = kim.get(f"/my/alder/files/{shared.pk}/").content.decode()
    assert page.index("new.pdf") < page.index("offer.pdf")


# --- Who sees what -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("area", "is_shared", "status"), [("email", True, 200), ("email", False, 404), ("hosting", True, 404)])
def test_client_sees_shared_files_of_the_areas_of_the_access(kim: Client, cast: Cast, area: str, is_shared: bool, status: int) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, scope="partial", areas=["email"])
    shared = SharedFileFactory(customer=given.customer, area=area, is_shared=is_shared, title="Secret offer")
    assert kim.get(f"/my/alder/files/{shared.pk}/").status_code == status
    assert kim.get(f"/my/alder/files/versions/{shared.versions.get().pk}/").status_code == status
    assert ("Secret offer" in kim.get("/my/alder/files/").content.decode()) == (status == 200)


def test_client_of_another_customer_sees_nothing(kim: Client, cast: Cast, mill: Customer) -> None:
    shared = SharedFileFactory(customer=CustomerFactory(agency=cast.alder))
    for address in (f"{shared.pk}/", f"{shared.pk}/version/", f"versions/{shared.versions.get().pk}/"):
        assert kim.get(f"/my/alder/files/{address}").status_code == 404, address
    assert kim.post(f"/my/alder/files/{shared.pk}/delete/").status_code == 404


def test_version_belongs_to_the_customer_in_the_address(stan: Client, cast: Cast, mill: Customer) -> None:
    version = SharedFileFactory(customer=CustomerFactory(agency=cast.alder)).versions.get()
    assert stan.get(f"/customers/{mill.pk}/shared/files/versions/{version.pk}/").status_code == 404


def test_file_is_shared_later_and_clients_are_notified_once(cast: Cast, stan: Client, kim: Client, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill, is_shared=False)
    values = {"title": "Offer", "area": "hosting", "is_shared": "on"}
    for _ in range(2):
        stan.post(f"/customers/{mill.pk}/shared/files/{shared.pk}/edit/", values)
    assert [mail.to_email for mail in OutgoingMail.objects.all()] == [cast.kim.email]
    assert kim.get(f"/my/alder/files/{shared.pk}/").status_code == 200
    stan.post(f"/customers/{mill.pk}/shared/files/{shared.pk}/edit/", {"title": "Offer", "area": "hosting"})
    assert kim.get(f"/my/alder/files/{shared.pk}/").status_code == 404
    assert actions()[:1] + actions()[-1:] == ["shared_file.shared", "shared_file.unshared"]


def test_only_clients_whose_access_includes_the_area_are_notified(cast: Cast, mill: Customer) -> None:
    ConnectedFactory(customer=mill, client=UserFactory(email="lee@client.example"), scope="partial", areas=["email"])
    services.upload_file(customer=mill, file=pdf(), name="a.pdf", by=cast.stan, title="A", area="hosting", is_shared=True)
    assert [mail.to_email for mail in OutgoingMail.objects.all()] == [cast.kim.email]


def test_archived_customers_are_read_only(kim: Client, stan: Client, cast: Cast, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill, uploaded_by=cast.kim, from_client=True)
    archive_customer(mill, by=cast.alice)
    version = shared.versions.get().pk
    assert body(kim.get(f"/my/alder/files/versions/{version}/")) == CONTENT
    assert body(stan.get(f"/customers/{mill.pk}/shared/files/versions/{version}/")) == CONTENT
    response = kim.post("/my/alder/files/add/", {"file": pdf(), "area": "email", "complete": "1"})
    assert "This customer is archived." in response.content.decode()
    kim.post(f"/my/alder/files/{shared.pk}/delete/")
    stan.post(f"/customers/{mill.pk}/shared/files/{shared.pk}/delete/")
    assert SharedFile.objects.count() == 1


# --- Deletion ----------------------------------------------------------------------------------------------------------


def test_client_deletes_own_files_only(kim: Client, cast: Cast, mill: Customer) -> None:
    own = SharedFileFactory(customer=mill, from_client=True, uploaded_by=cast.kim)
    agencys = SharedFileFactory(customer=mill)
    others = SharedFileFactory(customer=mill, from_client=True, uploaded_by=UserFactory())
    codes = [kim.post(f"/my/alder/files/{file.pk}/delete/").status_code for file in (own, agencys, others)]
    assert codes == [302, 404, 404]
    assert set(SharedFile.objects.all()) == {agencys, others}
    assert actions() == ["shared_file.deleted_by_client"]
    assert FileChunk.objects.filter(version__file=own).count() == 0


def test_file_with_an_approval_stays(stan: Client, cast: Cast, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill)
    version = shared.versions.get()
    approval = TextApprovalFactory(customer=mill, text="", area="", file=shared, version=version, sha256=version.sha256)
    page = stan.post(f"/customers/{mill.pk}/shared/files/{shared.pk}/delete/", follow=True).content.decode()
    assert "An approval depends on this file" in page
    approval.status = "withdrawn"
    approval.save()
    stan.post(f"/customers/{mill.pk}/shared/files/{shared.pk}/delete/")
    assert not SharedFile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_erasure_deletes_files_approvals_and_decisions(cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    mill = given.customer
    SharedFileFactory(customer=mill)
    approval = TextApprovalFactory(customer=mill)
    ApprovalDecision.objects.create(approval=approval, outcome="approved", sha256=approval.sha256, decided_by=cast.kim)
    erase_customer(mill, by=cast.alice)
    for model in (SharedFile, FileVersion, FileChunk, Approval, ApprovalDecision):
        assert not model.objects.exists(), model
    assert FileQuota.objects.get(agency=cast.alder).used == 0


# --- Quota -------------------------------------------------------------------------------------------------------------


def test_quota_counts_versions_and_returns_their_space(cast: Cast, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill)
    VersionFactory(file=shared, size=1000, sha256="0" * 64)
    assert FileQuota.objects.get(agency=cast.alder).used == len(CONTENT) + 1000
    services.delete_file(shared, by=cast.stan)
    assert FileQuota.objects.get(agency=cast.alder).used == 0


def test_file_beyond_the_quota_is_refused_with_what_to_do(stan: Client, cast: Cast, mill: Customer) -> None:
    FileQuota.objects.create(agency=cast.alder, maximum=10, follows_default=False)
    values = {"file": pdf(), "area": "hosting", "complete": "1"}
    page = stan.post(f"/customers/{mill.pk}/shared/files/add/", values).content.decode()
    assert "There isn’t enough space" in page
    assert "Delete files that are no longer needed" in page
    assert not SharedFile.objects.exists()


def test_default_quota_applies_until_an_administrator_changes_it(cast: Cast, settings: Any) -> None:
    settings.FILE_QUOTA_MB = 1
    FileQuota.objects.ensure(cast.alder)
    settings.FILE_QUOTA_MB = 2
    FileQuota.objects.ensure(cast.alder)
    assert FileQuota.objects.get().maximum == 2 * MB
    FileQuota.objects.update(maximum=5, follows_default=False)
    FileQuota.objects.ensure(cast.alder)
    assert FileQuota.objects.get().maximum == 5


@pytest.mark.django_db(transaction=True)
def test_concurrent_uploads_never_exceed_the_quota(cast: Cast) -> None:
    customers = [CustomerFactory(agency=cast.alder) for _ in range(6)]
    # Space for three and a half files.
    FileQuota.objects.create(agency=cast.alder, maximum=350_000, follows_default=False)

    def upload(number: int) -> SharedFile:
        file = io.BytesIO(bytes([number]) * 100_000)
        return services.upload_file(
            customer=customers[number], file=file, name="a.bin", by=cast.stan, title="A", area="email", is_shared=False
        )

    results = at_once(6, upload)
    refused = [result for result in results if isinstance(result, ValidationError)]
    assert len(refused) == 3, results
    assert (SharedFile.objects.count(), FileQuota.objects.get().used) == (3, 300_000)
    assert FileChunk.objects.count() == 3


def test_database_holds_the_quota_and_versions(cast: Cast, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill)
    FileQuota.objects.update(maximum=len(CONTENT))
    with pytest.raises(IntegrityError, match="file_quota_exceeded"), transaction.atomic():
        FileVersion.objects.create(file=shared, agency=shared.agency, number=2, name="a", content_type="x/y", size=1, sha256="0" * 64)
    for change in (
        lambda: FileVersion.objects.update(sha256="0" * 64),
        lambda: FileVersion.objects.update(size=1),
        lambda: FileChunk.objects.update(data=b"other"),
        lambda: SharedFile.objects.update(from_client=True),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


# --- Uploads -----------------------------------------------------------------------------------------------------------


def test_large_files_are_stored_in_chunks(cast: Cast, mill: Customer) -> None:
    content = bytes(range(256)) * 1024 * 3 + b"end"
    shared = services.upload_file(
        customer=mill, file=io.BytesIO(content), name="a.bin", by=cast.stan, title="A", area="email", is_shared=False
    )
    version = shared.versions.get()
    assert version.chunk_count == FileChunk.objects.count() == -(-len(content) // CHUNK_SIZE)
    download = services.download_for_member(version, by=cast.stan)
    assert b"".join(download.content) == content


@pytest.mark.parametrize("size", [10 * MB, 10 * MB + 1])
def test_files_have_at_most_10_mb(kim: Client, mill: Customer, size: int) -> None:
    values = {"file": pdf(content=b"x" * size), "area": "email", "complete": "1"}
    response = kim.post("/my/alder/files/add/", values)
    if size <= 10 * MB:
        assert response.status_code == 302
    else:
        assert response.status_code == 413
        assert "This file is 10.1\xa0MB; the limit is 10\xa0MB." in response.content.decode()
    assert SharedFile.objects.count() == (size <= 10 * MB)


#: Ends of what the server receives of an upload: inside the file, after its last byte, inside the delimiter, and after each of the parts.
BROKEN_OFF = {"inside": b"xxx", "last byte": b"x\r\n", "delimiter": b"x\r\n--B", "file": b"x\r\n--%s\r\n", "title": b"Offer\r\n--%s\r\n"}


@pytest.mark.parametrize("end", BROKEN_OFF)
def test_uploads_that_broke_off_are_refused(kim: Client, mill: Customer, end: str) -> None:
    values = {"area": "email", "file": pdf(content=b"x" * 100_000), "title": "Offer", "complete": "1"}
    data = encode_multipart(BOUNDARY, values)
    last = BROKEN_OFF[end].replace(b"%s", BOUNDARY.encode())
    sent = data[: data.index(last) + len(last)].removesuffix(b"\r\n" if end == "last byte" else b"")
    # gunicorn passes on what it received when a connection broke off, without an error.
    head = f"POST / HTTP/1.1\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    received = next(RequestParser(Config(), iter([head, sent]), ("127.0.0.1", 1))).body
    environ = {"wsgi.input": received, "CONTENT_LENGTH": str(len(data))}
    response = kim.generic("POST", "/my/alder/files/add/", data, MULTIPART_CONTENT, **environ)
    assert response.status_code == 200
    errors = response.context["form"].errors
    assert "complete" in errors
    # Django discards a file whose end is missing.
    assert ("file" in errors) == (end in {"inside", "last byte", "delimiter"})
    assert not SharedFile.objects.exists()
    assert not FileChunk.objects.exists()


def test_end_of_the_form_follows_the_file(kim: Client, stan: Client, mill: Customer) -> None:
    for client, address in ((kim, "/my/alder/files/add/"), (stan, f"/customers/{mill.pk}/shared/files/add/")):
        page = client.get(address).content.decode()
        assert page.index('name="file"') < page.index('name="complete"')


def test_empty_and_missing_files_are_refused(kim: Client, mill: Customer) -> None:
    for file in ({"file": pdf(content=b"")}, {}):
        response = kim.post("/my/alder/files/add/", {"area": "email", "complete": "1", **file})
        assert response.status_code == 200
    assert not SharedFile.objects.exists()


def test_client_can_only_choose_areas_of_the_access(kim: Client, cast: Cast) -> None:
    ConnectedFactory(customer__agency=cast.alder, client=cast.kim, scope="partial", areas=["email"])
    kim.post("/my/alder/files/add/", {"file": pdf(), "area": "hosting", "complete": "1"})
    assert not SharedFile.objects.exists()
    with pytest.raises(SpaceClosed):
        services.upload_by_client(space=space_of(cast), file=pdf(), name="a", title="A", area="hosting")


# --- Concurrency -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["download", "upload", "delete"])
def test_nothing_starts_after_access_was_revoked_at_this_moment(cast: Cast, action: str) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    shared = SharedFileFactory(customer=given.customer, from_client=action == "delete", uploaded_by=cast.kim)
    version, space = shared.versions.get(), space_of(cast)
    revoked = Event()

    def run(number: int) -> object:
        if number == 0:
            with transaction.atomic():
                revoke_access(given)
                revoked.set()
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(0.3)")
            return "revoked"
        revoked.wait(10)
        if action == "download":
            return services.download_for_client(version, space=space)
        if action == "upload":
            return services.upload_by_client(space=space, file=io.BytesIO(b"x"), name="a", title="A", area="email")
        return services.delete_by_client(shared, space=space)

    revocation, result = at_once(2, run)
    assert revocation == "revoked"
    assert isinstance(result, SpaceClosed), result
    assert SharedFile.objects.count() == 1
    assert actions() == []


def test_removed_members_get_nothing(cast: Cast, mill: Customer) -> None:
    version = SharedFileFactory(customer=mill).versions.get()
    cast.alder.memberships.filter(user=cast.stan).delete()
    with pytest.raises(PermissionDenied):
        services.download_for_member(version, by=cast.stan)


def test_download_of_a_deleted_file_is_interrupted(cast: Cast, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill)
    download = services.download_for_member(shared.versions.get(), by=cast.stan)
    shared.delete()
    with pytest.raises(FileChunk.DoesNotExist):
        list(download.content)


# --- Hostile names and contents ----------------------------------------------------------------------------------------

NAMES = {
    "../../etc/passwd": "passwd",
    "..\\..\\windows\\system.ini": "system.ini",
    "C:\\offers\\a.pdf": "a.pdf",
    "in\u202egpj.exe": "ingpj.exe",
    "a\r\nSet-Cookie: x=1.pdf": "aSet-Cookie_ x=1.pdf",
    "a\x00b.pdf": "ab.pdf",
    'a".pdf': "a_.pdf",
    "a;b%0d.pdf": "a_b_0d.pdf",
    "CON": "_CON",
    "nul.txt": "_nul.txt",
    "com1.tar.gz": "_com1.tar.gz",
    "COM¹.txt": "_COM¹.txt",
    "lpt9 .pdf": "_lpt9.pdf",
    "console.txt": "console.txt",
    ".htaccess": "htaccess",
    "...": "file",
    "": "file",
    "/": "file",
    "\u200b\u2060.\u200d": "file",
    "  a  b . pdf ": "a b. pdf",
    "Größe.pdf": "Größe.pdf",
    "Gro\u0308ße.pdf": "Größe.pdf",
    "提案書.pdf": "提案書.pdf",
    "🎉.pdf": "🎉.pdf",
    "a\ud800.pdf": "a_.pdf",
}


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_become_harmless(name: str) -> None:
    assert safe_name(name) == NAMES[name]


@given(st.text(max_size=400))
def test_no_name_is_dangerous(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= 150
    assert not any(unicodedata.category(char)[0] == "C" or char in '/\\<>:"|?*%;' for char in safe)
    assert safe == safe.strip(". ")
    assert safe_name(safe) == safe


def test_long_names_keep_their_extension() -> None:
    safe = safe_name("a" * 300 + ".pdf")
    assert (len(safe), safe[-4:]) == (150, ".pdf")


@pytest.mark.parametrize("name", ["Größe\u202e.pdf", "a\r\nX-Evil: 1.pdf", "../../a.pdf", "x" * 300 + ".pdf", "NUL"])
def test_headers_of_hostile_names(cast: Cast, stan: Client, mill: Customer, name: str) -> None:
    shared = services.upload_file(customer=mill, file=pdf(), name=name, by=cast.stan, title="A", area="email", is_shared=True)
    response = stan.get(f"/customers/{mill.pk}/shared/files/versions/{shared.versions.get().pk}/")
    disposition = response["Content-Disposition"]
    assert disposition.startswith(("attachment; filename=", "attachment; filename*="))
    assert not set("\r\n\\/") & set(disposition)
    assert "X-Evil" not in response.headers
    assert "‮" not in disposition
    assert "%E2%80%AE" not in disposition.upper()


def test_downloads_are_attachments_that_browsers_do_not_run(kim: Client, mill: Customer) -> None:
    version = SharedFileFactory(customer=mill).versions.get()
    response = kim.get(f"/my/alder/files/versions/{version.pk}/", HTTP_RANGE="bytes=0-3", HTTP_ACCEPT_ENCODING="gzip")
    assert response.status_code == 200
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert {"private", "no-store"} <= set(response["Cache-Control"].replace(" ", "").split(","))
    assert response["Accept-Ranges"] == "none"
    assert response["Content-Length"] == str(len(CONTENT))
    assert response["Content-Type"] == "application/pdf"
    assert not response.has_header("Content-Encoding")
    assert body(response) == CONTENT


def archive(*names: str, method: int = zipfile.ZIP_STORED, **contents: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name in names:
            file.writestr(name, b"x")
        for name, content in contents.items():
            file.writestr(name, content)
    return stream.getvalue()


_OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = {
    "pdf": (b"%PDF-1.7\n", "application/pdf"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(20), "image/png"),
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image/jpeg"),
    "gif with a script": (b"GIF89a/*<script>alert(1)</script>", "image/gif"),
    "web page": (b"<!DOCTYPE html><script>alert(1)</script>", "text/html"),
    "web page after spaces": (b"\xef\xbb\xbf \n<ScRiPt>alert(1)</script>", "text/html"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "text/html"),
    "xml": (b"<?xml version='1.0'?><svg/>", "text/html"),
    "text": ("Grüße".encode(), "text/plain"),
    "program": (b"MZ\x90\x00\x03", "application/vnd.microsoft.portable-executable"),
    "zip": (archive("a.txt"), "application/zip"),
    "docx": (archive("[Content_Types].xml", "word/document.xml"), f"{_OFFICE}.wordprocessingml.document"),
    "xlsx": (archive("[Content_Types].xml", "xl/workbook.xml"), f"{_OFFICE}.spreadsheetml.sheet"),
    "odt": (archive(mimetype=b"application/vnd.oasis.opendocument.text"), "application/vnd.oasis.opendocument.text"),
    "odt that claims to be html": (archive(mimetype=b"text/x-evil"), "application/zip"),
    "broken zip": (b"PK\x03\x04 nothing", "application/octet-stream"),
    "zeros": (bytes(500), "application/octet-stream"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["upload", "version", "client's upload", "client's version"])
def test_uploads_are_examined_before_the_customer_is_locked(
    cast: Cast, mill: Customer, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    """The directory of a ZIP archive can take seconds to read."""
    ours, theirs = SharedFileFactory(customer=mill), SharedFileFactory(customer=mill, from_client=True, uploaded_by=cast.kim)
    space, fields = space_of(cast), {"title": "A", "area": "email"}
    file: Any = {"file": io.BytesIO(archive("a.txt")), "name": "a.zip"}
    examined = []

    def lock_elsewhere(_index: int) -> int:
        with transaction.atomic():
            return Customer.objects.select_for_update(nowait=True).get(pk=mill.pk).pk

    def observed(*args: Any, **kwargs: Any) -> Any:
        examined.extend(at_once(1, lock_elsewhere))
        return examine(*args, **kwargs)

    monkeypatch.setattr(services, "examine", observed)
    {
        "upload": lambda: services.upload_file(customer=mill, by=cast.stan, is_shared=True, **file, **fields),
        "version": lambda: services.upload_version(ours, by=cast.stan, **file),
        "client's upload": lambda: services.upload_by_client(space=space, **file, **fields),
        "client's version": lambda: services.upload_version_by_client(theirs, space=space, **file),
    }[action]()
    assert examined == [mill.pk]


@pytest.mark.parametrize("name", TYPES)
def test_type_is_detected_from_the_content(name: str) -> None:
    content, expected = TYPES[name]
    # The name says something else.
    assert examine(io.BytesIO(content), name="picture.jpg").content_type == expected


@pytest.mark.parametrize("name", ["web page", "svg", "xml", "text", "program", "zeros", "gif with a script"])
def test_no_download_has_a_type_that_browsers_run(cast: Cast, kim: Client, mill: Customer, name: str) -> None:
    shared = services.upload_file(
        customer=mill, file=io.BytesIO(TYPES[name][0]), name="picture.jpg", by=cast.stan, title="A", area="email", is_shared=True
    )
    response = kim.get(f"/my/alder/files/versions/{shared.versions.get().pk}/")
    assert response["Content-Type"] == ("image/gif" if name.startswith("gif") else "application/octet-stream")
    assert response["Content-Disposition"].startswith("attachment")


@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"%PDF", b"<html", b"RIFF"]))
def test_any_content_has_a_type(content: bytes, start: bytes) -> None:
    assert served_type(detect_type(io.BytesIO(start + content)))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_compression_has_a_type(method: int) -> None:
    content = archive(method=method, mimetype=b"application/vnd.oasis.opendocument.text")
    for position in range(30, len(content)):
        assert detect_type(io.BytesIO(content[:position] + b"\x7f" + content[position + 1 :]))


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_damaged_archives_have_a_type(position: int, damage: bytes) -> None:
    content = bytearray(archive("[Content_Types].xml", "word/document.xml"))
    content[position : position + len(damage)] = damage
    assert detect_type(io.BytesIO(bytes(content)))


# --- Memory ------------------------------------------------------------------------------------------------------------


def test_memory_does_not_depend_on_the_size_of_a_download(cast: Cast, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill)
    version = FileVersion.objects.create(
        file=shared, agency=cast.alder, number=2, name="a", content_type="x/y", size=10 * MB, sha256="0" * 64
    )
    for number in range(version.chunk_count):
        FileChunk.objects.create(version=version, number=number, data=bytes(CHUNK_SIZE))
    tracemalloc.start()
    try:
        read = sum(map(len, services.download_for_member(version, by=cast.stan).content))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read == 10 * MB
    assert peak < 3 * MB


def test_memory_does_not_depend_on_the_size_of_an_upload(cast: Cast, mill: Customer, tmp_path: Any) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(10 * MB))
    tracemalloc.start()
    try:
        with path.open("rb") as file:
            services.upload_file(customer=mill, file=file, name="a", by=cast.stan, title="A", area="email", is_shared=False)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * MB
