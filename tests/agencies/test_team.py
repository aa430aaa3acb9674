"""The team page: roles, removal, leaving and transfer of ownership."""

from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from zeal import zeal_ignore

from customers.models import Customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership, Role
from partnerportal.agencies.services import team, team_invitations
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import PASSWORD
from tests.factories.agencies import MembershipFactory
from tests.factories.customers import CustomerFactory, TaskFactory
from tests.factories.requests import ContactRequestFactory

TEAM = "/company/team/"


def place(user: User) -> Membership:
    return user.memberships.get()


def signed_in_by_password(user: User) -> Client:
    """Return a client that signed in through the form, which adds the session to the user's list."""
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


def last_event() -> tuple[str, str]:
    event = AuditEvent.objects.filter(action__startswith="team.").latest("pk")
    return event.action, event.sentence


def test_all_members_see_the_team_and_owners_change_it(cast: Cast, alice: Client, stan: Client) -> None:
    for browser in (alice, stan):
        page = browser.get(TEAM).content.decode()
        assert all(name in page for name in ("Alice Alder", "Max Meyer", "Stan Stein"))
        assert "Charlie" not in page
    assert "Invite member" in alice.get(TEAM).content.decode()
    assert "Invite member" not in stan.get(TEAM).content.decode()
    assert f"{TEAM}{place(cast.max).pk}/remove/" not in stan.get(TEAM).content.decode()


def test_new_role_applies_immediately(cast: Cast, alice: Client, stan: Client) -> None:
    assert stan.get("/customers/import/").status_code == 403
    response = alice.post(f"{TEAM}{place(cast.stan).pk}/role/", {"role": "manager"}, follow=True)
    assert "Role of Stan Stein changed to Manager." in response.content.decode()
    assert stan.get("/customers/import/").status_code == 200
    assert last_event() == ("team.role_changed", "Role of Stan Stein changed to Manager")
    mail = OutgoingMail.objects.get()
    assert (mail.to_email, mail.reply_to) == (cast.stan.email, cast.alice.email)
    assert "changed your role at Alder Web to Manager." in mail.text


def test_unchanged_role_has_no_effect(cast: Cast, alice: Client) -> None:
    alice.post(f"{TEAM}{place(cast.stan).pk}/role/", {"role": "staff"})
    assert not AuditEvent.objects.filter(action__startswith="team.").exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("role", ["", "boss", "staff\x00"])
def test_unknown_roles_are_rejected(cast: Cast, alice: Client, role: str) -> None:
    assert alice.post(f"{TEAM}{place(cast.stan).pk}/role/", {"role": role}).status_code == 200
    assert place(cast.stan).role == Role.STAFF


def test_email_is_in_the_recipients_language(cast: Cast, alice: Client) -> None:
    User.objects.filter(pk=cast.stan.pk).update(language="de")
    alice.post(f"{TEAM}{place(cast.stan).pk}/role/", {"role": "manager"})
    assert OutgoingMail.objects.get().text.startswith("Guten Tag Stan Stein,")


# --- Removing ----------------------------------------------------------------------------------------------------------


def test_removed_members_are_signed_out_everywhere(cast: Cast, alice: Client) -> None:
    MembershipFactory(agency=cast.birch, user=cast.stan, role=Role.STAFF)
    browsers = [signed_in_by_password(cast.stan), signed_in_by_password(cast.stan)]
    assert all(browser.get("/customers/").status_code == 200 for browser in browsers)
    stans = cast.alder.memberships.get(user=cast.stan)
    page = alice.get(f"{TEAM}{stans.pk}/remove/").content.decode()
    assert "Stan Stein is signed out everywhere immediately" in page
    assert "To be reassigned" not in page
    assert alice.post(f"{TEAM}{stans.pk}/remove/").url == TEAM
    for browser in browsers:
        assert browser.get("/customers/").url.startswith("/accounts/login/")
    assert not cast.alder.memberships.filter(user=cast.stan).exists()
    assert cast.birch.memberships.filter(user=cast.stan).exists()
    assert last_event() == ("team.removed", "Stan Stein removed from the team")
    assert "removed you from the Alder Web team" in OutgoingMail.objects.get(to_email=cast.stan.email).text


