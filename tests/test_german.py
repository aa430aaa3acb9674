"""German pages and e-mails: no English is left, and the address is formal."""

import re
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils import timezone, translation

from customers.deadlines.tokens import OPT_OUTS
from invitations.services.invitations import change_access, connect_customer, disconnect_access, reject_invitation
from partnerportal.desk.digest.tokens import unsubscribe_link
from partnerportal.outbox.letters import render_letter
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.services.contact import submit_request
from requests_inbox.services.requests import assign_request, reply
from reviews import tokens
from reviews.mails import preview_review_request, review_request_letter
from reviews.models import AutomaticRequests
from reviews.rounds.automatic import cancel, switch
from reviews.rounds.services import pause_round, start_round, stop_round
from reviews.services.reviews import hide_review, withdraw_review
from tests.cast import Cast
from tests.factories.agencies import LegalPageFactory, OperatorFactory
from tests.factories.credentials import CredentialRevealFactory, NeedFactory, NeedTemplateFactory
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory
from tests.factories.messages import MessageFactory
from tests.factories.outbox import MailFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.rounds import RoundFactory

LOCALE = settings.BASE_DIR / "locale"
#: The portal's catalog, and the one that overrides django-allauth's German.
OURS, FOR_ALLAUTH = (folder / "de" / "LC_MESSAGES" / "django.po" for folder in (LOCALE, LOCALE / "allauth"))

#: Words of the informal address.
FAMILIAR = re.compile(r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]ein(e[mnrs]?)?|[Gg]ib|[Ll]ass|[Ww]ähle|versuche)\b")
#: Common words in English texts that don't occur in German texts, names or test data. “Isle of Man” is an exception.
ENGLISH = re.compile(
    r"\b(the|and|(?<!Isle )of|your|you|is|are|not|yet|with|for|from|by|to|please|customers?|reviews?|requests?|requested|ratings?|"
    r"dashboard|add|save|cancel|edit|send|sent|search|sign|password|back|newer|older|first|last|phone|city|country|language|notes|nothing|"
    r"cooperation|quality|schedule|due|waiting|answered|step|welcome|hello|page|something|account|close|colours)\b",
    re.IGNORECASE,
)
PUBLIC_PAGES = [
    "/partners/",
    "/partners/?q=nichts",
    "/partners/how-reviews-work/",
    "/legal/privacy/",
    "/partners/apply/",
    "/apply/mistyped/",
    "/partners/alder/",
    "/partners/alder/contact/",
    "/partners/alder/contact/thanks/",
    "/accounts/login/",
    "/accounts/signup/",
    "/r/mistyped/",
    "/nothing/",
]
STAFF_PAGES = [
    "/dashboard/",
    "/customers/",
    "/customers/add/",
    "/requests/",
    "/requests/?state=spam",
    "/requests/?q=nirgends",
    "/requests/settings/",
    "/company/",
    "/company/preview/",
    "/company/reviews/",
    "/company/reviews/stats/",
    "/company/reviews/request/",
    "/company/reviews/rounds/",
    "/company/reviews/rounds/add/",
    "/company/reviews/rounds/automatic/",
    "/company/mail/",
    "/company/team/",
    "/company/team/invite/",
    "/company/team/leave/",
    "/company/team/hand-over/",
    "/account/",
    "/account/notices/",
    "/account/calendar/",
    "/accounts/sessions/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/email/",
    "/accounts/2fa/webauthn/",
]
#: Pages of django-allauth.
ALLAUTH_PAGES = ["/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/logout/", "/accounts/reauthenticate/"]


@cache
def catalog(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="de")


