"""Opting out of review e-mails, by one click in an e-mail program (RFC 8058) or on the page."""

import email
import re

import pytest
from django.test import Client

from customers.models import Customer
from customers.services.customers import erase_customer
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.delivery import build_message
from partnerportal.outbox.models import OutgoingMail
from reviews import tokens
from reviews.models import ReviewOptOut, ReviewRequest
from reviews.services.opt_outs import opt_out, read_opt_out
from reviews.services.requests import request_review
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import ContactFactory, CustomerFactory
from tests.factories.reviews import ReviewRequestFactory
from tests.polling import eventually
from tests.reviews.test_rate import path_of
from tests.reviews.test_request import WIZARD, choices

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def lea(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder)


def address_of(customer: Customer) -> str:
    return f"/r/stop/{tokens.opt_out_token(customer.pk, customer.email)}/"


def test_every_review_mail_contains_the_link(stan: Client, cast: Cast, lea: Customer) -> None:
    request_review(customer=lea, project=None, by=cast.stan, by_mail=True)
    mail = OutgoingMail.objects.get()
    message = email.message_from_bytes(build_message(mail).message().as_bytes())
    link = message["List-Unsubscribe"].strip("<> \r\n")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link.endswith(address_of(lea))
    assert link in mail.text
    assert link in mail.html
    assert link.encode() not in bytes(mail.encrypted_body)


def test_one_click_needs_neither_cookie_nor_token_and_is_answered_without_a_redirect(lea: Customer) -> None:
    response = Client(enforce_csrf_checks=True).post(address_of(lea), ONE_CLICK)
    assert response.status_code == 200
    assert ReviewOptOut.objects.get().agency == lea.agency


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_page_changes_nothing(lea: Customer, method: str) -> None:
    response = getattr(Client(), method)(address_of(lea))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert "noindex" in response["X-Robots-Tag"]
    assert not ReviewOptOut.objects.exists()


def test_other_posts_change_nothing(lea: Customer) -> None:
    for data in ({}, {"List-Unsubscribe": "yes"}, {"page": "1"}):
        assert Client().post(address_of(lea), data).status_code == 200
    assert not ReviewOptOut.objects.exists()


def test_the_page_can_opt_out_and_back_in(stan: Client, lea: Customer) -> None:
    browser = Client()
    page = browser.get(address_of(lea)).content.decode()
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', page))
    assert browser.post(address_of(lea), fields, follow=True).context["opted_out"]
    assert browser.post(address_of(lea), fields, follow=True).context["opted_out"]
    assert AuditEvent.objects.filter(action="review_mails.stopped", customer_id=lea.pk).count() == 1
    assert "Opted out of review e-mails" in stan.get(lea.get_absolute_url()).content.decode()
    assert not browser.post(f"{address_of(lea)}undo/", follow=True).context["opted_out"]
    assert not ReviewOptOut.objects.exists()
    assert AuditEvent.objects.filter(action="review_mails.allowed").count() == 1
    assert "Opted out of review e-mails" not in stan.get(lea.get_absolute_url()).content.decode()


def test_the_customers_page_shows_it_at_the_contact(stan: Client, lea: Customer) -> None:
    ContactFactory(customer=lea, first_name="Tom", last_name="Ott", email="tom@clients.example")
    ContactFactory(customer=lea, first_name="Eva", last_name="Ott", email="")
    Client().post(f"/r/stop/{tokens.opt_out_token(lea.pk, 'tom@clients.example')}/", ONE_CLICK)
    page = stan.get(lea.get_absolute_url()).content.decode()
    people = re.findall(r'<li class="person">(.*?)</li>', page, re.DOTALL)
    assert ["Opted out of review e-mails." in person for person in people] == [False, True, False]
    assert page.count("Opted out of review e-mails.") == 1


def test_opting_back_in_needs_a_csrf_token(lea: Customer) -> None:
    Client().post(address_of(lea), ONE_CLICK)
    undo = f"{address_of(lea)}undo/"
    assert Client().get(undo).status_code == 302
    assert Client(enforce_csrf_checks=True).post(undo).status_code == 403
    assert ReviewOptOut.objects.exists()


def test_opted_out_customers_can_only_get_a_link(stan: Client, lea: Customer) -> None:
    Client().post(address_of(lea), ONE_CLICK)
    page = stan.get(WIZARD, choices(lea)).content.decode()
    assert 'name="send"' not in page
    assert 'name="link"' in page
    refused = stan.post(WIZARD, {**choices(lea), "send": ""})
    assert "has opted out of review e-mails" in " ".join(refused.context["form"].non_field_errors())
    assert not OutgoingMail.objects.exists()
    assert stan.post(WIZARD, {**choices(lea), "link": ""}).status_code == 302