@pytest.mark.parametrize("colleague", ["max", None])
def test_open_work_of_removed_members_is_reassigned(cast: Cast, alice: Client, colleague: str | None) -> None:
    customer = CustomerFactory(agency=cast.alder, responsible=cast.stan)
    still_open, done = TaskFactory(customer=customer, assignee=cast.stan), TaskFactory(customer=customer, assignee=cast.stan)
    done.done_at = timezone.now()
    done.save()
    asked, settled = (ContactRequestFactory(agency=cast.alder, assignee=cast.stan) for _ in range(2))
    settled.status = "closed"
    settled.save()
    elsewhere = TaskFactory(customer__agency=cast.birch, assignee=cast.stan)
    version = Customer.objects.get(pk=customer.pk).version
    page = alice.get(f"{TEAM}{place(cast.stan).pk}/remove/").content.decode()
    for label in ("1 open task", "1 assigned customer", "1 open request"):
        assert label in page
    to = getattr(cast, colleague) if colleague else None
    alice.post(f"{TEAM}{place(cast.stan).pk}/remove/", {"to": to.pk if to else ""})
    for item in (customer, still_open, done, asked, settled, elsewhere):
        item.refresh_from_db()
    assert (still_open.assignee, customer.responsible, asked.assignee) == (to, to, to)
    # Completed work and that of other agencies isn't reassigned.
    assert (done.assignee, settled.assignee, elsewhere.assignee) == (cast.stan, cast.stan, cast.stan)
    # A form of the customer that is open now causes an edit conflict.
    assert customer.version == version + 1


def test_work_cannot_be_reassigned_to_non_members(cast: Cast, alice: Client) -> None:
    TaskFactory(customer__agency=cast.alder, assignee=cast.stan)
    for to in (cast.charlie.pk, cast.stan.pk, 0, "x", 2**70):
        assert alice.post(f"{TEAM}{place(cast.stan).pk}/remove/", {"to": to}).status_code == 200
    assert place(cast.stan)


def test_work_cannot_be_reassigned_to_former_members(cast: Cast) -> None:
    gone = cast.max
    place(gone).delete()
    for act in (lambda: team.remove_member(place(cast.stan), to=gone, by=cast.alice), lambda: team.leave(place(cast.stan), to=gone)):
        with pytest.raises(ValidationError, match="Max Meyer has since left the team"):
            act()
    assert place(cast.stan)


# --- Leaving -----------------------------------------------------------------------------------------------------------


def test_members_can_leave(cast: Cast, stan: Client) -> None:
    response = stan.post(f"{TEAM}leave/", follow=True)
    assert "You’ve left Alder Web." in response.content.decode()
    assert stan.get("/customers/").status_code == 403
    assert last_event() == ("team.left", "Stan Stein left the team")
    assert OutgoingMail.objects.get().to_email == cast.alice.email


def test_last_owner_cannot_leave_or_be_demoted(cast: Cast, alice: Client) -> None:
    assert "You’re the only owner" in alice.get(f"{TEAM}leave/").content.decode()
    assert alice.post(f"{TEAM}leave/").status_code == 200
    response = alice.post(f"{TEAM}{place(cast.alice).pk}/role/", {"role": "staff"})
    assert "An agency needs at least one owner" in response.content.decode()
    assert alice.get(f"{TEAM}{place(cast.alice).pk}/remove/").url == f"{TEAM}leave/"
    assert place(cast.alice).role == Role.OWNER


# --- Transferring ownership --------------------------------------------------------------------------------------------


def test_ownership_can_be_transferred(cast: Cast, alice: Client) -> None:
    response = alice.post(f"{TEAM}hand-over/", {"to": place(cast.max).pk}, follow=True)
    assert "Max Meyer is now the owner. You’re now a manager." in response.content.decode()
    assert (place(cast.max).role, place(cast.alice).role) == (Role.OWNER, Role.MANAGER)
    assert {mail.to_email for mail in OutgoingMail.objects.all()} == {cast.max.email, cast.alice.email}
    assert last_event() == ("team.handed_over", "Ownership transferred to Max Meyer")
    assert alice.get(f"{TEAM}invite/").status_code == 403


@pytest.mark.parametrize("whom", ["alice", "charlie"])
def test_ownership_can_only_be_transferred_to_colleagues(cast: Cast, alice: Client, whom: str) -> None:
    assert alice.post(f"{TEAM}hand-over/", {"to": place(getattr(cast, whom)).pk}).status_code == 200
    assert place(cast.alice).role == Role.OWNER


