"""Access matrix: every route × role × own, foreign and absent objects × GET and POST × pages and htmx.

Insufficient roles get 403, foreign and absent objects 404, other methods 405, visitors the sign-in
page, and forms without a CSRF token 403. New routes must be added to a table. Failures list their cells:

    POST customers:edit as stan, foreign object, htmx: 200 instead of 404
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import signing
from django.db import transaction
from django.db.models import Model

from partnerportal.agencies.models import Agency, Role
from partnerportal.network.models import PartnerProfile
from reviews.rounds.services import start_round
from tests.factories.agencies import MembershipFactory, ProfileFactory, WorkSampleFactory
from tests.factories.bulk import BulkJobFactory
from tests.factories.credentials import CredentialFactory, NeedFactory, NeedTemplateFactory
from tests.factories.customers import (
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    CustomFieldFactory,
    DomainFactory,
    NoteFactory,
    ProjectFactory,
    TagFactory,
    TaskFactory,
)
from tests.factories.exports import ExportJobFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory
from tests.factories.imports import ImportJobFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory
from tests.factories.merging import CustomerPairFactory, MergeLogFactory
from tests.factories.outbox import MailFactory
from tests.factories.requests import ContactRequestFactory, SavedReplyFactory, SenderFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.rounds import RoundFactory
from tests.factories.saved_views import SavedViewFactory
from tests.factories.team import TeamInvitationFactory
from tests.route_matrix import (
    AllauthRoute,
    PublicRoute,
    SpaceRoute,
    StaffRoute,
    World,
    account_cells,
    admin_cells,
    all_routes,
    client_cells,
    public_cells,
    space_cells,
    staff_cells,
    token_of,
    wrong,
)

# Each test is rolled back within the transaction of the fixture `world`.
pytestmark = pytest.mark.django_db


def customer(agency: Agency) -> Model:
    return CustomerFactory(agency=agency)


def project(agency: Agency) -> Model:
    return ProjectFactory(customer__agency=agency)


def task(agency: Agency) -> Model:
    return TaskFactory(customer__agency=agency)


def domain(agency: Agency) -> Model:
    return DomainFactory(customer__agency=agency)


def contract(agency: Agency) -> Model:
    return ContractFactory(customer__agency=agency)


def contact(agency: Agency) -> Model:
    return ContactFactory(customer__agency=agency)


def note(agency: Agency) -> Model:
    return NoteFactory(customer__agency=agency)


def tag(agency: Agency) -> Model:
    return TagFactory(agency=agency)


def custom_field(agency: Agency) -> Model:
    return CustomFieldFactory(agency=agency)


def review_request(agency: Agency) -> Model:
    return ReviewRequestFactory(customer__agency=agency)


def review(agency: Agency) -> Model:
    return ReviewFactory(review_request__customer__agency=agency)


def review_round(agency: Agency) -> Model:
    return RoundFactory(agency=agency, by=agency.members.first())


def running_round(agency: Agency) -> Model:
    planned = RoundFactory(agency=agency, by=agency.members.first())
    start_round(planned, by=planned.started_by)
    return planned


def mail(agency: Agency) -> Model:
    return MailFactory(agency=agency)


def import_job(agency: Agency) -> Model:
    return ImportJobFactory(agency=agency)


def export_job(agency: Agency) -> Model:
    return ExportJobFactory(agency=agency)


def bulk_job(agency: Agency) -> Model:
    return BulkJobFactory(agency=agency)


def customer_pair(agency: Agency) -> Model:
    return CustomerPairFactory(agency=agency)


def merge_log(agency: Agency) -> Model:
    return MergeLogFactory(agency=agency)


def contact_request(agency: Agency) -> Model:
    return ContactRequestFactory(agency=agency)


def saved_reply(agency: Agency) -> Model:
    return SavedReplyFactory(agency=agency)


def sender(agency: Agency) -> Model:
    return SenderFactory(agency=agency)


def invitation(agency: Agency) -> Model:
    return InvitationFactory(agency=agency)


def connected(agency: Agency) -> Model:
    return ConnectedFactory(customer__agency=agency)


def need_template(agency: Agency) -> Model:
    return NeedTemplateFactory(agency=agency)


def need(agency: Agency) -> Model:
    return NeedFactory(invitation__customer__agency=agency)


def credential(agency: Agency) -> Model:
    return CredentialFactory(need__invitation__customer__agency=agency)


def shared_file(agency: Agency) -> Model:
    return SharedFileFactory(customer__agency=agency)


def approval(agency: Agency) -> Model:
    return TextApprovalFactory(customer__agency=agency)


def member(agency: Agency) -> Model:
    return MembershipFactory(agency=agency, role=Role.STAFF)


def team_invitation(agency: Agency) -> Model:
    return TeamInvitationFactory(agency=agency)


def access_request(agency: Agency) -> Model:
    return AccessRequestFactory(customer__agency=agency)


def saved_view(agency: Agency) -> Model:
    return SavedViewFactory(owner=None, agency=agency, is_shared=True)


def work_sample(agency: Agency) -> Model:
    return WorkSampleFactory(profile=getattr(agency, "profile", None) or ProfileFactory(agency=agency))


def below_customer(item: Any) -> list[Any]:
    """Return the arguments of paths below a customer: the customer's key, and that of the object."""
    return [item.customer_id, item.pk]


