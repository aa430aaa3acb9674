"""Accessibility of all pages: axe finds no violation in light and dark mode, and pages fit a phone."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AxeResults
from django.core import signing
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.deadlines.tokens import OPT_OUTS
from customers.merging.services import merge_customers
from customers.models import BulkBatch, BulkJob, CustomerPair, DeadlineOptOut, MergeLog, Tag
from customers.services.customers import archive_customer
from invitations.models import AccessInvitation
from partnerportal.agencies.services.notifications import unsubscribe_from_digest
from partnerportal.desk.calendar.services import save_feed
from partnerportal.desk.digest.tokens import unsubscribe_link
from partnerportal.desk.models import SavedView
from requests_inbox.services.requests import add_note, assign_request, mark_no_reply_needed, mark_spam, reply
from reviews import tokens
from reviews.models import AutomaticRequest, AutomaticRequests
from reviews.rounds.automatic import switch
from reviews.rounds.services import start_round
from reviews.services.requests import withdraw_request
from reviews.services.reviews import save_reply_draft
from tests.browser import frames
from tests.browser.conftest import OpenPage, signed_in
from tests.cast import Cast, StoredRows
from tests.factories.agencies import LanguageFactory, LegalPageFactory, LogoFactory, OperatorFactory, ServiceFactory, WorkSampleFactory
from tests.factories.applications import ApplicationFactory
from tests.factories.bulk import BulkJobFactory
from tests.factories.credentials import CredentialFactory, CredentialRevealFactory, NeedFactory, NeedTemplateFactory
from tests.factories.customers import (
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    CustomerTagFactory,
    CustomFieldFactory,
    DomainFactory,
    NoteFactory,
    ProjectFactory,
    TaskFactory,
)
from tests.factories.files import SharedFileFactory, TextApprovalFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory
from tests.factories.merging import CustomerPairFactory
from tests.factories.outbox import MailFactory
from tests.factories.requests import ContactRequestFactory, SavedReplyFactory, SenderFactory
from tests.factories.review_states import in_state
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.rounds import RoundFactory
from tests.factories.saved_views import SavedViewFactory, ViewPinFactory
from tests.factories.team import TeamInvitationFactory

Scheme = Literal["dark", "light"]
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


def fill(cast: Cast) -> dict[str, str]:
    """Fill Alder with objects of all types, some with long names, and return the addresses of their pages."""
    customer = CustomerFactory(agency=cast.alder, company=LONG, email=f"{'long' * 15}@clients.example", city="Llanfairpwllgwyngyll")
    project = ProjectFactory(customer=customer, title=LONG, status="active", due_on="2020-01-01")
    answered = ReviewFactory(review_request__customer=customer, review_request__project=project, text=LONG * 3, author=LONG).request
    for state in ("pinned", "commented", "hidden", "reported", "removed"):
        in_state(state, cast.alder)
    asked = ReviewRequestFactory(customer=customer)
    withdrawn = ReviewRequestFactory(customer__agency=cast.alder)
    withdraw_request(withdrawn, by=cast.alice)
    save_reply_draft(answered.review, text=LONG * 3, loaded="", by=cast.alice)
    task = TaskFactory(customer=customer, project=project, title=LONG, assignee=cast.alice, priority=1, due_on="2020-01-01")
    for number in range(5):
        TaskFactory(customer=customer, title=f"{LONG} {number}", done_at=timezone.now(), project=project)
    for role in ("general", "billing", "decision", "technical", "general"):
        ContactFactory(
            customer=customer, first_name="", last_name=LONG[:100], email=f"{'long' * 15}@people.example", phone="1" * 40, role=role
        )
    domain = DomainFactory(customer=customer, name=f"{LONG[:60]}.example".lower(), registrar=LONG, expires_on="2020-01-01")
    DomainFactory(customer=customer, name="xn--mllerei-n2a.example", auto_renew=True, expires_on="2099-01-01")
    contract = ContractFactory(
        customer=customer, number=LONG[:60], product=LONG, price="1234567890.12", ends_on="2099-01-01", notice_count=3
    )
    NoteFactory(customer=customer, text=LONG * 3, author=cast.alice)
    fill_profile(cast)
    view = fill_views(cast)
    archived = CustomerFactory(agency=cast.alder, company=LONG)
    archive_customer(archived, by=cast.alice)
    mail = MailFactory(agency=cast.alder, customer=customer, subject=LONG, text=f"{LONG} https://example.com/{'x' * 200}")
    mail.mark_failed(f"550 {LONG}")
    save_feed(cast.alder.memberships.select_related("agency", "user").get(user=cast.alice), whose="mine")
    long_email = f"{'long' * 15}@clients.example"
    asking = ContactRequestFactory(agency=cast.alder, company=LONG, name=LONG[:100], email=long_email, phone="+49 1", message=LONG * 3)
    add_note(asking, text=LONG * 3, by=cast.stan)
    reply(asking, text=LONG * 3, by=cast.stan, seen=None).mail.mark_failed("550")
    assign_request(ContactRequestFactory(agency=cast.alder, message=LONG * 3), customer, by=cast.stan)
    unneeded = ContactRequestFactory(agency=cast.alder)
    mark_no_reply_needed(unneeded, by=cast.stan)
    texts = {"agency": cast.alder, "title": LONG[:60], "text": f"{LONG * 3} {{name}}"}
    saved_replies = [SavedReplyFactory(language=code, **texts) for code in ("en", "de")]
    spam = ContactRequestFactory(agency=cast.alder)
    mark_spam(spam, by=cast.stan)
    SenderFactory(agency=cast.alder, key=f"{'x' * 60}@clients.example")
    ContactRequestFactory(agency=cast.alder, message=LONG)
    waiting = InvitationFactory(agency=cast.alder, company=LONG, name=LONG, message=LONG * 3, domains=["domain.example"])
    given = ConnectedFactory(
        customer=customer, client=cast.kim, name=LONG, company=LONG, scope="partial", areas=["email"], ends=True,
        extension_requested_at=timezone.now(),
    )  # fmt: skip
    shared = fill_space(cast)
    needs = [
        NeedFactory(invitation=shared, name=LONG[:60], area=area, address=f"{'long' * 50}@agency.example") for area in ("email", "hosting")
    ]
    needs[0].instructions = LONG * 3
    needs[0].save()
    revealed = CredentialRevealFactory(credential__need=needs[1], by=cast.stan).credential
    NeedFactory(invitation=shared, name="Registrar", area="domains", address="", invited_at=timezone.now())
    CredentialFactory(need=needs[1], deleted_at=timezone.now(), deleted_because="revealed")
    template = NeedTemplateFactory(agency=cast.alder, name=LONG[:60], instructions=LONG * 3)
    ConnectedFactory(customer=CustomerFactory(agency=cast.birch), client=cast.kim)
    InvitationFactory(agency=cast.birch, client=cast.kim)
    question = AccessRequestFactory(customer=customer, email=cast.kim.email, message=LONG)
    file = SharedFileFactory(customer=customer, title=LONG[:150], area="email", from_client=True, uploaded_by=cast.kim)
    asked_text = TextApprovalFactory(customer=customer, title=LONG[:150], text=LONG * 3, area="email", requested_by=cast.alice)
    closed = AccessRequestFactory(customer=archived, email=cast.kim.email, expires_at=timezone.now())
    twin = CustomerPairFactory(agency=cast.alder, first__company=LONG, second__company=LONG, second__notes=LONG * 3).first
    customer.refresh_from_db()
    merge_customers(customer, CustomerFactory(agency=cast.alder, company=LONG), values={}, by=cast.alice)
    stan, max_ = cast.alder.memberships.get(user=cast.stan), cast.alder.memberships.get(user=cast.max)
    unsubscribe_from_digest(max_)
    DeadlineOptOut.objects.create(agency=cast.alder, address_digest=OPT_OUTS.digest(archived.email))
    tag = CustomerTagFactory(customer=customer, tag__name=LONG[:40]).tag
    for color in Tag.Color.values:
        CustomerTagFactory(customer=customer, tag__color=color)
    choice = CustomFieldFactory(agency=cast.alder, name=LONG[:40], kind="choice", choices=[["long", LONG[:60]]])
    for kind in ("text", "number", "date", "link"):
        CustomFieldFactory(agency=cast.alder, kind=kind)
    customer.custom_values = {choice.key: "long"}
    customer.save()
    return {
        "tag": f"/customers/tags/{tag.pk}/",
        "merge tag": f"/customers/tags/{tag.pk}/merge/",
        "delete tag": f"/customers/tags/{tag.pk}/delete/",
        "field": f"/customers/fields/{choice.pk}/",
        "columns": f"/customers/?tags={tag.pk}&columns=name&columns=tags&columns=website&columns=responsible&columns=field_{choice.key}",
        "removal": f"/company/team/{stan.pk}/remove/",
        "role": f"/company/team/{stan.pk}/role/",
        "join": path(TeamInvitationFactory(agency=cast.alder, email=f"{'long' * 15}@people.example", invited_by=cast.alice).link, "/join/"),
        "joining": path(TeamInvitationFactory(agency=cast.alder, email=cast.kim.email).link, "/join/"),
        "applied": f"/partners/apply/sent/{signing.dumps(0, salt='network.applications')}/",
        **fill_applications(),
        "asking": asking.get_absolute_url(),
        "assign": f"{asking.get_absolute_url()}assign/?q=donau",
        "add from": f"{asking.get_absolute_url()}add-customer/",
        "spam": spam.get_absolute_url(),
        "needs no reply": unneeded.get_absolute_url(),
        "saved reply": f"/requests/saved-replies/{saved_replies[0].pk}/",
        "delete saved reply": f"/requests/saved-replies/{saved_replies[0].pk}/delete/",
        "invitation": waiting.get_absolute_url(),
        "connect": f"{waiting.get_absolute_url()}connect/",
        "connect new": f"{waiting.get_absolute_url()}connect/new/",
        "reject": f"{waiting.get_absolute_url()}reject/",
        "disconnect": f"{given.get_absolute_url()}disconnect/",
        "ask": f"{customer.get_absolute_url()}access/request/",
        "mine": f"/my/{given.pk}/",
        "my files": f"/my/alder/files/?customer={customer.pk}",
        "my file add": f"/my/alder/files/add/?customer={customer.pk}",
        "my approvals": f"/my/alder/approvals/?customer={customer.pk}",
        "my file": f"/my/alder/files/{file.pk}/?customer={customer.pk}",
        "my approval": f"/my/alder/approvals/{asked_text.pk}/?customer={customer.pk}",
        "shared files": f"{customer.get_absolute_url()}shared/files/",
        "shared file add": f"{customer.get_absolute_url()}shared/files/add/",
        "shared file": file.get_absolute_url(),
        "shared approvals": f"{customer.get_absolute_url()}shared/approvals/",
        "shared approval add": f"{customer.get_absolute_url()}shared/approvals/add/",
        "shared approval": asked_text.get_absolute_url(),
        "space": f"/my/alder/?customer={shared.customer_id}",
        "shared": f"{shared.customer.get_absolute_url()}shared/",
        "as client": f"{shared.customer.get_absolute_url()}shared/as-client/{shared.pk}/",
        "credentials": f"/my/alder/credentials/?customer={shared.customer_id}",
        "hand over": f"/my/alder/credentials/needs/{needs[0].pk}/hand-over/?customer={shared.customer_id}",
        "shared credentials": f"{shared.customer.get_absolute_url()}shared/credentials/",
        "add needs": f"{shared.customer.get_absolute_url()}shared/credentials/add/",
        "reveal": f"{shared.customer.get_absolute_url()}shared/credentials/{revealed.pk}/",
        "need template": f"/company/access-needs/{template.pk}/",
        "delete need template": f"/company/access-needs/{template.pk}/delete/",
        "change": f"/my/{given.pk}/change/",
        "extend": f"/my/{given.pk}/extend/",
        "question": path(question.link, "/a/"),
        "closed": path(closed.link, "/a/"),
        "customer": customer.get_absolute_url(),
        "edit": f"{customer.get_absolute_url()}edit/",
        "project_add": f"{customer.get_absolute_url()}projects/add/",
        "contact_add": f"/customers/{customer.pk}/contacts/add/",
        "task_edit": f"/tasks/{task.pk}/edit/",
        "contract_add": f"{customer.get_absolute_url()}contracts/add/",
        "domain_renew": f"/domains/{domain.pk}/renew/",
        "contract_renew": f"/contracts/{contract.pk}/renew/",
        "erase": f"{customer.get_absolute_url()}erase/",
        "bulk": f"/customers/bulk/{bulk_job(cast, status='running', finished_at=None, progress_total=20).pk}/",
        "bulk undone": f"/customers/bulk/{bulk_job(cast, counts={'changed': 3, 'undone': 1, 'kept_edited': 2}, undone_batches=1).pk}/",
        "archived": archived.get_absolute_url(),
        "compare": f"{twin.get_absolute_url()}merge/?with={CustomerPair.objects.get().second_id}",
        "merge with": f"{twin.get_absolute_url()}merge/",
        "merge": f"/customers/merges/{MergeLog.objects.get().pk}/",
        "step 2": f"/company/reviews/request/?customer={customer.pk}",
        "step 3": f"/company/reviews/request/?customer={customer.pk}&subject=company",
        **fill_rounds(cast),
        "request": f"/company/reviews/requests/{asked.pk}/",
        "request card": f"/company/reviews/requests/{asked.pk}/card/",
        "review": f"/company/reviews/{answered.review.pk}/",
        "public review": answered.review.get_absolute_url(),
        "hidden review": cast.alder.reviews.get(hidden_at__isnull=False).get_absolute_url(),
        "removed review": cast.alder.reviews.get(removed_at__isnull=False).get_absolute_url(),
        "comment": f"/company/reviews/{answered.review.pk}/comment/",
        "hide": f"/company/reviews/{answered.review.pk}/hide/",
        "report": f"/company/reviews/{answered.review.pk}/report/",
        "mail": f"/company/mail/{mail.pk}/",
        "view": f"/customers/?{view.query}&view={view.pk}",
        "view modified": f"/customers/?sort=name&view={view.pk}",
        "view edit": f"/views/{view.pk}/edit/",
        "work": f"/company/work/{cast.alder.profile.work_samples.all()[0].pk}/",
        "rate": path(asked.link),
        "answered": path(answered.link),
        "change review": path(answered.link) + "edit/",
        "take back": path(answered.link) + "withdraw/",
        "stop": f"/r/stop/{tokens.opt_out_token(customer.pk, customer.email)}/",
        "stop digest": path(unsubscribe_link(stan)),
        "stopped digest": path(unsubscribe_link(max_)),
        "stop deadlines": f"/r/stop-deadlines/{OPT_OUTS.token(customer.pk, customer.email)}/",
        "stopped deadlines": f"/r/stop-deadlines/{OPT_OUTS.token(archived.pk, archived.email)}/",
        "gone": path(withdrawn.link),
    }


FILLED = StoredRows(fill)


@pytest.fixture
def filled(cast: Cast) -> dict[str, str]:
    """Fill the database, and return the addresses of pages."""
    return FILLED.copy_to(cast)


def fill_applications() -> dict[str, str]:
    """Add applications with long values before and after their confirmation. Return addresses of pages."""
    texts = {"name": LONG[:120], "city": LONG[:120], "contact_name": LONG[:100], "description": f"{LONG}\n\n{LONG}"}
    values = {**texts, "website": f"https://{LONG[:60]}.example/{LONG}"}
    before, after = ApplicationFactory(**values, status="unconfirmed"), ApplicationFactory(**values)
    return {"application": path(before.link, "/apply/"), "confirmed application": path(after.link, "/apply/")}


def bulk_job(cast: Cast, **fields: Any) -> BulkJob:
    """Return a bulk action that left out some customers."""
    job: BulkJob = BulkJobFactory(agency=cast.alder, started_by=cast.stan, batches=1, **fields)
    rows = [[customer.pk, customer.number, "edited"] for customer in cast.alder.customers.order_by("number")[:2]]
    BulkBatch.objects.create(job=job, number=0, left_out=rows, not_undone=rows)
    return job


def fill_rounds(cast: Cast) -> dict[str, str]:
    """Add a draft and a running round, and automatic requests. Return addresses of pages."""
    planned, running = (RoundFactory(agency=cast.alder, by=cast.alice, name=LONG[:100]) for _ in range(2))
    start_round(running, by=cast.alice)
    entry = running.entries.order_by("pk")[0]
    entry.outcome = "requested"
    entry.save()
    running.refresh_from_db()
    running.counts["requested"] = 1
    running.save()
    switch(cast.alder, is_on=True, days=14, by=cast.alice)
    AutomaticRequests.objects.update(enabled_at="2020-01-01T00:00Z")
    for _ in range(2):
        project = ProjectFactory(customer__agency=cast.alder, title=LONG[:150], status="done")
    AutomaticRequest.objects.create(project=project, outcome="excluded")
    planned.refresh_from_db()
    reason = next(iter(planned.counts))
    return {
        "round": f"/company/reviews/rounds/{planned.pk}/",
        "round left out": f"/company/reviews/rounds/{planned.pk}/?outcome={reason}",
        "round running": f"/company/reviews/rounds/{running.pk}/",
        "stop round": f"/company/reviews/rounds/{running.pk}/stop/",
    }


def fill_profile(cast: Cast) -> None:
    """Fill all fields of a profile with long values."""
    profile = LogoFactory(profile=cast.alder.profile).profile
    LegalPageFactory(kind="privacy", text=f"# {LONG}\n\n{LONG}\n\n## Contact\nhello@north.example\nhttps://{LONG[:60]}.example/")
    OperatorFactory(accepts_applications=True)
    profile.tagline, profile.description, profile.city = LONG, f"{LONG}\n\n{LONG}", LONG
    profile.website, profile.founded, profile.team_size = f"https://{LONG[:60]}.example/{LONG}", 1999, "51+"
    profile.open_for_clients = False
    profile.save()
    profile.services.add(*(ServiceFactory(name_en=f"{LONG[:70]} {n}", name_de=f"{LONG[:70]} {n}") for n in range(6)))
    profile.languages.add(LanguageFactory(name_en=LONG[:80]))
    for _ in range(3):
        WorkSampleFactory(profile=profile, title=LONG[:80], alt_text=LONG[:200], link=f"https://{LONG[:60]}.example/")


def fill_views(cast: Cast) -> SavedView:
    """Save more views than the row above a list shows, and pin some. Return one with a filter that doesn't exist."""
    owner = cast.alder.memberships.get(user=cast.alice)
    for list_name in ("customers", "requests", "tasks"):
        for number in range(7):
            view = SavedViewFactory(owner=owner, list_name=list_name, name=f"{LONG[:50]} {number}", query="", is_shared=True)
            if number in (0, 3):
                ViewPinFactory(view=view)
    outdated: SavedView = SavedViewFactory(owner=owner, name=LONG[:60], query="status=all&gone=1")
    return outdated


