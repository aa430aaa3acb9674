"""The public contact page, `/partners/<slug>/contact/`."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partnerportal.agencies.models import DigestItem, Mode, Notification
from partnerportal.audit.models import AuditEvent
from partnerportal.core.redis_connection import redis_connection
from partnerportal.core.stamped_forms import MAX_FORM_AGE, MIN_FORM_AGE
from partnerportal.network.models import PartnerProfile
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models import ContactRequest, Sender
from requests_inbox.services.contact import submit_request
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.requests import SenderFactory

pytestmark = pytest.mark.usefixtures("clean_cache")

CONTACT = "/partners/alder/contact/"
THANKS = "/partners/alder/contact/thanks/"
FIELDS = {
    "name": "Ute Größe",
    "company": "Müllerei Größe GmbH",
    "email": "ute@muellerei.example",
    "phone": "+49 3581 4410",
    "message": "We need a shop.\r\nBy June?",
    "consent": "on",
}


@pytest.fixture
def visitor(cast: Cast) -> Client:
    return Client()


def stamp(page: Any) -> str:
    return re.search(r'name="stamp" value="([^"]+)"', page.content.decode()).group(1)


def form(visitor: Client, **fields: str) -> dict[str, str]:
    """Return valid input for a contact form that was opened long enough ago."""
    with time_machine.travel(timezone.now() - timedelta(seconds=MIN_FORM_AGE + 1), tick=False):
        return {**FIELDS, **fields, "stamp": stamp(visitor.get(CONTACT))}


def send(visitor: Client, **fields: str) -> Any:
    return visitor.post(CONTACT, form(visitor, **fields))


def test_a_submitted_request_is_saved(visitor: Client, cast: Cast) -> None:
    response = send(visitor)
    assert (response.status_code, response.url) == (302, THANKS)
    request = ContactRequest.objects.get()
    assert {name: getattr(request, name) for name in FIELDS if name != "consent"} == {
        **{name: value for name, value in FIELDS.items() if name != "consent"},
        "message": "We need a shop.\r\nBy June?",
    }
    assert (request.agency, request.status, request.language, request.customer) == (cast.alder, "new", "en", None)
    assert timezone.now() - request.consented_at < timedelta(minutes=1)
    event = AuditEvent.objects.get()
    assert (event.action, event.object_label, event.actor_label, event.ip_address) == ("request.received", request.reference, "", None)
    assert "Thank you!" in visitor.get(THANKS).content.decode()


def test_company_and_phone_are_optional(visitor: Client) -> None:
    assert send(visitor, company="", phone="").status_code == 302


def test_the_acknowledgement_contains_no_input(visitor: Client, cast: Cast) -> None:
    PartnerProfile.objects.filter(slug="alder").update(contact_name="Alice of Alder", contact_email="hello@alder.example")
    send(visitor, name="Buy pills", company="Pills Ltd", phone="555 7788", message="Cheap http://pills.example")
    mail = OutgoingMail.objects.get(to_email="ute@muellerei.example")
    assert mail.subject == "Alder Web has received your message"
    for typed in ("pills", "Buy", "Ltd", "7788", "Cheap"):
        for part in (mail.subject, mail.text, mail.html, mail.from_name):
            assert typed.lower() not in part.lower()
    assert (mail.from_name, mail.reply_to) == ("Alder Web", "hello@alder.example")
    assert "Alice of Alder" in mail.text
    assert "/partners/alder/" in mail.text


def test_the_request_has_the_language_of_the_page(visitor: Client) -> None:
    german = Client(headers={"Accept-Language": "de"})
    send(german)
    assert ContactRequest.objects.get().language == "de"


@pytest.mark.parametrize("chosen", [False, True])
def test_the_notification_goes_to_the_selected_members(visitor: Client, cast: Cast, chosen: bool) -> None:
    if chosen:
        for member in cast.alder.memberships.all():
            member.set_notification(Notification.REQUESTS, Mode.NOW if member.user == cast.stan else Mode.OFF)
    send(visitor, message="<b>Bold</b> & honest")
    notices = OutgoingMail.objects.filter(kind="contact_notice")
    expected = {"stan@alder.example"} if chosen else {"alice@alder.example", "max@alder.example"}
    assert {mail.to_email for mail in notices} == expected
    for mail in notices:
        assert f"/requests/{ContactRequest.objects.get().pk}/" in mail.text
        assert "<b>Bold</b> & honest" in mail.text
        assert "<b>" not in mail.html
        assert mail.reply_to == ""
        # The footer links the settings in which members unsubscribe.
        assert mail.text.rstrip().endswith("/account/notices/")


def test_a_double_click_creates_one_request(visitor: Client) -> None:
    filled = form(visitor)
    for _ in range(2):
        assert visitor.post(CONTACT, filled).url == THANKS
    assert ContactRequest.objects.count() == 1
    assert OutgoingMail.objects.filter(kind="contact_acknowledgement").count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_submissions_create_one_request(cast: Cast) -> None:
    filled = form(Client())
    answers = at_once(4, lambda _n: Client().post(CONTACT, filled).status_code)
    assert answers == [302] * 4
    assert ContactRequest.objects.count() == 1
    assert OutgoingMail.objects.count() == 3


def test_another_message_from_the_same_page_creates_another_request(visitor: Client) -> None:
    filled = form(visitor)
    visitor.post(CONTACT, filled)
    visitor.post(CONTACT, {**filled, "message": "I forgot: also a newsletter."})
    assert ContactRequest.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, ">Enter your name.<"),
        ({"email": ""}, ">Enter your e-mail address.<"),
        ({"email": "nobody"}, "valid email"),
        ({"email": "a@b.example\nBcc: all@b.example"}, "valid email"),
        ({"message": "   "}, ">Enter a message.<"),
        ({"message": "\u200b \ufeff"}, ">Enter a message.<"),
        ({"message": "x" * 5001}, "at most 5000"),
        ({"message": "x" * 10_000_000}, "at most 5000"),
        ({"message": "null\x00byte"}, "ull characters"),
        ({"name": "bell\x07"}, "displayed"),
        ({"name": "two\nlines"}, "single line"),
        ({"name": "\u200b\u202e\ufeff"}, ">Enter your name.<"),
        ({"name": "x" * 101}, "at most 100"),
        ({"company": "x" * 201}, "at most 200"),
        ({"phone": "1" * 41}, "at most 40"),
        ({"consent": ""}, "The agency needs your consent"),
    ],
)
def test_invalid_input_is_reported_and_kept(visitor: Client, fields: dict[str, str], says: str) -> None:
    response = send(visitor, **fields)
    page = response.content.decode()
    assert response.status_code == 200
    assert says in page
    if "message" not in fields:
        assert "By June?" in page
    assert not ContactRequest.objects.exists()


def test_error_summary_omits_labels_for_missing_values(visitor: Client) -> None:
    page = send(visitor, name="", email="").content.decode()
    assert '<a href="#id_name">Enter your name.</a>' in page
    assert '<a href="#id_email">Enter your e-mail address.</a>' in page
    assert '<a href="#id_email">E-mail: ' in send(visitor, email="nobody").content.decode()


def test_missing_consent_has_one_link_in_the_error_summary(visitor: Client) -> None:
    page = send(visitor, consent="").content.decode()
    assert '<a href="#id_consent">The agency needs your consent to read your message.</a>' in page


@pytest.mark.parametrize(
    "text", ["🚀 שלום ‮ مرحبا", "👍🏽", "❤️", "<script>alert(1)</script>", "{{ 7 * 7 }} %s {0}", "\r\n.\r\nQUIT", "'; DROP TABLE x; --"]
)
def test_any_text_is_accepted_and_escaped(visitor: Client, alice: Client, text: str) -> None:
    assert send(visitor, message=text, name="A" + text.replace("\r\n", "")[:90]).status_code == 302
    request = ContactRequest.objects.get()
    assert request.message == text.strip()
    page = alice.get(request.get_absolute_url()).content.decode()
    assert "<script>alert" not in page


def test_very_fast_submissions_must_be_repeated(visitor: Client) -> None:
    filled = {**FIELDS, "stamp": stamp(visitor.get(CONTACT))}
    response = visitor.post(CONTACT, filled)
    assert "That was very quick" in response.content.decode()
    assert "By June?" in response.content.decode()
    assert not ContactRequest.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(seconds=MIN_FORM_AGE + 1), tick=False):
        assert visitor.post(CONTACT, {**FIELDS, "stamp": stamp(response)}).status_code == 302


@pytest.mark.parametrize("bad", ["", "x", "old", "forged"])
def test_submissions_with_an_old_or_forged_stamp_must_be_repeated(visitor: Client, bad: str) -> None:
    with time_machine.travel(timezone.now() - timedelta(seconds=MAX_FORM_AGE + 60), tick=False):
        old = stamp(visitor.get(CONTACT))
    response = visitor.post(CONTACT, {**FIELDS, "stamp": {"old": old, "forged": old[:-3] + "abc"}.get(bad, bad)})
    page = response.content.decode()
    assert "Nothing is lost" in page
    assert "By June?" in page
    with time_machine.travel(timezone.now() + timedelta(seconds=MIN_FORM_AGE + 1), tick=False):
        assert visitor.post(CONTACT, {**FIELDS, "stamp": stamp(response)}).status_code == 302


def test_filling_in_the_hidden_field_is_spam_without_e_mails(visitor: Client) -> None:
    assert send(visitor, homepage="https://pills.example").url == THANKS
    assert ContactRequest.objects.get().status == "spam"
    assert not OutgoingMail.objects.exists()
    # Bots often use the address of a victim.
    assert not Sender.objects.exists()
    page = visitor.get(CONTACT).content.decode()
    assert re.search(r'aria-hidden="true"[^>]*>\s*<div[^>]*id="div_id_homepage"', page)
    assert re.search(r'<input[^>]*name="homepage"[^>]*tabindex="-1"', page)


def test_messages_are_limited_per_sender(visitor: Client) -> None:
    with time_machine.travel(timezone.now().replace(minute=10, second=0), tick=False):
        for number in range(5):
            assert send(visitor, message=f"Message {number}").status_code == 302
        # Neither the case nor a sub-address makes another sender.
        response = send(visitor, email="Ute+more@muellerei.example", message="One too many")
        assert response.status_code == 429
        assert response["Retry-After"] == "3000"
        assert "One too many" in response.content.decode()
        assert "50 minutes" in response.content.decode()
        assert send(visitor, email="other@muellerei.example").status_code == 302
    assert ContactRequest.objects.count() == 6


def test_messages_are_limited_per_network(visitor: Client) -> None:
    with time_machine.travel(timezone.now().replace(minute=10, second=0), tick=False):
        for number in range(20):
            visitor.post(CONTACT, form(visitor, email=f"p{number}@people.example"), REMOTE_ADDR=f"2001:db8::{number + 1:x}")
        assert ContactRequest.objects.count() == 20
        filled = form(visitor, email="late@people.example")
        assert visitor.post(CONTACT, filled, REMOTE_ADDR="2001:db8::ffff").status_code == 429
        assert visitor.post(CONTACT, filled, REMOTE_ADDR="2001:db8:0:1::1").status_code == 302


def test_the_form_works_without_redis(visitor: Client, settings: Any) -> None:

    settings.REDIS_URL = "redis://127.0.0.1:1"
    redis_connection.cache_clear()
    try:
        started = time.monotonic()
        assert send(visitor).status_code == 302
        assert time.monotonic() - started < 5
    finally:
        redis_connection.cache_clear()
    assert ContactRequest.objects.count() == 1


def test_an_unregistered_profile_has_no_form(visitor: Client) -> None:
    for status in ("draft", "submitted", "declined"):
        PartnerProfile.objects.filter(slug="alder").update(status=status)
        for path in (CONTACT, THANKS):
            assert visitor.get(path).status_code == 404
        assert visitor.post(CONTACT, FIELDS).status_code == 404
    assert visitor.get("/partners/nobody/contact/").status_code == 404


def test_a_former_slug_redirects_and_still_accepts_forms(visitor: Client) -> None:
    filled = form(visitor)
    PartnerProfile.objects.filter(slug="alder").update(slug="alder-web")
    response = visitor.get(CONTACT)
    assert (response.status_code, response.url) == (301, "/partners/alder-web/contact/")
    assert visitor.post(CONTACT, filled).url == "/partners/alder-web/contact/thanks/"
    assert ContactRequest.objects.count() == 1


def test_agencies_not_accepting_clients_return_the_message(visitor: Client) -> None:
    filled = form(visitor)
    PartnerProfile.objects.filter(slug="alder").update(open_for_clients=False)
    assert "isn’t accepting new clients at the moment" in visitor.get(CONTACT).content.decode()
    page = visitor.post(CONTACT, filled).content.decode()
    assert "isn’t accepting new clients" in page
    assert "By June?" in page
    assert not ContactRequest.objects.exists()


def test_the_consent_links_the_privacy_policy(visitor: Client) -> None:
    PartnerProfile.objects.filter(slug="alder").update(privacy_url="")
    assert "Privacy policy" not in visitor.get(CONTACT).content.decode()
    PartnerProfile.objects.filter(slug="alder").update(privacy_url="https://alder.example/privacy/")
    assert 'href="https://alder.example/privacy/"' in visitor.get(CONTACT).content.decode()


def test_messages_from_blocked_senders_are_only_counted(visitor: Client, cast: Cast) -> None:
    sender = SenderFactory(agency=cast.alder, key="ute@muellerei.example")
    for _ in range(2):
        assert send(visitor, email="Ute+x@Muellerei.example").url == THANKS
    assert not ContactRequest.objects.exists()
    assert not OutgoingMail.objects.exists()
    sender.refresh_from_db()
    assert sender.blocked_count == 2
    # Other agencies haven't blocked the sender.
    filled = form(visitor)
    assert visitor.post("/partners/birch/contact/", filled).status_code == 302
    assert ContactRequest.objects.get().agency == cast.birch


def test_the_emails_of_a_request_are_one_query(visitor: Client, cast: Cast) -> None:
    send(visitor)
    with CaptureQueriesContext(connection) as queries:
        send(visitor, message="A second message.")
    statements = [query["sql"] for query in queries]
    assert len([sql for sql in statements if sql.startswith("INSERT") and "outbox_outgoingmail" in sql]) == 1
    assert len(statements) <= 11
    assert OutgoingMail.objects.count() == 6


def test_a_member_who_writes_to_the_own_agency_gets_one_thread(visitor: Client, cast: Cast) -> None:
    send(visitor, email="alice@alder.example")
    first, second = OutgoingMail.objects.filter(to_email="alice@alder.example").order_by("pk")
    assert (first.kind, second.kind) == ("contact_acknowledgement", "contact_notice")
    assert (first.references, second.references) == ("", first.message_id)


def test_members_who_chose_the_digest_find_the_request_there(cast: Cast) -> None:
    for member in cast.alder.memberships.all():
        member.set_notification(Notification.REQUESTS, Mode.DIGEST if member.user == cast.stan else Mode.OFF)
    request = submit_request(cast.alder, submission="1", name="Pia", email="pia@people.example", message="Hi", consented_at=timezone.now())
    assert request
    assert list(DigestItem.objects.values_list("membership__user", "kind", "object_id")) == [(cast.stan.pk, "requests", request.pk)]
    # Someone on the team is notified, so that owners and managers needn't be.
    assert not OutgoingMail.objects.filter(kind="contact_notice").exists()
