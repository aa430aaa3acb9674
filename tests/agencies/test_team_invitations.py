"""Team invitations and the page behind their link (`/join/<token>/`)."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.accounts.services.accounts import get_or_create_client
from partnerportal.agencies import tasks
from partnerportal.agencies.models import Membership, Role, TeamInvitation
from partnerportal.agencies.services import team_invitations
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.team import TeamInvitationFactory

TEAM = "/company/team/"
NEW = "nina@people.example"


@pytest.fixture
def invited(alice: Client, cast: Cast) -> TeamInvitation:
    """Return an invitation as a manager to Nina, who has no account."""
    assert alice.post(f"{TEAM}invite/", {"email": " Nina@People.example ", "role": "manager"}).status_code == 302
    return cast.alder.team_invitations.get()


def link(mail: OutgoingMail) -> str:
    """Return the path of the link in the e-mail."""
    found = re.search(r"/join/\S+", mail.text)
    assert found
    return found.group()


def join(client: Client, path: str, **fields: str) -> Any:
    return client.post(path, {"full_name": "Nina Neu", "password": "correct horse battery", **fields})


def events() -> list[str]:
    return list(AuditEvent.objects.filter(action__startswith="team.").order_by("pk").values_list("action", flat=True))


def test_link_is_sent_by_email_and_hidden_from_colleagues(invited: TeamInvitation, alice: Client) -> None:
    mail = OutgoingMail.objects.get()
    assert (mail.to_email, mail.agency, mail.reply_to) == (NEW, None, "alice@alder.example")
    assert "Alice Alder has invited you to work for Alder Web in the Partner Portal. Your role: Manager." in mail.text
    assert invited.link == f"http://localhost{link(mail)}"
    assert invited.token_digest not in mail.text
    assert invited.expires_at - timezone.now() > timedelta(days=6, hours=23)
    assert NEW in alice.get(TEAM).content.decode()
    assert events() == ["team.invited"]


@pytest.mark.parametrize("email", ["", "nobody", "stan@alder.example", "STAN@alder.example", f"{'x' * 250}@x.example"])
def test_invalid_and_member_addresses_are_rejected(alice: Client, email: str) -> None:
    assert alice.post(f"{TEAM}invite/", {"email": email, "role": "staff"}).status_code == 200
    assert not TeamInvitation.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_address_cannot_be_invited_twice(invited: TeamInvitation, alice: Client) -> None:
    response = alice.post(f"{TEAM}invite/", {"email": NEW, "role": "staff"})
    assert "This address has already been invited" in response.content.decode()
    with pytest.raises(IntegrityError, match="team_invitation_pending_once"), transaction.atomic():
        TeamInvitationFactory(agency=invited.agency, email=NEW)


def test_invitations_are_rate_limited(alice: Client, cast: Cast, clean_cache: None) -> None:
    answers = [alice.post(f"{TEAM}invite/", {"email": f"p{number}@people.example", "role": "staff"}) for number in range(31)]
    assert [answer.status_code for answer in answers] == [302] * 30 + [429]
    assert 0 < int(answers[30]["Retry-After"]) <= 60 * 60
    assert "p30@people.example" in answers[30].content.decode()
    # Resending counts too.
    last = cast.alder.team_invitations.latest("pk")
    TeamInvitation.objects.update(mailed_at=timezone.now() - timedelta(hours=1))
    page = alice.post(f"{TEAM}invitations/{last.pk}/resend/", follow=True).content.decode()
    assert "Too many attempts" in page
    assert OutgoingMail.objects.count() == 30


def test_unknown_links_are_rate_limited_and_valid_ones_are_not(cast: Cast, clean_cache: None) -> None:
    invitation = TeamInvitationFactory(agency=cast.alder)
    answers = [Client(REMOTE_ADDR="203.0.113.9").get(f"/join/{'x' * number}/") for number in range(1, 32)]
    assert [answer.status_code for answer in answers] == [404] * 30 + [429]
    assert 0 < int(answers[30]["Retry-After"]) <= 10 * 60
    assert Client(REMOTE_ADDR="198.51.100.7").get("/join/x/").status_code == 404
    assert Client(REMOTE_ADDR="203.0.113.9").get(str(invitation.link).removeprefix("http://localhost")).status_code == 200


# --- Accepting ---------------------------------------------------------------------------------------------------------


def test_new_user_joins_with_name_and_password(invited: TeamInvitation) -> None:
    path, browser = link(OutgoingMail.objects.get()), Client()
    page = browser.get(path)
    assert page["Referrer-Policy"] == "strict-origin"
    assert "noindex" in page["X-Robots-Tag"]
    assert "no-store" in page["Cache-Control"]
    assert "Alice Alder has invited you to work for <strong>Alder Web</strong> in the Partner Portal" in page.content.decode()
    response = browser.post(path, {"full_name": "Nina Neu", "password": "correct horse battery"}, follow=True)
    assert response.redirect_chain[-1][0] == "/dashboard/"
    assert "Welcome! You’re now part of Alder Web." in response.content.decode()
    nina = User.objects.get(email=NEW)
    assert (nina.full_name, nina.language, nina.check_password("correct horse battery")) == ("Nina Neu", "en", True)
    assert nina.password.startswith("argon2")
    assert nina.emailaddress_set.get().verified
    assert nina.memberships.get().role == Role.MANAGER
    assert events() == ["team.invited", "team.joined"]
    mail = OutgoingMail.objects.get(kind="team_joined")
    assert (mail.to_email, "Nina Neu" in mail.text) == ("alice@alder.example", True)
    # The new account can sign in, and the link no longer works.
    assert Client().post("/accounts/login/", {"login": NEW, "password": "correct horse battery"}).url == "/"
    closed = Client().get(path)
    assert closed.status_code == 410
    assert 'href="/accounts/login/"' in closed.content.decode()
    assert f"You’re signed in as {NEW}." in browser.get(path).content.decode()


@pytest.mark.parametrize(
    "fields",
    [{"password": ""}, {"password": "short"}, {"password": "password123"}, {"password": NEW}, {"full_name": ""}, {"full_name": "a\nb"}],
)
def test_joining_requires_a_name_and_a_strong_password(invited: TeamInvitation, fields: dict[str, str]) -> None:
    response = join(Client(), link(OutgoingMail.objects.get()), **fields)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not User.objects.filter(email=NEW).exists()


def test_admin_can_invite_the_first_owner(cast: Cast) -> None:
    admin = Client()
    admin.force_login(cast.ada)
    form = {"name": "Cedar Sites", "language": "en", "time_zone": "Europe/Berlin", "invite_owner": NEW}
    form |= {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    page = admin.post("/admin/agencies/agency/add/", form, follow=True).content.decode()
    assert f"Invitation sent to {NEW}." in page
    join(Client(), link(OutgoingMail.objects.get()))
    nina = Membership.objects.get(user__email=NEW)
    assert (nina.agency.name, nina.role) == ("Cedar Sites", Role.OWNER)
    # New members aren't notified about themselves, and can't be invited again.
    assert OutgoingMail.objects.count() == 1
    page = admin.post(f"/admin/agencies/agency/{nina.agency.pk}/change/", form, follow=True).content.decode()
    assert "This address already belongs to someone on your team." in page
    form["invite_owner"] = "otto@ced\u00adar.example"
    page = admin.post(f"/admin/agencies/agency/{nina.agency.pk}/change/", form, follow=True).content.decode()
    assert "The part after the @ contains invalid characters" in page
    assert OutgoingMail.objects.count() == 1


def test_opening_the_link_has_no_effect(invited: TeamInvitation) -> None:
    path = link(OutgoingMail.objects.get())
    for browser in (Client(), Client(enforce_csrf_checks=True)):
        assert browser.get(path).status_code == browser.head(path).status_code == 200
    assert join(Client(enforce_csrf_checks=True), path).status_code == 403
    invited.refresh_from_db()
    assert (invited.status, User.objects.filter(email=NEW).exists()) == ("pending", False)


def test_existing_user_signs_in_to_accept(alice: Client, cast: Cast) -> None:
    alice.post(f"{TEAM}invite/", {"email": cast.charlie.email, "role": "staff"})
    path, browser = link(OutgoingMail.objects.get()), Client()
    page = browser.get(path).content.decode()
    assert f"/accounts/login/?next={path.replace('/', '%2F')}" in page
    assert "full_name" not in page
    # Posting a name and a password doesn't take over the account.
    join(browser, path)
    assert cast.charlie.memberships.count() == 1
    signed_in = browser.post("/accounts/login/", {"login": cast.charlie.email, "password": PASSWORD, "next": path})
    assert signed_in.url == path
    assert "Join team" in browser.get(path).content.decode()
    assert cast.charlie.memberships.count() == 1
    response = browser.post(path, follow=True)
    assert "You’re now part of Alder Web." in response.content.decode()
    assert cast.charlie.memberships.get(agency=cast.alder).role == Role.STAFF


def test_client_accepts_with_a_sign_in_code(alice: Client, cast: Cast) -> None:
    kim = get_or_create_client("kim@code.example")
    assert kim
    alice.post(f"{TEAM}invite/", {"email": kim.email, "role": "staff"})
    path, browser = link(OutgoingMail.objects.get()), Client()
    assert "/accounts/login/code/?next=" in browser.get(path).content.decode()
    browser.post("/accounts/login/code/", {"email": kim.email, "next": path})
    code = re.search(r"^[A-Z]{4}-[A-Z]{4}$", OutgoingMail.objects.filter(to_email=kim.email).latest("pk").text, re.M)
    assert code
    assert browser.post("/accounts/login/code/confirm/", {"code": code.group(), "next": path}).url == path
    assert browser.post(path).url == "/dashboard/"
    assert browser.get("/dashboard/").status_code == 200
    kim.refresh_from_db()
    assert (kim.has_usable_password(), kim.memberships.get().agency) == (False, cast.alder)
    assert browser.get("/my/").status_code == 200


@pytest.mark.parametrize("somebody", ["charlie", "kim"])
def test_other_accounts_cannot_accept(invited: TeamInvitation, cast: Cast, somebody: str) -> None:
    path, browser = link(OutgoingMail.objects.get()), Client()
    browser.force_login(getattr(cast, somebody))
    for response in (browser.get(path), browser.post(path)):
        assert response.status_code == 403
        assert "for another address" in response.content.decode()
    assert not cast.alder.memberships.filter(user=getattr(cast, somebody)).exists()


def test_unverified_address_cannot_accept(invited: TeamInvitation) -> None:
    thief = UserFactory()
    thief.emailaddress_set.create(email=NEW, verified=False)
    browser = Client()
    browser.force_login(thief)
    assert browser.post(link(OutgoingMail.objects.get())).status_code == 403
    with pytest.raises(ValidationError, match="another address"):
        team_invitations.accept(invited, user=thief)


def test_accepting_does_not_change_an_existing_account(invited: TeamInvitation) -> None:
    # The address is another account's secondary address.
    UserFactory().emailaddress_set.create(email=NEW, verified=True)
    with pytest.raises(ValidationError, match="An account with this address already exists"):
        team_invitations.accept_with_new_account(invited, full_name="Nina", password=PASSWORD, language="en")
    assert not User.objects.filter(email=NEW).exists()


def test_existing_members_keep_their_role(cast: Cast) -> None:
    invitation = TeamInvitationFactory(agency=cast.alder, email=cast.max.email, role=Role.STAFF)
    team_invitations.accept(invitation, user=cast.max)
    assert cast.max.memberships.get().role == Role.MANAGER


# --- Withdrawal and expiry ---------------------------------------------------------------------------------------------


def test_withdrawn_link_explains_itself(invited: TeamInvitation, alice: Client) -> None:
    path = link(OutgoingMail.objects.get())
    response = alice.post(f"{TEAM}invitations/{invited.pk}/withdraw/", follow=True)
    assert "Its link no longer works" in response.content.decode()
    for answer in (Client().get(path), join(Client(), path)):
        assert (answer.status_code, "was withdrawn" in answer.content.decode()) == (410, True)
    assert not User.objects.filter(email=NEW).exists()
    assert "Nothing was changed" in alice.post(f"{TEAM}invitations/{invited.pk}/resend/", follow=True).content.decode()
    assert events() == ["team.invited", "team.invitation_withdrawn"]


def test_expired_invitation_can_be_replaced(invited: TeamInvitation, alice: Client) -> None:
    path = link(OutgoingMail.objects.get())
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=True):
        answer = join(Client(), path)
        assert (answer.status_code, "has expired" in answer.content.decode()) == (410, True)
        assert tasks.expire_invitations() == 1
        assert tasks.expire_invitations() == 0
        team_invitations.invite(invited.agency, email=NEW, role=Role.STAFF, by=invited.invited_by)
    assert [(one.status, one.role) for one in TeamInvitation.objects.order_by("pk")] == [("expired", "manager"), ("pending", "staff")]


def test_new_invitation_expires_an_overdue_one(invited: TeamInvitation, alice: Client, cast: Cast) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=True):
        alice.force_login(cast.alice)
        assert alice.post(f"{TEAM}invite/", {"email": NEW, "role": "staff"}).status_code == 302
    assert [(one.status, one.role) for one in TeamInvitation.objects.order_by("pk")] == [("expired", "manager"), ("pending", "staff")]


def test_resending_keeps_the_link_and_restarts_the_term(invited: TeamInvitation, alice: Client) -> None:
    first = link(OutgoingMail.objects.get())
    assert "a moment ago" in alice.post(f"{TEAM}invitations/{invited.pk}/resend/", follow=True).content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=5), tick=True):
        team_invitations.resend(invited, by=invited.invited_by)
        again = OutgoingMail.objects.latest("pk")
        assert (again.to_email, link(again)) == (NEW, first)
    with time_machine.travel(timezone.now() + timedelta(days=11), tick=True):
        assert Client().get(first).status_code == 200


@pytest.mark.usefixtures("clean_cache")
@pytest.mark.parametrize("path", ["/join/nothing/", "/join/%00/", f"/join/{'x' * 300}/"])
def test_unknown_link_lists_possible_reasons(db: None, path: str) -> None:
    response = Client().get(path)
    assert (response.status_code, "This link isn’t valid" in response.content.decode()) == (404, True)


@pytest.mark.parametrize("change", [{"status": "pending"}, {"status": "accepted"}, {"role": "owner"}, {"email": "x@people.example"}])
def test_database_rejects_invalid_changes(cast: Cast, change: dict[str, str]) -> None:
    invitation = TeamInvitationFactory(agency=cast.alder)
    if "status" in change:
        TeamInvitation.objects.filter(pk=invitation.pk).update(status="withdrawn", answered_at=timezone.now())
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        TeamInvitation.objects.filter(pk=invitation.pk).update(**change)


def test_database_rejects_new_invitations_that_are_not_pending(cast: Cast) -> None:
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        TeamInvitationFactory(agency=cast.alder, status="withdrawn", answered_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_concurrent_acceptance_creates_one_account(cast: Cast) -> None:
    invitation = TeamInvitationFactory(agency=cast.alder, email=NEW)
    fields = {"full_name": "Nina", "password": PASSWORD, "language": "en"}
    outcomes = at_once(2, lambda _: team_invitations.accept_with_new_account(invitation, **fields))
    assert {type(outcome) for outcome in outcomes} == {Membership, InvalidTransition}
    assert User.objects.filter(email=NEW).count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_acceptance_and_withdrawal_have_one_winner(cast: Cast) -> None:
    invitation = TeamInvitationFactory(agency=cast.alder, email=cast.charlie.email)
    acts = [lambda: team_invitations.accept(invitation, user=cast.charlie), lambda: team_invitations.withdraw(invitation, by=cast.alice)]
    outcomes = at_once(2, lambda number: acts[number]())
    assert sum(isinstance(outcome, InvalidTransition) for outcome in outcomes) == 1
    invitation.refresh_from_db()
    assert cast.alder.memberships.filter(user=cast.charlie).exists() == (invitation.status == "accepted")