def below_customer_of_access(item: Any) -> list[Any]:
    """Return the arguments of paths below the customer of an access: the customer's key, and that of the object."""
    return [item.invitation.customer_id, item.pk]


STAFF_ROUTES = {
    "desk:dashboard": StaffRoute(Role.STAFF, "GET"),
    "desk:task_done": StaffRoute(Role.STAFF, "POST", task),
    "desk:task_undo": StaffRoute(Role.STAFF, "POST", task),
    "desk:remind": StaffRoute(Role.STAFF, "POST", review_request),
    "desk:setup_dismiss": StaffRoute(Role.STAFF, "POST"),
    "desk:setup_restore": StaffRoute(Role.STAFF, "POST"),
    "desk:calendar": StaffRoute(Role.STAFF),
    "desk:calendar_replace": StaffRoute(Role.STAFF, "POST"),
    "desk:calendar_end": StaffRoute(Role.STAFF, "POST"),
    "desk:view_add": StaffRoute(Role.STAFF),
    "desk:view_edit": StaffRoute(Role.STAFF, "GET POST", saved_view),
    "desk:view_save": StaffRoute(Role.STAFF, "POST", saved_view),
    "desk:view_delete": StaffRoute(Role.STAFF, "POST", saved_view),
    "desk:view_restore": StaffRoute(Role.STAFF, "POST", saved_view),
    "desk:view_pin": StaffRoute(Role.STAFF, "POST", saved_view),
    "desk:view_unpin": StaffRoute(Role.STAFF, "POST", saved_view),
    "desk:view_move": StaffRoute(Role.STAFF, "POST", saved_view),
    "agencies:switch": StaffRoute(Role.STAFF, "POST"),
    "desk:mail_list": StaffRoute(Role.STAFF, "GET"),
    "desk:mail_detail": StaffRoute(Role.STAFF, "GET", mail),
    "desk:mail_seen": StaffRoute(Role.STAFF, "POST", mail),
    "desk:mail_unseen": StaffRoute(Role.STAFF, "POST", mail),
    "agencies:team": StaffRoute(Role.STAFF, "GET"),
    "agencies:invite": StaffRoute(Role.OWNER),
    "agencies:invitation_resend": StaffRoute(Role.OWNER, "POST", team_invitation),
    "agencies:invitation_withdraw": StaffRoute(Role.OWNER, "POST", team_invitation),
    "agencies:change_role": StaffRoute(Role.OWNER, "GET POST", member),
    "agencies:remove_member": StaffRoute(Role.OWNER, "GET POST", member),
    "agencies:leave": StaffRoute(Role.STAFF),
    "agencies:transfer_ownership": StaffRoute(Role.OWNER),
    "agencies:require_second_factor": StaffRoute(Role.OWNER),
    "agencies:second_factor_required": StaffRoute(Role.STAFF, "GET"),
    "agencies:notifications": StaffRoute(Role.STAFF),
    "customers:list": StaffRoute(Role.STAFF, "GET"),
    "customers:add": StaffRoute(Role.STAFF),
    "customers:detail": StaffRoute(Role.STAFF, "GET", customer),
    "customers:edit": StaffRoute(Role.STAFF, "GET POST", customer),
    "customers:archive": StaffRoute(Role.STAFF, "POST", customer),
    "customers:restore": StaffRoute(Role.STAFF, "POST", customer),
    "customers:customer_tags": StaffRoute(Role.STAFF, "POST", customer),
    "customers:tags": StaffRoute(Role.MANAGER),
    "customers:tag_edit": StaffRoute(Role.MANAGER, "GET POST", tag),
    "customers:tag_merge": StaffRoute(Role.MANAGER, "GET POST", tag),
    "customers:tag_delete": StaffRoute(Role.MANAGER, "GET POST", tag),
    "customers:fields": StaffRoute(Role.MANAGER),
    "customers:field_edit": StaffRoute(Role.MANAGER, "GET POST", custom_field),
    "customers:field_move": StaffRoute(Role.MANAGER, "POST", custom_field),
    "customers:field_delete": StaffRoute(Role.MANAGER, "GET POST", custom_field),
    "customers:erase": StaffRoute(Role.OWNER, "GET POST", customer),
    "customers:project_list": StaffRoute(Role.STAFF, "GET"),
    "customers:project_add_to": StaffRoute(Role.STAFF),
    "customers:project_add": StaffRoute(Role.STAFF, "GET POST", customer),
    "customers:project_edit": StaffRoute(Role.STAFF, "GET POST", project),
    "customers:project_remove": StaffRoute(Role.STAFF, "POST", project),
    "customers:task_list": StaffRoute(Role.STAFF, "GET"),
    "customers:task_add_to": StaffRoute(Role.STAFF),
    "customers:task_add": StaffRoute(Role.STAFF, "GET POST", customer),
    "customers:task_edit": StaffRoute(Role.STAFF, "GET POST", task),
    "customers:task_remove": StaffRoute(Role.STAFF, "POST", task),
    "customers:task_done": StaffRoute(Role.STAFF, "POST", task),
    "customers:task_undo": StaffRoute(Role.STAFF, "POST", task),
    "customers:contact_add": StaffRoute(Role.STAFF, "GET POST", customer),
    "customers:contact_edit": StaffRoute(Role.STAFF, "GET POST", contact),
    "customers:contact_primary": StaffRoute(Role.STAFF, "POST", contact),
    "customers:contact_remove": StaffRoute(Role.STAFF, "POST", contact),
    "customers:contact_restore": StaffRoute(Role.STAFF, "POST", contact),
    "customers:domain_list": StaffRoute(Role.STAFF, "GET"),
    "customers:domain_add_to": StaffRoute(Role.STAFF),
    "customers:domain_add": StaffRoute(Role.STAFF, "GET POST", customer),
    "customers:domain_edit": StaffRoute(Role.STAFF, "GET POST", domain),
    "customers:domain_remove": StaffRoute(Role.STAFF, "POST", domain),
    "customers:domain_renew": StaffRoute(Role.STAFF, "GET POST", domain),
    "customers:domain_renew_undo": StaffRoute(Role.STAFF, "POST", domain),
    "customers:contract_list": StaffRoute(Role.STAFF, "GET"),
    "customers:contract_add_to": StaffRoute(Role.STAFF),
    "customers:contract_add": StaffRoute(Role.STAFF, "GET POST", customer),
    "customers:contract_edit": StaffRoute(Role.STAFF, "GET POST", contract),
    "customers:contract_remove": StaffRoute(Role.STAFF, "POST", contract),
    "customers:contract_renew": StaffRoute(Role.STAFF, "GET POST", contract),
    "customers:contract_renew_undo": StaffRoute(Role.STAFF, "POST", contract),
    "customers:note_add": StaffRoute(Role.STAFF, "GET POST", customer),
    "customers:note_edit": StaffRoute(Role.STAFF, "GET POST", note),
    "customers:note_remove": StaffRoute(Role.STAFF, "POST", note),
    "customers:import": StaffRoute(Role.MANAGER),
    "customers:import_detail": StaffRoute(Role.MANAGER, "GET", import_job),
    "customers:import_columns": StaffRoute(Role.MANAGER, "GET POST", import_job),
    "customers:import_run": StaffRoute(Role.MANAGER, "POST", import_job),
    "customers:import_cancel": StaffRoute(Role.MANAGER, "POST", import_job),
    "customers:import_remove": StaffRoute(Role.MANAGER, "POST", import_job),
    "customers:import_skipped": StaffRoute(Role.MANAGER, "GET", import_job),
    "customers:bulk": StaffRoute(Role.STAFF, "GET"),
    "customers:bulk_start": StaffRoute(Role.STAFF),
    "customers:bulk_detail": StaffRoute(Role.STAFF, "GET", bulk_job),
    "customers:bulk_stop": StaffRoute(Role.STAFF, "POST", bulk_job),
    "customers:bulk_undo": StaffRoute(Role.STAFF, "POST", bulk_job),
    "customers:export": StaffRoute(Role.MANAGER),
    "customers:export_detail": StaffRoute(Role.MANAGER, "GET POST", export_job),
    "customers:export_remove": StaffRoute(Role.MANAGER, "POST", export_job),
    "customers:duplicates": StaffRoute(Role.MANAGER, "GET"),
    "customers:duplicates_search": StaffRoute(Role.MANAGER, "POST"),
    "customers:duplicates_dismiss": StaffRoute(Role.MANAGER, "POST", customer_pair),
    "customers:duplicates_restore": StaffRoute(Role.MANAGER, "POST", customer_pair),
    "customers:merge": StaffRoute(Role.MANAGER, "GET POST", customer),
    "customers:merge_detail": StaffRoute(Role.MANAGER, "GET", merge_log),
    "customers:merge_undo": StaffRoute(Role.MANAGER, "POST", merge_log),
    "desk:search": StaffRoute(Role.STAFF, "GET"),
    "requests_inbox:list": StaffRoute(Role.STAFF, "GET"),
    "requests_inbox:settings": StaffRoute(Role.MANAGER),
    "requests_inbox:unblock_sender": StaffRoute(Role.MANAGER, "POST", sender),
    "requests_inbox:saved_replies": StaffRoute(Role.MANAGER, "GET"),
    "requests_inbox:saved_reply_add": StaffRoute(Role.MANAGER),
    "requests_inbox:saved_reply_edit": StaffRoute(Role.MANAGER, "GET POST", saved_reply),
    "requests_inbox:saved_reply_delete": StaffRoute(Role.MANAGER, "GET POST", saved_reply),
    "requests_inbox:detail": StaffRoute(Role.STAFF, "GET", contact_request),
    "requests_inbox:mark_seen": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:reply": StaffRoute(Role.STAFF, "GET POST", contact_request),
    "requests_inbox:note": StaffRoute(Role.STAFF, "GET POST", contact_request),
    "requests_inbox:assign_to_me": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:reassign": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:unassign": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:mark_spam": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:mark_not_spam": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:block_sender": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:close": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:reopen": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:mark_no_reply_needed": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:mark_reply_needed": StaffRoute(Role.STAFF, "POST", contact_request),
    "requests_inbox:add_customer": StaffRoute(Role.STAFF, "GET POST", contact_request),
    "requests_inbox:assign": StaffRoute(Role.STAFF, "GET POST", contact_request),
    "network:company": StaffRoute(Role.STAFF, writes=Role.MANAGER),
    "network:preview": StaffRoute(Role.STAFF, "GET"),
    "network:submit": StaffRoute(Role.MANAGER, "POST"),
    "network:work_add": StaffRoute(Role.MANAGER),
    "network:work_edit": StaffRoute(Role.MANAGER, "GET POST", work_sample),
    "network:work_remove": StaffRoute(Role.MANAGER, "POST", work_sample),
    "network:work_move": StaffRoute(Role.MANAGER, "POST", work_sample),
    "invitations:list": StaffRoute(Role.STAFF, "GET"),
    "invitations:detail": StaffRoute(Role.STAFF, "GET", invitation),
    "invitations:connect": StaffRoute(Role.STAFF, "GET POST", invitation),
    "invitations:connect_new": StaffRoute(Role.STAFF, "GET POST", invitation),
    "invitations:reject": StaffRoute(Role.STAFF, "GET POST", invitation),
    "invitations:disconnect": StaffRoute(Role.STAFF, "GET POST", invitation),
    "invitations:request_extension": StaffRoute(Role.STAFF, "POST", invitation),
    "invitations:request_access": StaffRoute(Role.STAFF, "GET POST", customer),
    "invitations:access_request_resend": StaffRoute(Role.STAFF, "POST", access_request),
    "invitations:access_request_withdraw": StaffRoute(Role.STAFF, "POST", access_request),
    "invitations:message_list": StaffRoute(Role.STAFF, "GET"),
    "invitations:shared_messages": StaffRoute(Role.STAFF, "GET POST", customer),
    "invitations:shared": StaffRoute(Role.STAFF, "GET POST", customer),
    "invitations:shared_as_client": StaffRoute(Role.STAFF, "GET", connected, args=below_customer),
    "invitations:shared_credentials": StaffRoute(Role.STAFF, "GET", customer),
    "invitations:shared_needs_add": StaffRoute(Role.STAFF, "GET POST", customer),
    "invitations:shared_need_remove": StaffRoute(Role.STAFF, "POST", need, args=below_customer_of_access),
    "invitations:shared_credential": StaffRoute(Role.STAFF, "GET POST", credential, args=below_customer_of_access),
    "invitations:need_templates": StaffRoute(Role.MANAGER, "GET"),
    "invitations:need_template_add": StaffRoute(Role.MANAGER),
    "invitations:need_template_suggestions": StaffRoute(Role.MANAGER, "POST"),
    "invitations:need_template_edit": StaffRoute(Role.MANAGER, "GET POST", need_template),
    "invitations:need_template_delete": StaffRoute(Role.MANAGER, "GET POST", need_template),
    "invitations:shared_files": StaffRoute(Role.STAFF, "GET", customer),
    "invitations:shared_file_add": StaffRoute(Role.STAFF, "GET POST", customer),
    "invitations:shared_file": StaffRoute(Role.STAFF, "GET", shared_file, args=below_customer),
    "invitations:shared_file_edit": StaffRoute(Role.STAFF, "GET POST", shared_file, args=below_customer),
    "invitations:shared_file_version": StaffRoute(Role.STAFF, "GET POST", shared_file, args=below_customer),
    "invitations:shared_file_delete": StaffRoute(Role.STAFF, "POST", shared_file, args=below_customer),
    "invitations:shared_file_request_approval": StaffRoute(Role.STAFF, "POST", shared_file, args=below_customer),
    "invitations:shared_file_download": StaffRoute(
        Role.STAFF, "GET", shared_file, args=lambda file: [file.customer_id, file.versions.get().pk]
    ),
    "invitations:shared_approvals": StaffRoute(Role.STAFF, "GET", customer),
    "invitations:shared_approval_add": StaffRoute(Role.STAFF, "GET POST", customer),
    "invitations:shared_approval": StaffRoute(Role.STAFF, "GET", approval, args=below_customer),
    "invitations:shared_approval_withdraw": StaffRoute(Role.STAFF, "POST", approval, args=below_customer),
    "reviews:list": StaffRoute(Role.STAFF, "GET"),
    "reviews:detail": StaffRoute(Role.STAFF, "GET", review),
    "reviews:pin": StaffRoute(Role.MANAGER, "POST", review),
    "reviews:unpin": StaffRoute(Role.MANAGER, "POST", review),
    "reviews:move": StaffRoute(Role.MANAGER, "POST", review),
    "reviews:comment": StaffRoute(Role.MANAGER, "GET POST", review),
    "reviews:hide": StaffRoute(Role.MANAGER, "GET POST", review),
    "reviews:unhide": StaffRoute(Role.MANAGER, "POST", review),
    "reviews:report": StaffRoute(Role.MANAGER, "GET POST", review),
    "reviews:request": StaffRoute(Role.STAFF),
    "reviews:request_list": StaffRoute(Role.STAFF, "GET"),
    "reviews:request_detail": StaffRoute(Role.STAFF, "GET", review_request),
    "reviews:request_card": StaffRoute(Role.STAFF, "GET", review_request),
    "reviews:stats": StaffRoute(Role.STAFF, "GET"),
    "reviews:stats_quarters": StaffRoute(Role.STAFF, "GET"),
    "reviews:stats_answer_times": StaffRoute(Role.STAFF, "GET"),
    "reviews:stats_rounds": StaffRoute(Role.STAFF, "GET"),
    "reviews:rounds": StaffRoute(Role.MANAGER, "GET"),
    "reviews:round_add": StaffRoute(Role.MANAGER),
    "reviews:round": StaffRoute(Role.MANAGER, "GET", review_round),
    "reviews:round_exclude": StaffRoute(Role.MANAGER, "POST", review_round),
    "reviews:round_start": StaffRoute(Role.MANAGER, "POST", review_round),
    "reviews:round_pause": StaffRoute(Role.MANAGER, "POST", review_round),
    "reviews:round_resume": StaffRoute(Role.MANAGER, "POST", review_round),
    "reviews:round_stop": StaffRoute(Role.MANAGER, "GET POST", running_round),
    "reviews:round_discard": StaffRoute(Role.MANAGER, "POST", review_round),
    "reviews:automatic": StaffRoute(Role.MANAGER),
    "reviews:automatic_cancel": StaffRoute(Role.MANAGER, "POST", project),
    "reviews:automatic_restore": StaffRoute(Role.MANAGER, "POST", project),
    "reviews:badge": StaffRoute(Role.STAFF, "GET"),
    "reviews:profile_card": StaffRoute(Role.STAFF, "GET"),
    "reviews:request_resend": StaffRoute(Role.STAFF, "POST", review_request),
    "reviews:request_replace": StaffRoute(Role.STAFF, "POST", review_request),
    "reviews:request_withdraw": StaffRoute(Role.STAFF, "POST", review_request),
}
#: Routes for signed-in clients. Visitors receive a code by e-mail.
CLIENT_ROUTES = {
    "invitations:give_access": PublicRoute("GET POST", lambda world: ["alder"]),
    "invitations:access_list": PublicRoute(),
    "invitations:access_detail": PublicRoute("GET", lambda world: [world.given.pk]),
    "invitations:change_access": PublicRoute("GET POST", lambda world: [world.given.pk]),
    "invitations:extend_access": PublicRoute("GET POST", lambda world: [world.given.pk]),
    "invitations:decline_extension": PublicRoute("POST", lambda world: [world.given.pk]),
    "invitations:withdraw_invitation": PublicRoute("POST", lambda world: [world.given.pk]),
    "invitations:revoke_access": PublicRoute("POST", lambda world: [world.given.pk]),
    "invitations:client_data": PublicRoute(),
    "invitations:message_mails": PublicRoute("POST"),
    "invitations:data_export_start": PublicRoute("GET POST"),
    "invitations:data_export": PublicRoute("GET POST", lambda world: [world.data_export.pk]),
    "invitations:data_export_remove": PublicRoute("POST", lambda world: [world.data_export.pk]),
    "invitations:address_change": PublicRoute("GET POST"),
    "invitations:address_change_confirm": PublicRoute("GET POST"),
    "invitations:account_close": PublicRoute("GET POST"),
    "invitations:access_request": PublicRoute("GET POST", lambda world: [token_of(world.access_request.link)]),
    "invitations:access_request_decline": PublicRoute("POST", lambda world: [token_of(world.access_request.link)]),
}

