"""Violations of every database constraint, bypassing forms and services. New constraints must be added."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import CheckConstraint, F, Model, UniqueConstraint
from django.utils import timezone

from customers.models import (
    BulkBatch,
    CustomerKey,
    CustomerPair,
    CustomerWord,
    DeadlineNotice,
    DeadlineOptOut,
    ExportPart,
    FormSubmission,
    ImportChunk,
    ImportKey,
    ImportRow,
    MergeLog,
)
from invitations.models import ApprovalDecision, DataExport, DataExportPart, FileChunk
from partnerportal.accounts.address_data import Person
from partnerportal.agencies.models import Agency, DigestItem, NotificationChoice
from partnerportal.core.constraints import SameParent
from partnerportal.desk.models import AddressErasure, DigestRun
from partnerportal.network.models import LegalPage, OfferedService
from partnerportal.outbox.models import DeletedMail
from requests_inbox.models import InboxSettings, RequestSeen
from requests_inbox.services.requests import add_note, reply
from reviews.models import (
    CATEGORIES,
    AutomaticRequest,
    AutomaticRequests,
    RequestMonth,
    ReviewComment,
    ReviewMonth,
    ReviewOptOut,
    ReviewReplyDraft,
    ReviewReport,
    ReviewRound,
    RoundEntry,
)
from reviews.services.reviews import comment_on_review, report_review
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.agencies import LegalPageFactory, MembershipFactory, OperatorFactory, ProfileFactory, ServiceFactory, WorkSampleFactory
from tests.factories.applications import ApplicationFactory
from tests.factories.bulk import BulkJobFactory
from tests.factories.calendar import CalendarFeedFactory
from tests.factories.credentials import CredentialFactory, NeedFactory, NeedTemplateFactory
from tests.factories.customers import (
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    CustomerTagFactory,
    CustomFieldFactory,
    DomainFactory,
    NoteFactory,
    ProjectFactory,
    TagFactory,
    TaskFactory,
)
from tests.factories.exports import ExportJobFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory, VersionFactory
from tests.factories.imports import ImportJobFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory
from tests.factories.merging import CustomerPairFactory, MergeLogFactory, PairSearchFactory
from tests.factories.messages import MessageFactory, ReadMarkFactory
from tests.factories.outbox import MailFactory
from tests.factories.requests import ContactRequestFactory, SavedReplyFactory, SenderFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.saved_views import SavedViewFactory, ViewPinFactory
from tests.factories.team import TeamInvitationFactory

Make = Callable[[Agency], Model]
NOW, DAY = timezone.now(), date(2031, 3, 31)
#: Values for rows without a factory.
NUMBERS = count(1)
OURS = [model for model in apps.get_models() if not model.__module__.startswith(("django.", "allauth."))]


def someone(agency: Agency) -> Any:
    return agency.members.order_by("pk")[0]


def of_customer(factory: Any) -> Make:
    return lambda agency: factory(customer__agency=agency)


def import_row(agency: Agency) -> Model:
    job = ImportJobFactory(agency=agency)
    return ImportRow.objects.create(job=job, agency=agency, line=next(NUMBERS), outcome="new", cells=["x"], values={"fields": {}})


def saved_view(agency: Agency, **fields: Any) -> Any:
    return SavedViewFactory(owner=agency.memberships.order_by("pk")[0], **fields)


def review(agency: Agency) -> Any:
    return ReviewFactory(review_request__customer__agency=agency)


def reply_draft(agency: Agency, rated: Agency | None = None, text: str = "Thanks") -> Any:
    return ReviewReplyDraft.objects.create(agency=agency, review=review(rated or agency), text=text)


def shared_file(agency: Agency, **fields: Any) -> Any:
    return SharedFileFactory(customer__agency=agency, **fields)


def version_approval(file: Any, **fields: Any) -> Any:
    version = file.versions.get()
    values = {"customer": file.customer, "file": file, "version": version, "sha256": version.sha256, "text": "", "area": "", **fields}
    return TextApprovalFactory(**values)


def decision(agency: Agency, **fields: Any) -> Any:
    approval = TextApprovalFactory(customer__agency=agency)
    return ApprovalDecision.objects.create(**{"approval": approval, "outcome": "approved", "sha256": approval.sha256, **fields})


def notification_choice(agency: Agency) -> Any:
    return NotificationChoice.objects.create(membership=MembershipFactory(agency=agency), kind="tasks", mode="off")


def digest_item(agency: Agency) -> Any:
    return DigestItem.objects.create(membership=agency.memberships.order_by("pk")[0], kind="tasks", object_id=next(NUMBERS))


#: Factories of a row for each table with constraints.
def erasure(agency: Agency, email: str = "") -> AddressErasure:
    made = AddressErasure(started_by=someone(agency), progress_total=1)
    made.seal(Person((email or f"erased{next(NUMBERS)}@people.example",)))
    made.save()
    return made


MAKE: dict[str, Make] = {
    "accounts.User": lambda agency: UserFactory(),
    "agencies.Membership": lambda agency: MembershipFactory(agency=agency),
    "agencies.NotificationChoice": notification_choice,
    "agencies.DigestItem": digest_item,
    "agencies.TeamInvitation": lambda agency: TeamInvitationFactory(agency=agency),
    "outbox.DeletedMail": lambda agency: DeletedMail.objects.create(thread="x:1", message_id=f"<{next(NUMBERS)}@x>"),
    "outbox.OutgoingMail": lambda agency: MailFactory(agency=agency),
    "network.Operator": lambda agency: OperatorFactory(),
    "network.AgencyApplication": lambda agency: ApplicationFactory(),
    "network.LegalPage": lambda agency: LegalPageFactory(),
    "network.LegalPageVersion": lambda agency: LegalPageFactory().versions.get(),
    "network.PartnerProfile": lambda agency: ProfileFactory(),
    "network.OfferedService": lambda agency: OfferedService.objects.create(profile=agency.profile, service=ServiceFactory()),
    "network.WorkSample": lambda agency: WorkSampleFactory(profile=agency.profile),
    "customers.Customer": lambda agency: CustomerFactory(agency=agency),
    "customers.CustomerWord": lambda agency: CustomerWord.objects.create(agency=agency, word=f"word{next(NUMBERS)}"),
    "customers.Contact": of_customer(ContactFactory),
    "customers.CustomField": lambda agency: CustomFieldFactory(agency=agency),
    "customers.CustomerTag": lambda agency: CustomerTagFactory(customer__agency=agency),
    "customers.Tag": lambda agency: TagFactory(agency=agency),
    "customers.Contract": of_customer(ContractFactory),
    "customers.Domain": of_customer(DomainFactory),
    "customers.DeadlineNotice": lambda agency: DeadlineNotice.objects.create(
        agency=agency, kind="domain", object_id=next(NUMBERS), date=date(2027, 1, 1), step=30
    ),
    "customers.DeadlineOptOut": lambda agency: DeadlineOptOut.objects.create(agency=agency, address_digest=uuid4().hex),
    "customers.Note": of_customer(NoteFactory),
    "customers.Project": of_customer(ProjectFactory),
    "customers.Task": of_customer(TaskFactory),
    "customers.FormSubmission": lambda agency: FormSubmission.objects.create(agency=agency, form_digest=uuid4().hex, content_digest="x"),
    "customers.BulkJob": lambda agency: BulkJobFactory(agency=agency),
    "customers.BulkBatch": lambda agency: BulkBatch.objects.create(job=BulkJobFactory(agency=agency), number=next(NUMBERS)),
    "customers.CustomerKey": lambda agency: CustomerKey.objects.create(
        agency=agency, customer=CustomerFactory(agency=agency), reason="email", key=uuid4()
    ),
    "customers.CustomerPair": lambda agency: CustomerPairFactory(agency=agency),
    "customers.MergeLog": lambda agency: MergeLogFactory(agency=agency),
    "customers.PairSearch": lambda agency: PairSearchFactory(agency=agency),
    "customers.ExportJob": lambda agency: ExportJobFactory(agency=agency),
    "customers.ExportPart": lambda agency: ExportPart.objects.create(job=ExportJobFactory(agency=agency), number=next(NUMBERS), data=b""),
    "customers.ImportJob": lambda agency: ImportJobFactory(agency=agency),
    "customers.ImportChunk": lambda agency: ImportChunk.objects.create(job=ImportJobFactory(agency=agency), number=next(NUMBERS), data=b""),
    "customers.ImportRow": import_row,
    "customers.ImportKey": lambda agency: ImportKey.objects.create(job=ImportJobFactory(agency=agency), key=uuid4(), line=1),
    "desk.AddressErasure": lambda agency: erasure(agency),
    "desk.CalendarFeed": lambda agency: CalendarFeedFactory(agency=agency),
    "desk.DigestRun": lambda agency: DigestRun.objects.create(
        membership=MembershipFactory(agency=agency), local_date=date(2026, 3, 29), created_at=NOW
    ),
    "desk.SavedView": saved_view,
    "desk.ViewPin": lambda agency: ViewPinFactory(view=saved_view(agency)),
    "requests_inbox.ContactRequest": lambda agency: ContactRequestFactory(agency=agency),
    "requests_inbox.RequestSeen": lambda agency: RequestSeen.objects.create(
        request=ContactRequestFactory(agency=agency), user=someone(agency), seen_at=NOW
    ),
    "requests_inbox.RequestMessage": lambda agency: add_note(ContactRequestFactory(agency=agency), text="Note", by=someone(agency)),
    "requests_inbox.SavedReply": lambda agency: SavedReplyFactory(agency=agency),
    "requests_inbox.Sender": lambda agency: SenderFactory(agency=agency),
    "requests_inbox.InboxSettings": lambda agency: InboxSettings.objects.create(agency=agency),
    "invitations.AccessInvitation": lambda agency: InvitationFactory(agency=agency),
    "invitations.AccessRequest": of_customer(AccessRequestFactory),
    "invitations.NeedTemplate": lambda agency: NeedTemplateFactory(agency=agency),
    "invitations.AccessNeed": lambda agency: NeedFactory(invitation__customer__agency=agency),
    "invitations.Credential": lambda agency: CredentialFactory(need__invitation__customer__agency=agency),
    "invitations.SharedFile": of_customer(SharedFileFactory),
    "invitations.FileVersion": lambda agency: shared_file(agency).versions.get(),
    "invitations.FileChunk": lambda agency: FileChunk.objects.get(version__file=shared_file(agency)),
    "invitations.Approval": of_customer(TextApprovalFactory),
    "invitations.ApprovalDecision": lambda agency: decision(agency),
    "invitations.DataExport": lambda agency: DataExport.objects.create(user=UserFactory(), progress_total=1),
    "invitations.DataExportPart": lambda agency: DataExportPart.objects.create(
        export=DataExport.objects.create(user=UserFactory(), progress_total=1), number=next(NUMBERS), name="x.json", data=b""
    ),
    "invitations.Message": of_customer(MessageFactory),
    "invitations.ReadMark": of_customer(ReadMarkFactory),
    "reviews.RequestMonth": lambda agency: RequestMonth.objects.create(agency=agency, month=date(1000 + next(NUMBERS), 1, 1), count=1),
    "reviews.AutomaticRequest": lambda agency: AutomaticRequest.objects.create(
        project=ProjectFactory(customer__agency=agency), outcome="excluded"
    ),
    "reviews.AutomaticRequests": lambda agency: AutomaticRequests.objects.create(agency=agency),
    "reviews.ReviewRound": lambda agency: ReviewRound.objects.create(agency=agency, name="Round"),
    "reviews.RoundEntry": lambda agency: RoundEntry.objects.create(
        agency=agency, customer=CustomerFactory(agency=agency), round=ReviewRound.objects.create(agency=agency, name="Round")
    ),
    "reviews.ReviewMonth": lambda agency: ReviewMonth.objects.create(agency=agency, month=date(1000 + next(NUMBERS), 1, 1), count=1),
    "reviews.ReviewRequest": of_customer(ReviewRequestFactory),
    "reviews.ReviewOptOut": lambda agency: ReviewOptOut.objects.create(agency=agency, address_digest=uuid4().hex),
    "reviews.Review": review,
    "reviews.ReviewComment": lambda agency: comment_on_review(review(agency), text="Thanks", by=someone(agency)),
    "reviews.ReviewReplyDraft": reply_draft,
    "reviews.ReviewReport": lambda agency: report_review(review(agency), reason="other", details="…", by=someone(agency)),
}
#: Invalid values by constraint. Each set violates only this constraint.
WRONG: dict[str, list[dict[str, Any]]] = {
    "user_email_is_lower_case": [{"email": "Upper@people.example"}],
    "user_closed_is_empty": [{"email": "closed-1@closed.invalid"}],
    "membership_role_is_known": [{"role": "boss"}],
    "membership_digest_hour_exists": [{"digest_hour": 24}],
    "membership_digest_days_exist": [{"digest_days": [0]}, {"digest_days": [8]}, {"digest_days": [1] * 8}],
    "notification_choice_kind_is_known": [{"kind": "songs"}],
    "notification_choice_mode_is_known": [{"mode": "later"}],
    "digest_item_kind_is_known": [{"kind": "songs"}],
    "team_invitation_answered_has_its_time": [{"status": "accepted"}, {"answered_at": NOW}],
    "outbox_status_is_known": [{"status": "lost"}],
    "outbox_seen_is_failed": [{"seen_at": NOW}],
    "outbox_sent_has_its_time": [{"status": "sent"}, {"sent_at": NOW}],
    "profile_status_is_known": [{"status": "famous"}],
    "profile_registered_has_its_time": [{"registered_at": None}],
    "profile_reason_only_if_declined": [{"decline_reason": "No."}],
    "application_confirmed_has_its_time": [{"confirmed_at": None}],
    "application_decided_has_its_time": [{"decided_at": NOW}],
    "application_rejected_has_its_reason": [{"reason": "No."}, {"status": "rejected", "decided_at": NOW}],
    "application_letters_are_limited": [{"letters": 5}],
    "application_confirmed_in_time": [{"confirm_until": NOW - timedelta(days=8)}],
    "operator_is_one_row": [{"id": 2}],
    "operator_tint_is_known": [{"tint": 12}],
    "operator_logo_has_its_hash": [{"logo_digest": ""}, {"logo_content": None}],
    "legal_page_kind_is_known": [{"kind": "jobs"}],
    "profile_tint_is_known": [{"tint": 12}],
    "profile_address_is_not_reserved": [{"slug": "how-reviews-work"}, {"slug": "apply"}],
    "work_position_from_1_to_3": [{"position": 0}, {"position": 4}],
    "profile_team_size_is_known": [{"team_size": "7"}],
    "customer_number_from_1001": [{"number": 1000}],
    "customer_has_its_name": [{"company": ""}, {"kind": "person", "last_name": ""}, {"kind": "robot"}],
    "customer_status_is_known": [{"status": "lost"}],
    "customer_erased_has_nothing_personal": [{"status": "erased"}],
    "customer_key_reason_is_known": [{"reason": "luck"}],
    "customer_merged_has_its_target": [{"status": "merged"}],
    "customer_pair_in_order": [{"first": F("second")}],
    "merge_of_two_customers": [{"first": F("second")}],
    "pair_search_status_is_known": [{"status": "lost"}],
    "contact_role_is_known": [{"role": "boss"}],
    "contact_says_something": [{"first_name": "", "last_name": "", "email": ""}],
    "contact_primary_is_not_removed": [{"is_primary": True, "removed_at": NOW}],
    "custom_field_position_from_1_to_12": [{"position": 0}, {"position": 13}],
    "custom_field_has_a_name": [{"name": ""}],
    "custom_field_kind_is_known": [{"kind": "song"}],
    "custom_field_choices_of_a_choice": [{"kind": "choice"}, {"choices": [["a", "A"]]}],
    "tag_name_has_no_separator": [{"name": ""}, {"name": "a, b"}, {"name": "a; b"}],
    "tag_color_is_known": [{"color": "loud"}],
    "contract_has_a_number": [{"number": ""}],
    "contract_price_not_negative": [{"price": -1}],
    "contract_ends_after_its_start": [{"starts_on": "2026-01-02", "ends_on": "2026-01-01"}],
    "contract_term_is_plausible": [{"term_months": 0}, {"term_months": 121}],
    "deadline_notice_step_is_known": [{"step": 0}, {"step": 61}],
    "contract_notice_unit_is_known": [{"notice_unit": "moons"}],
    "contract_status_is_known": [{"status": "lost"}],
    "domain_name_is_lower_case": [{"name": "Upper.example"}, {"name": ""}],
    "bulk_status_is_known": [{"status": "lost"}],
    "bulk_ended_has_its_time": [{"finished_at": None}],
    "export_status_is_known": [{"status": "lost"}],
    "export_format_is_known": [{"file_format": "pdf"}],
    "import_source_is_known": [{"source": "song"}],
    "import_subject_is_known": [{"subject": "songs"}],
    "import_status_is_known": [{"status": "lost"}],
    "import_outcome_is_known": [{"outcome": "lost"}],
    "import_imported_keeps_no_texts": [{"outcome": "imported", "values": {}}, {"outcome": "imported", "cells": []}],
    "note_has_a_text": [{"text": ""}],
    "project_has_a_title": [{"title": ""}],
    "project_status_is_known": [{"status": "lost"}],
    "project_done_has_its_time": [{"completed_at": NOW}],
    "task_has_a_title": [{"title": ""}],
    "task_priority_is_known": [{"priority": 4}],
    "calendar_feed_whose_is_known": [{"whose": "everyone"}],
    "saved_view_list_is_known": [{"list_name": "lost"}],
    "saved_view_has_a_name": [{"name": ""}],
    "saved_view_private_has_its_owner": [{"owner": None, "slot": None}],
    "saved_view_slot_from_1_to_20": [{"slot": 0}, {"slot": 21}, {"slot": None}, {"owner": None, "is_shared": True}],
    "view_pin_from_1_to_5": [{"position": 0}, {"position": 6}],
    "contact_request_status_is_known": [{"status": "lost"}],
    "contact_request_assigned_has_its_customer": [{"status": "assigned"}],
    "contact_request_has_its_sender": [{"name": ""}, {"email": ""}, {"message": ""}],
    "request_message_kind_is_known": [{"kind": "song"}],
    "request_message_has_a_text": [{"text": ""}],
    "contact_request_answered_or_needs_no_reply": [{"first_reply_at": NOW, "no_reply_needed_at": NOW}],
    "saved_reply_has_title_and_text": [{"title": ""}, {"text": ""}],
    "saved_reply_language_is_known": [{"language": "xx"}],
    "sender_standing_is_known": [{"status": "odd"}],
    "inbox_settings_keep_days_are_sane": [{"retention_days": 0}, {"retention_days": 3651}],
    "accessinvitation_scope_has_its_areas": [{"scope": "partial"}, {"areas": ["email"]}, {"scope": "partial", "areas": ["moon"]}],
    "accessinvitation_end_fits_its_term": [{"ends_on": DAY}, {"term": "month", "ends_on": DAY}, {"term": "project"}, {"term": "week"}],
    "accessinvitation_extension_of_an_end": [{"extension_requested_at": NOW}, {"extension_declined_at": NOW}],
    "invitation_connected_has_its_customer": [{"connected_at": NOW}, {"status": "connected"}],
    "invitation_ended_has_its_time": [{"status": "rejected"}, {"ended_at": NOW}],
    "accessrequest_scope_has_its_areas": [{"scope": "partial"}, {"areas": ["email"]}, {"scope": "partial", "areas": ["moon"]}],
    "data_export_status_is_known": [{"status": "lost"}],
    "address_erasure_status_is_known": [{"status": "lost"}],
    "address_erasure_done_names_no_one": [{"status": "done"}, {"sealed_person": None}, {"finished_at": NOW}],
    "read_mark_notified_is_unread": [{"unread": 0, "is_notified": True}],
    "access_request_granted_has_its_invitation": [{"status": "granted"}],
    "need_template_has_a_name": [{"name": ""}],
    "need_template_area_is_known": [{"area": "moon"}],
    "need_has_a_name": [{"name": ""}],
    "need_area_is_known": [{"area": "moon"}],
    "need_belongs_to_a_request_or_access": [{"invitation": None}],
    "credential_deleted_has_no_secret": [
        {"sealed": None},
        {"sealed": None, "deleted_at": NOW},
        {"sealed": None, "deleted_at": NOW, "deleted_because": "luck"},
        {"deleted_at": NOW, "deleted_because": "client"},
    ],
    "shared_file_area_is_known": [{"area": "moon"}],
    "automatic_request_outcome_is_known": [{"outcome": "lost"}, {"outcome": "waiting"}],
    "automatic_requests_days_are_plausible": [{"days": 0}, {"days": 181}],
    "review_round_has_a_name": [{"name": ""}],
    "review_round_status_is_known": [{"status": "lost", "started_at": NOW}],
    "review_round_per_day_is_plausible": [{"per_day": 0}, {"per_day": 1001}],
    "review_round_hours_in_order": [{"from_hour": 17}, {"until_hour": 25}],
    "review_round_started_has_its_time": [{"status": status} for status in ("running", "paused", "done", "stopped")],
    "round_entry_outcome_is_known": [{"outcome": "lost"}],
    "review_request_status_is_known": [{"status": "lost"}],
    "review_request_answered_has_its_time": [{"status": "answered"}, {"answered_at": NOW}],
    "review_ratings_from_1_to_5": [{name: wrong} for name in CATEGORIES for wrong in (0, 6)],
    "review_shown_as_is_known": [{"display_name_as": "nobody"}],
    "review_pinned_from_1_to_5": [{"pin_position": 0}, {"pin_position": 6}],
    "review_pinned_is_public": [
        {"pin_position": 1, "hidden_at": NOW, "hidden_reason": "other"},
        {"pin_position": 1, "removed_at": NOW},
        {"pin_position": 1, "withdrawn_at": NOW, "text": "", "author": ""},
    ],
    "review_hidden_for_a_reason": [{"hidden_at": NOW}, {"hidden_reason": "other"}],
    "review_withdrawn_has_no_words": [{"withdrawn_at": NOW, "text": ""}, {"withdrawn_at": NOW, "author": ""}],
    "review_report_state_is_known": [{"state": "lost", "decided_at": NOW}],
    "review_report_decided_has_its_time": [{"state": "upheld"}, {"decided_at": NOW}],
    "review_report_three_in_all": [{"number": 0}, {"number": 4}],
}
#: Functions that violate a constraint and can't be expressed as an update. They receive Alder and Birch.
ATTEMPTS: dict[str, Callable[[Agency, Agency], object]] = {
    "team_invitation_role_is_known": lambda ours, _: TeamInvitationFactory(agency=ours, role="boss"),
    "team_invitation_email_is_lower_case": lambda ours, _: TeamInvitationFactory(agency=ours, email="Upper@people.example"),
    "team_invitation_pending_once": lambda ours, _: [TeamInvitationFactory(agency=ours, email="x@people.example") for _ in range(2)],
    "application_approved_has_its_agency": lambda ours, _: change(ApplicationFactory(), agency=ours),
    "legal_page_once_per_language": lambda ours, _: LegalPage.objects.create(kind="imprint", language=LegalPageFactory().language),
    "legal_page_version_once": lambda ours, _: LegalPageFactory().versions.create(number=1, created_at=NOW),
    "contact_primary_once": lambda ours, _: ContactFactory(customer=CustomerFactory(agency=ours), is_primary=True),
    "custom_field_once_per_agency": lambda ours, _: [CustomFieldFactory(agency=ours, name=name) for name in ("Size", "SIZE")],
    "saved_reply_once_per_language": lambda ours, _: [
        SavedReplyFactory(agency=ours, title=title) for title in ("Größe", "GRÖSSE", "größe")
    ],
    "tag_once_per_agency": lambda ours, _: [TagFactory(agency=ours, name=name) for name in ("Größe", "GRÖSSE", "größe")],
    "export_one_at_a_time": lambda ours, _: [ExportJobFactory(agency=ours, status="running") for _ in range(2)],
    "customer_merged_same_agency": lambda ours, theirs: change(
        CustomerFactory(agency=ours), status="merged", merged_into=CustomerFactory(agency=theirs)
    ),
    "customer_pair_second_same_agency": lambda ours, theirs: pair_of(*(CustomerFactory(agency=agency) for agency in (ours, theirs))),
    "customer_pair_once": lambda ours, _: pair_again(CustomerPairFactory(agency=ours)),
    "merge_once": lambda ours, _: merge_again(MergeLogFactory(agency=ours)),
    "invitation_pending_once": lambda ours, _: [InvitationFactory(agency=ours, client=someone(ours)) for _ in range(2)],
    "accessinvitation_project_ends_it": lambda ours, _: change(
        InvitationFactory(agency=ours), project=ProjectFactory(customer=CustomerFactory(agency=ours))
    ),
    "invitation_connected_once": lambda ours, _: twice(CustomerFactory(agency=ours), ConnectedFactory, client=someone(ours)),
    "invitation_customer_same_agency": lambda ours, theirs: ConnectedFactory(agency=ours, customer=CustomerFactory(agency=theirs)),
    "need_template_name_once": lambda ours, _: [NeedTemplateFactory(agency=ours, name=name) for name in ("Größe", "GRÖSSE", "größe")],
    "need_invited_has_its_access": lambda ours, _: NeedFactory(
        invitation=None, access_request=AccessRequestFactory(customer__agency=ours), invited_at=NOW
    ),
    "need_access_of_its_request": lambda ours, theirs: NeedFactory(
        invitation=ConnectedFactory(customer__agency=ours), access_request=AccessRequestFactory(customer__agency=theirs)
    ),
    "credential_current_once": lambda ours, _: again(MAKE["invitations.Credential"](ours)),
    "credential_access_of_its_need": lambda ours, theirs: CredentialFactory(
        need__invitation__customer__agency=ours, invitation=ConnectedFactory(customer__agency=theirs)
    ),
    "credential_area_of_its_need": lambda ours, _: CredentialFactory(need__invitation__customer__agency=ours, area="email"),
    "data_export_one_at_a_time": lambda ours, _: [DataExport.objects.create(user=someone(ours), progress_total=1) for _number in range(2)],
    "address_erasure_one_at_a_time": lambda ours, _: [erasure(ours, "one@people.example") for _number in range(2)],
    "message_side_is_known": lambda ours, _: MessageFactory(customer__agency=ours, side="portal"),
    "message_customer_same_agency": lambda ours, theirs: MessageFactory(agency=ours, customer=CustomerFactory(agency=theirs)),
    "read_mark_customer_same_agency": lambda ours, theirs: ReadMarkFactory(agency=ours, customer=CustomerFactory(agency=theirs)),
    "access_request_pending_once": lambda ours, _: twice(CustomerFactory(agency=ours), AccessRequestFactory),
    "shared_file_of_client_is_shared": lambda ours, _: shared_file(ours, from_client=True, is_shared=False),
    "file_version_once": lambda ours, _: VersionFactory(file=shared_file(ours), number=1),
    "file_version_is_not_empty": lambda ours, _: VersionFactory(file=shared_file(ours), size=0),
    "file_version_has_its_hash": lambda ours, _: VersionFactory(file=shared_file(ours), sha256="abc"),
    "file_version_file_same_agency": lambda ours, theirs: VersionFactory(file=shared_file(theirs), agency=ours),
    "file_chunk_once": lambda ours, _: FileChunk.objects.create(version=shared_file(ours).versions.get(), number=0, data=b"x"),
    "approval_once_per_version": lambda ours, _: [version_approval(file) for file in [shared_file(ours)] * 2],
    "approval_of_text_or_version": lambda ours, _: TextApprovalFactory(customer__agency=ours, area=""),
    "approval_has_the_hash_of_its_text": lambda ours, _: TextApprovalFactory(customer__agency=ours, sha256="0" * 64),
    "approval_file_same_customer": lambda ours, _: version_approval(shared_file(ours), customer=CustomerFactory(agency=ours)),
    "approval_version_same_file": lambda ours, _: version_approval(shared_file(ours), version=shared_file(ours).versions.get()),
    "approval_version_same_content": lambda ours, _: version_approval(shared_file(ours), sha256="0" * 64),
    "approval_decision_is_known": lambda ours, _: decision(ours, outcome="withdrawn", comment="No"),
    "approval_changes_have_a_comment": lambda ours, _: decision(ours, outcome="changes"),
    "approval_decision_same_content": lambda ours, _: decision(ours, sha256="0" * 64),
    "saved_view_name_once_per_owner": lambda ours, _: [saved_view(ours, name=name) for name in ("VIP", "vip")],
    "saved_view_name_once_per_agency": lambda ours, _: [
        SavedViewFactory(owner=None, agency=ours, is_shared=True, name=name) for name in ("VIP", "vip")
    ],
    "view_pin_same_list": lambda ours, _: ViewPinFactory(view=saved_view(ours), list_name="tasks"),
    "contact_request_customer_same_agency": lambda ours, theirs: ContactRequestFactory(
        agency=ours, customer=CustomerFactory(agency=theirs), status="assigned"
    ),
    "request_message_note_is_never_mailed": lambda ours, _: change(
        reply(ContactRequestFactory(agency=ours), text="Hello", by=someone(ours), seen=None), kind="note"
    ),
    "review_request_open_once": lambda ours, _: twice(CustomerFactory(agency=ours), ReviewRequestFactory),
    "review_pinned_once_each_place": lambda ours, _: [change(review(ours), pin_position=1) for _ in range(2)],
    "review_comment_says_something": lambda ours, _: comment_on_review(review(ours), text="", by=someone(ours)),
    "review_comment_same_agency": lambda ours, theirs: ReviewComment.objects.create(agency=ours, review=review(theirs), text="Thanks"),
    "reply_draft_says_something": lambda ours, _: reply_draft(ours, text=""),
    "reply_draft_same_agency": reply_draft,
    "review_report_each_number_once": lambda ours, _: report_again(MAKE["reviews.ReviewReport"](ours), 1, state="settled", decided_at=NOW),
    "review_report_open_once": lambda ours, _: report_again(MAKE["reviews.ReviewReport"](ours), 2),
}


def twice(customer: Model, factory: Any, **fields: Any) -> None:
    for _ in range(2):
        factory(customer=customer, **fields)


def again(credential: Any) -> None:
    CredentialFactory(need=credential.need)


def pair_of(first: Any, second: Any) -> None:
    CustomerPairFactory(agency=first.agency, first=first, second=second)


def pair_again(pair: CustomerPair) -> None:
    pair_of(pair.first, pair.second)


def merge_again(log: MergeLog) -> None:
    log.pk = None
    log.save()


def report_again(report: Any, number: int, **fields: Any) -> None:
    ReviewReport.objects.create(agency=report.agency, review=report.review, number=number, reason="other", details="…", **fields)


def change(row: Model, **values: Any) -> None:
    """Return a function that updates a row without the model."""
    type(row)._base_manager.filter(pk=row.pk).update(**values)


#: All constraints by name, except unique ones that only serve as targets of foreign keys.
CONSTRAINTS = {
    constraint.name: (model, constraint)
    for model in OURS
    for constraint in model._meta.constraints
    if not constraint.name.endswith("_target")
}


def of_kind(kind: type) -> list[str]:
    return [name for name, (_, constraint) in CONSTRAINTS.items() if isinstance(constraint, kind) and name not in ATTEMPTS]


def refused(name: str, attempt: Callable[[], object]) -> None:
    """Check that PostgreSQL rejects the attempt because of the constraint."""

    def act() -> None:
        attempt()
        connection.check_constraints()

    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        act()


@pytest.mark.parametrize("name", of_kind(CheckConstraint))
def test_invalid_values_are_rejected(name: str, cast: Cast) -> None:
    row = MAKE[CONSTRAINTS[name][0]._meta.label](cast.alder)
    assert WRONG[name]
    for values in WRONG[name]:
        refused(name, lambda values=values: change(row, **values))


@pytest.mark.parametrize("name", of_kind(UniqueConstraint))
def test_duplicate_rows_are_rejected(name: str, cast: Cast) -> None:
    model, constraint = CONSTRAINTS[name]
    first, second = (MAKE[model._meta.label](cast.alder) for _ in range(2))
    refused(name, lambda: change(second, **{field: getattr(first, field) for field in constraint.fields}))


@pytest.mark.parametrize("name", of_kind(SameParent))
def test_updates_cannot_reference_other_tenants(name: str, cast: Cast) -> None:
    model, constraint = CONSTRAINTS[name]
    foreign = MAKE[model._meta.get_field(constraint.field).related_model._meta.label](cast.birch)
    row = MAKE[model._meta.label](cast.alder)
    refused(name, lambda: change(row, **{constraint.field: foreign}))


@pytest.mark.parametrize("name", ATTEMPTS)
def test_inserts_cannot_reference_other_tenants(name: str, cast: Cast) -> None:
    refused(name, lambda: ATTEMPTS[name](cast.alder, cast.birch))
