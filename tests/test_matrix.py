"""Access matrix: every route × role × own, foreign and absent objects × GET and POST × pages and htmx.

Insufficient roles get 403, foreign and absent objects 404, other methods 405, visitors the sign-in
page, and forms without a CSRF token 403. New routes must be added to a table. Failures list their cells:

    POST customers:edit as stan, foreign object, htmx: 200 instead of 404
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model

from partnerportal.agencies.models import Agency, Role
from tests.factories.agencies import MembershipFactory
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.factories.imports import ImportJobFactory
from tests.factories.invitations import AccessRequestFactory, InvitationFactory
from tests.factories.outbox import MailFactory
from tests.factories.requests import ContactRequestFactory, SenderFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.team import TeamInvitationFactory
from tests.route_matrix import (
    Library,
    Open,
    Route,
    World,
    account_cells,
    admin_cells,
    all_routes,
    client_cells,
    public_cells,
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


def note(agency: Agency) -> Model:
    return NoteFactory(customer__agency=agency)


def review_request(agency: Agency) -> Model:
    return ReviewRequestFactory(customer__agency=agency)


def review(agency: Agency) -> Model:
    return ReviewFactory(review_request__customer__agency=agency)


def mail(agency: Agency) -> Model:
    return MailFactory(agency=agency)


def import_job(agency: Agency) -> Model:
    return ImportJobFactory(agency=agency)


def contact_request(agency: Agency) -> Model:
    return ContactRequestFactory(agency=agency)


def sender(agency: Agency) -> Model:
    return SenderFactory(agency=agency)


def invitation(agency: Agency) -> Model:
    return InvitationFactory(agency=agency)


def member(agency: Agency) -> Model:
    return MembershipFactory(agency=agency, role=Role.STAFF)


def team_invitation(agency: Agency) -> Model:
    return TeamInvitationFactory(agency=agency)


def access_request(agency: Agency) -> Model:
    return AccessRequestFactory(customer__agency=agency)


STAFF_ROUTES = {
    "desk:dashboard": Route(Role.STAFF, "GET"),
    "agencies:switch": Route(Role.STAFF, "POST"),
    "agencies:mail_list": Route(Role.STAFF, "GET"),
    "agencies:mail_detail": Route(Role.STAFF, "GET", mail),
    "agencies:team": Route(Role.STAFF, "GET"),
    "agencies:invite": Route(Role.OWNER),
    "agencies:invitation_resend": Route(Role.OWNER, "POST", team_invitation),
    "agencies:invitation_withdraw": Route(Role.OWNER, "POST", team_invitation),
    "agencies:change_role": Route(Role.OWNER, "GET POST", member),
    "agencies:remove_member": Route(Role.OWNER, "GET POST", member),
    "agencies:leave": Route(Role.STAFF),
    "agencies:transfer_ownership": Route(Role.OWNER),
    "agencies:require_second_factor": Route(Role.OWNER),
    "agencies:second_factor_required": Route(Role.STAFF, "GET"),
    "agencies:notifications": Route(Role.STAFF),
    "customers:list": Route(Role.STAFF, "GET"),
    "customers:add": Route(Role.STAFF),
    "customers:detail": Route(Role.STAFF, "GET", customer),
    "customers:edit": Route(Role.STAFF, "GET POST", customer),
    "customers:archive": Route(Role.STAFF, "POST", customer),
    "customers:restore": Route(Role.STAFF, "POST", customer),
    "customers:erase": Route(Role.OWNER, "GET POST", customer),
    "customers:project_list": Route(Role.STAFF, "GET"),
    "customers:project_add": Route(Role.STAFF, "GET POST", customer),
    "customers:project_edit": Route(Role.STAFF, "GET POST", project),
    "customers:project_remove": Route(Role.STAFF, "POST", project),
    "customers:task_list": Route(Role.STAFF, "GET"),
    "customers:task_add": Route(Role.STAFF, "GET POST", customer),
    "customers:task_edit": Route(Role.STAFF, "GET POST", task),
    "customers:task_remove": Route(Role.STAFF, "POST", task),
    "customers:task_done": Route(Role.STAFF, "POST", task),
    "customers:task_undo": Route(Role.STAFF, "POST", task),
    "customers:domain_list": Route(Role.STAFF, "GET"),
    "customers:domain_add": Route(Role.STAFF, "GET POST", customer),
    "customers:domain_edit": Route(Role.STAFF, "GET POST", domain),
    "customers:domain_remove": Route(Role.STAFF, "POST", domain),
    "customers:contract_list": Route(Role.STAFF, "GET"),
    "customers:contract_add": Route(Role.STAFF, "GET POST", customer),
    "customers:contract_edit": Route(Role.STAFF, "GET POST", contract),
    "customers:contract_remove": Route(Role.STAFF, "POST", contract),
    "customers:note_add": Route(Role.STAFF, "GET POST", customer),
    "customers:note_edit": Route(Role.STAFF, "GET POST", note),
    "customers:note_remove": Route(Role.STAFF, "POST", note),
    "customers:import": Route(Role.MANAGER),
    "customers:import_detail": Route(Role.MANAGER, "GET", import_job),
    "customers:import_columns": Route(Role.MANAGER, "GET POST", import_job),
    "customers:import_run": Route(Role.MANAGER, "POST", import_job),
    "customers:import_cancel": Route(Role.MANAGER, "POST", import_job),
    "customers:import_remove": Route(Role.MANAGER, "POST", import_job),
    "customers:import_skipped": Route(Role.MANAGER, "GET", import_job),
    "customers:export": Route(Role.MANAGER),
    "desk:search": Route(Role.STAFF, "GET"),
    "requests_inbox:list": Route(Role.STAFF, "GET"),
    "requests_inbox:settings": Route(Role.MANAGER),
    "requests_inbox:unblock_sender": Route(Role.MANAGER, "POST", sender),
    "requests_inbox:detail": Route(Role.STAFF, "GET", contact_request),
    "requests_inbox:mark_seen": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:reply": Route(Role.STAFF, "GET POST", contact_request),
    "requests_inbox:note": Route(Role.STAFF, "GET POST", contact_request),
    "requests_inbox:assign_to_me": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:reassign": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:mark_spam": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:mark_not_spam": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:block_sender": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:close": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:reopen": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:add_customer": Route(Role.STAFF, "GET POST", contact_request),
    "requests_inbox:assign": Route(Role.STAFF, "GET POST", contact_request),
    "network:company": Route(Role.STAFF, writes=Role.MANAGER),
    "network:preview": Route(Role.STAFF, "GET"),
    "network:submit": Route(Role.MANAGER, "POST"),
    "invitations:list": Route(Role.STAFF, "GET"),
    "invitations:detail": Route(Role.STAFF, "GET", invitation),
    "invitations:connect": Route(Role.STAFF, "GET POST", invitation),
    "invitations:connect_new": Route(Role.STAFF, "GET POST", invitation),
    "invitations:reject": Route(Role.STAFF, "GET POST", invitation),
    "invitations:disconnect": Route(Role.STAFF, "GET POST", invitation),
    "invitations:request_access": Route(Role.STAFF, "GET POST", customer),
    "invitations:access_request_resend": Route(Role.STAFF, "POST", access_request),
    "invitations:access_request_withdraw": Route(Role.STAFF, "POST", access_request),
    "reviews:list": Route(Role.STAFF, "GET"),
    "reviews:detail": Route(Role.STAFF, "GET", review),
    "reviews:pin": Route(Role.MANAGER, "POST", review),
    "reviews:unpin": Route(Role.MANAGER, "POST", review),
    "reviews:move": Route(Role.MANAGER, "POST", review),
    "reviews:comment": Route(Role.MANAGER, "GET POST", review),
    "reviews:hide": Route(Role.MANAGER, "GET POST", review),
    "reviews:unhide": Route(Role.MANAGER, "POST", review),
    "reviews:report": Route(Role.MANAGER, "GET POST", review),
    "reviews:request": Route(Role.STAFF),
    "reviews:request_list": Route(Role.STAFF, "GET"),
    "reviews:request_detail": Route(Role.STAFF, "GET", review_request),
    "reviews:request_resend": Route(Role.STAFF, "POST", review_request),
    "reviews:request_replace": Route(Role.STAFF, "POST", review_request),
    "reviews:request_withdraw": Route(Role.STAFF, "POST", review_request),
}
#: Routes for signed-in clients. Visitors receive a code by e-mail.
CLIENT_ROUTES = {
    "invitations:give_access": Open("GET POST", lambda world: ["alder"]),
    "invitations:access_list": Open(),
    "invitations:access_detail": Open("GET", lambda world: [world.given.pk]),
    "invitations:change_access": Open("GET POST", lambda world: [world.given.pk]),
    "invitations:withdraw_invitation": Open("POST", lambda world: [world.given.pk]),
    "invitations:revoke_access": Open("POST", lambda world: [world.given.pk]),
    "invitations:access_request": Open("GET POST", lambda world: [token_of(world.access_request.link)]),
    "invitations:access_request_decline": Open("POST", lambda world: [token_of(world.access_request.link)]),
}


def in_languages(name: str, route: Open) -> dict[str, Open]:
    """Return a route that also has a path in each language."""
    return {f"{name}{suffix}": route for suffix in ("", "_en", "_de")}


#: Public routes, each with its own tests.
PUBLIC_ROUTES = {
    "agencies:join": Open("GET POST", lambda world: [token_of(world.joining.link)], others=403),
    "desk:home": Open(),
    "desk:manifest": Open(),
    "desk:healthz": Open(),
    "desk:readyz": Open(),
    **in_languages("network:directory", Open()),
    "network:logo": Open("GET", lambda world: ["alder", world.logo]),
    **in_languages("network:profile", Open("GET", lambda world: ["alder"])),
    **in_languages("requests_inbox:contact", Open("GET POST", lambda world: ["alder"])),
    **in_languages("requests_inbox:sent", Open("GET", lambda world: ["alder"])),
    "network:robots": Open(),
    "network:sitemap": Open(),
    "network:sitemap_section": Open("GET", lambda world: ["profiles"]),
    "reviews:review_form": Open("GET POST", lambda world: [token_of(world.open_request.link)]),
    "reviews:edit": Open("GET POST", lambda world: [token_of(world.answered.link)]),
    "reviews:withdraw": Open("GET POST", lambda world: [token_of(world.answered.link)]),
    "reviews:unsubscribe": Open("GET POST", lambda world: [world.stop_token], forgeable=True),
    "reviews:resubscribe": Open("GET POST", lambda world: [world.stop_token]),
    "set_language": Open("GET POST PUT PATCH DELETE", forgeable=True),
}
#: Account pages, most of them from allauth.
ACCOUNT_ROUTES = {
    "accounts:settings": Library(nobody="sign in"),
    "accounts:end_session": Library(nobody="sign in", post=404, args=(1,)),
    "usersessions_list": Library(nobody="sign in"),
    "account_login": Library(),
    "account_logout": Library(),
    "account_signup": Library(),
    "account_inactive": Library(post=405),
    "account_request_login_code": Library(),
    "account_confirm_login_code": Library(nobody="code"),
    "account_reset_password": Library(),
    "account_reset_password_done": Library(post=405),
    "account_reset_password_from_key": Library(args=("1", "not-a-key")),
    "account_reset_password_from_key_done": Library(post=405),
    "account_email_verification_sent": Library(post=405),
    "account_confirm_email": Library(args=("no:key",), post=404),
    "account_email": Library(nobody="sign in"),
    "account_change_password": Library(nobody="sign in"),
    "account_set_password": Library(nobody="sign in"),
    "account_reauthenticate": Library(nobody="sign in"),
    "mfa_index": Library(nobody="sign in", post=405),
    "mfa_authenticate": Library(nobody="sign in"),
    "mfa_reauthenticate": Library(nobody="sign in"),
    "mfa_activate_totp": Library(nobody="sign in"),
    "mfa_deactivate_totp": Library(nobody="sign in", get=404, post=404),
    "mfa_view_recovery_codes": Library(nobody="sign in", post=405),
    "mfa_generate_recovery_codes": Library(nobody="sign in"),
    "mfa_download_recovery_codes": Library(nobody="sign in"),
    "mfa_list_webauthn": Library(nobody="sign in", post=405),
    "mfa_add_webauthn": Library(nobody="sign in"),
    "mfa_reauthenticate_webauthn": Library(nobody="sign in"),
    "mfa_remove_webauthn": Library(nobody="sign in", get=404, post=404, args=(1,)),
    "mfa_edit_webauthn": Library(nobody="sign in", get=404, post=404, args=(1,)),
    "mfa_login_webauthn": Library(nobody="sign in"),
}
#: All routes of the Django admin.
ADMIN_ROUTES = {name: route for name, route in all_routes().items() if name.startswith("admin:")}
#: Functions that yield the cells of each table's routes.
MATRIX = {
    staff_cells: STAFF_ROUTES,
    client_cells: CLIENT_ROUTES,
    public_cells: PUBLIC_ROUTES,
    account_cells: ACCOUNT_ROUTES,
    admin_cells: ADMIN_ROUTES,
}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World(STAFF_ROUTES.values())
        transaction.set_rollback(True)


def test_every_route_is_registered_here() -> None:
    assert {name for table in MATRIX.values() for name in table} == set(all_routes())


def test_every_route_has_its_decorator() -> None:
    for name, entry in all_routes().items():
        role = STAFF_ROUTES[name].role if name in STAFF_ROUTES else None
        assert getattr(entry.callback, "agency_role", None) == role, name
        assert getattr(entry.callback, "for_clients", False) == (name in CLIENT_ROUTES), name


@pytest.mark.parametrize(
    ("cells", "name"), [(cells, name) for cells, table in MATRIX.items() if table is not ADMIN_ROUTES for name in table]
)
def test_every_answer(cells: Any, name: str, world: World) -> None:
    assert wrong(cells(name, MATRIX[cells][name], world), world) == ""


def test_the_administration(world: World) -> None:
    assert wrong((cell for name, route in ADMIN_ROUTES.items() for cell in admin_cells(name, route, world)), world) == ""


def test_how_large_it_is(world: World) -> None:
    """Print the size of the matrix, which `pytest -rP` shows."""
    sizes = {cells.__name__: sum(len([*cells(name, route, world)]) for name, route in table.items()) for cells, table in MATRIX.items()}
    print(f"{len(all_routes())} routes, {sum(sizes.values())} cells: {sizes}")  # noqa: T201
    assert sum(sizes.values()) > 4_000