def fill_space(cast: Cast) -> AccessInvitation:
    """Share long texts of a customer with Kim and another client, and return Kim's access."""
    given: AccessInvitation = ConnectedFactory(customer__agency=cast.alder, customer__company=LONG, client=cast.kim, name=LONG)
    ConnectedFactory(customer=given.customer, name=LONG, scope="partial", areas=["domains", "email"])
    customer = given.customer
    for status in ("active", "done"):
        project = ProjectFactory(customer=customer, title=LONG, status=status, due_on="2020-01-01", is_shared=True)
        TaskFactory(customer=customer, project=project, title=LONG, done_at=timezone.now(), is_shared=True)
        TaskFactory(customer=customer, project=project, title=LONG, due_on="2020-01-01", is_shared=status == "done")
    DomainFactory(customer=customer, name=f"{LONG[:50]}.shared.example".lower(), expires_on="2020-01-01")
    DomainFactory(customer=customer, name="xn--mhle-0ra.example", auto_renew=True, expires_on="2099-01-01")
    for number, is_shared in (("1", True), ("2", False)):
        ContractFactory(
            customer=customer, number=LONG[:58] + number, product=LONG, price="1234567890.12", starts_on="2020-01-01", ends_on="2099-01-01",
            notice_count=3, is_shared=is_shared,
        )  # fmt: skip
    ReviewRequestFactory(customer=customer)
    return given


