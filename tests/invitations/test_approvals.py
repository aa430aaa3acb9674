"""Approvals: one permanent decision about exactly what the client saw."""

import hashlib
from secrets import token_hex
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client

from customers.models import Customer
from customers.services.customers import archive_customer
from invitations.files.models.approvals import text_digest
from invitations.files.services import approvals as services
from invitations.files.views import limits
from invitations.models import AccessInvitation, Approval, ApprovalDecision
from invitations.services.invitations import revoke_access
from invitations.space.queries import client_space
from invitations.space.services import SpaceClosed
from partnerportal.agencies.models import DigestItem, Mode, Notification, Role
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.rate_limits import RateLimit
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.customers import CustomerFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory, VersionFactory
from tests.factories.invitations import ConnectedFactory

TEXT = "Welcome to our shop.\nOpen daily."


@pytest.fixture
def mill(cast: Cast) -> Customer:
    """A customer of Alder, to which Kim gave full access."""
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, company="Mill Ltd", name="Kim Client")
    customer: Customer = given.customer
    return customer


def space_of(client: Any) -> Any:
    space = client_space(client, "alder")
    assert space is not None
    return space


def decide(approval: Approval, client: Any, outcome: str = "approved", comment: str = "") -> ApprovalDecision:
    return services.decide(approval, space=space_of(client), outcome=outcome, comment=comment, sha256=approval.sha256)


