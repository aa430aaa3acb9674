"""Applications of agencies: the form at `/partners/apply/`, and the link that confirms an application."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.accounts.personal_data import PERSONAL_DATA
from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.core.stamped_forms import MAX_FORM_AGE, MIN_FORM_AGE
from partnerportal.network import tasks
from partnerportal.network.applications.models import CONFIRM_DAYS, MAX_LETTERS
from partnerportal.network.applications.services import confirm_application
from partnerportal.network.models import AgencyApplication, Operator, PartnerProfile
from partnerportal.network.site import forget_site
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.agencies import LegalPageFactory, OperatorFactory
from tests.factories.applications import ApplicationFactory

pytestmark = pytest.mark.usefixtures("clean_cache")

APPLY = "/partners/apply/"
FIELDS = {
    "name": "Cedar Digital",
    "website": "cedar.example",
    "city": "Görlitz",
    "contact_name": "Cora Cedar",
    "email": "Cora <cora@cedar.example>",
    "description": "We build shops.\r\nSince 2011.",
}


def open_applications(accepts: bool = True) -> None:
    """Let agencies apply, or not, as the operator's page in Django admin does."""
    Operator.objects.update_or_create(pk=1, defaults={"accepts_applications": accepts})
    forget_site()


@pytest.fixture
def visitor(cast: Cast) -> Client:
    """Return a visitor while agencies can apply."""
    open_applications()
    return Client()


def form(visitor: Client, page: str = APPLY, **fields: str) -> dict[str, str]:
    """Return valid input for a form that was opened long enough ago."""
    with time_machine.travel(timezone.now() - timedelta(seconds=MIN_FORM_AGE + 1), tick=False):
        found = re.search(r'name="stamp" value="([^"]+)"', visitor.get(page).content.decode())
    assert found
    return {**FIELDS, **fields, "stamp": found[1]}


def send(visitor: Client, page: str = APPLY, **fields: str) -> Any:
    return visitor.post(page, form(visitor, page, **fields))


