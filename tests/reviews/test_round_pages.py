"""`/company/reviews/rounds/…`: pages of review rounds for managers."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from partnerportal.agencies.models import Agency
from reviews.models import ReviewRequest, ReviewRound
from reviews.rounds.runner import steps
from reviews.rounds.services import plan_round, start_round, stop_round
from reviews.views.rounds import estimated_end
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, CustomerTagFactory, ProjectFactory, TagFactory
from tests.factories.reviews import ReviewRequestFactory
from tests.factories.rounds import RoundFactory

ROUNDS = "/company/reviews/rounds/"
ADD = f"{ROUNDS}add/"
BERLIN = ZoneInfo("Europe/Berlin")
#: A Wednesday at noon.
WORKDAY = datetime(2026, 4, 15, 12, tzinfo=BERLIN)


def rule(**changes: Any) -> dict[str, Any]:
    """Return the input of a new round."""
    values = {"name": "Spring", "not_asked_days": 365, "per_day": 50, "from_hour": 9, "until_hour": 17}
    return {**values, **changes}


def text_of(response: Any) -> str:
    """Return the text of a page, without markup."""
    assert response.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def fact(response: Any, label: str) -> str:
    """Return the value of a labelled fact."""
    found = re.search(rf"<dt>\s*{re.escape(label)}\s*</dt>\s*<dd[^>]*>\s*(.*?)\s*</dd>", unescape(response.content.decode()), re.DOTALL)
    assert found, label
    return " ".join(re.sub(r"<[^>]*>", " ", found[1]).split())


def draft(cast: Cast, customers: int = 2, **fields: Any) -> ReviewRound:
    for _ in range(customers):
        CustomerFactory(agency=cast.alder)
    review_round: ReviewRound = RoundFactory(agency=cast.alder, by=cast.alice, **fields)
    return review_round


def started(cast: Cast, customers: int = 2, sent: bool = True, **fields: Any) -> ReviewRound:
    """Return a round that was started on a working day, whose worker has sent what it could."""
    review_round = draft(cast, customers, **fields)
    with time_machine.travel(WORKDAY, tick=False):
        start_round(review_round, by=cast.alice)
        for _step in steps(review_round.pk) if sent else ():
            pass
    review_round.refresh_from_db()
    return review_round


def test_the_empty_list_says_what_a_round_is(alice: Client) -> None:
    page = text_of(alice.get(ROUNDS))
    assert "No review rounds yet" in page
    assert "A round requests reviews from all customers who match a rule" in page
    assert "Off. A review can be requested some days after each completed project." in page


def test_the_list_shows_status_and_progress(cast: Cast, alice: Client) -> None:
    started(cast, 3, name="Spring", per_day=2)
    draft(cast, 0, name="Summer")
    page = text_of(alice.get(ROUNDS))
    assert re.search(r"Summer .* draft Spring .* 2 of 3 .* running", page)


def test_only_managers_see_the_tab(alice: Client, stan: Client) -> None:
    assert f'href="{ROUNDS}"' in alice.get("/company/reviews/").content.decode()
    assert f'href="{ROUNDS}"' not in stan.get("/company/reviews/").content.decode()


def test_a_new_round_is_a_draft_with_its_rule(cast: Cast, alice: Client) -> None:
    tag = TagFactory(agency=cast.alder, name="VIP")
    chosen, _other = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    CustomerTagFactory(customer=chosen, tag=tag)
    response = alice.post(ADD, rule(tag=tag.pk, responsible="", per_day=7, from_hour=8, until_hour=12, greeting="Good day,", closing="Bye"))
    review_round = ReviewRound.objects.get()
    assert response.headers["Location"] == f"{ROUNDS}{review_round.pk}/"
    assert (review_round.agency, review_round.status, review_round.started_by) == (cast.alder, "draft", cast.alice)
    assert (review_round.tag_id, review_round.per_day, review_round.from_hour, review_round.until_hour) == (tag.pk, 7, 8, 12)
    assert (review_round.greeting, review_round.closing) == ("Good day,", "Bye")
    assert list(review_round.entries.values_list("customer", flat=True)) == [chosen.pk]
    assert not ReviewRequest.objects.exists()
    page = alice.get(response.headers["Location"])
    assert (fact(page, "Will be asked"), fact(page, "Tag")) == ("1", "VIP")
    assert fact(page, "Requests per day") == "up to 7, Monday to Friday, 8:00 to 12:00"


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": ""}, "name", "Enter a name."),
        ({"completed_since": "2999-01-01"}, "completed_since", "Enter a date in the past."),
        ({"completed_since": "yesterday"}, "completed_since", "Enter a valid date."),
        ({"not_asked_days": 1}, "not_asked_days", "Select a valid choice"),
        ({"per_day": 0}, "per_day", "greater than or equal to 1"),
        ({"per_day": 1001}, "per_day", "less than or equal to 1000"),
        ({"from_hour": 12, "until_hour": 12}, "until_hour", "Select a time after the beginning."),
        ({"greeting": "See www.example.com"}, "greeting", "Web addresses aren’t allowed here"),
        ({"closing": "See http://example.com"}, "closing", "Web addresses aren’t allowed here"),
        ({"tag": 0}, "tag", "Select a valid choice"),
        ({"responsible": 0}, "responsible", "Select a valid choice"),
    ],
)
def test_errors_are_next_to_their_field(cast: Cast, alice: Client, changes: dict[str, Any], field: str, message: str) -> None:
    response = alice.post(ADD, rule(**changes))
    form = response.context["form"]
    assert list(form.errors) == [field]
    assert message in str(form.errors[field])
    assert f'id="id_{field}_error"' in response.content.decode()
    assert not ReviewRound.objects.exists()


def test_tags_and_people_of_other_agencies_are_refused(cast: Cast, alice: Client) -> None:
    foreign = TagFactory(agency=cast.birch)
    form = alice.post(ADD, rule(tag=foreign.pk, responsible=cast.charlie.pk)).context["form"]
    assert set(form.errors) == {"tag", "responsible"}


def test_one_form_adds_one_round(cast: Cast, alice: Client) -> None:
    number = re.search(r'name="form_number" value="([^"]+)"', alice.get(ADD).content.decode())
    assert number
    first, second = (alice.post(ADD, rule(form_number=number[1])).headers["Location"] for _ in range(2))
    assert first == second
    changed = alice.post(ADD, rule(form_number=number[1], per_day=3))
    assert "has already been added" in changed.context["form"].non_field_errors()[0]
    assert ReviewRound.objects.count() == 1
    renewed = changed.context["form"]["form_number"].value()
    assert alice.post(ADD, rule(form_number=renewed, per_day=3)).status_code == 302
    assert ReviewRound.objects.count() == 2
    ReviewRound.objects.all().delete()
    removed = alice.post(ADD, rule(form_number=number[1]))
    assert "has since been removed" in removed.context["form"].non_field_errors()[0]


def test_the_preview_says_who_is_left_out_and_why(cast: Cast, alice: Client) -> None:
    asked = ReviewRequestFactory(customer__agency=cast.alder).customer
    CustomerFactory(agency=cast.alder, email="")
    CustomerFactory(agency=cast.alder, email="STAN@alder.example")
    archived = CustomerFactory(agency=cast.alder)
    archived.status, archived.archived_at = "archived", timezone.now()
    archived.save()
    review_round = draft(cast, 2)
    page = alice.get(f"{ROUNDS}{review_round.pk}/")
    assert fact(page, "Will be asked") == "2"
    for reason in ("no e-mail address", "own staff", "archived", "another request is pending"):
        assert fact(page, f"Left out: {reason}") == "1", reason
    assert "visible to the portal administrator" in text_of(page)
    left_out = text_of(alice.get(f"{ROUNDS}{review_round.pk}/?outcome=open"))
    assert asked.reference in left_out
    assert archived.reference not in left_out
    # An unknown result shows the first list.
    assert asked.reference not in text_of(alice.get(f"{ROUNDS}{review_round.pk}/?outcome=nonsense"))


def test_the_preview_names_the_projects(cast: Cast, alice: Client) -> None:
    project = ProjectFactory(customer__agency=cast.alder, title="Relaunch", status="done")
    ProjectFactory(customer__agency=cast.alder, title="Planned")
    review_round = draft(cast, 1, completed_since=timezone.localdate() - timedelta(days=3))
    page = text_of(alice.get(f"{ROUNDS}{review_round.pk}/"))
    assert f"{project.customer.reference} {project.customer.company} Relaunch" in page
    assert "Planned" not in page


def test_the_preview_shows_the_email_to_the_first_customer(cast: Cast, alice: Client) -> None:
    ProjectFactory(customer__agency=cast.alder, customer__language="de", title="Relaunch", status="done")
    review_round = draft(cast, 0, completed_since=timezone.localdate() - timedelta(days=3), greeting="Dear all,")
    page = text_of(alice.get(f"{ROUNDS}{review_round.pk}/"))
    assert "Wie war die Zusammenarbeit mit Alder Web beim Projekt „Relaunch“?" in page
    assert "Dear all," in page
    review_round.entries.update(outcome="excluded")
    assert "E-mail preview" not in text_of(alice.get(f"{ROUNDS}{review_round.pk}/?outcome=excluded"))


def test_the_list_of_customers_is_paged(cast: Cast, alice: Client) -> None:
    review_round = draft(cast, 27)
    first = alice.get(f"{ROUNDS}{review_round.pk}/")
    assert len(first.context["page"].items) == 25
    second = alice.get(f"{ROUNDS}{review_round.pk}/{first.context['page'].next_url}")
    assert len(second.context["page"].items) == 2
    # The last customers of a page are excluded: the list begins again.
    alice.post(f"{ROUNDS}{review_round.pk}/exclude/", {"entry": [entry.pk for entry in second.context["page"].items]})
    gone = alice.get(f"{ROUNDS}{review_round.pk}/{first.context['page'].next_url}")
    assert gone.headers["Location"] == f"{ROUNDS}{review_round.pk}/?outcome=waiting#customers"


def test_customers_are_excluded_by_hand_and_included_again(cast: Cast, alice: Client) -> None:
    review_round = draft(cast, 3)
    page = f"{ROUNDS}{review_round.pk}/"
    first, second, _third = review_round.entries.order_by("pk").values_list("pk", flat=True)
    response = alice.post(f"{page}exclude/", {"entry": [first, second], "next": f"{page}#customers"}, follow=True)
    assert "2 customers excluded." in text_of(response)
    assert (fact(response, "Will be asked"), fact(response, "Left out: excluded by hand")) == ("1", "2")
    response = alice.post(f"{page}exclude/", {"entry": [first], "include": "1"}, follow=True)
    assert "1 customer included again." in text_of(response)
    assert (fact(response, "Will be asked"), fact(response, "Left out: excluded by hand")) == ("2", "1")
    assert "Select at least one customer." in text_of(alice.post(f"{page}exclude/", {"entry": ["x", "9" * 30]}, follow=True))


def test_only_customers_of_the_round_are_excluded(cast: Cast, alice: Client) -> None:
    review_round = draft(cast, 1)
    foreign = RoundFactory(agency=CustomerFactory(agency=cast.birch).agency, by=cast.charlie)
    alice.post(f"{ROUNDS}{review_round.pk}/exclude/", {"entry": [foreign.entries.get().pk]})
    foreign.refresh_from_db()
    assert (foreign.excluded, foreign.entries.get().outcome) == (0, "waiting")


def test_two_tabs_start_a_round_once(cast: Cast, alice: Client) -> None:
    review_round = draft(cast, 2)
    page = f"{ROUNDS}{review_round.pk}/"
    assert "Round started." in text_of(alice.post(f"{page}start/", follow=True))
    assert "This round has already been started." in text_of(alice.post(f"{page}start/", follow=True))
    excluded = alice.post(f"{page}exclude/", {"entry": [review_round.entries.all()[0].pk]}, follow=True)
    assert "This round has already been started. Nothing was changed." in text_of(excluded)
    assert "This round has already been started. Nothing was changed." in text_of(alice.post(f"{page}discard/", follow=True))
    review_round.refresh_from_db()
    assert (review_round.status, review_round.excluded) == ("running", 0)


def test_a_round_without_customers_cannot_be_started(cast: Cast, alice: Client) -> None:
    review_round = draft(cast, 0)
    page = f"{ROUNDS}{review_round.pk}/"
    shown = text_of(alice.get(page))
    assert "No customer can be asked." in shown
    assert "Start: request" not in shown
    assert "No customer of this round can be asked." in text_of(alice.post(f"{page}start/", follow=True))


def test_progress_names_what_was_sent_and_links_to_it(cast: Cast, alice: Client) -> None:
    review_round = started(cast, 3, per_day=2)
    page = alice.get(f"{ROUNDS}{review_round.pk}/")
    assert "2 of 3 requests sent" in text_of(page)
    assert (fact(page, "Sent"), fact(page, "Waiting"), fact(page, "Answered")) == ("2", "1", "0")
    for review_request in ReviewRequest.objects.all():
        assert f'href="/company/reviews/requests/{review_request.pk}/"' in page.content.decode()
        assert f'href="{review_request.customer.get_absolute_url()}"' in page.content.decode()
    assert "Next requests on 16 April 2026" in text_of(page)


def test_requests_link_to_their_round_for_managers(cast: Cast, alice: Client, stan: Client) -> None:
    review_round = started(cast, 1, name="Spring")
    page = f"/company/reviews/requests/{review_round.requests.get().pk}/"
    assert f'href="{ROUNDS}{review_round.pk}/">Spring</a>' in alice.get(page).content.decode()
    assert "Spring" not in stan.get(page).content.decode()


def test_a_round_is_paused_resumed_and_stopped(cast: Cast, alice: Client) -> None:
    review_round = started(cast, 3, per_day=2)
    page = f"{ROUNDS}{review_round.pk}/"
    for action, message, status in (
        ("pause", "Round paused. No requests are sent until you resume it.", "paused"),
        ("pause", "This round isn’t running. Nothing was changed.", "paused"),
        ("resume", "Round resumed.", "running"),
        ("resume", "This round isn’t paused. Nothing was changed.", "running"),
    ):
        assert message in text_of(alice.post(f"{page}{action}/", follow=True))
        review_round.refresh_from_db()
        assert review_round.status == status
    question = text_of(alice.get(f"{page}stop/"))
    assert "1 customer who is still waiting won’t be asked. The 2 requests already sent stay valid." in question
    review_round.refresh_from_db()
    assert review_round.status == "running"
    assert "Round stopped." in text_of(alice.post(f"{page}stop/", follow=True))
    assert "This round has already ended. Nothing was changed." in text_of(alice.post(f"{page}stop/", follow=True))
    assert alice.get(f"{page}stop/").headers["Location"] == page
    shown = alice.get(page)
    assert (fact(shown, "Not asked"), fact(shown, "Sent")) == ("1", "2")
    assert 'action="' + page not in shown.content.decode()


def test_a_draft_is_discarded_but_not_stopped(cast: Cast, alice: Client) -> None:
    review_round = draft(cast, 1)
    page = f"{ROUNDS}{review_round.pk}/"
    assert alice.get(f"{page}stop/").status_code == 404
    assert "Draft discarded. No requests were sent." in text_of(alice.post(f"{page}discard/", follow=True))
    assert not ReviewRound.objects.exists()
    assert alice.post(f"{page}start/").status_code == 404


def test_a_large_round_shows_its_preparation(cast: Cast, alice: Client) -> None:
    CustomerFactory(agency=cast.alder)
    review_round = plan_round(ReviewRound(agency=cast.alder, name="Large"), by=cast.alice, form_number="")
    page = f"{ROUNDS}{review_round.pk}/"
    shown = alice.get(page)
    assert "Selecting customers" in text_of(shown)
    assert 'hx-trigger="every 2s"' in shown.content.decode()
    assert "HX-Refresh" not in alice.get(page, headers={"HX-Request": "true"})
    for _step in steps(review_round.pk):
        pass
    assert alice.get(page, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert fact(alice.get(page), "Will be asked") == "1"


def test_a_failed_round_can_be_resumed(cast: Cast, alice: Client) -> None:
    review_round = started(cast, 1, sent=False)
    ReviewRound.objects.filter(pk=review_round.pk).update(status="failed")
    page = f"{ROUNDS}{review_round.pk}/"
    assert "The round failed. No request was sent twice." in text_of(alice.get(page))
    assert "Round resumed." in text_of(alice.post(f"{page}resume/", follow=True))


@pytest.mark.parametrize("action", ["", "exclude/", "start/", "pause/", "resume/", "stop/", "discard/"])
def test_rounds_of_other_agencies_are_not_found(cast: Cast, alice: Client, stan: Client, charlie: Client, action: str) -> None:
    review_round = started(cast, 1, sent=False)
    path = f"{ROUNDS}{review_round.pk}/{action}"
    for method in ("get", "post") if action == "stop/" else ("post",) if action else ("get",):
        assert getattr(charlie, method)(path).status_code == 404
        assert getattr(stan, method)(path).status_code == 403
    review_round.refresh_from_db()
    assert review_round.status == "running"


@pytest.mark.parametrize(
    ("customers", "per_day", "now", "end"),
    [
        # Wednesday: today, tomorrow, Friday, Monday
        (2, 2, "2026-04-15T12:00", "2026-04-15"),
        (4, 2, "2026-04-15T12:00", "2026-04-16"),
        (7, 2, "2026-04-15T08:00", "2026-04-20"),
        (2, 2, "2026-04-15T17:00", "2026-04-16"),
        # Friday evening and the weekend: Monday
        (2, 2, "2026-04-17T18:00", "2026-04-20"),
        (2, 2, "2026-04-18T12:00", "2026-04-20"),
        (3, 2, "2026-04-19T12:00", "2026-04-21"),
        # Two weeks later
        (21, 2, "2026-04-15T12:00", "2026-04-29"),
        (3_000, 1, "2026-04-15T12:00", None),
        (0, 1, "2026-04-15T12:00", None),
    ],
)
def test_the_estimated_end_counts_working_days(customers: int, per_day: int, now: str, end: str | None) -> None:
    review_round = ReviewRound(agency=Agency(time_zone="Europe/Berlin"), total=customers, per_day=per_day, status="draft")
    with time_machine.travel(datetime.fromisoformat(now).replace(tzinfo=BERLIN), tick=False):
        found = estimated_end(review_round)
    assert (found and found.isoformat()) == end


def test_the_estimated_end_considers_what_was_sent_today(cast: Cast) -> None:
    review_round = started(cast, 3, per_day=2)
    with time_machine.travel(WORKDAY, tick=False):
        assert estimated_end(review_round) == (WORKDAY + timedelta(days=1)).date()
    stop_round(review_round, by=cast.alice)
    review_round.refresh_from_db()
    assert estimated_end(review_round) is None
