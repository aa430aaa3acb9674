"""A client's own data: the download that a worker writes, the change of address with two codes, and closed accounts."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from zeal import zeal_ignore

from customers.services.customers import erase_customer
from invitations.client_data import addresses, exports, runner
from invitations.client_data.closing import close_account
from invitations.client_data.models import AddressChange, DataExport, DataExportPart
from invitations.client_data.tasks import purge_data_exports, sweep_data_exports
from invitations.models import AccessInvitation, AccessRequest, ApprovalDecision, MessageOptOut
from invitations.services import access_requests, invitations
from invitations.tasks import end_access
from partnerportal.accounts.models import User
from partnerportal.accounts.personal_data import PERSONAL_DATA, PersonalData, PersonalFile
from partnerportal.accounts.services.accounts import UNUSABLE_PASSWORD, purge_unconfirmed
from partnerportal.agencies.models import Role
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.test_import_worker import nobody_writes, somebody_waits
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.credentials import CredentialFactory, CredentialRevealFactory
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.files import CONTENT, SharedFileFactory, TextApprovalFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory
from tests.factories.messages import MessageFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory
from tests.polling import eventually
from tests.workers import LEASE, Process

NEW = "kim@new.example"


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop the task after the commit, as if the process had been killed."""
    monkeypatch.setattr("invitations.client_data.exports.enqueue", lambda _pk: None)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def written(export: DataExport) -> DataExport:
    for _step in runner.write_steps(export.pk):
        pass
    export.refresh_from_db()
    return export


def downloaded(client: Client, export: DataExport) -> zipfile.ZipFile:
    response = client.post(f"/my/data/download/{export.pk}/")
    assert response["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))  # type: ignore[attr-defined]


# --- Download ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_worker")
def test_the_download_contains_the_persons_data_only(cast: Cast, kim: Client) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, city="Kiel", ends_on=date(2098, 4, 5), term="month")
    other = ConnectedFactory(customer=given.customer, city="Köln of another")
    MessageFactory(customer=given.customer, author=cast.kim, text="Written by Kim")
    MessageFactory(customer=given.customer, author=other.client, text="Written by another")
    MessageFactory(customer=given.customer, author=cast.stan, side="agency", text="Written by Stan")
    AccessRequestFactory(customer__agency=cast.birch, email=cast.kim.email, message="Please, Kim")
    AccessRequestFactory(customer__agency=cast.birch, message="Please, another")
    ContactRequestFactory(agency=cast.birch, email=cast.kim.email, message="Asked by Kim")
    ContactRequestFactory(agency=cast.birch, message="Asked by another")
    ReviewFactory(review_request__customer__agency=cast.alder, review_request__customer__email="KIM@client.example", text="Rated by Kim")
    ReviewFactory(review_request__customer__agency=cast.alder, text="Rated by another")
    for uploader, title in ((cast.kim, "Uploaded by Kim"), (other.client, "Uploaded by another")):
        SharedFileFactory(customer=given.customer, from_client=True, uploaded_by=uploader, title=title)
    SharedFileFactory(customer=given.customer, uploaded_by=cast.stan, title="Uploaded by another")
    for decider, comment in ((cast.kim, "Approved by Kim"), (other.client, "Approved by another")):
        approval = TextApprovalFactory(customer=given.customer)
        ApprovalDecision.objects.create(approval=approval, outcome="changes", comment=comment, sha256=approval.sha256, decided_by=decider)
    CredentialRevealFactory(credential=CredentialFactory(need__invitation=given, need__name="Registrar of Kim"), by=cast.stan)
    CredentialFactory(need__invitation=other, need__name="Registrar of another")
    response = kim.post("/my/data/download/")
    export = written(DataExport.objects.get())
    assert response["Location"] == f"/my/data/download/{export.pk}/"
    archive = downloaded(kim, export)
    assert archive.testzip() is None
    files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert {"account.json", "access.json", "access-requests.json", "messages.json", "reviews.json", "contact-requests.json"} <= set(files)
    for name, text in (
        ("account", "kim@client.example"),
        ("access", "Kiel"),
        ("access", "2098-04-05"),
        ("messages", "Written by Kim"),
        ("access-requests", "Please, Kim"),
        ("contact-requests", "Asked by Kim"),
        ("reviews", "Rated by Kim"),
        ("files", "Uploaded by Kim"),
        ("approvals", "Approved by Kim"),
        ("credentials", "Registrar of Kim"),
    ):
        assert len(json.loads(files[f"{name}.json"])) == 1, name
        assert text in files[f"{name}.json"]
    assert [text for name, text in files.items() if name.startswith("files/")] == [CONTENT.decode()]
    (revealed,) = json.loads(files.pop("credentials.json"))[0].pop("revealed")
    assert revealed["by"] == str(cast.stan)
    assert not re.search("another|Stan", "".join(files.values()))
    events = AuditEvent.objects.filter(action__startswith="account.").order_by("pk")
    assert list(events.values_list("action", flat=True)) == ["account.data_requested", "account.data_downloaded"]