@cache
def messages(path: Path) -> list[Message]:
    """Return the messages of a catalog without its header."""
    return [message for message in catalog(path) if message.id]


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return singular and plural, or the only form."""
    return (text,) if isinstance(text, str) else tuple(text)


def texts_in(page: str) -> list[str]:
    """Return all texts of a page that are displayed or read by screen readers."""
    page = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    # The name of the language English.
    page = re.sub(r'<(button|a)\b[^>]*\slang="en".*?</\1>', "", page, flags=re.DOTALL)
    # Names of time zones aren't translated.
    page = re.sub(r'<option value="[A-Z]\w+/[^"]+">.*?</option>', "", page, flags=re.DOTALL)
    attributes = re.findall(r'\b(?:aria-label|title|placeholder|alt|data-confirm[\w-]*|data-copied|data-label)="([^"]+)"', page)
    texts = [unescape(text).strip() for text in [*re.split(r"<[^>]*>", page), *attributes]]
    return [re.sub(r"\s+", " ", text) for text in texts if text]


@cache
def only_english() -> set[str]:
    """Return the English texts of the catalog that aren't also German."""
    english, translated = ({text for message in messages(OURS) for text in forms(getattr(message, part))} for part in ("id", "string"))
    return english - translated


def english_left(page: str) -> list[str]:
    """Return texts of the page that are English messages or contain English words."""
    return [text for text in texts_in(page) if text in only_english() or ENGLISH.search(text)]


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """The cast with objects of all types at Alder, with German texts."""
    customer = CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH", language="de")
    project = ProjectFactory(customer=customer, title="Relaunch", due_on="2020-01-01", status="active")
    ReviewFactory(review_request__customer=customer, review_request__project=project, text="Alles bestens.")
    ReviewRequestFactory(customer=customer)
    LegalPageFactory(kind="privacy", language="de", text="Wir speichern wenig.")
    OperatorFactory(name="Partnernetzwerk", accepts_applications=True)
    MailFactory(agency=cast.alder, subject="Betreff")
    return cast


def german(cast: Cast | None = None) -> Client:
    """Return a client set to German; with a cast, of Alice."""
    client = Client(headers={"Accept-Language": "de"})
    if cast:
        client.force_login(cast.alice)
    return client


@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_public_pages_are_german(busy: Cast, path: str) -> None:
    busy.alder.profile.tagline = "Wir bauen Websites."
    busy.alder.profile.save()
    page = german().get(path).content.decode()
    assert '<html lang="de">' in page
    assert english_left(page) == []


def test_pages_of_reviews_are_german(busy: Cast) -> None:
    busy.alder.profile.tagline = "Wir bauen Websites."
    busy.alder.profile.save()
    review = busy.alder.reviews.get()
    where, pages = review.get_absolute_url(), []
    pages += [german().get(where), german(busy).get(where)]
    hide_review(review, reason="other", by=busy.alice)
    pages += [german().get(where), german(busy).get(where)]
    withdraw_review(review)
    pages += [german().get(where)]
    assert [page.status_code for page in pages] == [200] * 4 + [410]
    for page in pages:
        assert '<html lang="de">' in page.content.decode()
        assert english_left(page.content.decode()) == []


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_staff_pages_are_german(busy: Cast, path: str) -> None:
    page = german(busy).get(path).content.decode()
    assert '<html lang="de">' in page
    assert english_left(page) == []


def test_customer_pages_are_german(busy: Cast) -> None:
    customer = busy.alder.customers.get()
    review_request = busy.alder.review_requests.pending().get()
    domain = DomainFactory(customer=customer, expires_on="2020-01-01")
    contract = ContractFactory(customer=customer, ends_on="2099-01-01")
    for path in (
        customer.get_absolute_url(),
        f"{customer.get_absolute_url()}edit/",
        f"{customer.get_absolute_url()}projects/add/",
        f"/company/reviews/request/?customer={customer.pk}",
        f"/company/reviews/request/?customer={customer.pk}&subject=company",
        f"/company/reviews/requests/{review_request.pk}/",
        "/company/reviews/requests/",
        str(review_request.link).removeprefix(settings.SITE_URL),
        f"/r/stop/{tokens.opt_out_token(customer.pk, customer.email)}/?language=de",
        f"/domains/{domain.pk}/renew/",
        f"/contracts/{contract.pk}/renew/",
    ):
        page = german(busy).get(path).content.decode()
        assert '<html lang="de">' in page, path
        assert english_left(page) == [], path