#: Routes in the shared space of Kim and Alder.
SPACE_ROUTES = {
    "invitations:space": SpaceRoute(),
    "invitations:space_credentials": SpaceRoute(),
    "invitations:space_hand_over": SpaceRoute("GET POST", lambda world: [world.need.pk]),
    "invitations:space_invited": SpaceRoute("POST", lambda world: [world.need.pk]),
    "invitations:space_credential_delete": SpaceRoute("POST", lambda world: [world.credential.pk]),
    "invitations:space_files": SpaceRoute(),
    "invitations:space_file_add": SpaceRoute("GET POST"),
    "invitations:space_file": SpaceRoute(args=lambda world: [world.own_file.pk]),
    "invitations:space_file_version": SpaceRoute("GET POST", lambda world: [world.own_file.pk]),
    "invitations:space_file_delete": SpaceRoute("POST", lambda world: [world.own_file.pk]),
    "invitations:space_file_download": SpaceRoute(args=lambda world: [world.own_file.versions.get().pk]),
    "invitations:space_approvals": SpaceRoute(),
    "invitations:space_approval": SpaceRoute("GET POST", lambda world: [world.approval.pk]),
    "invitations:space_messages": SpaceRoute("GET POST"),
}


def in_languages(name: str, route: PublicRoute) -> dict[str, PublicRoute]:
    """Return a route that also has a path in each language."""
    return {f"{name}{suffix}": route for suffix in ("", "_en", "_de")}