def path(link: str | None, below: str = "/r/") -> str:
    assert link
    return below + link.split(below)[1]


#: Pages by subject, with their user. Each group is one test, because filling a portal takes longer than checking a page.
PAGES = {
    "customers": (
        "alice",
        ["/dashboard/", "/customers/", "/customers/add/", "customer", "edit", "project_add", "task_edit", "contact_add",
         "contract_add", "domain_renew", "contract_renew", "erase",
         "/customers/bulk/", "/customers/bulk/start/?action=task&all=1", "/customers/bulk/start/?action=archive&all=1",
         "bulk", "bulk undone",
         "archived", "/customers/?status=all&q=donau", "/customers/?q=nobodyiscalledlikethis", "/tasks/", "/tasks/?state=done",
         "/projects/", "/domains/", "/contracts/", "/search/", "/search/?q=donau", "/search/?q=nothinglikeit", "view", "view modified",
         "view edit", "/views/add/?list=tasks&query=whose%3Dmine"],
    ),
    "merging": ("alice", ["/customers/duplicates/", "/customers/duplicates/?show=dismissed", "compare", "merge with", "merge"]),
    "tags and fields": ("alice", ["/customers/tags/", "tag", "merge tag", "delete tag", "/customers/fields/", "field", "columns"]),
    "requests": (
        "alice",
        ["/requests/", "/requests/?state=open", "/requests/?q=nothinglikeit", "asking", "assign", "add from", "spam",
         "/requests/settings/", "needs no reply", "/requests/saved-replies/", "/requests/saved-replies/add/", "saved reply",
         "delete saved reply"],
    ),
    "access": (
        "alice",
        ["/invitations/", "/invitations/?show=ending", "/messages/", "/messages/?show=all", "invitation", "connect", "connect new",
         "reject", "disconnect", "ask", "shared", "as client", "shared credentials", "add needs", "reveal", "/company/access-needs/",
         "/company/access-needs/add/", "need template", "delete need template"],
    ),
    "reviews": (
        "alice",
        ["/company/reviews/", "/company/reviews/request/", "step 2", "step 3", "request", "/company/reviews/requests/", "review", "comment",
         "hide", "report", "/company/reviews/stats/", "/company/reviews/badge/", "/company/reviews/badge/card/", "request card",
         "/partners/alder/", "public review"],
    ),
    "rounds": (
        "alice",
        ["/company/reviews/rounds/", "/company/reviews/rounds/add/", "round", "round left out", "round running", "stop round",
         "/company/reviews/rounds/automatic/", "/company/reviews/rounds/automatic/?show=cancelled"],
    ),
    "company": (
        "alice",
        ["/company/", "/company/preview/", "/company/mail/", "/company/mail/?status=failed", "mail", "/company/team/",
         "/company/team/invite/", "removal", "/company/team/leave/", "/company/team/hand-over/", "/company/team/second-factor/",
         "role", "/company/work/add/", "work"],
    ),
    "own account": (
        "alice",
        ["/account/", "/account/notices/", "/account/calendar/", "/accounts/sessions/", "/accounts/reauthenticate/", "/accounts/email/",
         "/accounts/password/change/", "/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"],
    ),
    "shared files": (
        "alice",
        ["shared files", "shared file add", "shared file", "shared approvals", "shared approval add", "shared approval"],
    ),
    "files": (
        "kim",
        ["my files", "my file add", "my file", "my approvals", "my approval"],
    ),
    "client": (
        "kim",
        ["/my/", "mine", "space", "credentials", "hand over", "change", "extend", "question", "/partners/alder/access/", "/account/",
         "/my/data/", "/my/data/download/", "/my/data/address/", "/my/data/close/"],
    ),
    "network": (
        None,
        ["/partners/", "/partners/?q=alder&place=donau", "/partners/?q=nothinglikeit", "/partners/alder/", "/partners/birch/",
         "/partners/how-reviews-work/", "/legal/privacy/", "/partners/apply/", "applied", "application", "confirmed application",
         "/partners/alder/contact/", "/partners/alder/contact/thanks/", "/partners/birch/contact/", "public review", "hidden review"],
    ),
    "personal links": (
        None,
        ["join", "joining", "rate", "answered", "change review", "take back", "stop", "stop digest", "stopped digest", "stop deadlines",
         "stopped deadlines", "/accounts/login/", "/accounts/login/code/", "/accounts/password/reset/"],
    ),
}  # fmt: skip
EMPTY = [
    "/dashboard/", "/customers/", "/tasks/", "/projects/", "/domains/", "/contracts/", "/requests/", "/requests/saved-replies/",
    "/messages/",
    "/company/reviews/", "/company/reviews/request/", "/company/reviews/stats/", "/company/mail/",
]  # fmt: skip
#: Width in pixels and colour scheme: all of axe's rules apply to the first, and only those for contrast to the second.
LOOKS: tuple[tuple[int, Scheme], tuple[int, Scheme]] = ((1280, "dark"), (360, "light"))
#: In CSS pixels: phones, tablets and desktops, and the widths on both sides of the breakpoints.
WIDTHS = (320, 360, 390, 540, 552, 564, 575, 576, 600, 768, 834, 872, 991, 992, 1008, 1024, 1048, 1280, 1440)
#: Pages in the language of the recipient, not of the browser.
IN_OTHER_LANGUAGE = {
    "rate", "answered", "change review", "take back", "stop", "stop digest", "stopped digest", "stop deadlines", "stopped deadlines",
    "gone", "question", "closed",
}  # fmt: skip


