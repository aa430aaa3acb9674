"""What the portal stores about an e-mail address in all agencies: report, export and erasure by administrators."""

import io
import json
import zipfile
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.test import Client
from zeal import zeal_ignore

from customers.deadlines.models import DeadlineOptOut
from customers.models import Contact, Customer
from invitations.models import AccessInvitation, Message
from partnerportal.accounts.address_data import ADDRESS_DATA, Effect, Person, find_person
from partnerportal.accounts.models import User
from partnerportal.accounts.services.accounts import create_account
from partnerportal.agencies.models import Membership, Role
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.desk.address_data import runner, services
from partnerportal.desk.address_data.models import AddressErasure
from partnerportal.desk.address_data.tasks import sweep_address_erasures
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models import ContactRequest
from reviews.models import Review, ReviewOptOut
from reviews.services.reviews import withdraw_review
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.test_erase import dump
from tests.factories.accounts import UserFactory
from tests.factories.agencies import MembershipFactory
from tests.factories.customers import CustomerFactory
from tests.factories.people import EMAIL, KEPT_WORDS, LAST, NAME, stored_everywhere
from tests.polling import eventually
from tests.workers import LEASE, Process

PAGES = "/admin/desk/addresserasure/"
#: The address, the name and words of the person or about them, in lower case.
WORDS = {
    "quin.zwetschge", "quintana", "zwetschge", "quitten", "plums", "damson", "sloe", "schlehe", "obstheim", "7788", "192.0.2.77", "quince",
}  # fmt: skip
#: Tables with what stays although it contains the address, with the reason in the report.
EXCEPTIONS = {"requests_inbox_savedreply"}


@pytest.fixture
def ada(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ada)
    return client


