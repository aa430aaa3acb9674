"""The wizard's customer search, custom texts of the e-mail, and repeated requests."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from reviews.forms.requests import MAX_CUSTOMERS
from reviews.models import ReviewRequest
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.reviews.test_request import WIZARD, choices


def requested_days_ago(days: int, **fields) -> ReviewRequest:
    review_request = ReviewFactory(review_request=ReviewRequestFactory(**fields)).request
    ReviewRequest.objects.filter(pk=review_request.pk).update(created_at=timezone.now() - timedelta(days=days))
    return review_request


# --- Step 1 ---


def test_step_1_offers_a_few_and_finds_the_others(stan: Client, cast: Cast) -> None:
    first = CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH")
    CustomerFactory.create_batch(MAX_CUSTOMERS, agency=cast.alder)
    assert first.company not in stan.get(WIZARD).content.decode()
    form = stan.get(WIZARD, {"q": "mullerei", "search": "1"}).context["form"]
    assert (form.offered, form.offers_more, form.errors) == ([first], False, {})


def test_step_1_does_not_offer_archived_customers(stan: Client, cast: Cast) -> None:
    archived = CustomerFactory(agency=cast.alder, company="Long Gone GmbH")
    archived.status = "archived"
    archived.save()
    assert stan.get(WIZARD).context["form"].offered == []
    assert stan.get(WIZARD, choices(archived)).status_code == 404


@pytest.mark.parametrize("query", ["\x00", "%", "x" * 5000, "' OR 1=1 --", "👩‍👩‍👧"])
def test_any_query_is_taken(stan: Client, cast: Cast, query: str) -> None:
    CustomerFactory(agency=cast.alder)
    assert stan.get(WIZARD, {"q": query, "search": "1"}).status_code == 200


def test_continuing_without_a_customer_shows_an_error_and_keeps_the_query(stan: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    page = stan.get(WIZARD, {"q": "company"}).content.decode()
    assert "Select a customer." in page
    assert 'value="company"' in page


def test_a_project_leads_straight_to_step_3(stan: Client, cast: Cast) -> None:
    project = ProjectFactory(customer__agency=cast.alder)
    page = stan.get(project.customer.get_absolute_url()).content.decode()
    address = f"{WIZARD}?customer={project.customer.pk}&amp;subject=project&amp;project={project.pk}"
    assert address in page
    assert address in stan.get("/projects/?status=all").content.decode()
    assert project.title in stan.get(address.replace("&amp;", "&")).context["mail"]["html"]


# --- Step 3: custom texts ---


def test_only_greeting_and_closing_can_be_edited(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    words = {"greeting": "Dear Lea,\nlong time no see!", "closing": "Yours\nStan", "text": "Only five stars, please."}
    preview = stan.post(WIZARD, {**choices(customer), **words, "preview": ""})
    assert preview.status_code == 200
    assert "Dear Lea,<br>long time no see!" in preview.content.decode()
    assert not ReviewRequest.objects.exists()
    stan.post(WIZARD, {**choices(customer), **words, "send": ""})
    mail = OutgoingMail.objects.get()
    assert mail.text.startswith("Dear Lea,\nlong time no see!\n\nWhat was it like working with Alder Web?")
    assert "Yours\nStan" in mail.text
    assert "five stars, please" not in mail.text


def test_markup_in_them_is_text(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    stan.post(WIZARD, {**choices(customer), "greeting": "Hi <b>& {{ you }}", "closing": "Bye", "send": ""})
    mail = OutgoingMail.objects.get()
    assert "Hi &lt;b&gt;&amp; {{ you }}" in mail.html
    assert mail.text.startswith("Hi <b>& {{ you }}")


def test_unchanged_texts_follow_the_customers_language(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, language="de")
    defaults = stan.get(WIZARD, choices(customer)).context["form"].initial
    stan.post(
        WIZARD, {**choices(customer), "greeting": defaults["greeting"], "closing": defaults["closing"].replace("\n", "\r\n"), "send": ""}
    )
    review_request = ReviewRequest.objects.get()
    assert (review_request.greeting, review_request.closing) == ("", "")
    assert OutgoingMail.objects.get().text.startswith("Guten Tag Lea Brandt,")


@pytest.mark.parametrize("words", ["See https://shop.example", "www.shop.example", "x" * 501, "bell \x07"])
@pytest.mark.parametrize("field", ["greeting", "closing"])
def test_invalid_texts_get_a_message_and_are_kept(stan: Client, cast: Cast, field: str, words: str) -> None:
    customer = CustomerFactory(agency=cast.alder)
    response = stan.post(WIZARD, {**choices(customer), "greeting": "Hi", "closing": "Bye", field: words, "send": ""})
    assert list(response.context["form"].errors) == [field]
    assert not OutgoingMail.objects.exists()


# --- Repeated requests ---


def test_a_repeated_request_within_half_a_year_needs_confirmation(stan: Client, cast: Cast) -> None:
    previous = requested_days_ago(100, customer__agency=cast.alder)
    page = stan.get(WIZARD, choices(previous.customer))
    assert page.context["previous"] == previous
    refused = stan.post(WIZARD, {**choices(previous.customer), "link": ""})
    assert list(refused.context["form"].errors) == ["anyway"]
    assert ReviewRequest.objects.count() == 1
    stan.post(WIZARD, {**choices(previous.customer), "link": "", "anyway": "on"})
    assert ReviewRequest.objects.get(status="open").requested_anyway
    assert AuditEvent.objects.filter(action="review_request.created_anyway").count() == 1


def test_later_requests_and_other_subjects_need_no_confirmation(stan: Client, cast: Cast) -> None:
    previous = requested_days_ago(184, customer__agency=cast.alder)
    project = ProjectFactory(customer=previous.customer)
    for data in (choices(previous.customer), choices(previous.customer, project)):
        assert stan.post(WIZARD, {**data, "link": ""}).status_code == 302
    assert not ReviewRequest.objects.filter(requested_anyway=True).exists()


def test_the_period_is_a_setting(stan: Client, cast: Cast, settings) -> None:
    previous = requested_days_ago(1, customer__agency=cast.alder)
    settings.REVIEW_REQUEST_COOLDOWN_DAYS = 0
    assert stan.post(WIZARD, {**choices(previous.customer), "link": ""}).status_code == 302
