"""Every e-mail follows the conventions of a letter, in English and in German."""

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone, translation

from customers import mails as customer_mails
from customers.deadlines import mails as deadline_mails
from customers.deadlines.kinds import KINDS
from customers.deadlines.queries import Deadline
from customers.models import DeadlineNotice
from invitations.client_data import mails as own
from invitations.credentials import mails as credential_mails
from invitations.files.mails import approvals as approval_mails
from invitations.files.mails import files as file_mails
from invitations.files.models.approvals import Outcome
from invitations.mails import access_requests, terms
from invitations.mails import invitations as access
from invitations.messages import mails as messages
from invitations.models import AccessInvitation, AccessRequest, Approval, ApprovalDecision, Message, SharedFile
from invitations.space.queries import preview_space
from partnerportal.accounts.mails import EMAILS, send_account_mail
from partnerportal.agencies import mails as team
from partnerportal.agencies.models import DigestItem, InternalKind, Notification
from partnerportal.core.templatetags.portal import initials
from partnerportal.desk.digest import mails as digest_mails
from partnerportal.desk.digest.queries import LIMIT, facts_for
from partnerportal.desk.digest.sections import sections_of
from partnerportal.network import mails as network
from partnerportal.network.applications import mails as applications
from partnerportal.outbox import logos
from partnerportal.outbox.kinds import TYPES, type_label
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_letter, queue_letters
from requests_inbox import mails as inbox
from requests_inbox.models import ContactRequest
from reviews import mails as review_mails
from reviews.models import CATEGORIES, ReviewComment, ReviewReport
from reviews.services.reviews import comment_on_review, report_review
from tests.cast import Cast, StoredCast
from tests.email_html import EmailHTML
from tests.factories.applications import ApplicationFactory
from tests.factories.credentials import CredentialFactory
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory, TaskFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.team import TeamInvitationFactory

#: Text typed by a user, in two lines.
WORDS = "First line of theirs.\nSecond line of theirs."
QUOTED = "> First line of theirs.\n> Second line of theirs."
CLOSINGS = {
    "en": ("Kind regards,", "Thank you and kind regards,"),
    "de": ("Freundliche Grüße", "Vielen Dank und freundliche Grüße"),
}
GREETING = {"en": "Hello", "de": "Guten Tag"}
#: E-mails typed completely by a person.
WRITTEN_BY_PERSON = {"contact_reply"}
#: E-mails that are lists, without a greeting and a signature.
LISTS = {digest_mails.KIND}
#: Folders of the code that calls them.
PACKAGES = {"partnerportal", "customers", "requests_inbox", "invitations", "reviews"}


