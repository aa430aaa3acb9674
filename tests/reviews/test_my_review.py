"""The personal page before and after submission: preselected stars, displayed name, language, editing, withdrawing."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from customers.services.customers import erase_customer
from partnerportal.audit.models import AuditEvent
from partnerportal.core.rate_limits import check_rate_limits
from reviews.models import CATEGORIES, RatingSummary, Review, ReviewRequest
from reviews.services.reviews import comment_on_review, hide_review
from reviews.views import personal
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.agencies import MembershipFactory
from tests.factories.review_states import in_state
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.reviews.test_rate import ANSWERS, path_of

CHANGED = {**ANSWERS, "cooperation": "2", "text": "On second thoughts."}


@pytest.fixture
def review_request(cast: Cast) -> ReviewRequest:
    return ReviewRequestFactory(customer__agency=cast.alder, customer__company="Müllerei Größe GmbH")


@pytest.fixture
def review(review_request: ReviewRequest) -> Review:
    return ReviewFactory(review_request=review_request)


def in_days(review: Review, days: float) -> None:
    Review.objects.filter(pk=review.pk).update(created_at=timezone.now() - timedelta(days=days))


# --- Before submission ---


@pytest.mark.parametrize("stars", ["1", "2", "3", "4", "5"])
def test_a_star_in_the_mail_preselects_ratings_and_saves_nothing(review_request: ReviewRequest, stars: str) -> None:
    response = Client().get(path_of(review_request), {"stars": stars})
    assert [response.context["form"][name].value() for name in CATEGORIES] == [stars] * len(CATEGORIES)
    assert not response.context["form"].is_bound
    assert response.content.decode().count("checked") == len(CATEGORIES) + 1  # including the option of the displayed name
    assert not Review.objects.exists()


@pytest.mark.parametrize("stars", ["0", "6", "-1", "five", "", "4.5", "٤", "\x00"])
def test_invalid_stars_preselect_nothing(review_request: ReviewRequest, stars: str) -> None:
    response = Client().get(path_of(review_request), {"stars": stars})
    assert [response.context["form"][name].value() for name in CATEGORIES] == [None] * len(CATEGORIES)


@pytest.mark.parametrize(
    ("way", "label", "kept"),
    [
        ("full", "Ute Anna Größe", "Ute Anna Größe"),
        ("initial", "Ute G.", "Ute Anna Größe"),
        ("company", "Müllerei Größe GmbH", "Müllerei Größe GmbH"),
        ("anonymous", "Verified customer", "Ute Anna Größe"),
    ],
)
def test_the_name_is_displayed_as_in_the_example(review_request: ReviewRequest, way: str, label: str, kept: str) -> None:
    data = {**ANSWERS, "cooperation": "", "author": "Ute Anna Größe", "display_name_as": way}
    form = Client().post(path_of(review_request), data).context["form"]
    assert [(name.example, name.chosen) for name in form.display_name_options if name.value == way] == [(label, True)]
    Client().post(path_of(review_request), {**data, "cooperation": "5"})
    assert (Review.objects.get().author_label, Review.objects.get().author) == (label, kept)
    page = Client().get("/partners/alder/").content.decode()
    assert label in page
    assert ("Anna" in page) == (way == "full")


def test_the_company_option_needs_a_company(cast: Cast) -> None:
    person = ReviewRequestFactory(customer__agency=cast.alder, customer__kind="person", customer__company="")
    response = Client().post(path_of(person), {**ANSWERS, "display_name_as": "company"})
    assert "display_name_as" in response.context["form"].errors


def test_a_displayed_name_is_required(review_request: ReviewRequest) -> None:
    for way in ("full", "initial"):
        assert "author" in Client().post(path_of(review_request), {**ANSWERS, "author": " ", "display_name_as": way}).context["form"].errors
    Client().post(path_of(review_request), {**ANSWERS, "author": "", "display_name_as": "anonymous"})
    assert Review.objects.get().author_label == "Verified customer"


def test_changing_the_language_keeps_the_input_and_saves_nothing(review_request: ReviewRequest) -> None:
    browser = Client()
    page = browser.post(path_of(review_request), {**ANSWERS, "language": "de"})
    assert b'<html lang="de"' in page.content
    assert b"Good work." in page.content
    assert page.context["form"].errors == {}
    assert not Review.objects.exists()
    saved = browser.post(page.context["action"], ANSWERS, follow=True)
    assert b'<html lang="de"' in saved.content
    assert Review.objects.exists()
    assert not any(name in browser.cookies for name in ("django_language", "sessionid"))


@pytest.mark.django_db(transaction=True)
def test_50_browsers_at_once_make_one_review(cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    path = path_of(review_request)
    answers = at_once(50, lambda n: Client().post(path, {**ANSWERS, "author": f"Lea {n}"}, follow=True).status_code)
    assert answers == [200] * 50
    assert Review.objects.count() == RatingSummary.objects.get().count == 1
    assert AuditEvent.objects.filter(action="review.submitted").count() == 1


def test_rate_limited_forms_keep_their_input(review_request: ReviewRequest, clean_cache: None) -> None:
    for _ in range(200):
        check_rate_limits((personal.SUBMIT_LIMIT, "203.0.113.9"))
    response = Client().post(path_of(review_request), ANSWERS, REMOTE_ADDR="203.0.113.9")
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert b"Good work." in response.content
    assert not Review.objects.exists()
    assert Client().post(path_of(review_request), ANSWERS).status_code == 302


# --- After submission ---


def test_an_expired_link_shows_the_submitted_review(review_request: ReviewRequest, review: Review) -> None:
    ReviewRequest.objects.update(expires_at=timezone.now() - timedelta(days=1))
    response = Client().get(path_of(review_request))
    assert response.status_code == 200
    assert review.text.encode() in response.content
    assert f"{path_of(review_request)}edit/".encode() in response.content


def test_it_can_be_edited_for_14_days_and_is_marked(review_request: ReviewRequest, review: Review, cast: Cast) -> None:
    comment_on_review(review, text="Thank you, Lea.", by=cast.alice)
    in_days(review, 13.9)
    form = Client().get(f"{path_of(review_request)}edit/").context["form"]
    assert [form[name].value() for name in ("cooperation", "text", "author")] == [5, review.text, "Lea Brandt"]
    page = Client().post(f"{path_of(review_request)}edit/", CHANGED, follow=True).content.decode()
    assert "Changes saved" in page
    assert "(edited)" in page
    assert "Thank you, Lea." in page
    review.refresh_from_db()
    assert (review.cooperation, review.text) == (2, "On second thoughts.")
    assert RatingSummary.objects.get().figures() == RatingSummary.recalculated(cast.alder).figures()


def test_after_14_days_a_message_explains_why_not(review_request: ReviewRequest, review: Review) -> None:
    in_days(review, 14)
    edit = f"{path_of(review_request)}edit/"
    for response in (Client().get(edit, follow=True), Client().post(edit, CHANGED, follow=True)):
        assert response.redirect_chain == [(path_of(review_request), 302)]
        assert "so that readers can rely on your review" in response.content.decode()
        assert edit not in response.content.decode()
    review.refresh_from_db()
    assert review.cooperation == 5


def test_nothing_changed_is_not_edited(review_request: ReviewRequest, review: Review) -> None:
    same = {name: getattr(review, name) for name in (*CATEGORIES, "text", "author", "display_name_as")}
    Client().post(f"{path_of(review_request)}edit/", same)
    review.refresh_from_db()
    assert review.edited_at is None


def test_withdrawing_needs_a_confirmation_and_is_permanent(review_request: ReviewRequest, review: Review, cast: Cast) -> None:
    in_days(review, 500)
    take_back, text = f"{path_of(review_request)}withdraw/", review.text
    assert text in Client().get("/partners/alder/").content.decode()
    assert "immediately and permanently removed" in Client().get(take_back).content.decode()
    review.refresh_from_db()
    assert review.withdrawn_at is None
    assert b"has been withdrawn" in Client().post(take_back, follow=True).content
    for path in (path_of(review_request), take_back, f"{path_of(review_request)}edit/"):
        assert b"has been withdrawn" in Client().get(path, follow=True).content
        Client().post(path, CHANGED)
    review.refresh_from_db()
    assert (review.text, review.author, review.cooperation) == ("", "", 5)
    assert text not in Client().get("/partners/alder/").content.decode()
    assert RatingSummary.objects.get().count == 0
    assert AuditEvent.objects.filter(action="review.withdrawn").count() == 1


@pytest.mark.parametrize("action", ["", "edit/", "withdraw/"])
def test_each_page_needs_a_csrf_token_and_is_not_cached(review_request: ReviewRequest, review: Review, action: str) -> None:
    path = f"{path_of(review_request)}{action}"
    response = Client().get(path)
    assert "no-store" in response["Cache-Control"]
    assert "noindex" in response["X-Robots-Tag"]
    assert response["Referrer-Policy"] == "strict-origin"
    assert Client(enforce_csrf_checks=True).post(path, CHANGED).status_code == 403


@pytest.mark.parametrize("action", ["edit/", "withdraw/"])
def test_without_a_review_the_actions_redirect_to_the_form(review_request: ReviewRequest, action: str) -> None:
    for method in ("get", "post"):
        assert getattr(Client(), method)(f"{path_of(review_request)}{action}").url == path_of(review_request)
    assert Client().get(f"/r/nonsense/{action}").status_code == 404


def test_the_author_sees_that_the_review_is_hidden(review_request: ReviewRequest, review: Review, cast: Cast) -> None:
    hide_review(review, reason="outdated", by=cast.alice)
    assert b"has hidden your text" in Client().get(path_of(review_request)).content


def test_an_erased_customers_review_can_not_be_edited(review_request: ReviewRequest, review: Review, cast: Cast) -> None:
    erase_customer(review_request.customer, by=cast.alice)
    assert f"{path_of(review_request)}edit/".encode() not in Client().get(path_of(review_request)).content
    Client().post(f"{path_of(review_request)}edit/", CHANGED)
    review.refresh_from_db()
    assert review.author == ""


def test_a_customer_who_became_a_member_can_not_rate(review_request: ReviewRequest, cast: Cast) -> None:
    MembershipFactory(agency=cast.alder, user__email=review_request.customer.email)
    Client().post(path_of(review_request), ANSWERS)
    assert not Review.objects.exists()


@pytest.mark.parametrize("state", ["public", "hidden", "removed"])
def test_it_is_called_public_only_if_it_is(cast: Cast, state: str) -> None:
    review = in_state(state, cast.alder)
    page = Client().get(path_of(review.request)).content.decode()
    assert ("Public view" in page) == (state == "public")
    assert ("has been published. Thank you" in page) == (state != "removed")