def test_pages_of_rounds_are_german_in_every_status(busy: Cast) -> None:
    CustomerFactory(agency=busy.alder, company="Müller AG", language="de")
    CustomerFactory(agency=busy.alder, company="Meier AG", language="de", email="")
    review_round = RoundFactory(agency=busy.alder, by=busy.alice, name="Runde", per_day=1)
    page = f"/company/reviews/rounds/{review_round.pk}/"
    paths = [page, f"{page}?outcome=no_email"]
    for action, status in ((None, "draft"), (start_round, "running"), (pause_round, "paused"), (stop_round, "stopped")):
        if action:
            action(review_round, by=busy.alice)
            paths = [page, f"{page}stop/", "/company/reviews/rounds/"] if status != "stopped" else [page]
        for path in paths:
            text = german(busy).get(path).content.decode()
            assert '<html lang="de">' in text, path
            assert english_left(text) == [], (path, status)


def test_automatic_requests_are_german(busy: Cast) -> None:
    switch(busy.alder, is_on=True, days=14, by=busy.alice)
    AutomaticRequests.objects.update(enabled_at="2020-01-01T00:00Z")
    project = ProjectFactory(customer__agency=busy.alder, title="Auftritt", status="done")
    page = "/company/reviews/rounds/automatic/"
    pages = [german(busy).get(page).content.decode()]
    cancel(project, by=busy.alice)
    pages += [german(busy).get(path).content.decode() for path in (page, f"{page}?show=cancelled", "/company/reviews/rounds/")]
    assert "Auftritt" in pages[0]
    assert [english_left(text) for text in pages] == [[]] * 4


def test_unsubscribe_pages_are_german_before_and_afterwards(busy: Cast) -> None:
    customer = busy.alder.customers.get()
    for stop in (
        str(unsubscribe_link(busy.alder.memberships.get(user=busy.stan))).removeprefix(settings.SITE_URL),
        f"/r/stop-deadlines/{OPT_OUTS.token(customer.pk, customer.email)}/",
    ):
        pages = [german().get(f"{stop}?language=de").content.decode()]
        Client().post(stop, {"List-Unsubscribe": "One-Click"})
        pages.append(german().get(f"{stop}?language=de").content.decode())
        assert pages[0] != pages[1], stop
        for page in pages:
            assert '<html lang="de">' in page, stop
            assert english_left(page) == [], stop


def test_contact_request_pages_are_german(busy: Cast) -> None:
    fields = {"name": "Ute Größe", "company": "Bäckerei Größe", "email": "ute@muellerei.example", "message": "Wir brauchen einen Laden."}
    contact_request = ContactRequestFactory(agency=busy.alder, **fields)
    client, page = german(busy), contact_request.get_absolute_url()
    assigned = ContactRequestFactory(agency=busy.alder, language="de", **fields)
    assign_request(assigned, busy.alder.customers.get(), by=busy.alice)
    pages = [page, f"{page}add-customer/", f"{page}assign/", f"{page}assign/?q=xyz", f"{page}reply/", assigned.get_absolute_url()]
    for action in ("take", "reply", "note", "close", "reopen", "spam"):
        assert english_left(client.post(f"{page}{action}/", {"text": "Hallo", "seen": "0"}, follow=True).content.decode()) == [], action
        for path in pages if action == "take" else [page]:
            assert english_left(client.get(path, follow=True).content.decode()) == [], (action, path)


