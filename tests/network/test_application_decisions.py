"""Decisions of administrators on applications, in Django admin."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partnerportal.agencies.models import Agency, Membership, TeamInvitation
from partnerportal.audit.models import AuditEvent
from partnerportal.network.applications import services
from partnerportal.network.applications.services import approve_application, reject_application
from partnerportal.network.models import AgencyApplication, PartnerProfile
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.agencies import AgencyFactory, ProfileFactory
from tests.factories.applications import ApplicationFactory
from tests.network.test_applications import open_applications

LIST = "/admin/network/agencyapplication/"


@pytest.fixture
def ada(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ada)
    return client


@pytest.fixture
def application(cast: Cast) -> AgencyApplication:
    return ApplicationFactory(email="Cora@cedar.example", language="de")


def page(application: AgencyApplication, step: str = "change") -> str:
    return f"{LIST}{application.pk}/{step}/"


def events(prefix: str) -> list[Any]:
    return list(AuditEvent.objects.filter(action__startswith=prefix).order_by("pk"))


# --- The queue


def test_the_home_page_lists_those_awaiting_a_decision_oldest_first(ada: Client, cast: Cast) -> None:
    def found() -> Any:
        return next((found for found in ada.get("/admin/").context["lists"] if found.title == "Applications"), None)

    ApplicationFactory(status="unconfirmed")
    ApplicationFactory(status="approved")
    assert found() is None
    open_applications()
    assert found().items == []
    assert "No applications awaiting a decision." in ada.get("/admin/").content.decode()
    open_applications(False)
    newer, older = ApplicationFactory(name="Newer"), ApplicationFactory(name="Older")
    AgencyApplication.objects.filter(pk=older.pk).update(confirmed_at=timezone.now() - timedelta(days=3))
    shown = found()
    assert [(item.label, item.note, item.age) for item in shown.items] == [
        ("Older", "Leipzig", "3\xa0days"),
        ("Newer", "Leipzig", "less than a minute"),
    ]
    assert shown.items[1].url == page(newer)
    assert list(ada.get(shown.url).context["cl"].result_list) == [older, newer]


def test_the_list_is_filtered_by_status_and_searched(ada: Client) -> None:
    rows = {status: ApplicationFactory(status=status, name=f"Agency {status}") for status in AgencyApplication.Status.values}
    for query, statuses in {"": ["confirmed"], "?queue=rejected": ["rejected"], "?queue=unconfirmed": ["unconfirmed"]}.items():
        assert list(ada.get(f"{LIST}{query}").context["cl"].result_list) == [rows[status] for status in statuses]
    assert len(ada.get(f"{LIST}?queue=all").context["cl"].result_list) == 4
    assert list(ada.get(f"{LIST}?queue=all&q=approved").context["cl"].result_list) == [rows["approved"]]


def test_input_is_escaped(ada: Client) -> None:
    evil = "<script>alert(1)</script>"
    application = ApplicationFactory(name=evil, city=evil, contact_name=evil, description=evil)
    AgencyFactory(name=evil)
    ApplicationFactory(name=evil, email=application.email)
    for path in ("/admin/", LIST, *(page(application, step) for step in ("change", "approve", "reject"))):
        shown = ada.get(path).content.decode()
        assert evil not in shown
        assert "&lt;script&gt;alert(1)" in shown


def test_similar_agencies_and_other_applications_are_linked(ada: Client, application: AgencyApplication) -> None:
    agencies = [AgencyFactory(name="CEDAR digital"), ProfileFactory(website="http://www.cedar.example").agency]
    ProfileFactory(website="https://cedar.example.org/")
    others = [ApplicationFactory(email="cora@cedar.example"), ApplicationFactory(email="cora@cedar.example", status="rejected")]
    ApplicationFactory(email="cora@cedar.example", status="unconfirmed")
    shown = ada.get(page(application)).content.decode()
    linked = [f"/admin/agencies/agency/{agency.pk}/change/" for agency in agencies] + [page(other) for other in others]
    assert [path for path in linked if f'href="{path}"' not in shown] == []
    assert len(re.findall(r"/admin/agencies/agency/\d", shown)) == len(agencies)
    assert len(re.findall(r"/admin/network/agencyapplication/\d+/change/", shown)) == len(others)


def test_the_list_uses_as_many_queries_for_more_rows(ada: Client) -> None:
    ApplicationFactory(status="approved")
    ada.get(f"{LIST}?queue=all")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            ada.get(f"{LIST}?queue=all")
        counts.append(len(captured))
        ApplicationFactory(status="rejected")
    assert counts[0] == counts[1]


# --- Approval


def test_approving_asks_first(ada: Client, application: AgencyApplication) -> None:
    assert f'href="{page(application, "approve")}"' in ada.get(page(application)).content.decode()
    assert "invites Cora@cedar.example as its first owner" in ada.get(page(application, "approve")).content.decode()
    application.refresh_from_db()
    assert application.status == "confirmed"
    assert not OutgoingMail.objects.exists()


def test_approving_creates_the_agency_and_invites_its_owner(ada: Client, application: AgencyApplication, cast: Cast) -> None:
    response = ada.post(page(application, "approve"), follow=True)
    assert "Application approved." in response.content.decode()
    application.refresh_from_db()
    agency = Agency.objects.get(name="Cedar Digital")
    assert (application.status, application.agency, application.decided_by) == ("approved", agency, cast.ada)
    profile = agency.profile
    assert (agency.language, profile.status, profile.slug) == ("de", "draft", "cedar-digital")
    shown = {"website": "https://cedar.example/", "city": "Leipzig", "contact_name": "Cora Cedar", "contact_email": "Cora@cedar.example"}
    assert {name: getattr(profile, name) for name in shown} == shown
    assert profile.description == application.description
    assert "cedar digital" in profile.search_text
    assert Client().get("/partners/cedar-digital/").status_code == 404
    invitation = TeamInvitation.objects.get()
    assert (invitation.email, invitation.role, invitation.agency) == ("cora@cedar.example", "owner", agency)
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.agency, mail.reply_to) == ("application_approved", "cora@cedar.example", None, cast.ada.email)
    assert invitation.link in mail.text
    (event,) = events("application.")
    assert (event.action, event.agency, event.actor_label, event.source) == ("application.approved", agency, str(cast.ada), "admin")
    assert [event.action for event in events("team.")] == ["team.invited"]
    assert "Approve…" not in response.content.decode()


def test_only_the_confirmed_address_becomes_the_owner(ada: Client, application: AgencyApplication, cast: Cast) -> None:
    ada.post(page(application, "approve"))
    path = TeamInvitation.objects.get().link.removeprefix("http://localhost")
    kim = Client()
    kim.force_login(cast.kim)
    assert kim.post(path).status_code == 403
    assert not Membership.objects.filter(agency__name="Cedar Digital").exists()
    joined = Client().post(path, {"full_name": "Cora Cedar", "password": "correct horse battery"})
    assert joined.status_code == 302
    member = Membership.objects.get(agency__name="Cedar Digital")
    assert (member.user.email, member.role) == ("cora@cedar.example", "owner")


def test_an_existing_account_becomes_the_owner(ada: Client, cast: Cast) -> None:
    application = ApplicationFactory(email=cast.charlie.email)
    ada.post(page(application, "approve"))
    charlie = Client()
    charlie.force_login(cast.charlie)
    assert charlie.post(TeamInvitation.objects.get().link.removeprefix("http://localhost")).status_code == 302
    assert cast.charlie.memberships.filter(agency__name="Cedar Digital", role="owner").exists()


def test_approving_again_creates_nothing(ada: Client, application: AgencyApplication) -> None:
    ada.post(page(application, "approve"))
    for step in ("approve", "reject"):
        response = ada.post(page(application, step), {"reason": "No"}, follow=True)
        assert "isn’t awaiting a decision" in response.content.decode()
    assert Agency.objects.filter(name="Cedar Digital").count() == TeamInvitation.objects.count() == OutgoingMail.objects.count() == 1
    assert len(events("application.")) == 1


def test_an_approval_that_fails_leaves_nothing(application: AgencyApplication, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the process had crashed before its last step."""

    def crash(*_args: Any, **_kwargs: Any) -> None:
        raise KeyboardInterrupt

    by = cast.ada
    with monkeypatch.context() as crashing:
        crashing.setattr(services, "record", crash)
        with pytest.raises(KeyboardInterrupt):
            approve_application(application, by=by)
    assert not Agency.objects.filter(name="Cedar Digital").exists()
    assert not TeamInvitation.objects.exists()
    assert approve_application(application, by=by)
    assert Agency.objects.filter(name="Cedar Digital").count() == TeamInvitation.objects.count() == OutgoingMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_administrators_decide_once(cast: Cast) -> None:
    administrators = [cast.ada, UserFactory(is_staff=True, is_superuser=True)]
    for attempt in range(4):
        application = ApplicationFactory(name=f"Agency {attempt}")

        def decide(number: int, application: AgencyApplication = application, attempt: int = attempt) -> bool:
            by = administrators[number % 2]
            if (number + attempt) % 2:
                return approve_application(application, by=by)
            return reject_application(application, reason="No", by=by)

        assert sorted(at_once(4, decide), key=str) == [False] * 3 + [True]
        application.refresh_from_db()
        approved = application.status == "approved"
        assert Agency.objects.filter(name=application.name).count() == int(approved)
        assert TeamInvitation.objects.filter(email=application.email).count() == int(approved)
    assert OutgoingMail.objects.count() == len(events("application.")) == 4