@dataclass
class Scene:
    """One object of each type that e-mails are about. All people use the same language."""

    cast: Cast
    language: str

    def __post_init__(self) -> None:
        cast, language = self.cast, self.language
        cast.alder.language = language
        cast.alder.save()
        for person in (cast.alice, cast.max, cast.stan, cast.kim, cast.ada):
            person.language = language
            person.save()
        self.customer = CustomerFactory(
            agency=cast.alder, kind="person", company="", first_name="Nele", last_name="Neumann", language=language
        )
        project = ProjectFactory(customer=self.customer, title="Relaunch")
        self.invitation: AccessInvitation = ConnectedFactory(
            customer=self.customer, client=cast.kim, name="Kim Client", company="", message=WORDS, reason=WORDS, language=language
        )
        self.credential = CredentialFactory(need__invitation=self.invitation, first_revealed_at=timezone.now())
        self.ending: AccessInvitation = ConnectedFactory(
            customer__agency=cast.alder, client=cast.kim, name="Kim Client", company="", language=language, ends=True
        )
        self.with_project: AccessInvitation = ConnectedFactory(
            customer__agency=cast.alder, client=cast.kim, name="Kim Client", company="", language=language, term="project",
            project=ProjectFactory(customer__agency=cast.alder, title="Relaunch"),
        )  # fmt: skip
        self.shared: SharedFile = SharedFileFactory(customer=self.customer)
        self.approvals: list[Approval] = [TextApprovalFactory(customer=self.customer) for _ in range(2)]
        for approval, outcome, comment in zip(self.approvals, Outcome, ("", WORDS), strict=True):
            ApprovalDecision.objects.create(approval=approval, outcome=outcome, comment=comment, sha256=approval.sha256)
        self.access_request: AccessRequest = AccessRequestFactory(customer=self.customer, message=WORDS, requested_by=cast.alice)
        self.request: ContactRequest = ContactRequestFactory(agency=cast.alder, message=WORDS, language=language)
        self.tasks = [TaskFactory(customer=self.customer, title="Renew", due_on=due_on) for due_on in (None, timezone.localdate())]
        self.application = ApplicationFactory(name="Alder Web", contact_name="Kim Client", email="kim@cedar.example", language=language)
        self.application.reason = WORDS
        self.comments: list[ReviewComment] = []
        self.reports: list[ReviewReport] = []
        for about in (project, None):
            review = ReviewFactory(
                review_request__customer=self.customer, review_request__project=about, display_name_as="full" if about else "anonymous"
            )
            self.comments.append(comment_on_review(review, text=WORDS, by=cast.alice))
            report = report_review(review, reason="offensive", details="They are rude.", by=cast.alice)
            report.decision = WORDS
            self.reports.append(report)
        # Created after the answered ones, because each subject can have only one open request.
        self.asked = {
            "project": ReviewRequestFactory(customer=self.customer, project=project, mailed_at=timezone.now()),
            "company": ReviewRequestFactory(customer=self.customer, mailed_at=timezone.now()),
        }
        OutgoingMail.objects.all().delete()

    def message(self, side: str, name: str) -> Message:
        return Message.objects.create(agency=self.cast.alder, customer=self.customer, side=side, author_name=name, text=WORDS)

    def member(self, user: Any) -> Any:
        return self.cast.alder.memberships.get(user=user)


def decided(send: Callable[..., None], *states: str) -> Callable[[Scene], None]:
    def write(scene: Scene) -> None:
        for report in scene.reports:
            for state in states:
                report.state = state
                send(report, by=scene.cast.ada)

    return write


def invited(scene: Scene) -> None:
    for account in (None, scene.cast.kim):
        joining = TeamInvitationFactory(agency=scene.cast.alder, invited_by=scene.cast.alice)
        team.send_invitation(joining, account=account, by=scene.cast.alice)


def approved(scene: Scene) -> None:
    for account in (None, scene.cast.kim):
        joining = TeamInvitationFactory(agency=scene.cast.alder)
        applications.send_application_approved(joining, account=account, by=scene.cast.ada, application=scene.application)


def deadlines(scene: Scene) -> list[list[Deadline]]:
    """Return one deadline, and all kinds of deadlines, before and after."""
    day, fields = timezone.localdate(), {"customer": scene.customer}
    domain, renewed = DomainFactory(**fields, expires_on=day), DomainFactory(**fields, expires_on=day, auto_renew=True)
    contract = ContractFactory(**fields, product="Hosting", ends_on=day)
    items = [("domain", domain), ("contract", contract)]
    every = [Deadline(KINDS[kind], item, day, step) for kind, item in items for step in (7, -1)]
    every.append(Deadline(KINDS["access"], scene.ending, day, 7))
    return [every[:1], [*every, Deadline(KINDS["domain"], renewed, day, -1)]]


def new_reviews(scene: Scene) -> None:
    for comment in scene.comments:
        for text, stars in (("", 5), (WORDS, 2)):
            comment.review.text = text
            for category in CATEGORIES:
                setattr(comment.review, category, stars)
            review_mails.send_new_review(comment.review, to=[scene.member(scene.cast.alice)])


