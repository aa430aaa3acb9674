"""Reviews on a public profile: pinned, listed and filtered ones, and what only the agency's members see."""

import re

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client

from partnerportal.agencies.models import Role
from partnerportal.network.forms.filters import ReviewChoice
from reviews.models import Review
from reviews.services.reviews import hide_review, pin_review
from tests.cast import Cast
from tests.factories.agencies import MembershipFactory
from tests.factories.review_states import STATES, a_review, in_state
from tests.factories.reviews import same_rating

PROFILE = "/partners/alder/"


def text(path: str = PROFILE, client: Client | None = None) -> str:
    return (client or Client()).get(path).content.decode()


def test_pinned_first_and_not_twice(cast: Cast) -> None:
    reviews = [a_review(cast.alder, text=f"Text number {n}.") for n in range(1, 5)]
    for review in (reviews[2], reviews[0]):
        pin_review(review, by=cast.max)
    page = Client().get(PROFILE)
    assert list(page.context["highlighted"]) == [reviews[2], reviews[0]]
    assert page.context["page"].items == [reviews[3], reviews[1]]
    # The head has them as structured data.
    shown = page.content.decode().partition("<body")[2]
    assert "Highlighted by the agency" in shown
    places = [shown.index(f"Text number {n}.") for n in (3, 1, 4, 2)]
    assert places == sorted(places)
    assert all(shown.count(f"Text number {n}.") == 1 for n in range(1, 5))


def test_strangers_see_what_is_public(cast: Cast) -> None:
    made = {state: in_state(state, cast.alder) for state in STATES}
    page = Client().get(PROFILE)
    seen = {review.pk for review in [*page.context["highlighted"], *page.context["page"].items]}
    assert seen == {made[state].pk for state in ("public", "pinned", "commented", "reported")}
    shown = page.content.decode()
    for word in ("Pin review to top", "Report offensive review", "under review", "csrfmiddlewaretoken"):
        assert word not in shown


def test_hidden_the_text_goes_the_stars_stay_and_it_is_said(cast: Cast) -> None:
    review, other = a_review(cast.alder, text="Hidden words", **same_rating(1)), a_review(cast.alder)
    before = text()
    assert "hidden by the agency" not in before
    hide_review(review, reason="outdated", by=cast.max)
    after = text()
    assert "Hidden words" not in after
    assert "1 review is hidden by the agency, but its stars still count." in after
    assert "2 reviews" in after
    hide_review(other, reason="outdated", by=cast.max)
    assert "2 reviews are hidden by the agency, but their stars still count." in text()


def test_all_stars_come_from_the_summary(cast: Cast) -> None:
    from reviews.models import RatingSummary

    a_review(cast.alder)
    RatingSummary.objects.filter(agency=cast.alder).update(count=321, stars_3=77, hidden=45)
    page = text()
    for figure in ("321 reviews", "77", "45 reviews are hidden"):
        assert figure in page


def test_it_says_that_the_customer_is_verified_and_when_they_were_asked(cast: Cast) -> None:
    review = a_review(cast.alder)
    type(review.request).objects.filter(pk=review.request_id).update(created_at="2026-01-05T12:00Z")
    page = " ".join(text().split())
    assert "Verified customer" in page
    assert 'requested on <time datetime="2026-01-05">5 January 2026</time>' in page


def test_only_those_of_so_many_stars(cast: Cast) -> None:
    five = a_review(cast.alder, **same_rating(5))
    two = a_review(cast.alder, **same_rating(2))
    pin_review(five, by=cast.max)
    page = Client().get(f"{PROFILE}?stars=5")
    # A filter also returns pinned reviews.
    assert (list(page.context["highlighted"]), page.context["page"].items) == ([], [five])
    assert Client().get(f"{PROFILE}?stars=2").context["page"].items == [two]
    assert Client().get(f"{PROFILE}?stars=3").context["page"].items == []
    for nonsense in ("0", "6", "x", "55", "²"):
        assert Client().get(PROFILE, {"stars": nonsense}).context["page"].items == [two]


