"""Tests of the state transitions of invitations and access requests, also under concurrency.

`pytest tests/invitations/test_transitions.py -rP -k table` prints the tables.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import combinations_with_replacement
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from customers.models import Customer
from customers.services.customers import archive_customer, erase_customer
from invitations.models import AccessInvitation, AccessRequest
from invitations.services import access_requests, invitations
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory
from tests.polling import eventually

Action = Callable[[Any], object]


def staff() -> User:
    return User.objects.get(email="stan@alder.example")


#: Actions on an invitation, each with the status it leads to.
INVITATION: dict[str, tuple[Action, str]] = {
    "connect to new": (lambda i: invitations.connect_new_customer(i, by=staff(), kind="company", company="New GmbH"), "connected"),
    "connect": (lambda i: invitations.connect_customer(i, customer=Customer.objects.get(company="There GmbH"), by=staff()), "connected"),
    "reject": (lambda i: invitations.reject_invitation(i, message="Sorry", by=staff()), "rejected"),
    "withdraw": (invitations.withdraw_invitation, "withdrawn"),
    "expire": (invitations.expire_invitation, "expired"),
    "change": (lambda i: invitations.change_access(i, scope="partial", areas=["email"]), "connected"),
    "revoke": (invitations.revoke_access, "revoked"),
    "disconnect": (lambda i: invitations.disconnect_access(i, reason="", by=staff()), "disconnected"),
    "force end": (lambda i: invitations.end_access_as_admin(i, reason="Misuse", by=staff()), "disconnected"),
}
REQUEST: dict[str, tuple[Action, str]] = {
    "grant": (
        lambda r: access_requests.grant_request(r, client=User.objects.get(email="kim@client.example"), scope="full", areas=[]),
        "granted",
    ),
    "decline": (access_requests.decline_request, "declined"),
    "withdraw": (lambda r: access_requests.withdraw_request(r, by=staff()), "withdrawn"),
    "resend": (lambda r: access_requests.resend_request(r, by=staff()), "pending"),
    "expire": (access_requests.expire_request, "expired"),
}
#: Possible actions by state. “overdue” is pending past the expiry date.
POSSIBLE = {
    "pending": {"connect to new", "connect", "reject", "withdraw"},
    "overdue": {"expire"},
    "connected": {"change", "revoke", "disconnect", "force end"},
}
POSSIBLE_REQUEST = {"pending": {"grant", "decline", "withdraw", "resend"}, "overdue": {"expire"}}
STATES = ["pending", "overdue", "connected", "rejected", "withdrawn", "expired", "revoked", "disconnected"]
REQUEST_STATES = ["pending", "overdue", "granted", "declined", "withdrawn", "expired"]
#: Number of e-mails an action sends: one to the other party, two for actions by the system.
MAILS = Counter({"expire": 2, "force end": 2})


def an_invitation(cast: Cast, state: str = "pending") -> AccessInvitation:
    CustomerFactory(agency=cast.alder, company="There GmbH")
    if state in {"connected", "revoked", "disconnected"}:
        invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
        steps = {"revoked": "revoke", "disconnected": "disconnect"}
    else:
        invitation = InvitationFactory(agency=cast.alder, client=cast.kim)
        steps = {"rejected": "reject", "withdrawn": "withdraw", "expired": "expire"}
    if state in {"overdue", "expired"}:
        AccessInvitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    if state in steps:
        INVITATION[steps[state]][0](invitation)
    OutgoingMail.objects.all().delete()
    return AccessInvitation.objects.get(pk=invitation.pk)


def a_request(cast: Cast, state: str = "pending") -> AccessRequest:
    access_request = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    AccessRequest.objects.update(mailed_at=timezone.now() - timedelta(hours=1))
    if state in {"overdue", "expired"}:
        AccessRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    steps = {"granted": "grant", "declined": "decline", "withdrawn": "withdraw", "expired": "expire"}
    if state in steps:
        REQUEST[steps[state]][0](access_request)
    OutgoingMail.objects.all().delete()
    return AccessRequest.objects.get(pk=access_request.pk)


def outcome(action: Action, row: Any) -> str:
    """Return the status after an action, or “–” if the action is invalid."""
    row = type(row).objects.get(pk=row.pk)
    before = AuditEvent.objects.count()
    try:
        with transaction.atomic():
            action(row)
    except InvalidTransition:
        assert AuditEvent.objects.count() == before
        assert not OutgoingMail.objects.exists()
        return "–"
    return type(row).objects.get(pk=row.pk).status


@pytest.mark.parametrize("state", STATES)
def test_table_of_invitations(cast: Cast, state: str) -> None:
    row = an_invitation(cast, state)
    cells = {}
    for name, (action, to) in INVITATION.items():
        savepoint = transaction.savepoint()
        cells[name] = outcome(action, row)
        assert cells[name] == (to if name in POSSIBLE.get(state, set()) else "–"), name
        assert OutgoingMail.objects.count() == (0 if cells[name] == "–" else MAILS[name] or 1), name
        transaction.savepoint_rollback(savepoint)
    print(f"{state:13}", " ".join(f"{name} → {cell}".ljust(28) for name, cell in cells.items()))  # noqa: T201


@pytest.mark.parametrize("state", REQUEST_STATES)
def test_table_of_access_requests(cast: Cast, state: str) -> None:
    row = a_request(cast, state)
    cells = {}
    for name, (action, to) in REQUEST.items():
        savepoint = transaction.savepoint()
        cells[name] = outcome(action, row)
        assert cells[name] == (to if name in POSSIBLE_REQUEST.get(state, set()) else "–"), name
        assert OutgoingMail.objects.count() == (0 if cells[name] == "–" else MAILS[name] or 1), name
        transaction.savepoint_rollback(savepoint)
    print(f"{state:13}", " ".join(f"{name} → {cell}".ljust(24) for name, cell in cells.items()))  # noqa: T201


# --- Concurrency -------------------------------------------------------------------------------------------------------


def pairs(possible: dict[str, set[str]]) -> list[tuple[str, str, str]]:
    """Return all pairs of actions that are possible in the same state."""
    return [(state, *pair) for state, names in possible.items() for pair in combinations_with_replacement(sorted(names), 2)]


def race(row: Any, actions: list[Action]) -> list[object]:
    """Run the actions concurrently in separate transactions on rows loaded before."""
    seen = [type(row).objects.get(pk=row.pk) for _ in actions]
    return at_once(len(actions), lambda n: actions[n](seen[n]))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("state", "one", "other"), pairs(POSSIBLE))
def test_concurrent_transitions_only_one_succeeds(cast: Cast, state: str, one: str, other: str) -> None:
    row = an_invitation(cast, state)
    results = race(row, [INVITATION[one][0], INVITATION[other][0]])
    row.refresh_from_db()
    lost = [isinstance(result, InvalidTransition) for result in results]
    if "change" in (one, other):
        # After a change the access is still connected, so the other action always succeeds.
        assert not any(isinstance(r, Exception) and not isinstance(r, InvalidTransition) for r in results), results
        ending = [name for name in (one, other) if name != "change"]
        assert row.status == (INVITATION[ending[0]][1] if ending else "connected")
        assert not any(has_lost for name, has_lost in zip((one, other), lost, strict=True) if name != "change")
        changes = AuditEvent.objects.filter(action="invitation.changed").count()
        assert changes == (1 if not ending else 1 - sum(lost))
        assert OutgoingMail.objects.count() == changes + sum(MAILS[name] or 1 for name in ending)
        return
    assert sum(lost) == 1, results
    winner = (one, other)[lost.index(False)]
    assert row.status == INVITATION[winner][1]
    assert OutgoingMail.objects.count() == (MAILS[winner] or 1)
    assert AuditEvent.objects.filter(object_type="invitations.accessinvitation").count() == 1
    assert Customer.objects.filter(company="New GmbH").count() == (winner == "connect to new")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("state", "one", "other"), pairs(POSSIBLE_REQUEST))
def test_concurrent_answers_only_one_succeeds(cast: Cast, state: str, one: str, other: str) -> None:
    row = a_request(cast, state)
    results = race(row, [REQUEST[one][0], REQUEST[other][0]])
    row.refresh_from_db()
    assert not any(isinstance(r, Exception) and not isinstance(r, InvalidTransition) for r in results), results
    lost = [isinstance(result, InvalidTransition) for result in results]
    if (one, other) == ("resend", "resend"):
        assert sorted(results) == [False, True]
        assert OutgoingMail.objects.count() == 1
    elif "resend" in (one, other):
        (answer,) = {one, other} - {"resend"}
        assert row.status == REQUEST[answer][1]
        assert OutgoingMail.objects.count() == 2 - sum(lost)
    else:
        assert sum(lost) == 1, results
        winner = (one, other)[lost.index(False)]
        assert row.status == REQUEST[winner][1]
        assert OutgoingMail.objects.count() == (MAILS[winner] or 1)
    assert AccessInvitation.objects.count() == (row.status == "granted")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["revoke", "disconnect", "change", "force end"])
def test_transition_during_erasure_of_the_customer(cast: Cast, name: str) -> None:
    row = an_invitation(cast, "connected")
    customer = row.customer
    results = race(row, [INVITATION[name][0], lambda _row: erase_customer(customer, by=cast.alice)])
    assert not any(isinstance(r, Exception) and not isinstance(r, InvalidTransition) for r in results), results
    row.refresh_from_db()
    assert row.status in {"revoked", "disconnected"}
    assert (row.name, row.company, row.city) == ("", "", "")
    # The erasure deletes the customer's e-mails. Only clients whose access it ended are notified.
    kinds = list(OutgoingMail.objects.values_list("kind", flat=True))
    ended_by_step = name != "change" and not isinstance(results[0], InvalidTransition)
    assert kinds == ([] if ended_by_step else ["access_erased"])


@pytest.mark.django_db(transaction=True)
def test_connecting_during_erasure_of_the_customer(cast: Cast) -> None:
    row = an_invitation(cast)
    customer = Customer.objects.get(company="There GmbH")
    actions = [lambda r: invitations.connect_customer(r, customer=customer, by=staff()), lambda _r: erase_customer(customer, by=cast.alice)]
    connected, _erased = race(row, actions)
    row.refresh_from_db()
    if isinstance(connected, Exception):
        assert row.status == "pending"
    else:
        assert row.status == "disconnected"
    assert not AccessInvitation.objects.connected().exists()


@pytest.mark.django_db(transaction=True)
def test_double_click_sends_one_invitation(cast: Cast) -> None:
    fields = {"agency": cast.alder, "client": cast.kim, "scope": "full", "areas": [], "name": "Kim"}
    results = at_once(2, lambda _n: invitations.give_access(**fields))
    assert sum(isinstance(result, AccessInvitation) for result in results) == 1
    assert AccessInvitation.objects.count() == OutgoingMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_connections_with_the_same_domain(cast: Cast) -> None:
    rows = [InvitationFactory(agency=cast.alder, domains=["shop.example"]) for _ in range(2)]
    results = at_once(2, lambda n: invitations.connect_new_customer(rows[n], by=cast.stan, kind="company", company=f"No {n}"))
    assert sorted(len(transfer.added) for transfer in results) == [0, 1]
    assert sorted(len(transfer.held) for transfer in results) == [0, 1]


@pytest.mark.django_db(transaction=True)
def test_concurrent_connections_with_domains_in_reverse_order_do_not_deadlock(cast: Cast) -> None:
    # Without sorting, each transaction locks its first name and waits for the other's.
    names = [f"shop-{n}.example" for n in range(50)]
    rows = [InvitationFactory(agency=cast.alder, domains=domains) for domains in (names, names[::-1])]
    customers = [CustomerFactory(agency=cast.alder) for _ in rows]
    results = at_once(2, lambda n: invitations.connect_customer(rows[n], customer=customers[n], by=cast.stan))
    assert sorted(len(transfer.added) for transfer in results) == [0, 50]


@pytest.mark.django_db(transaction=True)
def test_giving_access_while_the_previous_invitation_expires(cast: Cast) -> None:
    old = an_invitation(cast, "overdue")
    fields = {"agency": cast.alder, "client": old.client, "scope": "full", "areas": [], "name": "Kim"}

    def give() -> AccessInvitation | Exception:
        (invitation,) = at_once(1, lambda _n: invitations.give_access(**fields))
        return invitation

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            invitations.expire_invitation(old)
            giving = pool.submit(give)
            eventually(a_transaction_waits, "the client's new invitation waits for the old one")
        invitation = giving.result()
    assert isinstance(invitation, AccessInvitation), invitation
    assert [row.status for row in AccessInvitation.objects.order_by("pk")] == ["expired", "pending"]


def a_transaction_waits() -> bool:
    """Return whether a transaction of this database waits for a lock. Other test processes have their own."""
    with connection.cursor() as cursor:
        # Waits for rows don't name the database, but the tables that the same transaction has opened do.
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks waits JOIN pg_locks opened USING (pid) JOIN pg_database ON oid = opened.database"
            " WHERE NOT waits.granted AND datname = current_database())"
        )
        return bool(cursor.fetchone()[0])


# --- Database rules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in STATES if state != "overdue"])
def test_database_rejects_invalid_transitions(cast: Cast, state: str) -> None:
    row = an_invitation(cast, state)
    allowed = {"pending": {"connected", "rejected", "withdrawn", "expired"}, "connected": {"revoked", "disconnected"}}.get(state, set())
    customer = row.customer or CustomerFactory(agency=cast.alder)
    for to in AccessInvitation.Status.values:
        over = to not in {"pending", "connected"}
        connected = to in {"connected", "revoked", "disconnected"}
        values = {
            "status": to,
            "ended_at": timezone.now() if over else None,
            "connected_at": timezone.now() if connected else None,
        }
        if row.customer is None:
            values["customer"] = customer if connected else None
        if to in allowed or to == state:
            with transaction.atomic():
                AccessInvitation.objects.filter(pk=row.pk).update(**values)
                transaction.set_rollback(True)
        else:
            with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
                AccessInvitation.objects.filter(pk=row.pk).update(**values)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"scope": "full", "areas": ["email"]}, "accessinvitation_scope_has_its_areas"),
        ({"scope": "partial", "areas": []}, "accessinvitation_scope_has_its_areas"),
        ({"scope": "partial", "areas": ["everything"]}, "accessinvitation_scope_has_its_areas"),
        ({"scope": "some"}, "accessinvitation_scope_has_its_areas"),
        ({"connected_at": None}, "invitation_connected_has_its_customer"),
        ({"ended_at": timezone.now()}, "invitation_ended_has_its_time"),
    ],
)
def test_database_rejects_inconsistent_rows(cast: Cast, values: dict[str, Any], error: str) -> None:
    row = an_invitation(cast, "connected")
    with pytest.raises(IntegrityError, match=error), transaction.atomic():
        AccessInvitation.objects.filter(pk=row.pk).update(**values)


def test_database_rejects_changes_to_permanent_values(cast: Cast) -> None:
    row, ended = an_invitation(cast, "connected"), ConnectedFactory(customer__agency=cast.alder)
    invitations.revoke_access(ended)
    attempts: list[Callable[[], object]] = [
        lambda: AccessInvitation.objects.filter(pk=row.pk).update(customer=Customer.objects.get(company="There GmbH")),
        lambda: AccessInvitation.objects.filter(pk=row.pk).update(client=cast.charlie),
        lambda: AccessInvitation.objects.filter(pk=row.pk).update(agency=cast.birch),
        lambda: AccessInvitation.objects.filter(pk=ended.pk).update(scope="partial", areas=["email"]),
        lambda: row.delete(),
        lambda: InvitationFactory(agency=cast.alder, status="rejected", ended_at=timezone.now()),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic():
            attempt()


def test_database_rejects_invalid_transitions_of_access_requests(cast: Cast) -> None:
    AccessRequestFactory(customer__agency=cast.alder)
    AccessRequest.objects.update(status="declined", answered_at=timezone.now())
    attempts: list[Callable[[], object]] = [
        lambda: AccessRequest.objects.update(status="withdrawn"),
        lambda: AccessRequestFactory(customer__agency=cast.alder, status="declined", answered_at=timezone.now()),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
            attempt()


def test_database_rejects_a_second_pending_invitation(cast: Cast) -> None:
    InvitationFactory(agency=cast.alder, client=cast.kim)
    InvitationFactory(agency=cast.birch, client=cast.kim)
    with pytest.raises(IntegrityError, match="invitation_pending_once"), transaction.atomic():
        InvitationFactory(agency=cast.alder, client=cast.kim)


def test_database_rejects_a_customer_of_another_agency(cast: Cast) -> None:
    row = an_invitation(cast)
    theirs = CustomerFactory(agency=cast.birch)
    invitations.connect_customer(row, customer=theirs, by=cast.stan)
    with pytest.raises(IntegrityError, match="invitation_customer_same_agency"):
        transaction.get_connection().check_constraints()


def test_archived_customer_cannot_be_connected(cast: Cast) -> None:
    row = an_invitation(cast)
    customer = Customer.objects.get(company="There GmbH")
    archive_customer(customer, by=cast.alice)
    with pytest.raises(invitations.ValidationError):
        invitations.connect_customer(row, customer=customer, by=cast.stan)