def feeds_of_alder(world: World) -> list[Any]:
    """Turn Alder's feeds on, and return the argument of their paths."""
    PartnerProfile.objects.filter(slug="alder").update(offers_feeds=True)
    return ["alder"]


#: Public routes, each with its own tests.
PUBLIC_ROUTES = {
    "desk:calendar_feed": PublicRoute("GET", lambda world: [world.calendar_token]),
    "agencies:join": PublicRoute("GET POST", lambda world: [token_of(world.joining.link)], others=403),
    "desk:home": PublicRoute(),
    "desk:manifest": PublicRoute(),
    "desk:healthz": PublicRoute(),
    "desk:readyz": PublicRoute(),
    **in_languages("network:directory", PublicRoute()),
    **in_languages("network:directory_image", PublicRoute()),
    **in_languages("network:profile_image", PublicRoute("GET", lambda world: ["alder"])),
    "network:work_picture": PublicRoute("GET", lambda world: ["alder", world.work, "small"]),
    **in_languages("network:apply", PublicRoute("GET POST")),
    **in_languages(
        "network:applied", PublicRoute("GET POST", lambda world: [signing.dumps(world.application.pk, salt="network.applications")])
    ),
    "network:confirm_application": PublicRoute("GET POST", lambda world: [token_of(world.application.link)]),
    **in_languages("network:legal", PublicRoute("GET", lambda world: ["imprint"])),
    "network:operator_logo": PublicRoute("GET", lambda world: [world.operator_logo]),
    "network:logo": PublicRoute("GET", lambda world: ["alder", world.logo]),
    **in_languages("network:profile", PublicRoute("GET", lambda world: ["alder"])),
    **in_languages("requests_inbox:contact", PublicRoute("GET POST", lambda world: ["alder"])),
    **in_languages("requests_inbox:sent", PublicRoute("GET", lambda world: ["alder"])),
    "network:robots": PublicRoute(),
    "network:sitemap": PublicRoute(),
    "network:sitemap_section": PublicRoute("GET", lambda world: ["profiles"]),
    **in_languages("reviews:how", PublicRoute()),
    **in_languages("reviews:badge_svg", PublicRoute("GET", lambda world: ["alder"])),
    **in_languages("reviews:badge_png", PublicRoute("GET", lambda world: ["alder"])),
    **in_languages("reviews:feed_atom", PublicRoute("GET", feeds_of_alder)),
    **in_languages("reviews:feed_json", PublicRoute("GET", feeds_of_alder)),
    **in_languages("reviews:public", PublicRoute("GET", lambda world: ["alder", world.answered.review.pk])),
    **in_languages("reviews:public_image", PublicRoute("GET", lambda world: ["alder", world.answered.review.pk])),
    "reviews:review_form": PublicRoute("GET POST", lambda world: [token_of(world.open_request.link)]),
    "reviews:edit": PublicRoute("GET POST", lambda world: [token_of(world.answered.link)]),
    "reviews:withdraw": PublicRoute("GET POST", lambda world: [token_of(world.answered.link)]),
    "customers:deadlines_unsubscribe": PublicRoute("GET POST", lambda world: [world.reminder_token], forgeable=True),
    "customers:deadlines_resubscribe": PublicRoute("GET POST", lambda world: [world.reminder_token]),
    "desk:digest_unsubscribe": PublicRoute("GET POST", lambda world: [world.digest_token], forgeable=True),
    "desk:digest_resubscribe": PublicRoute("GET POST", lambda world: [world.digest_token]),
    "reviews:unsubscribe": PublicRoute("GET POST", lambda world: [world.stop_token], forgeable=True),
    "reviews:resubscribe": PublicRoute("GET POST", lambda world: [world.stop_token]),
    "set_language": PublicRoute("GET POST PUT PATCH DELETE", forgeable=True),
}
#: Account pages, most of them from allauth.
ACCOUNT_ROUTES = {
    "accounts:settings": AllauthRoute(visitor="sign in"),
    "accounts:end_session": AllauthRoute(visitor="sign in", post=404, args=(1,)),
    "usersessions_list": AllauthRoute(visitor="sign in"),
    "account_login": AllauthRoute(),
    "account_logout": AllauthRoute(),
    "account_signup": AllauthRoute(),
    "account_inactive": AllauthRoute(post=405),
    "account_request_login_code": AllauthRoute(),
    "account_confirm_login_code": AllauthRoute(visitor="code"),
    "account_reset_password": AllauthRoute(),
    "account_reset_password_done": AllauthRoute(post=405),
    "account_reset_password_from_key": AllauthRoute(args=("1", "not-a-key")),
    "account_reset_password_from_key_done": AllauthRoute(post=405),
    "account_email_verification_sent": AllauthRoute(post=405),
    "account_confirm_email": AllauthRoute(args=("no:key",), post=404),
    "account_email": AllauthRoute(visitor="sign in"),
    "account_change_password": AllauthRoute(visitor="sign in"),
    "account_set_password": AllauthRoute(visitor="sign in"),
    "account_reauthenticate": AllauthRoute(visitor="sign in"),
    "mfa_index": AllauthRoute(visitor="sign in", post=405),
    "mfa_authenticate": AllauthRoute(visitor="sign in"),
    "mfa_reauthenticate": AllauthRoute(visitor="sign in"),
    "mfa_activate_totp": AllauthRoute(visitor="sign in"),
    "mfa_deactivate_totp": AllauthRoute(visitor="sign in", get=404, post=404),
    "mfa_view_recovery_codes": AllauthRoute(visitor="sign in", post=405),
    "mfa_generate_recovery_codes": AllauthRoute(visitor="sign in"),
    "mfa_download_recovery_codes": AllauthRoute(visitor="sign in"),
    "mfa_list_webauthn": AllauthRoute(visitor="sign in", post=405),
    "mfa_add_webauthn": AllauthRoute(visitor="sign in"),
    "mfa_reauthenticate_webauthn": AllauthRoute(visitor="sign in"),
    "mfa_remove_webauthn": AllauthRoute(visitor="sign in", get=404, post=404, args=(1,)),
    "mfa_edit_webauthn": AllauthRoute(visitor="sign in", get=404, post=404, args=(1,)),
    "mfa_login_webauthn": AllauthRoute(visitor="sign in"),
}
#: All routes of the Django admin.
ADMIN_ROUTES = {name: route for name, route in all_routes().items() if name.startswith("admin:")}
#: Functions that yield the cells of each table's routes.
MATRIX = {
    staff_cells: STAFF_ROUTES,
    client_cells: CLIENT_ROUTES,
    space_cells: SPACE_ROUTES,
    public_cells: PUBLIC_ROUTES,
    account_cells: ACCOUNT_ROUTES,
    admin_cells: ADMIN_ROUTES,
}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World(STAFF_ROUTES.values())
        transaction.set_rollback(True)