def digest(scene: Scene) -> None:
    """Queue a digest with all sections, of which one has more lines than are shown."""
    agency, customer, member = scene.cast.alder, scene.customer, scene.member(scene.cast.alice)
    wednesday = date(2026, 6, 10)
    for due_on in [wednesday - timedelta(days=1)] * (LIMIT + 2) + [wednesday, wednesday + timedelta(days=1)]:
        TaskFactory(customer=customer, title="Renew", due_on=due_on, assignee=member.user, priority=1)
    ProjectFactory(customer=customer, title="Shop", due_on=wednesday, status="active")
    domain = DomainFactory(customer=customer, expires_on=wednesday)
    notice = DeadlineNotice.objects.create(agency=agency, kind="domain", object_id=domain.pk, date=wednesday, step=1)
    objects = {
        Notification.DEADLINES: notice,
        Notification.REQUESTS: scene.request,
        Notification.ACCESS: scene.invitation,
        Notification.TASKS: scene.tasks[1],
        Notification.FILES: scene.shared,
        InternalKind.APPROVALS: scene.approvals[0],
        Notification.MESSAGES: scene.customer,
    }
    DigestItem.objects.bulk_create(DigestItem(membership=member, kind=kind, object_id=item.pk) for kind, item in objects.items())
    # New reviews are shown a few minutes later.
    facts = facts_for(agency, [member], wednesday, timezone.now() + timedelta(hours=1))
    letter = digest_mails.digest_letter(member, facts)
    assert letter
    assert [section.total > len(section.lines) for section in sections_of(member, facts)] == [True, *[False] * 6]
    queue_letters([letter])


def declined(scene: Scene) -> None:
    profile = scene.cast.alder.profile
    profile.decline_reason = WORDS
    network.send_profile_declined(profile)