def generic(page: Any) -> str:
    """Return a page without what differs between applications: the token of its form, and its address."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"|sent(/|%2F)[^"/%]+|\?next=[^"]+', "", page.content.decode())


def link() -> str:
    """Return the path in the last e-mail with a link."""
    found = re.search(r"http://localhost(/apply/\S+)", OutgoingMail.objects.filter(kind="application_confirmation").latest("pk").text)
    assert found
    return found[1]


# --- The setting


def test_the_pages_do_not_exist_until_an_administrator_turns_them_on(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    token = ApplicationFactory(status="unconfirmed").link.removeprefix("http://localhost")
    addresses = (APPLY, f"/de{APPLY}", f"{APPLY}sent/{signing.dumps(0, salt='network.applications')}/", token)
    shown = ("/partners/", "/partners/alder/", "/accounts/login/")
    assert {Client().get(path).status_code for path in addresses} == {404}
    assert {Client().post(path).status_code for path in addresses} == {404}
    assert [path for path in shown if "apply" in Client().get(path).content.decode()] == []
    admin = Client()
    admin.force_login(cast.ada)
    with django_capture_on_commit_callbacks(execute=True):
        response = admin.post("/admin/network/operator/add/", {"name": "", "tint": "", "accepts_applications": "on"})
    assert response.status_code == 302
    assert {Client().get(path).status_code for path in addresses} == {200}
    assert [path for path in shown if 'href="/partners/apply/"' not in Client().get(path).content.decode()] == []
    assert 'href="/de/partners/apply/"' in Client().get("/de/partners/").content.decode()
    Operator.objects.update(accepts_applications=False)
    # Immediately, although this process still knows the former setting.
    assert {Client().get(path).status_code for path in addresses} == {404}


@pytest.mark.parametrize("path", ["/partners/", "/partners/alder/", "/partners/how-reviews-work/"])
def test_public_pages_change_their_etag_with_the_setting(cast: Cast, path: str) -> None:
    OperatorFactory(name="Agencies of the North")
    open_applications(False)
    before = Client().get(path)["ETag"]
    open_applications()
    changed = Client().get(path, headers={"If-None-Match": before})
    assert (changed.status_code, changed["ETag"] != before) == (200, True)


def test_the_address_belongs_to_no_profile(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="profile_address_is_not_reserved"), transaction.atomic():
        PartnerProfile.objects.filter(agency=cast.alder).update(slug="apply")


def test_the_pages_use_few_queries(visitor: Client) -> None:
    for path in (APPLY, f"{APPLY}sent/{signing.dumps(0, salt='network.applications')}/"):
        visitor.get(path)
        with CaptureQueriesContext(connection) as captured:
            visitor.get(path)
        assert len(captured) <= 4


# --- The form


def test_an_application_is_saved_and_its_link_sent(visitor: Client) -> None:
    response = send(visitor)
    assert response.status_code == 302
    assert "Check your inbox" in visitor.get(response.url).content.decode()
    application = AgencyApplication.objects.get()
    saved = {name: getattr(application, name) for name in FIELDS}
    assert saved == {**FIELDS, "website": "https://cedar.example", "email": "cora@cedar.example"}
    assert (application.status, application.language, application.terms_agreed_at) == ("unconfirmed", "en", None)
    mail = OutgoingMail.objects.get()
    assert (mail.to_email, mail.agency, mail.subject) == ("cora@cedar.example", None, "Confirm your application")
    assert application.link == f"http://localhost{link()}"
    assert not AuditEvent.objects.exists()


def test_the_german_form_sends_german_emails(visitor: Client) -> None:
    response = send(visitor, f"/de{APPLY}")
    assert response.url.startswith("/de/partners/apply/sent/")
    assert AgencyApplication.objects.get().language == "de"


def test_the_email_contains_no_input(visitor: Client) -> None:
    send(visitor, name="Buy pills", contact_name="Pills Ltd", city="Pillsbury", description="Cheap http://pills.example")
    mail = OutgoingMail.objects.get()
    for part in (mail.subject, mail.text, mail.html, mail.from_name):
        assert not re.search("pills|buy|cheap", part, re.IGNORECASE)


def test_terms_must_be_agreed_to_if_there_are_any(visitor: Client) -> None:
    assert "I agree" not in visitor.get(APPLY).content.decode()
    LegalPageFactory(kind="terms")
    forget_site()
    assert "Agree to the terms of use." in send(visitor).content.decode()
    assert send(visitor, terms="on").status_code == 302
    agreed_at = AgencyApplication.objects.get().terms_agreed_at
    assert agreed_at is not None
    assert timezone.now() - agreed_at < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, "Enter the agency’s name."),
        ({"name": "x" * 121}, "at most 120"),
        ({"name": "two\nlines"}, "single line"),
        ({"name": "\u200b\u202e\ufeff"}, "Enter the agency’s name."),
        ({"website": ""}, "Enter the agency’s website."),
        ({"website": "javascript:alert(1)"}, "valid URL"),
        ({"website": "https://x.example/" + "x" * 300}, "at most 300"),
        ({"city": " "}, "Enter a city."),
        ({"contact_name": "bell\x07"}, "displayed"),
        ({"email": "nobody"}, "valid email"),
        ({"email": "a@b.example\nBcc: all@b.example"}, "valid email"),
        ({"description": "x" * 10_000_000}, "at most 2000"),
        ({"description": "null\x00byte"}, "ull characters"),
        ({"stamp": ""}, "Nothing is lost: send the application again."),
        ({"stamp": "WyJhIiwxXQ:forged"}, "Nothing is lost"),
    ],
)
def test_invalid_input_is_explained(visitor: Client, fields: dict[str, str], says: str) -> None:
    response = visitor.post(APPLY, {**form(visitor), **fields})
    assert response.status_code == 200
    assert says in response.content.decode()
    assert not AgencyApplication.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_forms_that_are_too_quick_or_too_old_must_be_sent_again(visitor: Client) -> None:
    found = re.search(r'name="stamp" value="([^"]+)"', visitor.get(APPLY).content.decode())
    assert found
    filled = {**FIELDS, "stamp": found[1]}
    assert "That was very quick" in visitor.post(APPLY, filled).content.decode()
    with time_machine.travel(timezone.now() + timedelta(seconds=MAX_FORM_AGE + 60)):
        assert "open for a long time" in visitor.post(APPLY, filled).content.decode()
    with time_machine.travel(timezone.now() + timedelta(seconds=MIN_FORM_AGE + 1)):
        assert visitor.post(APPLY, filled).status_code == 302


def test_bots_get_the_same_answer_but_nothing_is_saved(visitor: Client) -> None:
    response = send(visitor, homepage="https://spam.example/")
    assert response.status_code == 302
    resent = visitor.post(response.url, follow=True)
    assert "The e-mail has already been sent." in resent.content.decode()
    assert not AgencyApplication.objects.exists()
    human = send(visitor).url
    assert generic(visitor.get(response.url)) == generic(visitor.get(human))
    assert AgencyApplication.objects.count() == OutgoingMail.objects.count() == 1


def test_the_answer_does_not_depend_on_accounts_and_agencies(visitor: Client, cast: Cast) -> None:
    answers = []
    for email, name in (("new@cedar.example", "Cedar"), (cast.alice.email, "Cedar"), ("other@cedar.example", cast.alder.name)):
        response = send(visitor, email=email, name=name)
        answers.append((response.status_code, generic(visitor.get(response.url))))
    assert len(set(answers)) == 1
    texts = {re.sub(r"/apply/\S+", "", mail.text) for mail in OutgoingMail.objects.all()}
    assert len(texts) == 1


def test_a_double_click_creates_one_application(visitor: Client) -> None:
    filled = form(visitor)
    assert [visitor.post(APPLY, filled).status_code for _ in range(2)] == [302, 302]
    assert AgencyApplication.objects.count() == OutgoingMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_submissions_create_one_application(cast: Cast) -> None:
    open_applications()
    filled = form(Client())
    assert at_once(4, lambda _n: Client().post(APPLY, filled).status_code) == [302] * 4
    assert AgencyApplication.objects.count() == OutgoingMail.objects.count() == 1


def test_a_mailbox_can_apply_five_times_an_hour(visitor: Client) -> None:
    answers = [send(visitor, name=f"Agency {n}", email=f"cora+{n}@cedar.example") for n in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert "Retry-After" in answers[-1]
    assert "Agency 5" in answers[-1].content.decode()
    assert AgencyApplication.objects.count() == 5


def test_a_network_can_apply_twenty_times_an_hour(visitor: Client) -> None:
    answers = [send(visitor, email=f"cora{n}@cedar.example").status_code for n in range(21)]
    assert answers == [302] * 20 + [429]
    assert send(Client(REMOTE_ADDR="198.51.100.7"), email="one@more.example").status_code == 302


# --- The link


@pytest.fixture
def waiting(visitor: Client) -> AgencyApplication:
    """Return an application that isn't confirmed."""
    send(visitor)
    return AgencyApplication.objects.get()