def test_contact_request_emails_are_german(busy: Cast) -> None:
    busy.alder.language = "de"
    busy.alder.save()
    fields = {"name": "Ute Größe", "email": "ute@muellerei.example", "message": "Wir brauchen einen Laden.", "language": "de"}
    request = submit_request(busy.alder, submission="1", consented_at=timezone.now(), **fields)
    assert request
    reply(request, text="Gern.", by=busy.alice, seen=None)
    mails = OutgoingMail.objects.filter(thread=request.thread)
    assert {mail.subject for mail in mails} == {
        "Alder Web hat Ihre Nachricht erhalten",
        "Neue Anfrage von Ute Größe",
        "Re: Ihre Nachricht an Alder Web",
    }
    for mail in mails:
        for part in (mail.subject, *mail.text.splitlines(), *texts_in(mail.html)):
            if "http" not in part:
                assert not ENGLISH.search(part), part
                assert not FAMILIAR.search(part), part


def test_access_pages_are_german(busy: Cast) -> None:
    customer = busy.alder.customers.get()
    waiting = InvitationFactory(agency=busy.alder, name="Ute Größe", company="Mühle", domains=["xn--mllerei-n2a.example"], language="de")
    given = ConnectedFactory(
        customer=customer, client=busy.kim, name="Ute Größe", company="", scope="partial", areas=["email"], ends=True,
        extension_requested_at=timezone.now(),
    )  # fmt: skip
    names = {"name": "Zugang", "area": "email", "address": "web@alder.example"}
    template = NeedTemplateFactory(agency=busy.alder, **names, instructions="Bitte.")
    need = NeedFactory(invitation=given, **names)
    credential = CredentialRevealFactory(credential__need=NeedFactory(invitation=given, **names), by=busy.stan).credential
    access_request = AccessRequestFactory(
        customer=customer, email=busy.kim.email, requested_by=busy.alice, project=ProjectFactory(customer=customer, title="Umzug")
    )
    file = SharedFileFactory(customer=customer, title="Größe", area="email", from_client=True, uploaded_by=busy.kim)
    approval = TextApprovalFactory(customer=customer, title="Größe", text="Größe", area="email", requested_by=busy.alice)
    MessageFactory(customer=customer, text="Größe", author_name="Ute Größe")
    refused = InvitationFactory(agency=busy.birch, client=busy.kim, name="Ute Größe", company="")
    reject_invitation(refused, message="Nein.", by=busy.charlie)
    for path in (
        "/customers/",
        "/invitations/",
        "/invitations/?show=connected",
        "/invitations/?show=ending",
        given.get_absolute_url(),
        customer.get_absolute_url(),
        *(f"{waiting.get_absolute_url()}{page}" for page in ("", "connect/", "connect/new/", "reject/")),
        f"{given.get_absolute_url()}disconnect/",
        f"{customer.get_absolute_url()}access/request/",
        *(f"{customer.get_absolute_url()}shared/{page}" for page in ("files/", "files/add/", "approvals/", "approvals/add/")),
        *(f"{file.get_absolute_url()}{page}" for page in ("", "edit/", "version/")),
        approval.get_absolute_url(),
        f"{customer.get_absolute_url()}shared/",
        f"{customer.get_absolute_url()}shared/as-client/{given.pk}/",
        f"{customer.get_absolute_url()}shared/messages/",
        "/messages/",
        f"{customer.get_absolute_url()}shared/credentials/",
        f"{customer.get_absolute_url()}shared/credentials/add/",
        f"{customer.get_absolute_url()}shared/credentials/{credential.pk}/",
        "/company/access-needs/",
        "/company/access-needs/add/",
        f"/company/access-needs/{template.pk}/",
        f"/company/access-needs/{template.pk}/delete/",
    ):
        page = german(busy).get(path).content.decode()
        assert english_left(page) == [], path
    kim = german()
    kim.force_login(busy.kim)
    link = str(access_request.link).removeprefix(settings.SITE_URL)
    space = "/my/alder/"
    spaces = [f"{space}files/", f"{space}files/add/", f"{space}files/{file.pk}/", f"{space}files/{file.pk}/version/"]
    spaces += [f"{space}messages/", "/my/data/", "/my/data/download/", "/my/data/address/", "/my/data/close/"]
    spaces += [f"{space}approvals/", f"{space}approvals/{approval.pk}/"]
    spaces += [f"{space}credentials/", f"{space}credentials/needs/{need.pk}/hand-over/"]
    mine = ["/my/", "/my/alder/", f"/my/{given.pk}/", f"/my/{refused.pk}/", f"/my/{given.pk}/change/", f"/my/{given.pk}/extend/"]
    for path in (*mine, link, "/partners/birch/access/", *spaces):
        page = kim.get(path).content.decode()
        assert '<html lang="de">' in page, path
        assert english_left(page) == [], path
    for path in ("/accounts/login/code/", "/accounts/login/code/confirm/"):
        visitor = german()
        visitor.post("/accounts/login/code/", {"email": busy.kim.email})
        assert english_left(visitor.get(path).content.decode()) == [], path