#: How to call each function that sends an e-mail, or returns its letter to a service that does.
WRITERS: dict[Callable[..., Any], Callable[[Scene], Any]] = {
    access.send_access_given: lambda s: access.send_access_given(s.invitation),
    access.send_invitation_withdrawn: lambda s: access.send_invitation_withdrawn(s.invitation),
    access.send_access_changed: lambda s: [
        access.send_access_changed(row, before=("partial", ["email"])) for row in (s.invitation, s.ending, s.with_project)
    ],
    access.send_access_revoked: lambda s: access.send_access_revoked(s.invitation),
    access.send_access_connected: lambda s: access.send_access_connected(s.invitation, by=s.cast.alice),
    access.send_invitation_rejected: lambda s: access.send_invitation_rejected(s.invitation, by=s.cast.alice),
    access.send_access_ended: lambda s: access.send_access_ended(s.invitation, by=s.cast.alice),
    access.send_customer_erased: lambda s: access.send_customer_erased(s.invitation),
    access.send_invitation_expired: lambda s: access.send_invitation_expired(s.invitation),
    access.send_access_ended_by_admin: lambda s: access.send_access_ended_by_admin(s.invitation),
    access.send_access_over: lambda s: access.send_access_over(s.ending),
    terms.send_access_ending: lambda s: terms.send_access_ending(s.ending),
    terms.send_access_ends_with_project: lambda s: terms.send_access_ends_with_project(s.ending),
    terms.send_access_continues: lambda s: terms.send_access_continues(s.with_project),
    terms.send_access_extended: lambda s: [terms.send_access_extended(row) for row in (s.ending, s.with_project, s.invitation)],
    terms.send_extension_request: lambda s: terms.send_extension_request(s.ending, by=s.cast.alice),
    terms.send_extension_declined: lambda s: terms.send_extension_declined(s.ending),
    access_requests.send_access_request: lambda s: access_requests.send_access_request(s.access_request, by=s.cast.alice),
    access_requests.send_request_withdrawn: lambda s: access_requests.send_request_withdrawn(s.access_request, by=s.cast.alice),
    access_requests.send_request_granted: lambda s: access_requests.send_request_granted(s.access_request, given=s.invitation),
    credential_mails.send_needs_added: lambda s: credential_mails.send_needs_added(
        s.invitation, [s.credential.need, s.credential.need], by=s.cast.alice
    ),
    credential_mails.send_invited: lambda s: credential_mails.send_invited(s.credential.need),
    credential_mails.send_handed_over: lambda s: credential_mails.send_handed_over(s.credential),
    credential_mails.send_revealed: lambda s: credential_mails.send_revealed(s.credential, by=s.cast.alice),
    access_requests.send_request_declined: lambda s: access_requests.send_request_declined(s.access_request),
    access_requests.send_request_expired: lambda s: access_requests.send_request_expired(s.access_request),
    file_mails.send_file_shared: lambda s: file_mails.send_file_shared(s.shared, by=s.cast.alice),
    file_mails.send_file_received: lambda s: file_mails.send_file_received(s.shared, space=preview_space(s.invitation)),
    approval_mails.send_approval_requested: lambda s: approval_mails.send_approval_requested(s.approvals[0], by=s.cast.alice),
    approval_mails.send_approval_withdrawn: lambda s: approval_mails.send_approval_withdrawn(s.approvals[0], by=s.cast.alice),
    approval_mails.send_approval_decided: lambda s: [
        approval_mails.send_approval_decided(approval.decision, space=preview_space(s.invitation)) for approval in s.approvals
    ],
    messages.send_to_members: lambda s: messages.send_to_members(s.message("client", "Kim Client"), [s.member(s.cast.alice)]),
    messages.send_to_clients: lambda s: messages.send_to_clients(s.message("agency", "Alice Alder"), [s.invitation]),
    own.send_code_to_old_address: lambda s: own.send_code_to_old_address(s.cast.kim, code="123456", email="kim@new.example"),
    own.send_code_to_new_address: lambda s: own.send_code_to_new_address(s.cast.kim, code="123456", email="kim@new.example"),
    own.send_address_in_use: lambda s: own.send_address_in_use("kim@new.example", language=s.language),
    own.send_address_changed: lambda s: own.send_address_changed(s.cast.kim, old="kim@old.example"),
    own.send_account_closed: lambda s: own.send_account_closed(to=s.cast.kim.email, name="Kim Client", language=s.language),
    team.send_invitation: invited,
    team.send_member_joined: lambda s: team.send_member_joined(s.member(s.cast.stan), invited_by=s.cast.alice),
    team.send_role_changed: lambda s: team.send_role_changed(s.member(s.cast.max), by=s.cast.alice),
    team.send_member_removed: lambda s: team.send_member_removed(s.member(s.cast.stan), by=s.cast.alice),
    team.send_member_left: lambda s: team.send_member_left(s.member(s.cast.stan)),
    team.send_ownership_transferred: lambda s: team.send_ownership_transferred(s.member(s.cast.max), by=s.cast.alice),
    network.send_profile_registered: lambda s: network.send_profile_registered(s.cast.alder.profile),
    network.send_profile_declined: declined,
    deadline_mails.send_deadlines: lambda s: [deadline_mails.send_deadlines([(s.member(s.cast.alice), lines)]) for lines in deadlines(s)],
    deadline_mails.send_customer_deadlines: lambda s: [
        deadline_mails.send_customer_deadlines([(s.customer.contacts.get(), lines[:4])], s.cast.alder, replies_to=[s.cast.alice])
        for lines in deadlines(s)
    ],
    inbox.send_new_request: lambda s: inbox.send_new_request(s.request, to=[s.member(s.cast.alice)]),
    inbox.send_reply: lambda s: inbox.send_reply(s.request, text="Gern.", by=s.cast.alice),
    customer_mails.send_task_assigned: lambda s: [
        customer_mails.send_task_assigned(task, to=s.member(s.cast.stan), by=s.cast.alice) for task in s.tasks
    ],
    customer_mails.send_tasks_assigned: lambda s: [
        customer_mails.send_tasks_assigned(count, to=s.member(s.cast.stan), by=s.cast.alice) for count in (1, 7)
    ],
    review_mails.send_new_review: new_reviews,
    review_mails.send_undeliverable: lambda s: review_mails.send_undeliverable(s.asked["project"], to=[s.member(s.cast.alice)]),
    review_mails.send_review_request: lambda s: [review_mails.send_review_request(asked, by=s.cast.alice) for asked in s.asked.values()],
    review_mails.send_reminder: lambda s: [review_mails.send_reminder(asked) for asked in s.asked.values()],
    review_mails.send_reply_notification: lambda s: [
        review_mails.send_reply_notification(comment, by=s.cast.alice) for comment in s.comments
    ],
    review_mails.review_request_letter: lambda s: [
        queue_letter(review_mails.review_request_letter(asked, by=s.cast.alice)) for asked in s.asked.values()
    ],
    applications.send_application_confirmation: lambda s: applications.send_application_confirmation(s.application),
    applications.send_application_to_admins: lambda s: applications.send_application_to_admins(s.application),
    applications.send_application_approved: approved,
    applications.send_application_rejected: lambda s: applications.send_application_rejected(s.application, by=s.cast.ada),
    review_mails.send_report_to_admins: lambda s: review_mails.send_report_to_admins(s.reports[0]),
    review_mails.send_decision_to_agency: decided(review_mails.send_decision_to_agency, "upheld", "dismissed", "reinstated"),
    review_mails.send_decision_to_author: decided(review_mails.send_decision_to_author, "upheld", "reinstated"),
    digest_mails.digest_letter: digest,
}
#: E-mails that quote another user.
QUOTING = {
    "access_given", "access_rejected", "access_disconnected", "access_force_ended", "access_request", "application_rejected",
    "approval_decided", "contact_notice", "profile_declined", "message", "message_received", "review_comment", "review_new",
    "report_decided", "review_decided",
}  # fmt: skip


