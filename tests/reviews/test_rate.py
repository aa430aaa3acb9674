"""`/r/<token>/`: the personal review page."""

import base64
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from customers.models import Customer
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.tokens import new_nonce
from partnerportal.network.models import PartnerProfile
from reviews.models import CATEGORIES, Review, ReviewRequest
from reviews.services.requests import withdraw_request
from reviews.services.reviews import submit_review
from reviews.tokens import REVIEW_LINKS
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.agencies import MembershipFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory, same_rating

ANSWERS = {**same_rating(5), "quality": 4, "schedule": 3, "text": "Good work.", "author": "Lea B."}
CLOSED = b'name="cooperation"'


@pytest.fixture
def review_request(cast: Cast) -> ReviewRequest:
    return ReviewRequestFactory(customer__agency=cast.alder)


def path_of(review_request: ReviewRequest) -> str:
    return f"/r/{REVIEW_LINKS.recover(review_request.nonce, review_request.token_digest)}/"


def test_it_opens_without_a_session_and_is_kept_from_caches_and_search_engines(review_request: ReviewRequest) -> None:
    response = Client().get(path_of(review_request))
    assert response.status_code == 200
    assert b"Alder Web" in response.content
    assert CLOSED in response.content
    assert "no-store" in response["Cache-Control"]
    assert "noindex" in response["X-Robots-Tag"]
    assert response["Referrer-Policy"] == "strict-origin"


@pytest.mark.parametrize("browser", ["en", "de"])
def test_the_response_names_its_language(review_request: ReviewRequest, browser: str) -> None:
    Customer.objects.update(language="de")
    response = Client().get(path_of(review_request), headers={"Accept-Language": browser})
    assert b'<html lang="de"' in response.content
    assert response["Content-Language"] == "de"
    assert Client().get(f"{path_of(review_request)}?language=en", headers={"Accept-Language": browser})["Content-Language"] == "en"


def test_submitting_saves_the_review_and_thanks(review_request: ReviewRequest) -> None:
    response = Client().post(path_of(review_request), ANSWERS, follow=True)
    assert response.status_code == 200
    assert b"Thank you" in response.content
    review = Review.objects.get()
    assert (review.overall, review.author, review.text) == (Decimal("4.25"), "Lea B.", "Good work.")
    review_request.refresh_from_db()
    assert review_request.status == "answered"
    event = AuditEvent.objects.get(action="review.submitted")
    assert (event.customer_id, event.actor_id, event.source, event.ip_address) == (review_request.customer_id, None, "link", None)


def test_no_star_is_invalid_before_the_form_is_submitted(review_request: ReviewRequest) -> None:
    page = Client().get(path_of(review_request)).content.decode()
    assert page.count('aria-invalid="false"') == 5 * len(CATEGORIES)
    assert 'aria-invalid="true"' not in page
    answered = Client().post(path_of(review_request), {**ANSWERS, "quality": ""}).content.decode()
    assert answered.count('aria-invalid="true"') == 5


def test_submitting_takes_few_queries(review_request: ReviewRequest) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert Client().post(path_of(review_request), ANSWERS).status_code == 302
    assert len(queries) <= 8


@pytest.mark.parametrize("stars", ["", "4", "2", "9"])
def test_a_star_of_the_email_selects_itself_in_every_category(review_request: ReviewRequest, stars: str) -> None:
    page = Client().get(f"{path_of(review_request)}?stars={stars}").content.decode()
    buttons = re.findall(r'<input type="radio"\s+name="(\w+)"\s+value="(\d)"[^>]*?(checked)?>', page)
    assert [name for name, _value, _checked in buttons] == [name for name in CATEGORIES for _ in range(5)]
    assert {value for _name, value, checked in buttons if checked} == {stars} & set("12345")


def test_only_categories_without_stars_are_invalid(review_request: ReviewRequest) -> None:
    page = Client().post(path_of(review_request), {"quality": "3"}).content.decode()
    states = dict(re.findall(r'<input type="radio"\s+name="(\w+)"\s+value="3"\s+aria-invalid="(\w+)"', page))
    assert states == {name: "false" if name == "quality" else "true" for name in CATEGORIES}


def test_the_submitted_review_looks_as_on_the_profile(review_request: ReviewRequest) -> None:
    browser = Client()
    thanks = browser.post(path_of(review_request), ANSWERS, follow=True).content.decode()
    profile = Client().get("/partners/alder/").content.decode()
    # On the profile, the month is a link to the review's own page.
    pages = (thanks, re.sub(r'<a class="quote-link"[^>]*>(.*?)</a>', r"\1", profile))
    cards = [page[page.index('<article class="quote"') : page.index("</article>")] for page in pages]
    assert [" ".join(card.split()) for card in cards] == [" ".join(cards[0].split())] * 2