def width_of(page: Page) -> int:
    return page.viewport_size["width"] if page.viewport_size else 0


def violations(page: Page, what: str, scheme: str, *, contrast_only: bool = False) -> Iterator[str]:
    """Yield violations found by axe in a colour scheme, and a fault if the page is wider than its viewport."""
    width = width_of(page)
    # Disables motion, because colours have wrong contrasts during the transition between schemes.
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
    rules: dict[str, Any] = {"runOnly": ["color-contrast"]} if contrast_only else {}
    if page.evaluate("typeof axe === 'undefined'"):
        page.add_script_tag(url=frames.AXE_PATH)
    options = {"resultTypes": ["violations"], "preload": False, **rules}
    # Only the violations, because transferring the other results takes as long as many rules.
    results = AxeResults(page.evaluate("async options => { const {violations} = await axe.run(options); return {violations}; }", options))
    if results.violations_count:
        yield f"{what}, {width} px, {scheme}: {results.generate_report()}"
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        yield f"{what}: {wide} px wide at {width} px"


def violations_in_both_schemes(page: Page, what: str) -> Iterator[str]:
    """Yield violations on the current page at its current width, in both colour schemes."""
    yield from violations(page, what, "dark")
    yield from violations(page, what, "light", contrast_only=True)


def faults(page: Page, name: str, addresses: dict[str, str], expected_status: int = 200) -> Iterator[str]:
    """Yield faults of the page with this name or address: those that axe finds on a desktop and a phone, and those at any width."""
    (width, scheme), phone = LOOKS
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    status, language, headings = frames.load(page, addresses.get(name, name), width, 800)
    if status != expected_status:
        yield f"{name}: {status}"
    if headings != 1:
        yield f"{name}: {headings} headings of the first level"
    if language != "en" and name not in IN_OTHER_LANGUAGE:
        yield f"{name}: in {language}"
    yield from framed_violations(page, name, width, scheme)
    # Disables motion, because colours have wrong contrasts during the transition between schemes.
    page.emulate_media(color_scheme=phone[1], reduced_motion="reduce")
    yield from framed_violations(page, name, *phone, contrast_only=True)
    yield from (f"{name}: {fault}" for fault in frames.cut_off(page, WIDTHS))