@pytest.mark.django_db(transaction=True)
def test_agencies_of_the_same_name_get_different_addresses(cast: Cast) -> None:
    """Both find the same address free, and one of them has to choose another."""
    by = cast.ada
    applications = [ApplicationFactory() for _ in range(4)]
    assert at_once(4, lambda number: approve_application(applications[number], by=by)) == [True] * 4
    slugs = PartnerProfile.objects.filter(agency__name="Cedar Digital").values_list("slug", flat=True)
    assert sorted(slugs) == ["cedar-digital", "cedar-digital-2", "cedar-digital-3", "cedar-digital-4"]


def test_names_and_addresses_in_use_are_no_obstacle(ada: Client, cast: Cast) -> None:
    ProfileFactory(agency=AgencyFactory(name="Cedar Digital"), slug="cedar-digital")
    for name, slug in (("Cedar Digital", "cedar-digital-2"), ("Apply", "apply-2"), ("雪", "agency")):
        application = ApplicationFactory(name=name)
        ada.post(page(application, "approve"))
        application.refresh_from_db()
        assert application.agency.profile.slug == slug


# --- Rejection


def test_rejecting_sends_the_reason(ada: Client, application: AgencyApplication, cast: Cast) -> None:
    assert ada.get(page(application, "reject")).status_code == 200
    response = ada.post(page(application, "reject"), {"reason": "Outside our region.\n<b>Sorry</b>"}, follow=True)
    assert "Application rejected." in response.content.decode()
    application.refresh_from_db()
    assert (application.status, application.agency, application.decided_by) == ("rejected", None, cast.ada)
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.reply_to) == ("application_rejected", "Cora@cedar.example", cast.ada.email)
    assert "Outside our region." in mail.text
    assert "<b>Sorry</b>" not in mail.html
    (event,) = events("application.")
    assert (event.action, event.agency, event.data) == ("application.rejected", None, {})
    assert not Agency.objects.filter(name="Cedar Digital").exists()