def later(minutes: int) -> Any:
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False)


def test_opening_the_link_changes_nothing(visitor: Client, waiting: AgencyApplication) -> None:
    page = visitor.get(link())
    assert page.status_code == 200
    assert "We build shops." in page.content.decode()
    assert (page["X-Robots-Tag"], page["Referrer-Policy"]) == ("noindex, nofollow", "strict-origin")
    assert "no-store" in page["Cache-Control"]
    waiting.refresh_from_db()
    assert (waiting.status, OutgoingMail.objects.count()) == ("unconfirmed", 1)


def test_the_button_confirms_and_notifies_the_administrators(visitor: Client, waiting: AgencyApplication, cast: Cast) -> None:
    UserFactory(is_staff=True, email="nopermission@portal.example")
    admin = cast.ada.email
    for _ in range(2):
        assert "Application confirmed" in visitor.post(link(), follow=True).content.decode()
    waiting.refresh_from_db()
    assert waiting.status == "confirmed"
    mail = OutgoingMail.objects.get(kind="application_received")
    assert (mail.to_email, mail.subject) == (admin, "Cedar Digital has applied to join Partner Network")
    assert f"/admin/network/agencyapplication/{waiting.pk}/change/" in mail.text
    event = AuditEvent.objects.get()
    assert (event.action, event.source, event.object_label, event.data) == ("application.confirmed", "link", f"A-{waiting.pk}", {})


def test_scanners_without_a_token_of_the_form_confirm_nothing(waiting: AgencyApplication) -> None:
    assert Client(enforce_csrf_checks=True).post(link()).status_code == 403
    waiting.refresh_from_db()
    assert waiting.status == "unconfirmed"


@pytest.mark.django_db(transaction=True)
def test_confirming_at_the_same_time_notifies_once(cast: Cast) -> None:
    application, _admin = ApplicationFactory(status="unconfirmed"), cast.ada
    assert sorted(at_once(4, lambda _n: confirm_application(application)), key=str) == [False] * 3 + [True]
    assert OutgoingMail.objects.filter(kind="application_received").count() == 1


def test_the_link_expires_at_the_end_of_a_day(visitor: Client, waiting: AgencyApplication) -> None:
    assert timedelta(days=CONFIRM_DAYS) <= waiting.confirm_until - waiting.created_at < timedelta(days=CONFIRM_DAYS + 1)
    with time_machine.travel(waiting.confirm_until + timedelta(seconds=1), tick=False):
        assert visitor.get(link()).status_code == 410
        page = visitor.post(link(), follow=True)
        assert (page.status_code, "This link has expired" in page.content.decode()) == (410, True)
    waiting.refresh_from_db()
    assert waiting.status == "unconfirmed"
    with pytest.raises(IntegrityError, match="application_confirmed_in_time"), transaction.atomic():
        AgencyApplication.objects.update(status="confirmed", confirmed_at=waiting.confirm_until + timedelta(seconds=1))


def test_unknown_links_are_not_found_and_rate_limited(visitor: Client) -> None:
    answers = [visitor.get(f"/apply/guess{n}/").status_code for n in range(31)]
    assert answers == [404] * 30 + [429]


