"""`/company/reviews/rounds/automatic/`: the setting for automatic requests, and the upcoming ones."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from customers.models import Project
from partnerportal.audit.models import AuditEvent
from reviews.models import AutomaticRequests
from reviews.rounds.automatic import switch
from tests.cast import Cast
from tests.factories.customers import ProjectFactory

PAGE = "/company/reviews/rounds/automatic/"


def text_of(response: Any) -> str:
    """Return the text of a page, without markup."""
    assert response.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def completed(cast: Cast, title: str = "Relaunch") -> Project:
    """Return a project that was completed after automatic requests were switched on."""
    switch(cast.alder, is_on=True, days=14, by=cast.alice)
    # The database's time is the beginning of the transaction.
    AutomaticRequests.objects.update(enabled_at=timezone.now() - timedelta(days=1))
    project: Project = ProjectFactory(customer__agency=cast.alder, title=title, status="done")
    return project


def test_automatic_requests_are_off_at_first(cast: Cast, alice: Client) -> None:
    page = alice.get(PAGE)
    assert 'id="requests"' not in page.content.decode()
    assert not re.search(r'name="is_on"[^>]* checked', page.content.decode())
    assert not AutomaticRequests.objects.exists()


def test_they_are_switched_on_and_off(cast: Cast, alice: Client) -> None:
    response = alice.post(PAGE, {"is_on": "on", "days": 21}, follow=True)
    assert "Saved. Reviews are requested automatically." in text_of(response)
    setting = AutomaticRequests.objects.get()
    assert (setting.agency, setting.days, setting.enabled_by) == (cast.alder, 21, cast.alice)
    assert "On: a review is requested 21 days after a project is completed." in text_of(alice.get("/company/reviews/rounds/"))
    assert "No upcoming requests." in text_of(alice.get(PAGE))
    assert "Automatic requests are off." in text_of(alice.post(PAGE, {"days": 21}, follow=True))
    setting.refresh_from_db()
    assert setting.enabled_at is None


@pytest.mark.parametrize("days", ["", "0", "181", "soon"])
def test_errors_are_next_to_their_field(cast: Cast, alice: Client, days: str) -> None:
    response = alice.post(PAGE, {"is_on": "on", "days": days})
    assert list(response.context["form"].errors) == ["days"]
    assert 'id="id_days_error"' in response.content.decode()
    assert not AutomaticRequests.objects.exists()


def test_upcoming_requests_are_listed_and_cancelled_with_undo(cast: Cast, alice: Client) -> None:
    project = completed(cast)
    page = text_of(alice.get(PAGE))
    assert f"Relaunch {project.customer.company} completed on" in page
    response = alice.post(f"{PAGE}{project.pk}/cancel/", {"next": PAGE}, follow=True)
    assert "Request for “Relaunch” cancelled." in text_of(response)
    assert "No upcoming requests." in text_of(response)
    assert f'action="{PAGE}{project.pk}/restore/"' in response.content.decode()
    assert "Relaunch" in text_of(alice.get(f"{PAGE}?show=cancelled"))
    again = alice.post(f"{PAGE}{project.pk}/cancel/", follow=True)
    assert "No request for “Relaunch” is upcoming. Nothing was changed." in text_of(again)
    restored = alice.post(f"{PAGE}{project.pk}/restore/", follow=True)
    assert "The review of “Relaunch” is requested after all." in text_of(restored)
    assert "isn’t cancelled. Nothing was changed." in text_of(alice.post(f"{PAGE}{project.pk}/restore/", follow=True))
    assert "No cancelled requests" in text_of(alice.get(f"{PAGE}?show=cancelled"))
    actions = AuditEvent.objects.filter(action__startswith="automatic_request.").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["automatic_request.cancelled", "automatic_request.restored"]


def test_upcoming_requests_are_paged_oldest_first(cast: Cast, alice: Client) -> None:
    for number in range(27):
        completed(cast, f"Project no. {number:02}")
    first = alice.get(PAGE)
    assert [project.title for project in first.context["page"].items[:2]] == ["Project no. 00", "Project no. 01"]
    second = alice.get(PAGE + first.context["page"].next_url)
    assert [project.title for project in second.context["page"].items] == ["Project no. 25", "Project no. 26"]
    assert alice.get(f"{PAGE}?after=nonsense").status_code == 404


def test_projects_of_other_agencies_are_not_found(cast: Cast, stan: Client, charlie: Client) -> None:
    project = completed(cast)
    switch(cast.birch, is_on=True, days=14, by=cast.charlie)
    for action in ("cancel", "restore"):
        assert charlie.post(f"{PAGE}{project.pk}/{action}/").status_code == 404
        assert stan.post(f"{PAGE}{project.pk}/{action}/").status_code == 403
    assert "Relaunch" not in text_of(charlie.get(PAGE))
    assert stan.get(PAGE).status_code == 403


def test_agencies_without_a_setting_have_nothing_to_cancel(cast: Cast, alice: Client) -> None:
    project = ProjectFactory(customer__agency=cast.alder, title="Relaunch", status="done")
    for action in ("cancel", "restore"):
        assert "Nothing was changed." in text_of(alice.post(f"{PAGE}{project.pk}/{action}/", follow=True))