def test_sorted_by_rating_the_newest_first_among_equals(cast: Cast) -> None:
    three, five, one, other_five = (a_review(cast.alder, **same_rating(stars)) for stars in (3, 5, 1, 5))
    pinned = a_review(cast.alder, **same_rating(4))
    pin_review(pinned, by=cast.max)

    def listed(**query: str) -> list[Review]:
        page = Client().get(PROFILE, query)
        return [*page.context["highlighted"], *page.context["page"].items]

    assert listed() == [pinned, other_five, one, five, three]
    assert listed(sort="highest") == [pinned, other_five, five, three, one]
    assert listed(sort="lowest") == [pinned, one, three, other_five, five]
    assert listed(sort="age") == listed()
    # Among equal ratings, there is nothing to sort.
    assert listed(sort="lowest", stars="5") == [other_five, five]


def test_only_those_with_text(cast: Cast) -> None:
    silent, wordy, wordy_pin = (a_review(cast.alder, text=text, **same_rating(4)) for text in ("", "Fine.", "Great."))
    pin_review(wordy_pin, by=cast.max)
    page = Client().get(PROFILE, {"text": "1"})
    assert (list(page.context["highlighted"]), page.context["page"].items) == ([], [wordy_pin, wordy])
    assert '<option value="highest" selected>' in text(f"{PROFILE}?text=1&sort=highest")
    assert silent in Client().get(PROFILE, {"text": "yes"}).context["page"].items


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "review_of_agency"),
        ("sort=highest", "review_of_agency_best_first"),
        ("sort=lowest", "review_of_agency_by_stars"),
        ("stars=4", "review_of_agency_(by_stars|best_first)"),
        ("text=1", "review_with_text"),
        ("text=1&sort=highest", "review_with_text_best_first"),
        ("text=1&sort=lowest", "review_with_text_by_stars"),
    ],
)
def test_an_index_leads_through_each_order(cast: Cast, query: str, index: str) -> None:
    choice = ReviewChoice(QueryDict(query))
    with connection.cursor() as cursor:
        # Rows that other tests rolled back still enlarge some indexes more than others.
        cursor.execute("TRUNCATE reviews_review CASCADE")
    for number in range(15):
        a_review(cast.alder, text="Fine." if number % 3 else "", **same_rating(number % 5 + 1))
    with connection.cursor() as cursor:
        # Statistics of these rows, not those of earlier tests.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ANALYZE reviews_review")
        # A few rows are always scanned and sorted, or read by their primary keys.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute("ALTER TABLE reviews_review DROP CONSTRAINT reviews_review_pkey CASCADE")
        plan = choice.of(Review.objects.published().filter(agency=cast.alder)).order_by(*choice.order_by)[:11].explain()
    assert re.search(f"using {index} ", plan)
    assert "Sort" not in plan


@pytest.mark.parametrize("query", ["", "?sort=highest", "?sort=lowest", "?text=1&sort=lowest"])
def test_each_order_pages_through_all_once(cast: Cast, query: str) -> None:
    reviews = [a_review(cast.alder, **same_rating(number % 5 + 1)) for number in range(23)]
    seen, address = [], query
    while True:
        page = Client().get(f"{PROFILE}{address}").context["page"]
        seen += page.items
        if not page.next_url:
            break
        address = page.next_url
    assert len(seen) == len(set(seen)) == len(reviews)


def test_load_more_shows_each_once_by_plain_links(cast: Cast) -> None:
    reviews = [a_review(cast.alder) for _ in range(23)]
    pin_review(reviews[4], by=cast.max)
    seen, query = [], ""
    while True:
        page = Client().get(f"{PROFILE}{query}")
        seen += [*page.context["highlighted"], *page.context["page"].items]
        query = page.context["page"].next_url
        assert ("Load more" in page.content.decode()) == bool(query)
        if not query:
            break
    assert seen == [reviews[4], *(review for review in reversed(reviews) if review != reviews[4])]