def account_mails(scene: Scene) -> None:
    kim = scene.cast.kim
    context = {
        "user": kim, "code": "ABC-123", "password_reset_url": "http://else.example/reset/key/1-x/", "timestamp": timezone.now(),
        "activate_url": "http://else.example/confirm/x/", "ip": "192.0.2.7", "user_agent": "Mozilla/5.0 (X11; Linux) Firefox/128",
        "from_email": "old@client.example", "to_email": "new@client.example", "deleted_email": "old@client.example", "left": 3,
    }  # fmt: skip
    for name in EMAILS:
        send_account_mail(name, kim.email, context, owner=kim)


@pytest.fixture(scope="module", params=["en", "de"])
def written(stored_cast: StoredCast, django_db_blocker: Any, request: pytest.FixtureRequest) -> tuple[str, list[OutgoingMail]]:
    """All e-mails in one language, created while the other language is active. Their rows are rolled back."""
    language = request.param
    with django_db_blocker.unblock(), transaction.atomic(), translation.override(language):
        cache.clear()
        scene = Scene(stored_cast.copy(), language)
        with translation.override("de" if language == "en" else "en"):
            for write in WRITERS.values():
                write(scene)
        account_mails(scene)
        mails = list(OutgoingMail.objects.order_by("pk"))
        transaction.set_rollback(True)
    return language, mails


def modules() -> Iterator[ModuleType]:
    """Yield all modules of e-mails."""
    for package in sorted(PACKAGES):
        for path in (settings.BASE_DIR / package).rglob("*.py"):
            name = path.relative_to(settings.BASE_DIR).with_suffix("").as_posix().replace("/", ".")
            if re.search(r"\.mails(\.|$)", name):
                yield import_module(name.removesuffix(".__init__"))


def functions(module: ModuleType) -> set[Callable[..., Any]]:
    """Return the module's functions that send an e-mail or return a letter. One that receives a letter only delivers it."""
    found = [function for name, function in inspect.getmembers(module, inspect.isfunction) if not name.startswith("_")]
    return {
        function
        for function in found
        if function.__module__ == module.__name__
        and (re.match(r"(send|tell)_", function.__name__) or names_letter(inspect.signature(function).return_annotation))
        and not any(names_letter(parameter.annotation) for parameter in inspect.signature(function).parameters.values())
    }


def names_letter(annotation: object) -> bool:
    """Return whether a type is a `Letter`, or consists of them: `Letter | None`, `list[Letter]`."""
    return bool(re.search(r"\bLetter\b", inspect.formatannotation(annotation)))


def body(mail: OutgoingMail) -> str:
    """Return the text of an e-mail without its footer."""
    return mail.text.partition("\n--\n")[0].rstrip("\n")


def letters(mails: list[OutgoingMail]) -> list[OutgoingMail]:
    return [mail for mail in mails if mail.kind not in WRITTEN_BY_PERSON | LISTS]


def test_all_functions_for_emails_are_listed() -> None:
    assert set().union(*map(functions, modules())) == {*WRITERS, *EMAILS.values(), send_account_mail}