# --- Last owner --------------------------------------------------------------------------------------------------------


def two_owners(cast: Cast) -> None:
    Membership.objects.filter(user=cast.max).update(role=Role.OWNER)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["remove", "demote", "leave"])
def test_concurrent_removals_keep_an_owner(cast: Cast, what: str) -> None:
    two_owners(cast)
    owners = [place(cast.alice), place(cast.max)]

    def act(number: int) -> Any:
        me, other = owners[number], owners[1 - number]
        if what == "remove":
            return team.remove_member(other, to=None, by=me.user)
        if what == "demote":
            return team.change_role(other, Role.STAFF, by=me.user)
        return team.leave(me, to=None)

    # The second action fails with a message, before the trigger would raise an IntegrityError.
    outcomes = at_once(2, act)
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [ValidationError]
    assert cast.alder.memberships.owners().count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", ["delete", "update"])
def test_trigger_keeps_an_owner(cast: Cast, statement: str) -> None:
    two_owners(cast)
    pks = [place(cast.alice).pk, place(cast.max).pk]

    both_gone = Barrier(2)

    def act(number: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            mine = Membership.objects.filter(pk=pks[number])
            _ = mine.delete() if statement == "delete" else mine.update(role=Role.STAFF)
            both_gone.wait(timeout=30)
            # Neither transaction sees the other's change, so that only the trigger's lock can detect it.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SELECT pg_sleep(0.2)")

    outcomes = at_once(2, act)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [IntegrityError]
    assert cast.alder.memberships.owners().count() == 1


def test_former_owners_cannot_change_the_team(cast: Cast) -> None:
    two_owners(cast)
    team.change_role(place(cast.alice), Role.MANAGER, by=cast.max)
    for act in (
        lambda: team.change_role(place(cast.stan), Role.OWNER, by=cast.alice),
        lambda: team.remove_member(place(cast.stan), to=None, by=cast.alice),
        lambda: team.transfer_ownership(place(cast.stan), by=cast.alice),
        lambda: team.require_second_factor(cast.alder, True, by=cast.alice),
        lambda: team_invitations.invite(cast.alder, email="x@people.example", role=Role.OWNER, by=cast.alice),
    ):
        with pytest.raises(ValidationError, match="no longer an owner"):
            act()
    assert place(cast.stan).role == Role.STAFF


@zeal_ignore()  # Django's inline forms query the user of each row.
def test_admin_cannot_remove_the_last_owner(cast: Cast) -> None:
    admin = Client()
    admin.force_login(cast.ada)
    address = f"/admin/agencies/agency/{cast.alder.pk}/change/"
    members = list(cast.alder.memberships.order_by("pk"))

    def form(**changed: str) -> dict[str, Any]:
        fields = {"name": "Alder Web", "language": "en", "time_zone": "Europe/Berlin"}
        fields |= {"memberships-TOTAL_FORMS": "3", "memberships-INITIAL_FORMS": "3"}
        for number, member in enumerate(members):
            fields |= {f"memberships-{number}-{key}": str(value) for key, value in [("id", member.pk), ("agency", cast.alder.pk)]}
            fields |= {f"memberships-{number}-user": str(member.user_id), f"memberships-{number}-role": member.role}
        return {**fields, **changed}

    for changed in ({"memberships-0-DELETE": "on"}, {"memberships-0-role": "staff"}):
        assert "An agency needs at least one owner" in admin.post(address, form(**changed)).content.decode()
    assert admin.post(f"/admin/accounts/user/{cast.alice.pk}/delete/", {"post": "yes"}).status_code == 403
    # Another owner in the same request makes it possible.
    swap = {"memberships-0-DELETE": "on", "memberships-1-role": "owner", "memberships-2-user": str(cast.charlie.pk)}
    assert admin.post(address, form(**swap)).status_code == 302
    assert [(member.user, member.role) for member in cast.alder.memberships.order_by("pk")] == [(cast.max, "owner"), (cast.stan, "staff")]
    assert set(AuditEvent.objects.values_list("action", "source")) == {("team.role_changed", "admin"), ("team.removed", "admin")}
    assert OutgoingMail.objects.filter(to_email=cast.alice.email, kind="team_removed").exists()