@pytest.mark.parametrize("reason", ["", "   ", "\u200b", "x" * 2001, "null\x00byte"])
def test_a_rejection_needs_a_reason(ada: Client, application: AgencyApplication, reason: str) -> None:
    response = ada.post(page(application, "reject"), {"reason": reason})
    assert response.status_code == 200
    assert response.context["form"].errors
    application.refresh_from_db()
    assert application.status == "confirmed"


@pytest.mark.parametrize("status", ["unconfirmed", "approved", "rejected"])
def test_only_applications_awaiting_a_decision_are_decided(ada: Client, status: str) -> None:
    application = ApplicationFactory(status=status)
    agencies = Agency.objects.count()
    for step in ("approve", "reject"):
        assert f'href="{page(application, step)}"' not in ada.get(page(application)).content.decode()
        ada.post(page(application, step), {"reason": "No"})
    application.refresh_from_db()
    assert (application.status, Agency.objects.count(), OutgoingMail.objects.count()) == (status, agencies, 0)


def test_deciding_needs_the_permission(application: AgencyApplication) -> None:
    helper = UserFactory(is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(codename="view_agencyapplication"))
    client = Client()
    client.force_login(helper)
    assert "Approve…" not in client.get(page(application)).content.decode()
    for step in ("approve", "reject"):
        assert client.get(page(application, step)).status_code == 403
        assert client.post(page(application, step), {"reason": "No"}).status_code == 403
    application.refresh_from_db()
    assert application.status == "confirmed"
    assert client.post(f"{LIST}9999/approve/").status_code == 403


def test_applications_are_not_changed_or_deleted_by_hand(ada: Client, application: AgencyApplication) -> None:
    assert ada.post(page(application), {"name": "Other"}).status_code == 403
    assert ada.post(page(application, "delete"), {"post": "yes"}).status_code == 403
    assert ada.get(f"{LIST}add/").status_code == 403
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        AgencyApplication.objects.update(name="Other")