def test_the_email_can_be_resent_a_few_times(visitor: Client) -> None:
    sent = send(visitor).url
    first = link()
    says = [visitor.post(sent, follow=True).content.decode()]
    assert OutgoingMail.objects.count() == 1  # a double click
    for number in range(1, MAX_LETTERS + 3):
        with later(2 * number):
            says.append(visitor.post(sent, follow=True).content.decode())
    assert ["E-mail resent." in page for page in says] == [False, *[True] * (MAX_LETTERS - 1), *[False] * 3]
    assert ["has already been sent" in page for page in says] == [True, *[False] * (MAX_LETTERS - 1), *[True] * 3]
    assert OutgoingMail.objects.count() == MAX_LETTERS
    assert link() == first
    with pytest.raises(IntegrityError, match="application_letters_are_limited"), transaction.atomic():
        AgencyApplication.objects.update(letters=MAX_LETTERS + 1)


def test_resending_does_not_send_more_emails_to_a_mailbox(visitor: Client) -> None:
    pages = [send(visitor, name=f"Agency {n}", email=f"cora+{n}@cedar.example").url for n in range(3)]
    next_hour = timezone.now().replace(minute=0) + timedelta(hours=1)
    answers = []
    for minute in (2, 4, 6):
        with time_machine.travel(next_hour.replace(minute=minute), tick=False):
            answers += [Client(REMOTE_ADDR=f"198.51.100.{n}").post(page).status_code for n, page in enumerate(pages)]
    assert answers == [302] * 5 + [429] * 4


def test_confirmed_applications_are_not_sent_again(visitor: Client) -> None:
    sent = send(visitor).url
    visitor.post(link())
    with later(5):
        visitor.post(sent)
    assert OutgoingMail.objects.filter(kind="application_confirmation").count() == 1


def test_resending_is_rate_limited(visitor: Client) -> None:
    sent = send(visitor).url
    assert [visitor.post(sent).status_code for _ in range(20)] == [302] * 19 + [429]


@pytest.mark.parametrize("reference", ["1", "MQ:forged:signature", "…", signing.dumps(1)])
def test_forged_references_are_not_found(visitor: Client, reference: str) -> None:
    assert visitor.get(f"{APPLY}sent/{reference}/").status_code == 404
    assert visitor.post(f"{APPLY}sent/{reference}/").status_code == 404


# --- What is kept


def test_old_applications_are_deleted(cast: Cast, settings: Any) -> None:
    settings.APPLICATION_RETENTION = 30
    kept = [ApplicationFactory(status=status).pk for status in ("unconfirmed", "confirmed", "approved", "rejected")]
    with time_machine.travel(timezone.now() - timedelta(days=31)):
        waiting = ApplicationFactory()
        for status in ("unconfirmed", "approved", "rejected"):
            ApplicationFactory(status=status)
    assert tasks.delete_old_applications() == 3
    assert tasks.delete_old_applications() == 0
    assert set(AgencyApplication.objects.values_list("pk", flat=True)) == {*kept, waiting.pk}
    # The agency stays.
    assert Agency.objects.filter(name="Cedar Digital").count() == 2


def test_input_and_decisions_never_change(cast: Cast) -> None:
    application = ApplicationFactory(status="rejected")
    row = AgencyApplication.objects.filter(pk=application.pk)
    for change in (
        {"name": "Other"},
        {"email": "other@cedar.example"},
        {"description": "Other"},
        {"created_at": timezone.now()},
        {"reason": "Other"},
        {"decided_at": timezone.now()},
        {"status": "confirmed", "decided_at": None, "reason": ""},
        {"status": "approved", "reason": "", "agency": cast.alder},
    ):
        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
            row.update(**change)
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        AgencyApplication.objects.create(submission="x" * 64, status="confirmed", confirmed_at=timezone.now())
    for status in ("confirmed", "unconfirmed"):
        other = AgencyApplication.objects.filter(pk=ApplicationFactory(status=status).pk)
        step = {"approved": {"agency": cast.alder}, "rejected": {"reason": "No"}} if status == "unconfirmed" else {"unconfirmed": {}}
        for to, values in step.items():
            with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
                other.update(status=to, **values)


def test_applicants_can_download_their_applications(cast: Cast) -> None:
    section = next(section for section in PERSONAL_DATA if section.name == "agency-applications")
    own = ApplicationFactory(email=cast.kim.email, status="rejected")
    ApplicationFactory()
    (row,) = section.rows(User.objects.get(pk=cast.kim.pk))
    assert (row["name"], row["email"], row["reason"]) == (own.name, cast.kim.email, "Outside our region")