def framed_violations(page: Page, name: str, width: int, scheme: str, *, contrast_only: bool = False) -> Iterator[str]:
    """Yield violations found by axe at a width in a colour scheme, and a fault if the page is wider."""
    rules: dict[str, Any] = {"runOnly": ["color-contrast"]} if contrast_only else {}
    results, shown, inner, wide = frames.run_axe(page, width, scheme, rules)
    if (shown, inner) != (scheme, width):
        yield f"{name}: {shown} and {inner} px instead of {scheme} and {width} px"
    if (found := AxeResults(results)).violations_count:
        yield f"{name}, {width} px, {scheme}: {found.generate_report()}"
    if wide > width:
        yield f"{name}: {wide} px wide at {width} px"


@pytest.mark.parametrize(("who", "pages"), PAGES.values(), ids=PAGES)
def test_pages_are_accessible(page: Page, framed: str, cast: Cast, filled: dict[str, str], who: str | None, pages: list[str]) -> None:
    page.goto(f"{framed}/healthz")
    if who:
        signed_in(page, framed, getattr(cast, who))
    assert [fault for name in pages for fault in faults(page, name, filled)] == []


@pytest.mark.parametrize(("where", "status"), [("closed", 410), ("question", 403)])
def test_closed_and_foreign_access_requests_are_accessible(
    open_page: OpenPage, framed: str, cast: Cast, filled: dict[str, str], where: str, status: int
) -> None:
    page = open_page()
    page.goto(f"{framed}/healthz")
    signed_in(page, framed, cast.kim if where == "closed" else cast.charlie)
    assert list(faults(page, where, filled, status)) == []