def test_matrix_contains_every_route() -> None:
    assert {name for table in MATRIX.values() for name in table} == set(all_routes())


def test_every_route_has_its_decorator() -> None:
    for name, entry in all_routes().items():
        role = STAFF_ROUTES[name].role if name in STAFF_ROUTES else None
        assert getattr(entry.callback, "agency_role", None) == role, name
        assert getattr(entry.callback, "for_clients", False) == (name in CLIENT_ROUTES or name in SPACE_ROUTES), name


# Rate limits count all requests of a test process.
@pytest.mark.usefixtures("clean_cache")
@pytest.mark.parametrize(
    ("cells", "name"), [(cells, name) for cells, table in MATRIX.items() if table is not ADMIN_ROUTES for name in table]
)
def test_routes_answer_as_expected(cells: Any, name: str, world: World) -> None:
    assert wrong(cells(name, MATRIX[cells][name], world), world) == ""


def test_admin_routes_answer_as_expected(world: World) -> None:
    assert wrong((cell for name, route in ADMIN_ROUTES.items() for cell in admin_cells(name, route, world)), world) == ""


def test_matrix_is_large(world: World) -> None:
    """Print the size of the matrix, which `pytest -rP` shows."""
    sizes = {cells.__name__: sum(len([*cells(name, route, world)]) for name, route in table.items()) for cells, table in MATRIX.items()}
    print(f"{len(all_routes())} routes, {sum(sizes.values())} cells: {sizes}")  # noqa: T201
    assert sum(sizes.values()) > 4_000