def test_the_own_people_see_states_and_what_is_hidden(stan: Client, charlie: Client, cast: Cast) -> None:
    hidden = in_state("hidden", cast.alder)
    reported = in_state("reported", cast.alder)
    page = stan.get(PROFILE)
    assert page.context["page"].items == [reported, hidden]
    assert "under review" in page.content.decode()
    # Staff can read, and members of other agencies are treated as visitors.
    assert "Pin review to top" not in page.content.decode()
    assert charlie.get(PROFILE).context["page"].items == [reported]
    # The page says that others don't see all of this.
    for client, expected in ((stan, True), (charlie, False), (Client(), False)):
        assert ("visible only to your team" in text(client=client)) is expected


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OWNER])
def test_managers_and_owners_have_the_three_dots_there(cast: Cast, role: Role) -> None:
    client = Client()
    client.force_login(MembershipFactory(agency=cast.alder, role=role).user)
    review = a_review(cast.alder)
    page = client.get(PROFILE)
    for label in ("Pin review to top", "Comment", "Hide review", "Report offensive review"):
        assert label in page.content.decode()
    back = client.post(f"/company/reviews/{review.pk}/pin/", {"next": f"{PROFILE}#review-{review.pk}"})
    assert back.url == f"{PROFILE}#review-{review.pk}"
    assert list(Review.objects.pinned()) == [review]
    assert "Unpin" in text(client=client)


def test_the_title_leads_the_own_people_to_the_reviews_page(stan: Client, alice: Client, charlie: Client, cast: Cast) -> None:
    review, pinned = a_review(cast.alder), in_state("pinned", cast.alder)
    for one in (review, pinned):
        where = f"/partners/alder/reviews/{one.pk}/"
        link = f'<a href="{where}">{one.subject_label}</a>'
        assert [link in text(client=client) for client in (stan, alice, charlie, Client())] == [True, True, False, False]
        page = alice.get(where).content.decode()
        for label in ("Comment", "Hide review", "Report offensive review"):
            assert label in page
        assert not any("Hide review" in client.get(where).content.decode() for client in (stan, charlie, Client()))
        assert charlie.get(f"/company/reviews/{one.pk}/").status_code == 404


def test_the_actions_of_the_reviews_page_lead_back_to_it(alice: Client, cast: Cast) -> None:
    review = a_review(cast.alder)
    where = f"/company/reviews/{review.pk}/"
    assert f'value="{where}#review-{review.pk}"' in alice.get(where).content.decode()
    form = alice.get(f"/company/reviews/{review.pk}/comment/?next={where}")
    answered = alice.post(f"/company/reviews/{review.pk}/comment/", {"text": "Thank you.", "next": form.context["next"]}, follow=True)
    assert answered.redirect_chain == [(where, 302)]
    assert "Thank you." in answered.content.decode()


def test_the_preview_shows_what_the_public_sees(alice: Client, cast: Cast) -> None:
    made = {state: in_state(state, cast.alder) for state in STATES}
    preview, public = alice.get("/company/preview/"), Client().get(PROFILE)
    assert "This is how everyone sees your profile." in preview.content.decode()
    for page in (preview, public):
        seen = {review.pk for review in [*page.context["highlighted"], *page.context["page"].items]}
        assert seen == {made[state].pk for state in ("public", "pinned", "commented", "reported")}
    for word in ("under review", "Pin review to top", "Unhide", "dialog-body"):
        assert word not in preview.content.decode()


def test_what_a_reviewer_writes_is_text(cast: Cast) -> None:
    a_review(cast.alder, text="<script>alert(1)</script> http://evil.example/", author="<b>Lea</b>")
    page = text()
    assert "<script>alert(1)" not in page
    assert "<b>Lea" not in page
    assert 'href="http://evil.example' not in page