def mails(kind: str) -> list[str]:
    return list(OutgoingMail.objects.filter(kind=kind).order_by("to_email").values_list("to_email", flat=True))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most two e-mails about approvals of a customer."""
    monkeypatch.setattr(limits, "APPROVALS_PER_CUSTOMER", RateLimit(f"approval-{token_hex(4)}", times=2, seconds=60 * 60 * 24 * 365))


def test_the_limit_leaves_room_for_ordinary_work() -> None:
    assert (limits.APPROVALS_PER_CUSTOMER.times, limits.APPROVALS_PER_CUSTOMER.seconds) == (30, 3600)


def test_requests_and_withdrawals_of_texts_are_limited(cast: Cast, stan: Client, mill: Customer, few: None) -> None:
    values = {"title": "Home page", "text": TEXT, "area": "hosting"}
    stan.post(f"/customers/{mill.pk}/shared/approvals/add/", values)
    approval = Approval.objects.get()
    stan.post(f"/customers/{mill.pk}/shared/approvals/{approval.pk}/withdraw/")
    assert Approval.objects.get().status == "withdrawn"
    response = stan.post(f"/customers/{mill.pk}/shared/approvals/add/", values)
    assert (response.status_code, int(response["Retry-After"]) > 0) == (429, True)
    # The form keeps its input.
    assert "Too many attempts." in response.content.decode() and TEXT.splitlines()[1] in response.content.decode()
    assert (Approval.objects.count(), OutgoingMail.objects.count()) == (1, 2)
    # Another customer's clients can still be asked.
    other = CustomerFactory(agency=cast.alder)
    assert stan.post(f"/customers/{other.pk}/shared/approvals/add/", values).status_code == 302


def test_requests_and_withdrawals_of_files_are_limited(cast: Cast, stan: Client, mill: Customer, few: None) -> None:
    shared = SharedFileFactory(customer=mill, is_shared=True)
    VersionFactory(file=shared)
    page = f"/customers/{mill.pk}/shared/files/{shared.pk}/approval/"
    for _number in range(2):
        stan.post(page)
        assert "Too many attempts." in stan.post(page, follow=True).content.decode() or Approval.objects.count() == 1
    assert Approval.objects.get().status == "open"
    answer = stan.post(f"/customers/{mill.pk}/shared/approvals/{Approval.objects.get().pk}/withdraw/", follow=True).content.decode()
    assert "Too many attempts." in answer
    assert (Approval.objects.get().status, mails("approval_withdrawn")) == ("open", [])


def test_agency_requests_approval_of_a_text_and_the_client_approves(cast: Cast, stan: Client, kim: Client, mill: Customer) -> None:
    values = {"title": "Home page", "text": TEXT.replace("\n", "\r\n"), "area": "hosting"}
    page = stan.post(f"/customers/{mill.pk}/shared/approvals/add/", values, follow=True).content.decode()
    assert "Approval requested." in page
    approval = Approval.objects.get()
    assert (approval.text, approval.sha256, approval.status) == (TEXT, hashlib.sha256(TEXT.encode()).hexdigest(), "open")
    assert mails("approval_requested") == [cast.kim.email]

    address = f"/my/alder/approvals/{approval.pk}/"
    shown = kim.get(address).content.decode()
    assert "Welcome to our shop.<br>Open daily." in shown
    assert approval.sha256 in shown
    response = kim.post(address, {"outcome": "approved", "comment": "Very nice", "sha256": approval.sha256}, follow=True)
    assert "Decision sent to Alder Web." in response.content.decode()
    decision = ApprovalDecision.objects.get()
    assert (decision.outcome, decision.comment, decision.decided_by) == ("approved", "Very nice", cast.kim)
    assert decision.sha256 == approval.sha256
    approval.refresh_from_db()
    assert approval.status == "approved"
    # Both sides are notified: the member who requested it, and the clients.
    assert mails("approval_decided") == [cast.kim.email, cast.stan.email]
    assert "Very nice" in OutgoingMail.objects.filter(kind="approval_decided")[0].text
    assert "Kim Client" in stan.get(f"/customers/{mill.pk}/shared/approvals/{approval.pk}/").content.decode()
    events = AuditEvent.objects.filter(object_type="invitations.approval").order_by("pk")
    assert [event.action for event in events] == ["approval.requested", "approval.approved"]
    assert all(event.data == {"sha256": approval.sha256} for event in events)


def test_agency_requests_approval_of_a_version(cast: Cast, stan: Client, kim: Client, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill, is_shared=False)
    stan.post(f"/customers/{mill.pk}/shared/files/{shared.pk}/approval/")
    approval = Approval.objects.get()
    version = shared.versions.get()
    assert (approval.version, approval.sha256) == (version, version.sha256)
    shared.refresh_from_db()
    assert shared.is_shared
    page = kim.get(f"/my/alder/approvals/{approval.pk}/").content.decode()
    assert f"/my/alder/files/versions/{version.pk}/" in page


def test_new_version_needs_a_new_approval(cast: Cast, stan: Client, kim: Client, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill)
    request = f"/customers/{mill.pk}/shared/files/{shared.pk}/approval/"
    stan.post(request)
    decide(Approval.objects.get(), cast.kim)
    page = stan.post(request, follow=True).content.decode()
    assert "Approval of this version has already been requested." in page
    VersionFactory(file=shared, content=b"new", name="new.pdf")
    stan.post(request)
    first, second = Approval.objects.order_by("pk")
    assert (first.status, second.status) == ("approved", "open")
    assert first.sha256 != second.sha256


def test_older_version_cannot_be_requested(cast: Cast, mill: Customer) -> None:
    shared = SharedFileFactory(customer=mill)
    old = shared.versions.get()
    VersionFactory(file=shared)
    with pytest.raises(Exception, match="newer version"):
        services.request_version_approval(old, by=cast.stan)


def test_members_cannot_decide_as_clients(kim: Client, cast: Cast, mill: Customer) -> None:
    approval = TextApprovalFactory(customer=mill)
    # Kim has since joined the team.
    cast.alder.memberships.create(user=cast.kim, role=Role.STAFF)
    decision = {"outcome": "approved", "comment": "", "sha256": approval.sha256}
    assert "You work for Alder Web" in kim.post(f"/my/alder/approvals/{approval.pk}/", decision, follow=True).content.decode()
    approval.refresh_from_db()
    assert approval.is_open


def test_changes_need_a_comment(kim: Client, mill: Customer) -> None:
    approval = TextApprovalFactory(customer=mill)
    address = f"/my/alder/approvals/{approval.pk}/"
    page = kim.post(address, {"outcome": "changes", "comment": " ", "sha256": approval.sha256}).content.decode()
    assert "Say what should be changed." in page
    kim.post(address, {"outcome": "changes", "comment": "Larger logo", "sha256": approval.sha256})
    approval.refresh_from_db()
    assert approval.status == "changes"


def test_decision_is_about_what_the_client_saw(kim: Client, mill: Customer) -> None:
    approval = TextApprovalFactory(customer=mill)
    response = kim.post(f"/my/alder/approvals/{approval.pk}/", {"outcome": "approved", "sha256": "0" * 64}, follow=True)
    assert "This isn’t what you were shown." in response.content.decode()
    assert not ApprovalDecision.objects.exists()


def test_second_decision_changes_nothing(cast: Cast, kim: Client, mill: Customer) -> None:
    approval = TextApprovalFactory(customer=mill)
    decide(approval, cast.kim)
    OutgoingMail.objects.all().delete()
    with pytest.raises(InvalidTransition):
        decide(approval, cast.kim, "changes", "No")
    kim.post(f"/my/alder/approvals/{approval.pk}/", {"outcome": "changes", "comment": "No", "sha256": approval.sha256})
    approval.refresh_from_db()
    assert (approval.status, OutgoingMail.objects.count()) == ("approved", 0)


def test_agency_withdraws_an_open_request(cast: Cast, stan: Client, kim: Client, mill: Customer) -> None:
    approval = TextApprovalFactory(customer=mill)
    address = f"/customers/{mill.pk}/shared/approvals/{approval.pk}/withdraw/"
    stan.post(address)
    approval.refresh_from_db()
    assert approval.status == "withdrawn"
    assert mails("approval_withdrawn") == [cast.kim.email]
    with pytest.raises(InvalidTransition):
        decide(approval, cast.kim)
    page = stan.post(address, follow=True).content.decode()
    assert "This has since been withdrawn." in page
    assert len(mails("approval_withdrawn")) == 1


def test_decided_request_cannot_be_withdrawn(cast: Cast, stan: Client, mill: Customer) -> None:
    approval = TextApprovalFactory(customer=mill)
    decide(approval, cast.kim)
    page = stan.post(f"/customers/{mill.pk}/shared/approvals/{approval.pk}/withdraw/", follow=True).content.decode()
    assert "This has already been approved." in page


# --- Who decides -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("area", "is_shared", "sees"), [("email", True, True), ("hosting", True, False), ("email", False, False)])
def test_file_of_an_approval_has_two_gates(cast: Cast, kim: Client, area: str, is_shared: bool, sees: bool) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, scope="partial", areas=["email"])
    shared = SharedFileFactory(customer=given.customer, area=area, is_shared=is_shared)
    version = shared.versions.get()
    approval = TextApprovalFactory(customer=given.customer, text="", area="", file=shared, version=version, sha256=version.sha256)
    assert kim.get(f"/my/alder/approvals/{approval.pk}/").status_code == (200 if sees else 404)
    if not sees:
        with pytest.raises(SpaceClosed):
            decide(approval, cast.kim)


@pytest.mark.parametrize(("area", "sees"), [("email", True), ("hosting", False)])
def test_text_of_an_approval_has_an_area(cast: Cast, kim: Client, area: str, sees: bool) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, scope="partial", areas=["email"])
    approval = TextApprovalFactory(customer=given.customer, area=area)
    assert kim.get(f"/my/alder/approvals/{approval.pk}/").status_code == (200 if sees else 404)


def test_client_of_another_customer_sees_no_approval(cast: Cast, kim: Client, mill: Customer) -> None:
    approval = TextApprovalFactory(customer=CustomerFactory(agency=cast.alder))
    assert kim.get(f"/my/alder/approvals/{approval.pk}/").status_code == 404
    with pytest.raises(SpaceClosed):
        decide(approval, cast.kim)


def test_archived_customers_are_read_only(cast: Cast, stan: Client, kim: Client, mill: Customer) -> None:
    approval = TextApprovalFactory(customer=mill)
    archive_customer(mill, by=cast.alice)
    address = f"/my/alder/approvals/{approval.pk}/"
    assert "Send decision" not in kim.get(address).content.decode()
    kim.post(address, {"outcome": "approved", "sha256": approval.sha256})
    stan.post(f"/customers/{mill.pk}/shared/approvals/{approval.pk}/withdraw/")
    approval.refresh_from_db()
    assert approval.status == "open"
    assert stan.get(f"/customers/{mill.pk}/shared/approvals/add/").status_code == 404


def test_decisions_go_to_the_digest_of_members_who_chose_it(cast: Cast, mill: Customer) -> None:
    cast.alder.memberships.get(user=cast.stan).set_notification(Notification.FILES, Mode.DIGEST)
    approval = TextApprovalFactory(customer=mill, requested_by=cast.stan)
    decide(approval, cast.kim)
    assert mails("approval_decided") == [cast.kim.email]
    assert DigestItem.objects.get().kind == "approvals"


# --- Concurrency -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_first_of_several_clients_decides(cast: Cast) -> None:
    mill = CustomerFactory(agency=cast.alder)
    clients = [UserFactory() for _ in range(4)]
    for client in clients:
        ConnectedFactory(customer=mill, client=client)
    approval = TextApprovalFactory(customer=mill)
    spaces = [space_of(client) for client in clients]

    def answer(number: int) -> ApprovalDecision:
        outcome = ("approved", "changes")[number % 2]
        return services.decide(approval, space=spaces[number], outcome=outcome, comment=f"By {number}", sha256=approval.sha256)

    results = at_once(4, answer)
    won = [result for result in results if isinstance(result, ApprovalDecision)]
    assert len(won) == 1, results
    assert sum(isinstance(result, InvalidTransition) for result in results) == 3, results
    approval.refresh_from_db()
    assert approval.status == won[0].outcome == approval.decision.outcome
    assert len(mails("approval_decided")) == 4 + 2  # the clients, owner and manager


@pytest.mark.django_db(transaction=True)
def test_decision_and_withdrawal_at_the_same_time(cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    approval, space = TextApprovalFactory(customer=given.customer), space_of(cast.kim)
    steps = [
        lambda: services.decide(approval, space=space, outcome="approved", comment="", sha256=approval.sha256),
        lambda: services.withdraw_approval(approval, by=cast.stan),
    ]
    results = at_once(2, lambda number: steps[number]())
    assert sum(isinstance(result, InvalidTransition) for result in results) == 1, results
    approval.refresh_from_db()
    assert ApprovalDecision.objects.exists() == (approval.status == "approved")


def test_client_without_access_decides_nothing(cast: Cast, mill: Customer) -> None:
    approval, space = TextApprovalFactory(customer=mill), space_of(cast.kim)
    revoke_access(AccessInvitation.objects.get())
    with pytest.raises(SpaceClosed):
        services.decide(approval, space=space, outcome="approved", comment="", sha256=approval.sha256)


# --- Rules of the database ---------------------------------------------------------------------------------------------


def test_database_keeps_what_was_approved(cast: Cast, mill: Customer) -> None:
    approval = TextApprovalFactory(customer=mill)
    decide(approval, cast.kim, comment="Fine")
    for change in (
        lambda: Approval.objects.update(text="Other", sha256=text_digest("Other")),
        lambda: Approval.objects.update(title="Other"),
        lambda: Approval.objects.update(status="withdrawn"),
        lambda: Approval.objects.update(status="open"),
        lambda: ApprovalDecision.objects.update(outcome="changes"),
        lambda: ApprovalDecision.objects.update(comment="Other"),
        lambda: ApprovalDecision.objects.update(sha256="0" * 64),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.django_db(transaction=True)
def test_database_deletes_decisions_only_with_an_erased_customer(cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    approval = TextApprovalFactory(customer=given.customer)
    decide(approval, cast.kim)
    with pytest.raises(DatabaseError, match="Cannot delete"):
        ApprovalDecision.objects.all().delete()
    with pytest.raises(DatabaseError, match="Cannot delete"):
        Approval.objects.all().delete()
    assert ApprovalDecision.objects.exists()


def test_database_decides_only_with_a_decision_about_the_same_content(cast: Cast, mill: Customer) -> None:
    approval = TextApprovalFactory(customer=mill)
    with pytest.raises(DatabaseError, match="Only a decision"), transaction.atomic():
        Approval.objects.update(status="approved")
    with transaction.atomic():
        ApprovalDecision.objects.create(approval=approval, outcome="approved", sha256="0" * 64)
        with pytest.raises(IntegrityError, match="approval_decision_same_content"):
            connection.check_constraints()
        transaction.set_rollback(True)
    approval.refresh_from_db()
    assert approval.status == "open"


def test_database_has_the_hash_of_the_text(mill: Customer) -> None:
    with pytest.raises(IntegrityError, match="approval_has_the_hash_of_its_text"), transaction.atomic():
        TextApprovalFactory(customer=mill, sha256="0" * 64)
    assert TextApprovalFactory(customer=mill, text="Größe 🎉\n").sha256 == text_digest("Größe 🎉\n")