def test_access_emails_are_german(busy: Cast) -> None:
    busy.alder.language = "de"
    busy.alder.save()
    client = german()
    client.force_login(busy.kim)
    client.post("/partners/alder/access/", {"scope": "full", "name": "Ute Größe", "message": "Bitte."})
    given = busy.alder.access_invitations.get()
    connect_customer(given, customer=busy.alder.customers.get(), by=busy.alice)
    change_access(given, scope="partial", areas=["email"])
    disconnect_access(given, reason="Fertig.", by=busy.alice)
    mails = OutgoingMail.objects.filter(kind__startswith="access_")
    assert mails.count() == 4
    for mail in mails:
        assert mail.text.startswith("Guten Tag ")
        for part in (mail.subject, mail.text, *texts_in(mail.html)):
            assert not ENGLISH.search(part), part
            assert not FAMILIAR.search(part), part


def test_error_messages_are_german(busy: Cast) -> None:
    client = german(busy)
    link = str(busy.alder.review_requests.pending().get().link).removeprefix(settings.SITE_URL)
    for path, data in (("/customers/add/", {"kind": "person", "email": "lea", "website": "x y"}), (link, {"text": "\x07"})):
        page = client.post(path, data).content.decode()
        assert "Fehler:" in page and re.search(r"Bitte korrigieren Sie diese (Angabe|\d+ Angaben):", page)
        assert english_left(page) == []


def test_numbers_and_dates_are_german(busy: Cast) -> None:
    page = german().get("/partners/alder/").content.decode()
    assert "4,0 von 5" in page
    assert re.search(r"\d\. (Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember) 20\d\d", page)


def test_german_customers_receive_german_review_requests(busy: Cast) -> None:
    customer, now = busy.alder.customers.get(), timezone.now()
    for project in (customer.projects.get(), None):
        review_request = ReviewRequestFactory.build(customer=customer, project=project, mailed_at=now)
        with translation.override("en"):
            preview = preview_review_request(review_request, by=busy.alice)
        link = "https://portal.example/r/x/"
        letters = [review_request_letter(review_request, by=busy.alice, link=link, reminder=reminder) for reminder in (False, True)]
        mails = [render_letter(letter)._asdict() for letter in letters]
        assert preview["subject"] == mails[0]["subject"]
        assert mails[0]["subject"].startswith("Wie war die Zusammenarbeit mit Alder Web")
        assert mails[0]["text"].startswith("Guten Tag Lea Brandt,\n\nwie war die Zusammenarbeit mit Alder Web")
        for mail in (preview, *mails):
            for part in (mail["subject"], mail.get("text", ""), *texts_in(mail["html"])):
                assert not ENGLISH.search(part)
                assert not FAMILIAR.search(part)


@pytest.mark.parametrize("path", ["/accounts/password/reset/", *ALLAUTH_PAGES])
def test_allauth_pages_use_formal_address(busy: Cast, path: str) -> None:
    client = german(None if "reset" in path else busy)
    texts = texts_in(client.get(path, follow=True).content.decode())
    assert [text for text in texts if FAMILIAR.search(text)] == []
    assert [text for text in texts if ENGLISH.search(text)] == []