def test_letters_are_written_in_modules_of_emails() -> None:
    paths = (path for package in PACKAGES for path in (settings.BASE_DIR / package).rglob("*.py"))
    writing = {path for path in paths if re.search(r"\bLetter\(", path.read_text())}
    assert writing <= {Path(str(module.__file__)) for module in modules()}


def test_emails_to_members_are_marked_and_the_others_have_a_type(written: tuple[str, list[OutgoingMail]], cast: Cast) -> None:
    _, mails = written
    members = set(cast.alder.members.values_list("email", flat=True))
    ours = [mail for mail in mails if mail.agency_id]
    assert [mail.kind for mail in ours if mail.to_team != (mail.to_email in members)] == []
    assert {mail.kind for mail in ours if not mail.to_team and not type_label(mail.kind)} == set()
    kinds = {mail.kind for mail in mails}
    assert [kind for mail_type in TYPES.values() for kind in mail_type.kinds if kind not in kinds] == []


def test_all_functions_for_emails_are_called() -> None:
    paths = (path for package in PACKAGES for path in (settings.BASE_DIR / package).rglob("*.py"))
    code = "\n".join(path.read_text() for path in paths)
    calls = Counter(re.findall(r"\b(\w+)\(", code))
    assert [write.__name__ for write in WRITERS if calls[write.__name__] < 2] == []


def test_each_begins_with_a_greeting_and_the_right_capitalization(written: tuple[str, list[OutgoingMail]]) -> None:
    language, mails = written
    names = r"(Alder Web|Kim Client|Alice Alder|Stan Stein|Max Meyer|Nele Neumann|Ute Größe|Ada Admin)\b"
    assert len(letters(mails)) > 50
    for mail in letters(mails):
        greeting, _, rest = body(mail).partition("\n\n")
        assert re.fullmatch(rf"{GREETING[language]}( {names})?,", greeting), mail.text
        if language == "en":
            assert re.match(r"[A-Z]|[\w.]+@", rest), mail.text
        else:
            assert re.match(rf"[a-zäöü]|{names}|(Sie|Ihr|Ihre[mnrs]?)\b", rest), mail.text


def test_known_recipients_are_greeted_by_their_full_name(written: tuple[str, list[OutgoingMail]]) -> None:
    language, mails = written
    strangers = {"contact_acknowledgement", "team_invitation", "application_confirmation", "address_change_new", "address_change_refused"}
    for mail in letters(mails):
        if mail.kind not in strangers:
            assert re.match(rf"{GREETING[language]} \w+ \w+,\n", mail.text), mail.text


def test_each_ends_with_a_closing_and_a_signature(written: tuple[str, list[OutgoingMail]]) -> None:
    language, mails = written
    for mail in letters(mails):
        closing, *signature = body(mail).rpartition("\n\n")[2].splitlines()
        assert closing in CLOSINGS[language], mail.text
        assert signature, mail.text
        assert closing in mail.html, mail.kind
    ours = [mail for mail in letters(mails) if body(mail).endswith("\nPartner Portal" if language == "en" else "\nPartnerportal")]
    assert {mail.kind for mail in ours} >= {"contact_notice", "profile_registered", "report_decided", "review_decided", "review_reported"}


def test_agencys_emails_are_signed_by_the_member_who_sends_them(written: tuple[str, list[OutgoingMail]]) -> None:
    _, mails = written
    signed = {mail.kind for mail in mails if body(mail).endswith("\nAlice Alder\nAlder Web")}
    assert signed == {
        "access_connected", "access_disconnected", "access_extension_request", "access_rejected", "access_request",
        "access_request_withdrawn", "approval_requested", "approval_withdrawn", "credential_revealed", "deadlines_customer",
        "file_shared", "needs_added", "review_comment", "review_reminder", "review_request",
    }  # fmt: skip


def test_text_of_other_users_is_quoted(written: tuple[str, list[OutgoingMail]]) -> None:
    _, mails = written
    quoting = {mail.kind for mail in mails if "of theirs." in mail.text}
    assert quoting == QUOTING | LISTS
    for mail in mails:
        if mail.kind in QUOTING and "of theirs." in mail.text:
            assert QUOTED in mail.text, mail.text
            assert "<blockquote" in mail.html, mail.kind
        if mail.kind in LISTS:
            assert re.search(f"[“„]{' '.join(WORDS.splitlines())}[”“]", mail.text), mail.text