def test_thanks_are_displayed_once(review_request: ReviewRequest) -> None:
    browser = Client()
    first = browser.post(path_of(review_request), ANSWERS, follow=True)
    assert first.context["just_submitted"] is True
    assert browser.get(path_of(review_request)).context["just_submitted"] is False


def test_the_name_offered_always_fits(cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder, customer__first_name="F" * 100, customer__last_name="L" * 100)
    offered = Client().get(path_of(review_request)).context["form"]["author"].value()
    assert Client().post(path_of(review_request), {**ANSWERS, "author": offered}).status_code == 302


def test_it_needs_the_forms_csrf_token(review_request: ReviewRequest) -> None:
    response = Client(enforce_csrf_checks=True).post(path_of(review_request), ANSWERS)
    assert response.status_code == 403
    assert not Review.objects.exists()


def test_a_used_link_thanks_and_never_shows_the_form(review_request: ReviewRequest) -> None:
    ReviewFactory(review_request=review_request)
    for response in (Client().get(path_of(review_request)), Client().post(path_of(review_request), ANSWERS)):
        assert response.status_code == 200
        assert CLOSED not in response.content
    assert Review.objects.count() == 1


def test_an_expired_link_is_gone(review_request: ReviewRequest) -> None:
    ReviewRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for response in (Client().get(path_of(review_request)), Client().post(path_of(review_request), ANSWERS)):
        assert response.status_code == 410
        assert CLOSED not in response.content
    assert not Review.objects.exists()


def test_a_link_is_good_for_90_days(review_request: ReviewRequest) -> None:
    assert timedelta(days=90) <= review_request.expires_at - timezone.now() < timedelta(days=91)


def test_a_withdrawn_link_is_gone(review_request: ReviewRequest, cast: Cast) -> None:
    withdraw_request(review_request, by=cast.alice)
    response = Client().get(path_of(review_request))
    assert response.status_code == 410
    assert CLOSED not in response.content


@pytest.mark.parametrize("token", ["x", "A" * 32, "A" * 5000, "../../etc", "%00", "ümlaut", "\ud83d"])
def test_a_mistyped_link_is_not_found(token: str, db: None) -> None:
    try:
        response = Client().get(f"/r/{token}/")
    except UnicodeEncodeError:  # raised by the client
        return
    assert response.status_code == 404
    assert CLOSED not in response.content


def test_no_get_changes_anything(review_request: ReviewRequest) -> None:
    before = (list(ReviewRequest.objects.values()), AuditEvent.objects.count())
    for _ in range(3):
        for query in ("", "?cooperation=5", "?" + "&".join(f"{k}={v}" for k, v in ANSWERS.items())):
            Client().get(path_of(review_request) + query)
            Client().head(path_of(review_request) + query)
    assert (list(ReviewRequest.objects.values()), AuditEvent.objects.count()) == before
    assert not Review.objects.exists()


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("value", ["", "0", "6", "-1", "five", "4.5", "5\x00", "99999999999999999999"])
def test_a_wrong_rating_gets_a_message_and_the_text_stays(review_request: ReviewRequest, category: str, value: str) -> None:
    response = Client().post(path_of(review_request), {**ANSWERS, category: value})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [category]
    assert b"Select one to five stars." in response.content
    assert b"Good work." in response.content
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "x" * 5001),
        ("text", "x" * 10_000_000),
        ("text", "zero \x00 byte"),
        ("text", "bell \x07"),
        ("author", ""),
        ("author", "x" * 101),
        ("author", "two\nlines"),
        ("author", "\x1b[31mred"),
    ],
)
def test_bad_text_gets_a_message_at_its_field(review_request: ReviewRequest, field: str, value: str) -> None:
    response = Client().post(path_of(review_request), {**ANSWERS, field: value})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert not Review.objects.exists()


@pytest.mark.parametrize("text", ["👩‍👩‍👧 שלום عليكم 中文", "<script>alert(1)</script>", "{{ 7*7 }} {% now %}", "a\r\n\r\nb"])
def test_any_language_and_markup_is_text(review_request: ReviewRequest, text: str) -> None:
    Client().post(path_of(review_request), {**ANSWERS, "text": text})
    assert Review.objects.get().text == text.strip()
    page = Client().get("/partners/alder/").content.decode()
    assert all(escape(line) in page for line in text.split())


def test_right_to_left_names_and_texts_are_isolated(review_request: ReviewRequest) -> None:
    Client().post(path_of(review_request), {**ANSWERS, "author": "\u202eمحمد", "text": "شكرا جزيلا"})
    page = Client().get("/partners/alder/").content.decode()
    assert "<bdi>\u202eمحمد</bdi>" in page
    assert '<div class="quote-words" dir="auto">' in page