def test_it_applies_to_the_address_in_this_agency_only(stan: Client, charlie: Client, cast: Cast, lea: Customer) -> None:
    Client().post(address_of(lea), ONE_CLICK)
    duplicate = CustomerFactory(agency=cast.alder, email=lea.email.upper())
    elsewhere = CustomerFactory(agency=cast.birch, email=lea.email)
    assert 'name="send"' not in stan.get(WIZARD, choices(duplicate)).content.decode()
    assert 'name="send"' in charlie.get(WIZARD, choices(elsewhere)).content.decode()


def test_links_in_old_mails_do_not_opt_out_a_new_address(stan: Client, lea: Customer) -> None:
    old = address_of(lea)
    lea.email = "new@clients.example"
    lea.save()
    Client().post(old, ONE_CLICK)
    assert 'name="send"' in stan.get(WIZARD, choices(lea)).content.decode()


def test_it_outlives_a_change_of_the_key(lea: Customer, settings) -> None:
    old = address_of(lea)
    Client().post(old, ONE_CLICK)
    old_key, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-" * 5
    settings.SECRET_KEY_FALLBACKS = [old_key]
    assert lea.agency.review_opt_outs.for_email(lea.email).exists()
    Client().post(f"{old}undo/")
    assert not ReviewOptOut.objects.exists()


@pytest.mark.parametrize("change", [lambda t: "9" + t, lambda t: t[1:], lambda t: t[:-9], lambda _t: "x", lambda t: t.upper()])
def test_forged_tokens_are_rejected(lea: Customer, change) -> None:
    token = change(tokens.opt_out_token(lea.pk, lea.email))
    for path in (f"/r/stop/{token}/", f"/r/stop/{token}/undo/"):
        assert Client().post(path, ONE_CLICK).status_code == 404
    assert not ReviewOptOut.objects.exists()


def test_queued_mails_are_deleted(cast: Cast, lea: Customer) -> None:
    review_request = request_review(customer=lea, project=None, by=cast.stan, by_mail=True)
    Client().post(address_of(lea), ONE_CLICK)
    assert not OutgoingMail.objects.exists()
    review_request.refresh_from_db()
    assert review_request.current_status == "open"


def test_no_address_is_stored_and_an_erasure_deletes_the_digest(cast: Cast, lea: Customer) -> None:
    Client().post(address_of(lea), ONE_CLICK)
    assert lea.email not in str(ReviewOptOut.objects.values().get())
    duplicate = CustomerFactory(agency=cast.alder, email=lea.email)
    erase_customer(duplicate, by=cast.alice)
    assert ReviewOptOut.objects.exists()  # Lea has the same address.
    path = address_of(lea)
    erase_customer(lea, by=cast.alice)
    assert not ReviewOptOut.objects.exists()
    # The link in delivered e-mails still works.
    assert Client().post(path, ONE_CLICK).status_code == 200
    assert ReviewOptOut.objects.exists()


def test_the_page_is_in_the_customers_or_the_selected_language(cast: Cast) -> None:
    german = CustomerFactory(agency=cast.alder, language="de")
    assert b'lang="de"' in Client().get(address_of(german)).content
    assert b'<html lang="en"' in Client().get(f"{address_of(german)}?language=en").content


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_and_opt_outs_leave_no_queued_mail(cast: Cast) -> None:
    lea = CustomerFactory(agency=cast.alder)
    stop = read_opt_out(tokens.opt_out_token(lea.pk, lea.email))
    at_once(10, lambda n: opt_out(stop) if n % 2 else request_review(customer=lea, project=None, by=cast.stan, by_mail=True))
    assert ReviewOptOut.objects.count() == 1
    assert ReviewRequest.objects.count() <= 1
    # A worker may already have claimed it.
    eventually(lambda: not OutgoingMail.objects.filter(status="queued").exists(), "no e-mail is queued")


def test_guessing_is_limited_but_a_right_link_opens(cast: Cast, lea: Customer) -> None:
    review_request = ReviewRequestFactory(customer=lea)
    answers = [Client().get(f"/r/{'x' * n}/") for n in range(1, 16)] + [Client().post("/r/stop/x/", ONE_CLICK) for _ in range(16)]
    assert {answer.status_code for answer in answers[:30]} == {404}
    assert answers[30].status_code == 429
    assert int(answers[30]["Retry-After"]) > 0
    assert Client(REMOTE_ADDR="198.51.100.7").get("/r/x/").status_code == 404
    assert Client().get(path_of(review_request)).status_code == 200


def test_the_page_confirms_the_opt_out(cast: Cast, lea: Customer) -> None:
    page = Client().post(address_of(lea), ONE_CLICK | {"page": "1"}, follow=True).content.decode()
    assert "<h1>You’ve unsubscribed</h1>" in page
    assert "Alder Web will no longer ask you for reviews by e-mail." in page