def test_no_email_has_two_consecutive_empty_lines(written: tuple[str, list[OutgoingMail]]) -> None:
    _, mails = written
    for mail in mails:
        assert "\n\n\n" not in mail.text, mail.text


def test_link_precedes_the_sentence_about_it(written: tuple[str, list[OutgoingMail]]) -> None:
    _, mails = written
    with_validity = [mail for mail in mails if re.search(r"The link (is valid|works)|Der Link gilt", mail.text)]
    assert {mail.kind for mail in with_validity} == {
        "account/email/password_reset_key",
        "account/email/email_confirmation",
        "account/email/email_confirmation_signup",
        "access_request",
        "team_invitation",
        "application_confirmation",
        "application_approved",
    }
    for mail in with_validity:
        for part in (mail.text, mail.html):
            assert part.index("http") < re.search(r"The link (is valid|works)|Der Link gilt", part).start(), mail.text


def test_names_have_the_first_name_first(written: tuple[str, list[OutgoingMail]]) -> None:
    _, mails = written
    assert [mail.subject for mail in mails if "Nele Neumann" in mail.subject]
    assert [mail for mail in mails if "Neumann, Nele" in mail.subject + mail.text + mail.html] == []


def test_roles_are_not_part_of_a_sentence(written: tuple[str, list[OutgoingMail]]) -> None:
    _, mails = written
    assert [mail.text for mail in mails if re.search(r"\b(as|now) (Staff|Manager)\b|als (Mitarbeiter|Manager)/in", mail.text)] == []


def test_german_dates_follow_bis_zum(written: tuple[str, list[OutgoingMail]]) -> None:
    language, mails = written
    if language == "de":
        assert [mail.text for mail in mails if re.search(r"\bbis \d", mail.text)] == []
        assert [mail for mail in mails if "bis zum " in mail.text]


def test_sender_name_equals_the_signature(written: tuple[str, list[OutgoingMail]]) -> None:
    language, mails = written
    ours = [mail for mail in letters(mails) if mail.kind.startswith(("team_", "account/", "report_", "contact_notice"))]
    assert {mail.from_name for mail in ours} == {"Partner Portal" if language == "en" else "Partnerportal"}


def test_removed_member_is_not_addressed_as_a_member(written: tuple[str, list[OutgoingMail]]) -> None:
    _, mails = written
    (removed,) = [mail for mail in mails if mail.kind == "team_removed"]
    assert not re.search("you work for|Sie für Alder Web arbeiten", removed.text), removed.text


def test_labels_are_in_the_language_of_the_email(written: tuple[str, list[OutgoingMail]]) -> None:
    language, mails = written
    (reported,) = [mail for mail in mails if mail.kind == "review_reported"]
    assert ("It’s offensive" if language == "en" else "Sie ist beleidigend") in reported.text
    author = "Verified customer" if language == "en" else "Verifizierter Kunde"
    assert [mail for mail in mails if mail.kind == "report_decided" and author in mail.text]


def test_html_begins_with_the_senders_name_a_heading_and_a_preheader(written: tuple[str, list[OutgoingMail]]) -> None:
    language, mails = written
    portal = "Partner Portal" if language == "en" else "Partnerportal"
    for mail in mails:
        page = EmailHTML(mail.html)
        sender = "Alder Web" if mail.from_name.endswith("Alder Web") else portal
        texts = [text for text, _ in page.visible()]
        assert texts[:2] == [initials(sender), sender], mail.kind
        assert mail.html.count(logos.START) == mail.html.count(logos.END) == (sender != portal), mail.kind
        (heading,) = page.all("h1")
        assert texts[2] == heading.text, mail.kind
        assert mail.subject.lower().endswith(heading.text.lower()), mail.subject
        assert "serif" in heading.style["font-family"].split(", "), mail.kind
        (preheader,) = page.all("div")
        assert preheader.is_hidden and preheader.style["mso-hide"] == "all", mail.kind
        # The digest begins with a number.
        assert preheader.text[:1].isupper() or (mail.kind in LISTS and preheader.text[:1].isdigit()), preheader.text
        assert preheader.text.lower() != heading.text.lower(), preheader.text


