"""A person about whom everything is stored that can be stored: in three agencies, as member, client, customer, prospect and reviewer."""

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.utils import timezone

from customers.deadlines import tokens as deadline_tokens
from customers.deadlines.models import DeadlineOptOut
from customers.models import ImportRow
from invitations.client_data.models import AddressChange, DataExport
from invitations.models import ApprovalDecision
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Role
from partnerportal.agencies.services.team import change_role
from partnerportal.agencies.services.team_invitations import invite
from partnerportal.audit.services import record
from partnerportal.desk.saved_views.models import SavedView
from partnerportal.network.models import PartnerProfile
from partnerportal.outbox.models import DeletedMail, OutgoingMail
from requests_inbox.services.requests import add_note, reply
from reviews import tokens as review_tokens
from reviews.models import ReviewOptOut
from reviews.services.reports import dismiss_report
from reviews.services.reviews import report_review, save_reply_draft
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.agencies import AgencyFactory, MembershipFactory
from tests.factories.applications import ApplicationFactory
from tests.factories.credentials import CredentialFactory
from tests.factories.customers import ContactFactory, CustomerFactory, NoteFactory, ProjectFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory
from tests.factories.imports import ImportJobFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory
from tests.factories.messages import MessageFactory
from tests.factories.outbox import MailFactory
from tests.factories.requests import ContactRequestFactory, SavedReplyFactory, SenderFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.saved_views import SavedViewFactory

EMAIL, FIRST, LAST = "quin.zwetschge@quitten.example", "Quintana", "Zwetschge"
NAME = f"{FIRST} {LAST}"
#: Words that occur nowhere else, which end with what an erasure keeps.
KEPT_WORDS = {"hagebutte", "mirabelle"}


def stored_everywhere(cast: Cast) -> User:
    """Store everything about Quintana in the agencies Alder (a member), Birch and Cedar (a client)."""
    cedar = AgencyFactory(name="Cedar")
    MembershipFactory(agency=cedar, role=Role.OWNER)
    quin = UserFactory(email=EMAIL, full_name=NAME, language="en")
    _as_member(cast, quin)
    _as_customer(cast, cedar)
    _as_client(cast, cedar, quin)
    _as_prospect(cast)
    _as_reviewer(cast, cedar)
    _elsewhere(cast, cedar, quin)
    return quin


def _as_member(cast: Cast, quin: User) -> None:
    member = MembershipFactory(agency=cast.alder, user=quin, role=Role.STAFF)
    change_role(member, Role.MANAGER, by=cast.alice)
    client = Client()
    client.force_login(quin)
    customer = CustomerFactory(agency=cast.alder, by=cast.alice)
    client.post(f"/customers/{customer.pk}/projects/add/", {"title": "Relaunch", "status": "active"}, REMOTE_ADDR="192.0.2.77")
    with transaction.atomic():
        record("customer.updated", customer, by=cast.alice, fields=["responsible"], people={"responsible": NAME})
        record("profile.updated", cast.alder.profile, by=cast.alice, changes={"contact_email": ["", EMAIL]})
    MessageFactory(customer=customer, author=quin, author_name=NAME, side="agency", text="From the team.")
    SavedViewFactory(owner=cast.alder.memberships.get(user=cast.alice), query="q=quin.zwetschge%40quitten.example")


def _as_customer(cast: Cast, cedar: object) -> None:
    person = {"first_name": FIRST, "last_name": LAST, "email": EMAIL, "phone": "+49 3581 7788"}
    customer = CustomerFactory(agency=cast.birch, kind="person", company="", notes="Likes sloes.", by=cast.charlie, **person)
    NoteFactory(customer=customer, text="Has a schlehe.")
    ProjectFactory(customer=customer, title="Shop for Zwetschge")
    alone = CustomerFactory(agency=cedar, company="Mill Ltd", by=cast.charlie, **person)
    MailFactory(agency=alone.agency, customer=alone, to_team=True, text="Zwetschge wrote.")
    shared = CustomerFactory(agency=cast.alder, company="Shop Ltd", by=cast.alice, **person | {"email": EMAIL.upper()})
    ContactFactory(customer=shared, first_name="Olga", last_name="Orlow")
    other = CustomerFactory(agency=cast.alder, company="Inn Ltd", by=cast.alice)
    ContactFactory(customer=other, first_name=FIRST, last_name=LAST, email=EMAIL)
    ContactFactory(customer=other, first_name=FIRST, last_name=LAST, email=EMAIL, removed_at=timezone.now())
    ImportRow.objects.create(job=ImportJobFactory(agency=cast.birch), agency=cast.birch, line=2, outcome="new", cells=[NAME, EMAIL])