def test_oversized_requests_are_rejected(review_request: ReviewRequest) -> None:
    text = "x" * 34_000_000
    path = path_of(review_request)
    for response in (
        Client().post(path, f"text={text}", content_type="application/x-www-form-urlencoded"),
        Client().post(path, {"text": text}),
    ):
        assert response.status_code == 413


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("rating", [0, 6, None])
def test_the_database_refuses_a_rating_outside_1_to_5(review_request: ReviewRequest, category: str, rating: int | None) -> None:
    answers = {**same_rating(5), category: rating}
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(agency=review_request.agency, request=review_request, author="Lea", **answers)


def test_the_database_refuses_a_second_review_for_one_request(review_request: ReviewRequest) -> None:
    review = ReviewFactory(review_request=review_request)
    review.pk = None
    review._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        review.save()


def test_the_database_refuses_a_review_in_another_agency_than_its_request(review_request: ReviewRequest, cast: Cast) -> None:
    Review.objects.create(agency=cast.birch, request=review_request, **same_rating(5), author="Lea")
    with pytest.raises(IntegrityError, match="review_request_same_agency"):
        connection.check_constraints()


def test_nobody_reviews_an_agency_from_an_address_of_its_staff(review_request: ReviewRequest, cast: Cast) -> None:
    # The customer became a member after the request.
    MembershipFactory(agency=cast.alder, user__email=review_request.customer.email.lower())
    response = Client().post(path_of(review_request), ANSWERS)
    assert response.status_code == 200
    assert "Team members can’t review their own agency" in " ".join(response.context["form"].non_field_errors())
    assert not Review.objects.exists()


def test_the_page_speaks_the_customers_language(cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder, customer__language="de")
    assert b'lang="de"' in Client(headers={"Accept-Language": "en"}).get(path_of(review_request)).content


def test_a_leaked_database_opens_no_page(review_request: ReviewRequest) -> None:
    token = REVIEW_LINKS.recover(review_request.nonce, review_request.token_digest)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(r)::text FROM reviews_reviewrequest r")
        stored = cursor.fetchone()[0]
    assert token not in stored
    for value in (review_request.nonce, review_request.token_digest, str(review_request.pk)):
        assert Client().get(f"/r/{value}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_20_clients_at_once_make_one_review(cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    path = path_of(review_request)
    answers = at_once(20, lambda n: Client().post(path, {**ANSWERS, "author": f"Lea {n}"}, follow=True))
    assert {response.status_code for response in answers} == {200}
    assert Review.objects.count() == 1
    assert AuditEvent.objects.filter(action="review.submitted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_concurrent_submission_and_withdrawal_succeeds(cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    answers = {**same_rating(5), "author": "Lea"}
    results = at_once(2, lambda n: submit_review(review_request, **answers) if n else withdraw_request(review_request, by=cast.alice))
    assert sum(isinstance(result, InvalidTransition) for result in results) == 1
    review_request.refresh_from_db()
    assert Review.objects.count() == (review_request.status == "answered")


@pytest.mark.parametrize("state", ["answered", "expired", "withdrawn", "mistyped"])
def test_a_closed_link_is_kept_from_caches_and_search_engines_too(review_request: ReviewRequest, cast: Cast, state: str) -> None:
    if state == "answered":
        ReviewFactory(review_request=review_request)
    elif state == "expired":
        ReviewRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif state == "withdrawn":
        withdraw_request(review_request, by=cast.alice)
    response = Client().get("/r/mistyped/" if state == "mistyped" else path_of(review_request))
    assert "no-store" in response["Cache-Control"]
    assert "noindex" in response["X-Robots-Tag"]
    assert response["Referrer-Policy"] == "strict-origin"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_a_link_takes_no_other_method(review_request: ReviewRequest, method: str) -> None:
    assert getattr(Client(), method)(path_of(review_request)).status_code == 405


def test_submitting_after_the_expiry_is_rejected(review_request: ReviewRequest) -> None:
    # The link expires after the page was opened.
    ReviewRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(InvalidTransition, match="expired"):
        submit_review(review_request, **same_rating(5), author="Lea")
    assert not Review.objects.exists()


def test_thanks_lead_to_the_profile_only_once_it_is_registered(review_request: ReviewRequest, cast: Cast) -> None:
    ReviewFactory(review_request=review_request)
    assert b"/partners/alder/" in Client().get(path_of(review_request)).content
    PartnerProfile.objects.filter(agency=cast.alder).update(status="declined")
    assert b"/partners/alder/" not in Client().get(path_of(review_request)).content


def test_a_token_has_at_least_128_bits_of_which_each_is_random() -> None:
    nonces = [new_nonce() for _ in range(200)]
    assert {len(bytes.fromhex(nonce)) * 8 for nonce in nonces} == {128}
    # A constant or counter would yield positions with few distinct digits.
    assert min(len(set(digits)) for digits in zip(*nonces, strict=True)) > 8
    assert all(len(base64.urlsafe_b64decode(REVIEW_LINKS.token_for(nonce))) * 8 >= 128 for nonce in nonces)