def test_html_is_a_table_layout_of_600_pixels_without_external_resources(written: tuple[str, list[OutgoingMail]]) -> None:
    _, mails = written
    for mail in mails:
        page = EmailHTML(mail.html)
        (sheet,) = page.all("table", "sheet")
        assert sheet.style["max-width"] == "600px", mail.kind
        outlook = "".join(comment for comment in page.comments if comment.startswith("[if mso]"))
        assert outlook.count("<table") == outlook.count('width="600"') == outlook.count("</table>") == 2, mail.kind
        for table in page.all("table"):
            assert table.attributes.keys() >= {"role", "cellpadding", "cellspacing", "border"}, mail.kind
            assert table.attributes["role"] == "presentation", mail.kind
        assert {node.tag for node in page.nodes} - ({"h2"} if mail.kind in LISTS else set()) <= {
            "html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "h1", "p", "br", "a", "span", "blockquote",
        }, mail.kind  # fmt: skip
        urls = {name for node in page.nodes for name, value in node.attributes.items() if "//" in value}
        assert urls <= {"href"}, mail.kind
        assert not re.search(r"url\(|@import|@font-face", mail.html), mail.kind
        assert len(mail.html.encode()) < 60_000, mail.kind


def test_html_is_readable_in_both_colour_schemes(written: tuple[str, list[OutgoingMail]]) -> None:
    _, mails = written
    for mail in mails:
        page = EmailHTML(mail.html)
        assert page.dark.keys() >= {"page", "sheet", "text", "text-soft", "link", "button", "button-label"}
        for text, node in page.visible():
            for dark in (False, True):
                assert page.contrast(node, dark=dark) >= 4.5, (mail.kind, "dark" if dark else "light", text)
        # Clients colour links themselves, and Word ignores backgrounds in styles.
        assert [node.text for node in page.all("a") if "color" not in node.style] == [], mail.kind
        backgrounds = [node for node in page.nodes if "background" in node.style]
        assert [node.tag for node in backgrounds if node.attributes.get("bgcolor") != node.style["background"]] == [], mail.kind


def test_html_has_sturdy_buttons_and_addresses_only_in_the_footer(written: tuple[str, list[OutgoingMail]]) -> None:
    _, mails = written
    for mail in mails:
        page = EmailHTML(mail.html)
        for text, node in page.visible():
            assert "://" not in text or node.is_inside("foot"), (mail.kind, text)
        buttons, links = page.all("a", "button-label"), [node for node in page.all("a") if node.is_inside("foot")]
        in_text, hrefs = set(re.findall(r"http\S+", mail.text)), {node.attributes["href"] for node in page.all("a")}
        # The stars of a review request add their number to its link.
        assert {href if href in in_text else href.partition("?")[0] for href in hrefs} == in_text, mail.kind
        for button in buttons:
            cell = button.parent
            assert cell and cell.tag == "td" and "button" in cell.classes and cell.attributes["bgcolor"], mail.kind
            assert cell.style["mso-padding-alt"] == button.style["padding"] and button.style["display"] == "inline-block", mail.kind
            assert button.attributes["href"] in [link.text for link in links], mail.kind
        if "List-Unsubscribe" in mail.headers:
            assert mail.headers["List-Unsubscribe"] in [f"<{link.attributes['href']}>" for link in links], mail.kind
            if mail.kind in review_mails.REVIEW_EMAIL_KINDS:
                assert [star.text for star in page.all("a", "star")] == ["☆"] * 5
    subscribed = {*review_mails.REVIEW_EMAIL_KINDS, deadline_mails.CUSTOMER_KIND, digest_mails.KIND}
    assert {mail.kind for mail in mails if "List-Unsubscribe" in mail.headers} == subscribed
    assert len([mail for mail in mails if 'class="button-label"' in mail.html and "</a>" in mail.html]) > 30