@pytest.fixture
def quin(cast: Cast) -> User:
    return stored_everywhere(cast)


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop the task after the commit, as if the process had been killed."""
    monkeypatch.setattr("partnerportal.desk.address_data.services.enqueue", lambda _pk: None)


def search(client: Client, email: str = EMAIL) -> Any:
    response = client.post(f"{PAGES}search/", {"email": email})
    assert response.status_code == 302
    assert "@" not in response["Location"]
    with zeal_ignore():
        return client.get(response["Location"])


def found(response: Any) -> dict[str, dict[str, int]]:
    """Return the numbers on a page by agency and kind."""
    return {group.name: {one.section.name: one.count for one in group.found} for group in response.context["groups"]}


def erase(client: Client, email: str = EMAIL, typed: str | None = None) -> Any:
    return client.post(search(client, email).context["erase_url"], {"email": email if typed is None else typed})


def run(erasure: AddressErasure) -> AddressErasure:
    with zeal_ignore():
        for _step in runner.erase_steps(erasure.pk):
            pass
    erasure.refresh_from_db()
    return erasure


def traces() -> dict[str, list[str]]:
    """Return the tables that contain a word of the person, outside of the exceptions."""
    rows = [line for line in dump().lower().splitlines() if line.split(":")[0] not in EXCEPTIONS]
    return {word: sorted({line.split(":")[0] for line in rows if word in line}) for word in WORDS if any(word in line for line in rows)}


# --- Report ------------------------------------------------------------------------------------------------------------


def test_the_report_finds_everything_in_all_agencies(ada: Client, quin: User) -> None:
    pages = [found(search(ada, spelling)) for spelling in (EMAIL, EMAIL.upper(), f"{NAME} <{EMAIL}>")]
    assert pages[0] == pages[1] == pages[2]
    kinds = {kind for numbers in pages[0].values() for kind in numbers}
    assert kinds == {section.name for section in ADDRESS_DATA}
    assert list(pages[0]) == ["The portal itself", "Alder Web", "Birch Digital", "Cedar", "Dogwood"]
    assert pages[0]["Alder Web"]["customers"] == 1
    assert pages[0]["Alder Web"]["contacts"] == 2
    assert pages[0]["Alder Web"]["requests"] == 2
    assert pages[0]["Alder Web"]["request-messages"] == 3
    assert pages[0]["Cedar"]["reviews"] == 1


def test_nothing_is_found_about_other_addresses(ada: Client, quin: User) -> None:
    for email in ("zwetschge@quitten.example", "in.zwetschge@quitten.example", "nobody@nowhere.example"):
        response = search(ada, email)
        assert found(response) == {}
        assert "Nothing is stored about this address." in response.content.decode()


def test_links_lead_to_the_objects(ada: Client, quin: User) -> None:
    with zeal_ignore():
        page = search(ada).content.decode()
        assert f'href="/admin/accounts/user/{quin.pk}/change/"' in page
        links = {one.url for group in search(ada).context["groups"] for one in group.found if one.url}
        for link in links:
            assert ada.get(link).status_code == 200, link


@pytest.mark.parametrize("email", ["", "no address", "a@b.example, c@d.example", "\x00"])
def test_a_wrong_address_is_an_error(ada: Client, email: str) -> None:
    response = ada.post(f"{PAGES}search/", {"email": email})
    assert response.status_code == 200
    assert response.context["form"].errors


@pytest.mark.parametrize("page", ["search/?person=forged", "erase/", "erase/?person=", "export/?person=ä"])
def test_a_forged_parameter_is_not_found(ada: Client, page: str) -> None:
    assert ada.post(f"{PAGES}{page}").status_code in {200, 404}
    assert ada.get(f"{PAGES}{page}").status_code in {302, 404}


def test_only_administrators_with_all_permissions_can_search(cast: Cast, alice: Client) -> None:
    helper, kim = Client(), Client()
    kim.force_login(cast.kim)
    helper.force_login(UserFactory(is_staff=True))
    for client in (kim, alice, helper, Client()):
        for page in ("", "search/", "export/", "erase/"):
            assert client.get(f"{PAGES}{page}").status_code in {302, 403}
            assert client.post(f"{PAGES}{page}", {"email": EMAIL}).status_code in {302, 403}
    assert helper.get(f"{PAGES}search/").status_code == 403
    assert "Search for an e-mail address" not in helper.get("/admin/").content.decode()


def test_the_pages_need_a_recent_authentication(ada: Client, quin: User, settings: Any) -> None:
    page = search(ada)
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    for url in (f"{PAGES}search/", page.context["erase_url"]):
        assert ada.get(url)["Location"].startswith("/accounts/reauthenticate/")
    for url in (page.context["erase_url"], page.context["export_url"]):
        assert ada.post(url, {"email": EMAIL})["Location"].startswith("/accounts/reauthenticate/")
    assert not AddressErasure.objects.exists()


def test_the_start_page_links_the_search(ada: Client) -> None:
    assert f'href="{PAGES}search/"' in ada.get("/admin/").content.decode()


# --- Export ------------------------------------------------------------------------------------------------------------


def exported(client: Client, email: str = EMAIL) -> tuple[dict[str, Any], zipfile.ZipFile]:
    response = client.post(search(client, email).context["export_url"])
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    return json.loads(archive.read("data.json")), archive


def test_the_export_contains_everything_without_secrets(ada: Client, quin: User) -> None:
    data, archive = exported(ada)
    assert data["addresses"] == [EMAIL]
    assert list(data["data"]) == [section.name for section in ADDRESS_DATA]
    assert {name for name, rows in data["data"].items() if not rows} == set()
    text = archive.read("data.json").decode()
    for word in ("Damson question?", "Plums.", "I need a sloe gin shop.", "Hagebutte is well built.", "+49 3581 7788", "Cedar"):
        assert word in text
    # Secrets, and what is about others.
    for word in ("Pa55 word", "kim-hosting", quin.password, "sealed", "token", "Our answer.", "charlie@", "stan@", "Olga"):
        assert word not in text
    files = [name for name in archive.namelist() if name.startswith("files/")]
    assert len(files) == 2
    assert archive.read(files[0]).startswith(b"%PDF")


def test_an_export_is_recorded_without_the_address(ada: Client, quin: User, cast: Cast) -> None:
    exported(ada)
    event = AuditEvent.objects.get(action="address_data.exported")
    assert (event.actor_id, event.object_label, event.data) == (cast.ada.pk, "", {})


# --- Erasure -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_worker")
def test_an_erasure_leaves_no_trace(ada: Client, quin: User, cast: Cast) -> None:
    assert set(traces()) == WORDS
    assert erase(ada).status_code == 302
    erasure = run(AddressErasure.objects.get())
    assert erasure.status == "done"
    assert traces() == {}
    assert all(word in dump().lower() for word in KEPT_WORDS)
    # Also not in encrypted e-mails.
    for mail in OutgoingMail.objects.all():
        assert LAST not in f"{mail.subject} {mail.text} {mail.html}", mail.kind
    kept = found(search(ada))
    assert kept == {"Birch Digital": {"saved-replies": 1, "review-opt-outs": 1, "deadline-opt-outs": 1}}
    named = {(figure["kind"]) for figure in erasure.figures if figure["effect"] == Effect.KEPT}
    assert {kind for numbers in kept.values() for kind in numbers} | {"approvals"} == named


@pytest.mark.usefixtures("no_worker")
def test_what_stays_is_anonymous(ada: Client, quin: User, cast: Cast) -> None:
    companies = {"Mill Ltd": "", "Shop Ltd": "Olga Orlow"}
    erase(ada)
    run(AddressErasure.objects.get())
    for company, contact in companies.items():
        customer = Customer.objects.get(company=company)
        assert (customer.status, customer.person_name) == ("active", contact)
    assert Customer.objects.filter(status="erased").count() == 1
    assert not Contact.with_removed.filter(last_name=LAST).exists()
    review = Review.objects.get()
    assert (review.author_label, review.text) == ("Former customer", "Hagebutte is well built.")
    quin.refresh_from_db()
    assert quin.is_closed
    assert not Membership.objects.filter(user=quin).exists()
    assert not AccessInvitation.objects.filter(client=quin, status__in=["pending", "connected"]).exists()
    assert set(Message.objects.values_list("text", flat=True)) == {"", "Our answer.", "From the team."}
    assert ContactRequest.objects.get().is_erased
    notices = OutgoingMail.objects.filter(kind__in=["access_force_ended", "access_withdrawn"])
    assert {mail.agency.name for mail in notices} == {"Birch Digital", "Cedar"}


@pytest.mark.usefixtures("no_worker")
def test_opt_outs_survive_the_erasure_of_the_customer(ada: Client, quin: User, cast: Cast) -> None:
    before = [list(model.objects.values()) for model in (ReviewOptOut, DeadlineOptOut)]
    erase(ada)
    run(AddressErasure.objects.get())
    assert [list(model.objects.values()) for model in (ReviewOptOut, DeadlineOptOut)] == before
    assert cast.birch.review_opt_outs.for_email(EMAIL).exists()


@pytest.mark.usefixtures("no_worker")
def test_other_people_keep_their_data(ada: Client, quin: User, cast: Cast) -> None:
    other = CustomerFactory(agency=cast.alder, kind="person", company="", first_name="Ute", last_name=LAST, email="ute@quitten.example")
    namesake = UserFactory(full_name=NAME)
    MembershipFactory(agency=cast.birch, user=namesake)
    event = AuditEvent.objects.filter(agency=cast.birch).count()
    erase(ada)
    run(AddressErasure.objects.get())
    other.refresh_from_db()
    assert other.last_name == LAST
    namesake.refresh_from_db()
    assert namesake.full_name == NAME
    assert AuditEvent.objects.filter(agency=cast.birch).count() >= event


@pytest.mark.usefixtures("no_worker")
def test_a_second_erasure_finds_only_what_is_kept(ada: Client, quin: User) -> None:
    erase(ada)
    first = run(AddressErasure.objects.get())
    assert runner._erase_step(first.pk) is False
    erase(ada)
    second = run(AddressErasure.objects.exclude(pk=first.pk).get())
    assert {figure["effect"] for figure in second.figures} == {Effect.KEPT}
    assert [erasure.pk for erasure in search(ada).context["erasures"]] == [second.pk, first.pk]


def test_texts_of_agencies_that_equal_a_name_do_not_stop_an_erasure(cast: Cast) -> None:
    """Such as a tag with the name of the member who looks after these customers, or a member whose name is a role."""
    anna = MembershipFactory(agency=cast.alder, role=Role.STAFF, user=UserFactory(email="anna@alder.example", full_name="Staff")).user
    record("tag.merged", cast.alder, by=cast.alice, label="", into="Staff", count=2)
    record("team.role_changed", cast.alder, by=cast.alice, label="Stan Stein", role="staff")
    record("profile.updated", cast.alder, by=cast.alice, label="", changes={"contact_name": ["Staff", "Stan Stein"]})
    erasure = run(services.start_erasure(anna.email, by=cast.ada))
    assert erasure.status == "done"
    assert AuditEvent.objects.get(action="tag.merged").data["into"] == "Staff"
    assert AuditEvent.objects.get(action="profile.updated").data == {"changes": {"contact_name": ["", "Stan Stein"]}}


def test_an_account_that_someone_creates_during_the_erasure_keeps_its_address(cast: Cast, no_worker: None) -> None:
    CustomerFactory(agency=cast.alder, email=EMAIL)
    erasure = services.start_erasure(EMAIL, by=cast.ada)
    account = create_account(email=EMAIL, full_name="Quin", password="a long password", language="en")
    assert run(erasure).status == "done"
    assert EmailAddress.objects.get(user=account).email == EMAIL


@pytest.mark.parametrize("typed", ["", "quin@quitten.example", "yes", NAME])
def test_the_address_must_be_typed(ada: Client, quin: User, typed: str) -> None:
    response = erase(ada, typed=typed)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not AddressErasure.objects.exists()


def test_the_page_lists_what_is_erased_and_kept_with_reasons(ada: Client, quin: User) -> None:
    with zeal_ignore():
        page = ada.get(search(ada).context["erase_url"]).content.decode()
    for section in ADDRESS_DATA:
        assert str(section.label) in page
    assert "They are texts of the agency." in page
    assert "Erase permanently" in page


def test_the_last_owner_is_not_erased(ada: Client, cast: Cast) -> None:
    page = search(ada, cast.alice.email)
    assert "last owner of Alder Web. Make someone else an owner first." in page.content.decode()
    assert f'/admin/agencies/agency/{cast.alder.pk}/change/"' in page.content.decode()
    assert erase(ada, cast.alice.email).status_code == 200
    assert not AddressErasure.objects.exists()
    Membership.objects.filter(user=cast.max).update(role=Role.OWNER)
    assert erase(ada, cast.alice.email).status_code == 302


def test_administrators_are_not_erased(ada: Client, cast: Cast) -> None:
    assert erase(ada, cast.ada.email).status_code == 200
    with pytest.raises(ValidationError, match="administers the portal"):
        services.start_erasure(cast.ada.email, by=cast.ada)
    assert not AddressErasure.objects.exists()


@pytest.mark.usefixtures("no_worker")
def test_an_erasure_stops_if_the_other_owner_has_left_and_can_continue(ada: Client, cast: Cast) -> None:
    owner = MembershipFactory(agency=cast.alder, role=Role.OWNER, user=UserFactory(email=EMAIL, full_name=NAME))
    erase(ada)
    erasure = AddressErasure.objects.get()
    cast.alder.memberships.filter(user=cast.alice).update(role=Role.STAFF)
    assert run(erasure).status == "stopped"
    assert "last owner" in ada.get(f"{PAGES}{erasure.pk}/change/").content.decode()
    assert Membership.objects.filter(pk=owner.pk).exists()
    cast.alder.memberships.filter(user=cast.alice).update(role=Role.OWNER)
    assert ada.post(f"{PAGES}{erasure.pk}/continue/").status_code == 302
    erasure.refresh_from_db()
    assert run(erasure).status == "done"
    assert traces() == {}


# --- Report of an erasure ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_worker")
def test_the_report_contains_numbers_and_no_address(ada: Client, quin: User, cast: Cast) -> None:
    erase(ada)
    erasure = AddressErasure.objects.get()
    # Encrypted while it runs.
    assert EMAIL not in str(AddressErasure.objects.values().get())
    expected = found(search(ada))
    run(erasure)
    page = ada.get(f"{PAGES}{erasure.pk}/change/").content.decode()
    response = ada.get(f"{PAGES}{erasure.pk}/report.csv")
    rows = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert response["Content-Disposition"] == f'attachment; filename="E-{erasure.pk}.csv"'
    assert rows[0] == "Erasure report,Status,Started,Finished,Administrator,Agency,Kind,Result,Count,Note"
    assert any(",Ada Admin,Cedar,Reviews,Made anonymous,1," in row for row in rows)
    for text in (page, "\n".join(rows)):
        assert EMAIL not in text
        assert LAST not in text
    assert "Cedar" in page
    erased = {(figure["kind"], figure["agency"]): figure["count"] for figure in erasure.figures}
    for agency, kind in ((cast.alder, "contacts"), (cast.birch, "customers"), (cast.alder, "requests"), (cast.birch, "access")):
        assert erased[kind, agency.pk] == expected[agency.name][kind]
    assert erasure.sealed_person is None
    event = AuditEvent.objects.get(action="address_data.erased")
    assert (event.object_label, event.agency_id, event.actor_id) == (f"E-{erasure.pk}", None, cast.ada.pk)


def test_reports_of_a_missing_erasure_are_not_found(ada: Client, cast: Cast) -> None:
    for page in ("1/report.csv", "1/change/"):
        assert ada.get(f"{PAGES}{page}").status_code == 404
    assert ada.post(f"{PAGES}1/continue/").status_code == 404
    assert ada.get(f"{PAGES}1/continue/").status_code == 405


# --- Workers -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_worker")
@pytest.mark.django_db(transaction=True)
def test_concurrent_submissions_start_one_erasure(cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, email=EMAIL)
    results = at_once(3, lambda _n: services.start_erasure(EMAIL, by=cast.ada).pk)
    assert len(set(results)) == 1
    assert AddressErasure.objects.count() == 1


@pytest.mark.usefixtures("no_worker")
@pytest.mark.django_db(transaction=True)
def test_two_administrators_start_one_erasure(cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, email=EMAIL)
    other = UserFactory(is_staff=True, is_superuser=True)
    results = at_once(4, lambda number: services.start_erasure(EMAIL, by=[cast.ada, other][number % 2]).pk)
    assert len(set(results)) == 1
    assert AddressErasure.objects.count() == 1


@pytest.mark.usefixtures("no_worker")
@pytest.mark.django_db(transaction=True)
def test_concurrent_workers_erase_each_row_once(cast: Cast) -> None:
    for _ in range(6):
        CustomerFactory(agency=cast.alder, email=EMAIL, kind="person", company="")
    erasure = services.start_erasure(EMAIL, by=cast.ada)
    at_once(3, lambda _n: list(runner.erase_steps(erasure.pk)))
    erasure = run(erasure)
    assert [figure["count"] for figure in erasure.figures if figure["kind"] == "customers"] == [6]
    assert AuditEvent.objects.filter(action="customer.erased").count() == 6


@pytest.mark.usefixtures("no_worker")
@pytest.mark.django_db(transaction=True)
def test_a_second_worker_leaves_a_step_of_the_first_alone(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email=EMAIL, kind="person", company="")
    erasure = services.start_erasure(EMAIL, by=cast.ada)

    def second_worker(_number: int) -> list[None]:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '3s'")
        return list(runner.erase_steps(erasure.pk))

    with transaction.atomic():
        AddressErasure.objects.select_for_update().get(pk=erasure.pk)
        assert at_once(1, second_worker) == [[]]
    customer.refresh_from_db()
    assert customer.status == "active"
    run(erasure)
    customer.refresh_from_db()
    assert customer.status == "erased"


def test_an_erasure_without_progress_stops(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr("partnerportal.desk.address_data.services.enqueue", sent.append)
    erasure = services.start_erasure(EMAIL, by=cast.ada)
    for _ in range(services.MAX_ATTEMPTS):
        AddressErasure.objects.update(heard_at="2020-01-01T00:00Z")
        assert sweep_address_erasures() == 1
    AddressErasure.objects.update(heard_at="2020-01-01T00:00Z")
    assert sweep_address_erasures() == 0
    erasure.refresh_from_db()
    assert (erasure.status, sent) == ("stopped", [erasure.pk] * services.MAX_ATTEMPTS)
    assert erasure.problem


def test_a_killed_worker_neither_forgets_nor_doubles_anything(
    celery_worker: Process, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMPORT_LEASE = LEASE
    for agency in (cast.alder, cast.birch):
        for _ in range(3):
            CustomerFactory(agency=agency, email=EMAIL, kind="person", company="", last_name=LAST)
    enqueue = services.enqueue
    monkeypatch.setattr("partnerportal.desk.address_data.services.enqueue", lambda _pk: None)
    erasure = services.start_erasure(EMAIL, by=cast.ada)
    third = Customer.objects.order_by("pk")[2].pk
    with connection.cursor() as cursor:
        # The worker waits for the third customer, with two erased.
        cursor.execute("BEGIN; SELECT 1 FROM customers_customer WHERE id = %s FOR UPDATE", [third])
        enqueue(erasure.pk)
        eventually(lambda: _erased() == 2, "two customers are erased", seconds=30, otherwise=celery_worker.logged)
        celery_worker.kill()
        cursor.execute("ROLLBACK")
    assert _erased() == 2
    celery_worker.start()
    monkeypatch.setattr("partnerportal.desk.address_data.services.enqueue", enqueue)

    def is_done() -> bool:
        sweep_address_erasures()
        erasure.refresh_from_db()
        return erasure.status == "done"

    eventually(is_done, "the erasure is done", seconds=60, otherwise=celery_worker.logged)
    assert _erased() == 6
    assert AuditEvent.objects.filter(action="customer.erased").count() == 6
    assert sum(figure["count"] for figure in erasure.figures if figure["kind"] == "customers") == 6


def _erased() -> int:
    return Customer.objects.filter(status="erased").count()


# --- Registry ----------------------------------------------------------------------------------------------------------


def test_every_model_with_an_address_is_registered() -> None:
    nobody = Person(("nobody@nowhere.example",))
    registered = {section.rows(nobody).model for section in ADDRESS_DATA}
    own = [model for model in apps.get_models() if not model.__module__.startswith("django.") and not model._meta.proxy]
    with_address = {model for model in own if any(isinstance(field, models.EmailField) for field in model._meta.fields)}
    # Accounts are found by their other addresses, too.
    assert {model._meta.label for model in with_address - registered} == set()
    assert len(with_address) >= 11


def test_sections_have_unique_names_and_existing_values(quin: User) -> None:
    assert len({section.name for section in ADDRESS_DATA}) == len(ADDRESS_DATA)
    person = find_person(EMAIL)
    for section in ADDRESS_DATA:
        row = section.rows(person).first()
        assert row is not None, section.name
        for name in section.values:
            getattr(row, name)
        assert section.erase or section.effect == Effect.KEPT or str(section.note), section.name


def test_a_withdrawn_review_leaves_no_words(ada: Client, quin: User) -> None:
    with zeal_ignore():
        withdraw_review(Review.objects.get())
    assert "reviews" not in found(search(ada)).get("Cedar", {})
