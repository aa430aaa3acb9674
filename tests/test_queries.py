"""Number of queries of pages, which must not depend on the number of objects.

Limits (docs/architecture.md): 6 on a staff list, 4 on a public page, 15 on a customer's page.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models.custom_fields import MAX_FIELDS
from invitations.models import AccessRequest
from partnerportal.desk.models import CalendarFeed, ListName, SavedView
from partnerportal.desk.saved_views.models import MAX_PINNED
from partnerportal.network.models import MAX_SAMPLES, AgencyApplication, PartnerProfile
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.services.requests import add_note, assign_request, reassign_request, reply
from reviews import tokens
from reviews.models import AutomaticRequest, AutomaticRequests, RoundEntry
from reviews.rounds.automatic import switch
from reviews.services.reviews import PinLimitReached, comment_on_review, hide_review, pin_review, report_review
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.agencies import (
    LanguageFactory,
    LegalPageFactory,
    MembershipFactory,
    OperatorFactory,
    ProfileFactory,
    ServiceFactory,
    WorkSampleFactory,
)
from tests.factories.applications import ApplicationFactory
from tests.factories.credentials import CredentialRevealFactory, NeedFactory, NeedTemplateFactory
from tests.factories.customers import (
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    CustomerTagFactory,
    CustomFieldFactory,
    DomainFactory,
    ProjectFactory,
    TagFactory,
    TaskFactory,
)
from tests.factories.files import SharedFileFactory, TextApprovalFactory, VersionFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory
from tests.factories.messages import MessageFactory
from tests.factories.outbox import MailFactory
from tests.factories.requests import ContactRequestFactory, SavedReplyFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.rounds import RoundFactory
from tests.factories.saved_views import SavedViewFactory, ViewPinFactory
from tests.factories.team import TeamInvitationFactory


def fill(cast: Cast, rows: int) -> None:
    """Create one customer with `rows` objects of each type, and `rows` customers with one of each."""
    busy = cast.alder.customers.first() or CustomerFactory(agency=cast.alder)
    for _ in range(rows):
        for customer in (busy, CustomerFactory(agency=cast.alder)):
            review = ReviewFactory(review_request__customer=customer, review_request__project=ProjectFactory(customer=customer))
            comment_on_review(review, text="Thank you.", by=cast.alice)
            report_review(review, reason="other", details="…", by=cast.alice)
            with suppress(PinLimitReached):
                pin_review(review, by=cast.alice)
            ReviewRequestFactory(customer=customer, project=ProjectFactory(customer=customer, due_on="2020-01-01", status="active"))
            ContactFactory(customer=customer)
            NeedFactory(invitation=ConnectedFactory(customer=customer))
            CredentialRevealFactory(credential__need__invitation__customer=customer, by=UserFactory())
            TaskFactory(customer=customer, project=ProjectFactory(customer=customer, is_shared=True), is_shared=True)
            DomainFactory(customer=customer)
            ContractFactory(customer=customer, is_shared=True)
            CustomerTagFactory(customer=customer)
            AccessRequestFactory(customer=customer, email=f"kim{AccessRequest.objects.count()}@client.example")
            file = SharedFileFactory(customer=customer, uploaded_by=cast.stan)
            VersionFactory(file=file)
            TextApprovalFactory(customer=customer, requested_by=cast.stan)
            MessageFactory(customer=customer)
        hide_review(ReviewFactory(review_request__customer=busy), reason="other", by=cast.alice)
        if cast.alder.custom_fields.count() < MAX_FIELDS:
            CustomFieldFactory(agency=cast.alder)
        MailFactory(agency=cast.alder)
        contact_request = cast.alder.contact_requests.first() or ContactRequestFactory(agency=cast.alder)
        add_note(contact_request, text="Note", by=cast.stan)
        reply(contact_request, text="Reply", by=cast.stan, seen=None)
        reassign_request(ContactRequestFactory(agency=cast.alder), to=cast.alice, by=cast.alice)
        ContactRequestFactory(agency=cast.alder)
        SavedReplyFactory(agency=cast.alder)
        NeedTemplateFactory(agency=cast.alder)
        assign_request(ContactRequestFactory(agency=cast.alder), busy, by=cast.alice)
        ProfileFactory(services=[ServiceFactory(), ServiceFactory()]).languages.add(LanguageFactory(), LanguageFactory())
        cast.alder.profile.services.add(ServiceFactory())
        if cast.alder.profile.work_samples.count() < MAX_SAMPLES:
            WorkSampleFactory(profile=cast.alder.profile)
        LegalPageFactory()
        OperatorFactory(accepts_applications=True)
        ApplicationFactory(status="unconfirmed")
        pin_views(cast)
        InvitationFactory(agency=cast.alder)
        MembershipFactory(agency=cast.alder, role="staff")
        TeamInvitationFactory(agency=cast.alder)
        fill_rounds(cast)


def fill_rounds(cast: Cast) -> None:
    """Add a round, a customer of the first one for each of two results, and an upcoming and a cancelled automatic request."""
    tag = cast.alder.tags.first() or TagFactory(agency=cast.alder)
    RoundFactory(agency=cast.alder, by=cast.alice, completed_since=date(2020, 1, 1), tag_id=tag.pk)
    first = cast.alder.review_rounds.order_by("pk")[0]
    for outcome in ("waiting", "requested"):
        project = ProjectFactory(customer__agency=cast.alder, status="done")
        RoundEntry.objects.create(round=first, agency=cast.alder, customer=project.customer, outcome=outcome)
    ReviewRequestFactory(customer=project.customer, project=project, round=first)
    first.counts["requested"] = first.counts.get("requested", 0) + 1
    first.total += 2
    first.save()
    switch(cast.alder, is_on=True, days=14, by=cast.alice)
    AutomaticRequests.objects.update(enabled_at="2020-01-01T00:00Z")
    AutomaticRequest.objects.create(project=ProjectFactory(customer__agency=cast.alder, status="done"), outcome="excluded")


def pin_views(cast: Cast) -> None:
    """Save a view of each list, and pin it if the menu has room. The first page afterwards counts the rows of all pinned views."""
    owner = cast.alder.memberships.get(user=cast.alice)
    for list_name in ListName.values:
        view = SavedViewFactory(owner=owner, list_name=list_name, query=f"q=mill{SavedView.objects.count()}")
        if owner.pinned_views.filter(list_name=list_name).count() < MAX_PINNED:
            ViewPinFactory(view=view)


def first_customer(cast: Cast) -> str:
    return cast.alder.customers.order_by("pk")[0].get_absolute_url()


def open_link(cast: Cast) -> str:
    review_request = cast.alder.review_requests.pending().order_by("pk")[0]
    return f"/r/{tokens.REVIEW_LINKS.recover(review_request.nonce, review_request.token_digest)}/"


def application_link(cast: Cast) -> str:
    link = AgencyApplication.objects.filter(status="unconfirmed").latest("pk").link
    assert link
    return link.removeprefix("http://localhost")


def used_link(cast: Cast) -> str:
    review_request = cast.alder.review_requests.filter(status="answered").order_by("pk")[0]
    return f"/r/{tokens.REVIEW_LINKS.recover(review_request.nonce, review_request.token_digest)}/"


def request_detail(cast: Cast) -> str:
    return f"/company/reviews/requests/{cast.alder.review_requests.order_by('pk')[0].pk}/"


def request_card(cast: Cast) -> str:
    return f"/company/reviews/requests/{cast.alder.review_requests.filter(status='open').order_by('pk')[0].pk}/card/"


def review_round(cast: Cast) -> str:
    return f"/company/reviews/rounds/{cast.alder.review_rounds.order_by('pk')[0].pk}/"


def feed_of_alder(cast: Cast) -> str:
    PartnerProfile.objects.filter(slug="alder").update(offers_feeds=True)
    return "/partners/alder/reviews.atom"


def public_review(cast: Cast) -> str:
    return f"/partners/alder/reviews/{cast.alder.reviews.order_by('pk')[0].pk}/"


def contact_request_page(cast: Cast) -> str:
    return cast.alder.contact_requests.order_by("pk")[0].get_absolute_url()


def wizard_end(cast: Cast) -> str:
    return f"/company/reviews/request/?customer={cast.alder.customers.order_by('pk')[0].pk}&subject=company"


def removal(cast: Cast) -> str:
    return f"/company/team/{cast.alder.memberships.get(user=cast.stan).pk}/remove/"


def stop_link(cast: Cast) -> str:
    customer = cast.alder.customers.order_by("pk")[0]
    return f"/r/stop/{tokens.opt_out_token(customer.pk, customer.email)}/"


def calendar_feed(cast: Cast) -> str:
    member = cast.alder.memberships.get(user=cast.alice)
    feed, _is_new = CalendarFeed.objects.get_or_create(agency=cast.alder, member=member, defaults={"whose": "all"})
    return "/" + str(feed.link).split("/", 3)[3]


PAGES: list[tuple[str | Callable[[Cast], str], bool, int]] = [
    # page, signed in, limit
    # Four for the layout; figures, replies, contracts, all dated sections, requests, invitations, reviews, review requests and opt-outs.
    ("/dashboard/", True, 15),
    ("/dashboard/?whose=mine", True, 15),
    ("/dashboard/?section=overdue", True, 6),
    ("/customers/", True, 6),
    (lambda cast: f"/customers/?tags={cast.alder.tags.order_by('pk')[0].pk}&columns=tags&columns=responsible&columns=created", True, 6),
    (lambda cast: f"/customers/?field_{cast.alder.custom_fields.order_by('pk')[0].key}=x", True, 6),
    ("/customers/tags/", True, 6),
    ("/customers/fields/", True, 6),
    (first_customer, True, 15),
    (lambda cast: first_customer(cast) + "edit/", True, 6),
    # Four for the layout; the customer, the clients, projects with their steps, contracts and domains.
    (lambda cast: first_customer(cast) + "shared/", True, 10),
    ("/customers/add/", True, 6),
    ("/customers/bulk/", True, 6),
    ("/customers/bulk/start/?action=archive&all=1", True, 7),
    ("/requests/", True, 6),
    ("/requests/?q=mill&state=new", True, 6),
    (contact_request_page, True, 8),
    (lambda cast: contact_request_page(cast) + "add-customer/", True, 6),
    (lambda cast: contact_request_page(cast) + "assign/", True, 8),
    ("/requests/settings/", True, 8),
    ("/requests/saved-replies/", True, 6),
    (lambda cast: f"{first_customer(cast)}shared/files/", True, 8),
    (lambda cast: f"{first_customer(cast)}shared/files/{cast.alder.shared_files.order_by('pk')[0].pk}/", True, 8),
    (lambda cast: f"{first_customer(cast)}shared/approvals/", True, 8),
    (lambda cast: f"{first_customer(cast)}shared/approvals/{cast.alder.approvals.order_by('pk')[0].pk}/", True, 6),
    # Two of these are the savepoint of the read mark.
    (lambda cast: f"{first_customer(cast)}shared/messages/", True, 10),
    ("/messages/", True, 6),
    ("/messages/?show=all", True, 6),
    ("/invitations/", True, 6),
    ("/company/access-needs/", True, 6),
    (lambda cast: first_customer(cast) + "shared/credentials/", True, 9),
    (lambda cast: first_customer(cast) + "shared/credentials/add/", True, 9),
    ("/invitations/?show=connected", True, 6),
    ("/company/reviews/", True, 6),
    (lambda cast: f"/company/reviews/{cast.alder.reviews.order_by('pk')[0].pk}/", True, 6),
    ("/company/reviews/request/", True, 6),
    ("/company/reviews/request/?q=company&search=1", True, 6),
    (wizard_end, True, 10),
    ("/company/reviews/requests/", True, 6),
    ("/company/reviews/requests/?q=company", True, 6),
    (request_detail, True, 6),
    (request_card, True, 6),
    ("/company/reviews/stats/", True, 6),
    ("/company/reviews/stats/quarters.csv", True, 6),
    ("/company/reviews/stats/answer-times.csv", True, 6),
    ("/company/reviews/stats/rounds.csv", True, 6),
    ("/company/reviews/rounds/", True, 6),
    ("/company/reviews/rounds/add/", True, 6),
    (review_round, True, 6),
    (lambda cast: f"{review_round(cast)}?outcome=requested", True, 6),
    ("/company/reviews/rounds/automatic/", True, 6),
    ("/company/reviews/rounds/automatic/?show=cancelled", True, 6),
    ("/company/reviews/badge/", True, 6),
    ("/company/reviews/badge/card/", True, 6),
    ("/company/mail/", True, 6),
    ("/company/mail/?q=company&status=queued&type=requests", True, 6),
    (lambda cast: f"/company/mail/?customer={cast.alder.customers.order_by('pk')[0].reference}", True, 6),
    ("/company/mail/?customer=company", True, 6),
    (lambda cast: f"/company/mail/{OutgoingMail.objects.filter(agency=cast.alder).order_by('pk')[0].pk}/", True, 6),
    ("/company/team/", True, 6),
    ("/company/team/second-factor/", True, 6),
    (removal, True, 8),
    ("/account/", True, 6),
    ("/account/notices/", True, 6),
    ("/account/calendar/", True, 6),
    (calendar_feed, False, 6),
    ("/company/", True, 10),  # four for the layout; the profile, its choices, all choices, the work samples, the history
    ("/company/preview/", True, 6),
    ("/partners/", False, 4),
    ("/partners/?q=agency&sort=name", False, 4),
    ("/partners/?q=agancy&language=en&open=on&rating=3", False, 4),
    ("/de/partners/", False, 4),
    ("/sitemap.xml", False, 4),
    ("/sitemap-profiles.xml", False, 4),
    ("/sitemap-reviews.xml", False, 4),
    ("/partners/alder/", False, 4),
    ("/partners/alder/contact/", False, 4),
    ("/partners/alder/contact/thanks/", False, 4),
    ("/partners/alder/?stars=4", False, 4),
    ("/de/partners/alder/", False, 4),
    ("/de/partners/alder/contact/", False, 4),
    ("/partners/how-reviews-work/", False, 4),
    ("/legal/imprint/", False, 4),
    ("/partners/apply/", False, 4),
    (application_link, False, 4),
    ("/de/partners/how-reviews-work/", False, 4),
    ("/partners/alder/badge.svg", False, 4),
    ("/de/partners/alder/badge.png", False, 4),
    (feed_of_alder, False, 4),
    (lambda cast: feed_of_alder(cast).replace("atom", "json"), False, 4),
    (public_review, False, 4),
    (lambda cast: f"/de{public_review(cast)}", False, 4),
    ("/partners/alder/", True, 8),
    (public_review, True, 8),
    (open_link, False, 4),
    (used_link, False, 4),
    (lambda cast: used_link(cast) + "edit/", False, 4),
    (stop_link, False, 4),
    ("/accounts/login/", False, 4),
    ("/healthz", False, 0),
]


def queries_of(browser: Client, path: str) -> list[str]:
    """Return the queries of a page. Rolls back its changes, such as read marks."""
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries:
            response = browser.get(path)
        transaction.set_rollback(True)
    assert response.status_code == 200, path
    return [query["sql"] for query in queries.captured_queries]


def test_number_of_queries_is_small_and_constant(cast: Cast, alice: Client) -> None:
    # A single test, because filling an agency takes longer than all requests.
    taken: dict[int, list[tuple[str, list[str]]]] = {}
    for rows in (2, 12):
        fill(cast, rows)
        paths = [where if isinstance(where, str) else where(cast) for where, _, _ in PAGES]
        taken[rows] = [(path, queries_of(alice if page[1] else Client(), path)) for path, page in zip(paths, PAGES, strict=True)]
    wrong = []
    for (_, _, limit), (path, few), (_, many) in zip(PAGES, taken[2], taken[12], strict=True):
        print(f"{path}: {len(many)} queries")  # noqa: T201  # for `pytest -rP`, which shows the figures
        if len(few) != len(many) or len(many) > limit:
            wrong.append((path, limit, len(few), many))
    assert wrong == []


def test_customer_list_with_fifty_pending_invitations(cast: Cast, alice: Client) -> None:
    for _ in range(50):
        InvitationFactory(agency=cast.alder)
    with CaptureQueriesContext(connection) as queries:
        page = alice.get("/customers/").content.decode()
    assert "50 pending invitations" in page
    print(f"/customers/ with 50 pending invitations: {len(queries)} queries")  # noqa: T201
    assert len(queries) <= 6


@pytest.mark.parametrize("given", [1, 12])
def test_client_page(cast: Cast, given: int) -> None:
    browser = Client()
    browser.force_login(cast.kim)
    for _ in range(given):
        ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
        AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    with CaptureQueriesContext(connection) as queries:
        assert browser.get("/my/").status_code == 200
    assert len(queries) == 6


def test_further_pages_of_a_client(cast: Cast) -> None:
    browser, taken = Client(), []
    browser.force_login(cast.kim)
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    customer = given.customer
    for rows in (1, 12):
        for _ in range(rows):
            VersionFactory(file=SharedFileFactory(customer=customer, uploaded_by=cast.stan))
            approval = TextApprovalFactory(customer=customer, requested_by=cast.stan)
            MessageFactory(customer=customer)
            CredentialRevealFactory(credential__need=NeedFactory(invitation=given), by=UserFactory())
        paths = ["messages/", "credentials/"]
        paths += ["files/", f"files/{cast.alder.shared_files.order_by('pk')[0].pk}/", "approvals/", f"approvals/{approval.pk}/"]
        taken.append([len(queries_of(browser, f"/my/alder/{path}")) for path in paths])
    assert taken[0] == taken[1]
    # Six for the session, the client, the access and the tabs; the thread and its read mark in a savepoint; needs, credentials, reveals
    # and the deleted ones; files and approvals.
    assert max(taken[0]) <= 9


#: Pages of the shared space, and the number of their queries.
SPACE_PAGES = {"/my/alder/": 12}


@pytest.mark.parametrize("rows", [1, 12])
def test_pages_of_the_shared_space(cast: Cast, rows: int) -> None:
    browser = Client()
    browser.force_login(cast.kim)
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    for number in range(rows):
        ConnectedFactory(customer=given.customer)
        project = ProjectFactory(customer=given.customer, is_shared=True)
        TaskFactory.create_batch(rows, customer=given.customer, project=project, is_shared=True)
        DomainFactory(customer=given.customer)
        ContractFactory(customer=given.customer, is_shared=True)
        ReviewRequestFactory(customer=given.customer, project=project if number else None)
    for path, expected in SPACE_PAGES.items():
        assert len(queries_of(browser, path)) == expected, path
