"""Setup steps on the dashboard of a new agency."""

import pytest
from django.test import Client

from partnerportal.agencies.models import Agency, Role
from tests.cast import Cast
from tests.factories.agencies import MembershipFactory
from tests.factories.customers import CustomerFactory
from tests.factories.reviews import ReviewRequestFactory
from tests.factories.team import TeamInvitationFactory


@pytest.fixture
def agency(cast: Cast) -> Agency:
    """An empty agency, owned by Charlie."""
    cast.birch.profile.delete()
    return cast.birch


@pytest.fixture
def charlie(cast: Cast) -> Client:
    browser = Client(headers={"Accept-Language": "en"})
    browser.force_login(cast.charlie)
    return browser


def steps(browser: Client) -> dict[str, bool]:
    """Return whether each displayed step is done; empty if the steps aren't displayed."""
    response = browser.get("/dashboard/")
    setup = response.context["dashboard"].setup
    assert ("Set up your portal" in response.content.decode()) == bool(setup)
    return {step.name: step.is_done for step in setup.steps} if setup else {}


def test_steps_tick_themselves(charlie: Client, agency: Agency, cast: Cast) -> None:
    assert steps(charlie) == {"profile": False, "customers": False, "team": False, "review": False}
    page = charlie.get("/dashboard/").content.decode()
    assert "All caught up" not in page
    assert "0 of 13 details so far" in page
    customer = CustomerFactory(agency=agency)
    assert steps(charlie) == {"profile": False, "customers": True, "team": False, "review": False}
    TeamInvitationFactory(agency=agency)
    assert steps(charlie)["team"] is True
    ReviewRequestFactory(customer=customer)
    assert steps(charlie) == {"profile": False, "customers": True, "team": True, "review": True}
    cast.alder.profile.__class__.objects.filter(agency=cast.alder).update(agency=agency)
    assert steps(charlie) == {}


def test_a_second_member_ticks_the_team(charlie: Client, agency: Agency) -> None:
    MembershipFactory(agency=agency, role="staff")
    assert steps(charlie)["team"] is True


def test_a_draft_profile_is_not_done(charlie: Client, agency: Agency, cast: Cast) -> None:
    type(cast.alder.profile).objects.filter(agency=cast.alder).update(agency=agency, status="draft", registered_at=None)
    assert steps(charlie)["profile"] is False


def test_steps_lead_to_their_pages(charlie: Client, agency: Agency) -> None:
    page = charlie.get("/dashboard/")
    for step in page.context["dashboard"].setup.steps:
        assert f'<a href="{step.url}">{step.title}</a>' in page.content.decode()
        # Inviting requires a recent sign-in.
        assert charlie.get(step.url).status_code in {200, 302}
    assert '<a href="/customers/import/">Import a list</a>' in page.content.decode()


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.OWNER, ["profile", "customers", "team", "review"]),
        (Role.MANAGER, ["profile", "customers", "review"]),
        (Role.STAFF, ["customers", "review"]),
    ],
)
def test_members_see_the_steps_of_their_role(agency: Agency, role: Role, expected: list[str]) -> None:
    member = Client()
    member.force_login(MembershipFactory(agency=agency, role=role).user)
    assert list(steps(member)) == expected
    page = member.get("/dashboard/").content.decode()
    assert ("/customers/import/" in page) == (role != Role.STAFF)


def test_a_dismissed_step_disappears_for_the_agency(charlie: Client, agency: Agency) -> None:
    manager = Client()
    manager.force_login(MembershipFactory(agency=agency, role="manager").user)
    response = charlie.post("/dashboard/setup/dismiss/", {"step": "profile"})
    assert (response.status_code, response.url) == (302, "/dashboard/")
    assert list(steps(charlie)) == ["customers", "team", "review"]
    assert list(steps(manager)) == ["customers", "review"]
    charlie.post("/dashboard/setup/dismiss/")
    assert steps(charlie) == {}
    agency.refresh_from_db()
    assert agency.dismissed_setup_steps == ["profile", "customers", "team", "review"]


def test_dismissing_concerns_only_the_own_agency_and_role(agency: Agency, charlie: Client, stan: Client, cast: Cast) -> None:
    stan.post("/dashboard/setup/dismiss/", {"step": "profile"})
    stan.post("/dashboard/setup/dismiss/", {"step": "nonsense"})
    cast.alder.refresh_from_db()
    assert cast.alder.dismissed_setup_steps == []
    stan.post("/dashboard/setup/dismiss/")
    cast.alder.refresh_from_db()
    assert cast.alder.dismissed_setup_steps == ["customers", "review"]
    assert list(steps(charlie)) == ["profile", "customers", "team", "review"]