def _as_client(cast: Cast, cedar: object, quin: User) -> None:
    for agency in (cast.birch, cedar):
        customer = CustomerFactory(agency=agency, by=cast.charlie, company="Brewery")
        given = ConnectedFactory(customer=customer, client=quin, name=NAME, city="Obstheim", message="Plums.")
        MessageFactory(customer=given.customer, author=quin, author_name=NAME, text="Damson question?")
        MessageFactory(customer=given.customer, author=cast.charlie, author_name="Charlie Birch", side="agency", text="Our answer.")
        SharedFileFactory(customer=given.customer, title="Damson plan", from_client=True, uploaded_by=quin)
        approval = TextApprovalFactory(customer=given.customer)
        ApprovalDecision.objects.create(
            approval=approval, outcome="approved", comment="Mirabelle is fine.", sha256=approval.sha256, decided_by=quin
        )
        CredentialFactory(need__invitation=given)
        AccessRequestFactory(customer=CustomerFactory(agency=agency, by=cast.charlie), email=EMAIL, message="Dear Zwetschge")
    InvitationFactory(agency=AgencyFactory(name="Dogwood"), client=quin, name=NAME, message="Pending plums.")
    DataExport.objects.create(user=quin, progress_total=1)
    AddressChange.objects.create(user=cast.kim, email=EMAIL)


def _as_prospect(cast: Cast) -> None:
    fields = {"name": NAME, "email": EMAIL, "company": "Quitten", "message": "I need a sloe gin shop.", "phone": "+49 3581 7788"}
    open_request = ContactRequestFactory(agency=cast.alder, **fields)
    reply(open_request, text="Dear Zwetschge, yes.", by=cast.stan, seen=None)
    add_note(open_request, text="Zwetschge is rich.", by=cast.stan)
    assigned = ContactRequestFactory(agency=cast.alder, **fields)
    add_note(assigned, text="Zwetschge is a friend.", by=cast.stan)
    customer = CustomerFactory(agency=cast.alder, by=cast.alice)
    type(assigned).objects.filter(pk=assigned.pk).update(status="assigned", customer=customer)
    SenderFactory(agency=cast.birch, key=EMAIL)
    SavedReplyFactory(agency=cast.birch, text=f"Ask {EMAIL}.")
    DeletedMail.objects.create(thread=open_request.thread, to_email=EMAIL, message_id="<1@portal.example>")


def _as_reviewer(cast: Cast, cedar: object) -> None:
    customer = CustomerFactory(agency=cedar, company="Bakery", by=cast.charlie)
    contact = ContactFactory(customer=customer, first_name=FIRST, last_name=LAST, email=EMAIL)
    asked = ReviewRequestFactory(customer=customer, contact=contact, greeting="Dear Zwetschge", closing="Bye, Zwetschge")
    review = ReviewFactory(review_request=asked, author=NAME, text="Hagebutte is well built.")
    save_reply_draft(review, text="Thank you, Zwetschge.", loaded="", by=cast.charlie)
    dismiss_report(report_review(review, reason="other", details="Zwetschge lies.", by=cast.charlie), reason="Zwetschge may.", by=cast.ada)
    project = ProjectFactory(customer=customer, title="Relaunch")
    ReviewRequestFactory(customer=customer, project=project, contact=contact, greeting="Dear Zwetschge", closing="Bye, Zwetschge")
    ReviewOptOut.objects.create(agency=cast.birch, address_digest=review_tokens.address_digest(EMAIL))
    DeadlineOptOut.objects.create(agency=cast.birch, address_digest=deadline_tokens.OPT_OUTS.digest(EMAIL))


def _elsewhere(cast: Cast, cedar: object, quin: User) -> None:
    invite(cast.birch, email=EMAIL, role=Role.STAFF, by=cast.ada)
    ApplicationFactory(email=EMAIL, contact_name=NAME, description="Zwetschge builds websites.")
    PartnerProfile.objects.filter(agency=cast.birch).update(contact_email=EMAIL, contact_name=NAME)
    for status in ("queued", "sent"):
        mail = MailFactory(agency=cast.birch, to=EMAIL, subject="Dear Zwetschge", text="Zwetschge")
        OutgoingMail.objects.filter(pk=mail.pk).update(status=status, sent_at=timezone.now() if status == "sent" else None)
    MailFactory(to=EMAIL, subject="Your code")
    # Notifications and digests that quote the person, to others.
    given = quin.access_invitations.filter(status="connected").order_by("pk")[0]
    for kind, to_team in (("message_received", True), ("message", False)):
        MailFactory(agency=given.agency, customer=given.customer, kind=kind, to_team=to_team, text="Zwetschge wrote.")
    digest = MailFactory(kind="digest", to=cast.charlie.email, text="Zwetschge wrote.")
    OutgoingMail.objects.filter(pk=digest.pk).update(status="sent", sent_at=timezone.now())
    EmailAddress.objects.create(user=cast.kim, email=EMAIL, verified=False)
    UserSession.objects.create(user=quin, ip="192.0.2.77", session_key="quin", user_agent="Quince", last_seen_at=timezone.now())
    LogEntry.objects.create(
        user=cast.ada, content_type=ContentType.objects.get_for_model(User), object_id=str(quin.pk), object_repr=NAME, action_flag=CHANGE
    )
    assert SavedView.objects.exists()