@pytest.mark.usefixtures("no_worker")
def test_files_keep_their_content_and_lose_hostile_names(cast: Cast, kim: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["../../etc/passwd", "C:\\x.pdf", "rechnung\u202efdp.exe", "a" * 300 + ".pdf", "..", "Rechnung März.pdf"]
    data = [bytes([n]) * (3 * 1024 * 1024 + n) for n in range(len(names))]

    def next_file(user: User, after: int) -> PersonalFile | None:
        return PersonalFile(after + 1, names[after], [data[after]]) if after < len(names) else None

    monkeypatch.setattr("invitations.client_data.runner.PERSONAL_DATA", [PersonalData("files", lambda user: [], next_file)])
    export = written(exports.start_export(cast.kim))
    archive = downloaded(kim, export)
    stored = [name for name in archive.namelist() if name != "files.json"]
    assert [archive.read(name) for name in stored] == data
    for name in stored:
        assert re.fullmatch(r"files/\d+-[^/\\:\u202e]{1,100}", name), name
        assert not name.partition("-")[2].startswith(".")
    assert stored[-1] == "files/6-Rechnung März.pdf"


@pytest.mark.usefixtures("no_worker")
def test_only_the_person_can_open_the_download(cast: Cast, kim: Client) -> None:
    export = written(exports.start_export(cast.kim))
    for user in (UserFactory(), cast.alice, cast.ada):
        other = signed_in(user)
        assert other.get(f"/my/data/download/{export.pk}/").status_code == 404
        assert other.post(f"/my/data/download/{export.pk}/").status_code == 404
        assert other.post(f"/my/data/download/{export.pk}/remove/").status_code == 404
    assert kim.post(f"/my/data/download/{export.pk}/remove/").status_code == 302
    assert not DataExport.objects.exists()
    assert not DataExportPart.objects.exists()


@pytest.mark.usefixtures("no_worker")
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", ["download/", "download/%d/", "address/", "address/confirm/", "close/"])
def test_an_old_session_signs_in_again_with_a_code(cast: Cast, kim: Client, page: str, method: str) -> None:
    export = written(exports.start_export(cast.kim))
    User.objects.filter(pk=cast.kim.pk).update(password=UNUSABLE_PASSWORD)
    kim.force_login(User.objects.get(pk=cast.kim.pk))
    session = kim.session
    session["signed_in_at"] = 0
    session.save()
    response = getattr(kim, method)(f"/my/data/{page.replace('%d', str(export.pk))}")
    assert response["Location"].startswith("/accounts/login/code/")
    assert "_auth_user_id" not in kim.session


@pytest.mark.usefixtures("no_worker")
def test_downloads_are_deleted_after_a_day_and_by_an_erasure(cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    export = written(exports.start_export(cast.kim))
    assert purge_data_exports() == 0
    DataExport.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert purge_data_exports() == 1
    export = written(exports.start_export(cast.kim))
    erase_customer(given.customer, by=cast.alice)
    assert not DataExport.objects.filter(pk=export.pk).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_worker")
def test_a_double_click_starts_one_download(cast: Cast) -> None:
    user = cast.kim
    results = at_once(3, lambda _n: exports.start_export(user))
    assert len({export.pk for export in results if isinstance(export, DataExport)}) == 1
    assert DataExport.objects.count() == 1


def test_a_killed_worker_neither_loses_nor_doubles_anything(
    celery_worker: Process, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMPORT_LEASE = LEASE
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    MessageFactory.create_batch(20, customer=given.customer, author=cast.kim)
    enqueue = exports.enqueue
    monkeypatch.setattr("invitations.client_data.exports.enqueue", lambda _pk: None)
    export = exports.start_export(cast.kim)
    with nobody_writes("invitations_dataexportpart"):
        enqueue(export.pk)
        eventually(lambda: somebody_waits("invitations_dataexportpart"), "the worker writes", seconds=30, otherwise=celery_worker.logged)
        celery_worker.kill()
    assert not DataExportPart.objects.exists()
    celery_worker.start()
    monkeypatch.setattr("invitations.client_data.exports.enqueue", enqueue)

    def is_ready() -> bool:
        sweep_data_exports()
        export.refresh_from_db()
        return export.status == "ready"

    eventually(is_ready, "the download is ready", seconds=60, otherwise=celery_worker.logged)
    archive = downloaded(signed_in(cast.kim), export)
    assert sorted(archive.namelist()) == sorted(f"{section.name}.json" for section in PERSONAL_DATA)
    assert len(json.loads(archive.read("messages.json"))) == 20
    assert export.progress == export.progress_total == len(PERSONAL_DATA)


# --- Change of address -------------------------------------------------------------------------------------------------


def codes(new: str = NEW) -> tuple[str, str]:
    """Return the codes that were sent last to the old and the new address."""
    found = []
    for kind in ("address_change_old", "address_change_new"):
        mail = OutgoingMail.objects.filter(kind=kind).latest("pk")
        found.append(re.search(r"^\s*(\d{6})\s*$", mail.text, re.MULTILINE)[1])  # type: ignore[index]
    return found[0], found[1]


def test_a_client_known_only_by_the_address_is_called_by_the_new_one(cast: Cast, kim: Client) -> None:
    unnamed = [ConnectedFactory(customer__agency=agency, client=cast.kim, name=cast.kim.email) for agency in (cast.alder, cast.birch)]
    kim.post(f"/my/{unnamed[1].pk}/revoke/")
    named = ConnectedFactory(customer__agency=cast.birch, client=cast.kim, name="Kim Kowalski")
    kim.post("/my/data/address/", {"email": NEW})
    old_code, new_code = codes()
    kim.post("/my/data/address/confirm/", {"old_code": old_code, "new_code": new_code})
    for invitation in (*unnamed, named):
        invitation.refresh_from_db()
    assert [invitation.name for invitation in (*unnamed, named)] == [NEW, NEW, "Kim Kowalski"]
    assert [unnamed[0].stated_name, named.stated_name] == ["", "Kim Kowalski"]


@zeal_ignore()  # allauth queries the user repeatedly while signing in.
def test_both_codes_change_the_address(cast: Cast, kim: Client) -> None:
    elsewhere = Client()
    elsewhere.post("/accounts/login/", {"login": cast.kim.email, "password": PASSWORD})
    assert elsewhere.get("/my/").status_code == 200
    assert kim.post("/my/data/address/", {"email": NEW.upper()})["Location"] == "/my/data/address/confirm/"
    assert [(mail.kind, mail.to_email, mail.agency) for mail in OutgoingMail.objects.order_by("pk")] == [
        ("address_change_old", "kim@client.example", None),
        ("address_change_new", NEW, None),
    ]
    old_code, new_code = codes()
    assert old_code not in repr(list(AddressChange.objects.values()))
    for wrong in ({"old_code": old_code, "new_code": "000000"}, {"old_code": "000000", "new_code": new_code}):
        assert "At least one code is wrong" in kim.post("/my/data/address/confirm/", wrong).content.decode()
    page = kim.post("/my/data/address/confirm/", {"old_code": f" {old_code}", "new_code": new_code}, follow=True)
    assert NEW in page.content.decode()
    user = User.objects.get(pk=cast.kim.pk)
    assert user.email == NEW
    assert list(EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary")) == [(NEW, True, True)]
    assert OutgoingMail.objects.filter(kind="address_changed", to_email="kim@client.example").count() == 1
    # Other sessions have ended.
    assert elsewhere.get("/my/")["Location"].startswith("/accounts/login/code/")
    assert AuditEvent.objects.filter(action="account.address_changed", object_id=user.pk, agency=None).count() == 1
    assert "@" not in repr(list(AuditEvent.objects.values_list("data", "object_label")))


def test_five_wrong_attempts_end_the_change(cast: Cast, kim: Client) -> None:
    kim.post("/my/data/address/", {"email": NEW})
    old_code, new_code = codes()
    for _ in range(5):
        kim.post("/my/data/address/confirm/", {"old_code": old_code, "new_code": "x"})
    kim.post("/my/data/address/confirm/", {"old_code": old_code, "new_code": new_code})
    cast.kim.refresh_from_db()
    assert cast.kim.email == "kim@client.example"


@pytest.mark.django_db(transaction=True)
def test_attempts_in_the_same_moment_are_all_counted(cast: Cast) -> None:
    user = cast.kim
    addresses.start_change(user, email=NEW)
    old_code, _new = codes()
    results = at_once(8, lambda n: addresses.confirm_change(user, old_code=old_code, new_code=f"x{n}"))
    assert sum(isinstance(result, addresses.WrongCode) for result in results) == 5
    assert sum(isinstance(result, ValidationError) for result in results) == 3


def test_addresses_whose_codes_have_expired_are_deleted(cast: Cast, kim: Client) -> None:
    kim.post("/my/data/address/", {"email": NEW})
    purge_data_exports()
    assert AddressChange.objects.get().email == NEW
    AddressChange.objects.update(created_at=timezone.now() - timedelta(minutes=31))
    purge_data_exports()
    assert not AddressChange.objects.exists()
    # The page begins again.
    assert kim.get("/my/data/address/confirm/", follow=True).status_code == 200


def test_codes_expire(cast: Cast, kim: Client) -> None:
    kim.post("/my/data/address/", {"email": NEW})
    old_code, new_code = codes()
    AddressChange.objects.update(created_at=timezone.now() - timedelta(minutes=31))
    with pytest.raises(ValidationError):
        addresses.confirm_change(cast.kim, old_code=old_code, new_code=new_code)
    assert kim.get("/my/data/address/confirm/")["Location"] == "/my/data/address/"


def test_a_used_address_is_not_revealed(cast: Cast, kim: Client) -> None:
    taken, free = (kim.post("/my/data/address/", {"email": email}) for email in (cast.charlie.email, NEW))
    assert taken["Location"] == free["Location"]
    mail = OutgoingMail.objects.get(to_email=cast.charlie.email)
    assert mail.kind == "address_change_refused"
    assert not re.search(r"\d{6}", mail.text)


def test_an_address_that_is_taken_in_the_meantime(cast: Cast) -> None:
    addresses.start_change(cast.kim, email=NEW)
    old_code, new_code = codes()
    UserFactory(email=NEW)
    with pytest.raises(ValidationError):
        addresses.confirm_change(cast.kim, old_code=old_code, new_code=new_code)


def test_who_joined_a_team_in_the_meantime_keeps_the_address(cast: Cast, kim: Client) -> None:
    addresses.start_change(cast.kim, email=NEW)
    old_code, new_code = codes()
    cast.birch.memberships.create(user=cast.kim, role=Role.STAFF)
    assert kim.get("/my/data/address/confirm/")["Location"] == "/accounts/email/"
    with pytest.raises(ValidationError, match="no longer valid"):
        addresses.confirm_change(cast.kim, old_code=old_code, new_code=new_code)
    assert User.objects.get(pk=cast.kim.pk).email == "kim@client.example"


def test_an_address_of_the_agencys_team_is_refused(cast: Cast, kim: Client) -> None:
    ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    response = kim.post("/my/data/address/", {"email": "stan+kim@alder.example"})
    assert "works for Alder Web" in response.content.decode()
    assert not OutgoingMail.objects.exists()


def test_open_requests_move_with_the_address(cast: Cast, kim: Client) -> None:
    moving = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    double = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    AccessRequestFactory(customer=double.customer, email=NEW)
    answered = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    access_requests.decline_request(answered)
    assert "Alder Web" in kim.get("/my/data/address/").content.decode()
    addresses.start_change(cast.kim, email=NEW)
    old_code, new_code = codes()
    addresses.confirm_change(cast.kim, old_code=old_code, new_code=new_code)
    for row in (moving, double, answered):
        row.refresh_from_db()
    assert (moving.email, moving.status) == (NEW, "pending")
    assert (double.email, double.status) == ("kim@client.example", "declined")
    assert (answered.email, answered.status) == ("kim@client.example", "declined")
    assert AuditEvent.objects.filter(action="access_request.moved", object_id=moving.pk).count() == 1


def test_staff_keep_the_change_with_a_link(cast: Cast, stan: Client, kim: Client) -> None:
    assert stan.get("/my/data/address/")["Location"] == "/accounts/email/"
    assert stan.get("/accounts/email/").status_code == 200
    assert kim.get("/accounts/email/")["Location"] == "/my/data/address/"
    assert kim.post("/accounts/email/", {"email": NEW, "action_add": ""})["Location"] == "/my/data/address/"


# --- Closing -----------------------------------------------------------------------------------------------------------


@zeal_ignore()  # Each access is ended by the service that clients also use for a single one.
def test_closing_ends_everything_and_empties_the_account(cast: Cast, kim: Client) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    pending = InvitationFactory(agency=cast.birch, client=cast.kim)
    asked = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    review = ReviewFactory(review_request__customer=given.customer, text="Stays")
    message = MessageFactory(customer=given.customer, author=cast.kim)
    MessageOptOut.objects.create(user=cast.kim)
    elsewhere = signed_in(cast.kim)
    assert "Alder Web" in kim.get("/my/data/close/").content.decode()
    assert "undone" in kim.post("/my/data/close/", {}).content.decode()
    assert not User.objects.get(pk=cast.kim.pk).is_closed
    assert kim.post("/my/data/close/", {"confirmed": "on"}).status_code == 302
    for row in (given, pending, asked, review, message):
        row.refresh_from_db()
    assert (given.status, pending.status, asked.status) == ("revoked", "withdrawn", "declined")
    assert sorted(OutgoingMail.objects.values_list("kind", flat=True)) == [
        "access_request_declined",
        "access_revoked",
        "access_withdrawn",
        "account_closed",
    ]
    assert review.text == "Stays"
    assert (message.author, message.author_label) == (None, "Former client")
    user = User.objects.get(pk=cast.kim.pk)
    assert (user.email, user.full_name, user.is_active, user.last_login) == (f"closed-{user.pk}@closed.invalid", "", False, None)
    assert not user.has_usable_password()
    assert not EmailAddress.objects.filter(user=user).exists()
    assert not MessageOptOut.objects.exists()
    for client in (kim, elsewhere):
        assert client.get("/my/")["Location"].startswith("/accounts/login/code/")
    User.objects.filter(pk=user.pk).update(date_joined=timezone.now() - timedelta(days=9))
    assert purge_unconfirmed() == 0


@zeal_ignore()  # The same.
def test_closing_ends_access_past_its_last_day_whose_project_is_open_again(cast: Cast) -> None:
    project = ProjectFactory(customer__agency=cast.alder, status="active")
    past = timezone.localdate() - timedelta(days=2)
    given = ConnectedFactory(customer=project.customer, client=cast.kim, term="project", project=project, ends_on=past)
    close_account(cast.kim)
    end_access()
    given.refresh_from_db()
    assert given.status == "disconnected"
    assert not OutgoingMail.objects.filter(kind="access_continues").exists()


def test_the_address_of_a_closed_account_can_begin_anew(cast: Cast, kim: Client) -> None:
    kim.post("/my/data/close/", {"confirmed": "on"})
    visitor = Client()
    visitor.post("/accounts/login/code/?next=/my/", {"email": "kim@client.example", "next": "/my/"})
    assert User.objects.filter(email="kim@client.example").exclude(pk=cast.kim.pk).count() == 1


@pytest.mark.parametrize("person", ["stan", "ada"])
def test_staff_and_administrators_are_refused(cast: Cast, person: str) -> None:
    user = getattr(cast, person)
    client = signed_in(user)
    page = client.post("/my/data/close/", {"confirmed": "on"}).content.decode()
    assert ("Leave the team first" if person == "stan" else "Another administrator") in page
    with pytest.raises(ValidationError):
        close_account(user)
    user.refresh_from_db()
    assert user.is_active


@pytest.mark.django_db(transaction=True)
def test_closing_while_access_is_connected_or_given(cast: Cast) -> None:
    for number in range(4):
        user = UserFactory(full_name=f"Client {number}")
        invitation = InvitationFactory(agency=cast.alder, client=user)
        customer = CustomerFactory(agency=cast.alder)
        access_request = AccessRequestFactory(customer__agency=cast.birch, email=user.email)
        actions: list[Callable[[], Any]] = [
            lambda user=user: close_account(user),
            lambda invitation=invitation, customer=customer: invitations.connect_customer(invitation, customer=customer, by=cast.stan),
            lambda user=user, asked=access_request: access_requests.grant_request(asked, client=user, scope="full", areas=[]),
            lambda user=user: invitations.give_access(agency=cast.birch, client=user, scope="full", areas=[], name="Late"),
        ]
        closed, *_others = at_once(4, lambda n, actions=actions: actions[n]())
        assert closed is None
        user.refresh_from_db()
        assert user.is_closed
        assert not AccessInvitation.objects.filter(client=user, status__in=["pending", "connected"]).exists()
        assert not AccessRequest.objects.filter(email=f"person{number}", status="pending").exists()


def test_the_database_keeps_closed_accounts_empty(cast: Cast) -> None:
    user = cast.kim
    close_account(user)
    for values in ({"full_name": "Kim"}, {"is_active": True}, {"is_staff": True}):
        with pytest.raises(IntegrityError, match="user_closed_is_empty"), transaction.atomic():
            User.objects.filter(pk=user.pk).update(**values)
    with pytest.raises(DatabaseError, match="closed account"), transaction.atomic():
        InvitationFactory(agency=cast.alder, client=user)


def test_messages_opt_out(cast: Cast, kim: Client) -> None:
    assert "Turn off e-mails" in kim.get("/my/data/").content.decode()
    kim.post("/my/data/message-mails/", {"wanted": "0"})
    assert MessageOptOut.objects.filter(user=cast.kim).exists()
    assert "Turn on e-mails" in kim.get("/my/data/").content.decode()
    kim.post("/my/data/message-mails/", {"wanted": "1"})
    assert not MessageOptOut.objects.exists()