def test_error_pages_are_accessible(open_page: OpenPage, framed: str, filled: dict[str, str]) -> None:
    # Doesn't use the fixture `page`, because the browser logs an error for each 404.
    page = open_page()
    page.goto(f"{framed}/healthz")
    statuses = {"gone": 410, "removed review": 410, "/r/mistyped/": 404, "/join/mistyped/": 404, "/apply/mistyped/": 404, "/nothing/": 404}
    assert [fault for name, status in statuses.items() for fault in faults(page, name, filled, status)] == []


def test_empty_lists_are_accessible(page: Page, framed: str, cast: Cast) -> None:
    page.goto(f"{framed}/healthz")
    signed_in(page, framed, cast.alice)
    assert [fault for where in EMPTY for fault in faults(page, where, {})] == []


def test_form_with_errors_is_accessible(page: Page, portal: str, cast: Cast, filled: dict[str, str]) -> None:
    signed_in(page, portal, cast.alice)
    page.goto(f"{portal}/customers/add/")
    page.get_by_label("E-mail").fill("no address")
    page.get_by_role("button", name="Save").click()
    field = page.get_by_label("E-mail")
    expect(field).to_have_attribute("aria-invalid", "true")
    described: Callable[[], str] = lambda: field.get_attribute("aria-describedby") or ""  # noqa: E731
    assert any("valid" in page.locator(f"#{part}").inner_text() for part in described().split())
    assert list(violations_in_both_schemes(page, "errors")) == []
    summary = page.get_by_role("alert").first
    expect(summary).to_contain_text("E-mail")
    expect(summary).to_be_focused()


@pytest.mark.parametrize("width", [width for width, _scheme in LOOKS])
def test_dialogs_and_menus_are_accessible(page: Page, portal: str, cast: Cast, filled: dict[str, str], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    signed_in(page, portal, cast.alice)
    page.goto(portal + filled["customer"])

    page.locator(".row-menu summary").first.click()
    assert list(violations_in_both_schemes(page, "menu")) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Add domain").click()
    dialog = page.get_by_role("dialog", name="Add domain")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_be_focused()
    assert list(violations_in_both_schemes(page, "dialog")) == []
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    page.keyboard.press("Control+k")
    # Inserted in one step, because htmx logs an error for each request that the next key aborts.
    page.keyboard.insert_text("donau")
    expect(page.get_by_role("option").first).to_be_visible()
    assert list(violations_in_both_schemes(page, "search")) == []


def test_selected_theme_is_kept(page: Page, portal: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{portal}/partners/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.locator("summary", has_text="Theme").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
