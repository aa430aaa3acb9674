"""Every page × every role × one's own, a stranger's and an absent object. A new route fails until it stands in the table.

A role too weak gets 403; somebody else's object, or none, 404; no session the sign-in page.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from partnerportal.agencies.models import Agency, Role
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.agencies import MembershipFactory
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.factories.imports import ImportJobFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory
from tests.factories.outbox import MailFactory
from tests.factories.requests import ContactRequestFactory, SenderFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.team import TeamInvitationFactory


@dataclass(frozen=True)
class Route:
    """What one address of the staff's part asks for."""

    role: Role
    methods: str = "GET POST"
    #: Makes the object that the address names, in an agency.
    thing: Callable[[Agency], Model] | None = None
    #: Whom it takes to send its form, where more may read it.
    writes: Role | None = None

    def asks_for(self, method: str) -> Role:
        return self.writes if method == "POST" and self.writes else self.role


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
    "agencies:role": Route(Role.OWNER, "GET POST", member),
    "agencies:remove": Route(Role.OWNER, "GET POST", member),
    "agencies:leave": Route(Role.STAFF),
    "agencies:hand_over": Route(Role.OWNER),
    "agencies:second_factor": Route(Role.OWNER, "POST"),
    "agencies:second_factor_needed": Route(Role.STAFF, "GET"),
    "agencies:notices": Route(Role.STAFF),
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
    "customers:import_rest": Route(Role.MANAGER, "GET", import_job),
    "customers:export": Route(Role.MANAGER),
    "desk:search": Route(Role.STAFF, "GET"),
    "requests_inbox:list": Route(Role.STAFF, "GET"),
    "requests_inbox:settings": Route(Role.MANAGER),
    "requests_inbox:unblock": Route(Role.MANAGER, "POST", sender),
    "requests_inbox:detail": Route(Role.STAFF, "GET", contact_request),
    "requests_inbox:seen": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:reply": Route(Role.STAFF, "GET POST", contact_request),
    "requests_inbox:note": Route(Role.STAFF, "GET POST", contact_request),
    "requests_inbox:take": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:hand_over": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:spam": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:not_spam": Route(Role.STAFF, "POST", contact_request),
    "requests_inbox:block": Route(Role.STAFF, "POST", contact_request),
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
    "invitations:ask": Route(Role.STAFF, "GET POST", customer),
    "invitations:resend": Route(Role.STAFF, "POST", access_request),
    "invitations:request_withdraw": Route(Role.STAFF, "POST", access_request),
    "reviews:manage": Route(Role.STAFF, "GET"),
    "reviews:pin": Route(Role.MANAGER, "POST", review),
    "reviews:unpin": Route(Role.MANAGER, "POST", review),
    "reviews:move": Route(Role.MANAGER, "POST", review),
    "reviews:comment": Route(Role.MANAGER, "GET POST", review),
    "reviews:hide": Route(Role.MANAGER, "GET POST", review),
    "reviews:unhide": Route(Role.MANAGER, "POST", review),
    "reviews:report": Route(Role.MANAGER, "GET POST", review),
    "reviews:request": Route(Role.STAFF),
    "reviews:requests": Route(Role.STAFF, "GET"),
    "reviews:request_detail": Route(Role.STAFF, "GET", review_request),
    "reviews:request_resend": Route(Role.STAFF, "POST", review_request),
    "reviews:request_replace": Route(Role.STAFF, "POST", review_request),
    "reviews:request_withdraw": Route(Role.STAFF, "POST", review_request),
}
#: For whoever is signed in, whose own things are the only ones they see; everybody else gets a code by e-mail.
CLIENT_ROUTES = {
    "invitations:give": "GET POST",
    "invitations:my": "GET",
    "invitations:mine": "GET",
    "invitations:change": "GET POST",
    "invitations:withdraw": "POST",
    "invitations:revoke": "POST",
    "invitations:asked": "GET POST",
    "invitations:decline": "POST",
}
#: One's own account: for whoever is signed in.
ACCOUNT_ROUTES = {"accounts:person": "GET POST"}
#: Open to everybody, each with its own tests.
PUBLIC_ROUTES = {
    "agencies:join",
    "desk:home",
    "desk:healthz",
    "desk:readyz",
    "network:directory",
    "network:logo",
    "network:profile",
    "requests_inbox:contact",
    "requests_inbox:thanks",
    "network:robots",
    "network:sitemap",
    "network:sitemap_section",
    "reviews:rate",
    "reviews:edit",
    "reviews:withdraw",
    "reviews:stop",
    "reviews:stop_undo",
    "set_language",
}
#: Whole parts that bring their own locks.
LIBRARY_NAMESPACES = {"admin"}
LIBRARY_PREFIXES = ("account_", "mfa_", "usersessions_")

PEOPLE = {"staff": Role.STAFF, "manager": Role.MANAGER, "owner": Role.OWNER}


def all_routes(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every named route of the URLconf, as `namespace:name`."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from all_routes(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        else:
            yield f"{namespace}{entry.name}", entry


def own_routes() -> dict[str, URLPattern]:
    return {
        name: entry
        for name, entry in all_routes()
        if name.split(":")[0] not in LIBRARY_NAMESPACES and not name.startswith(LIBRARY_PREFIXES)
    }


def test_every_route_is_registered_here() -> None:
    unknown = {name for name, entry in own_routes().items() if name not in {*STAFF_ROUTES, *CLIENT_ROUTES, *ACCOUNT_ROUTES, *PUBLIC_ROUTES}}
    # allauth's own front page has no name in some versions; nothing of ours may go without one.
    assert unknown == set()
    assert set(STAFF_ROUTES) | set(CLIENT_ROUTES) | set(ACCOUNT_ROUTES) | PUBLIC_ROUTES == set(own_routes())


@pytest.mark.parametrize("name", STAFF_ROUTES)
def test_every_staff_route_has_the_decorator_with_its_role(name: str) -> None:
    assert own_routes()[name].callback.agency_role == STAFF_ROUTES[name].role


@pytest.mark.parametrize("name", sorted(PUBLIC_ROUTES - {"set_language"}))
def test_no_public_route_asks_for_a_role(name: str) -> None:
    assert not hasattr(own_routes()[name].callback, "agency_role")
    assert not hasattr(own_routes()[name].callback, "for_clients")


def address(name: str, thing: Model | None = None) -> str:
    return reverse(name, args=[thing.pk] if thing else [])


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def answer(client: Client, method: str, path: str) -> int:
    return getattr(client, method.lower())(path).status_code


@pytest.fixture(params=STAFF_ROUTES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("person", PEOPLE)
def test_a_role_opens_what_it_covers_and_nothing_else(name: str, person: str, cast: Cast) -> None:
    route = STAFF_ROUTES[name]
    client = signed_in({"staff": cast.stan, "manager": cast.max, "owner": cast.alice}[person])
    path = address(name, route.thing and route.thing(cast.alder))
    for method in route.methods.split():
        status = answer(client, method, path)
        if not PEOPLE[person].covers(route.asks_for(method)):
            assert status == 403, (method, status)
        elif name == "agencies:switch":
            assert status == 404  # without the agency to switch to
        else:
            assert status in {200, 302}, (method, status)


def test_only_the_methods_of_the_table_are_taken(name: str, cast: Cast) -> None:
    route = STAFF_ROUTES[name]
    path, client = address(name, route.thing and route.thing(cast.alder)), signed_in(cast.alice)
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(route.methods.split()):
        assert answer(client, method, path) == 405, method


@pytest.mark.parametrize("htmx", [False, True])
def test_without_a_session_the_sign_in_page(name: str, htmx: bool, cast: Cast) -> None:
    route = STAFF_ROUTES[name]
    path = address(name, route.thing and route.thing(cast.alder))
    for method in route.methods.split():
        response = getattr(Client(headers={"HX-Request": "true"} if htmx else {}), method.lower())(path)
        assert response.status_code == 302
        assert response.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("person", ["kim", "ada"])
def test_without_a_membership_403(name: str, person: str, cast: Cast) -> None:
    route = STAFF_ROUTES[name]
    path, client = address(name, route.thing and route.thing(cast.alder)), signed_in(getattr(cast, person))
    for method in route.methods.split():
        assert answer(client, method, path) == 403, method


@pytest.mark.parametrize("name", [name for name, route in STAFF_ROUTES.items() if route.thing])
def test_a_strangers_object_or_none_is_404(name: str, cast: Cast) -> None:
    route, client = STAFF_ROUTES[name], signed_in(cast.charlie)
    theirs, own = route.thing(cast.alder), route.thing(cast.birch)
    for method in route.methods.split():
        assert answer(client, method, address(name, own)) in {200, 302}
        assert answer(client, method, address(name, theirs)) == 404, method
        for absent in (0, 999_999, 2**63 + 1):
            assert answer(client, method, reverse(name, args=[absent])) == 404, (method, absent)


@pytest.mark.parametrize("name", [name for name, route in STAFF_ROUTES.items() if "POST" in route.methods])
def test_no_form_is_taken_without_its_csrf_token(name: str, cast: Cast) -> None:
    route, client = STAFF_ROUTES[name], Client(enforce_csrf_checks=True)
    client.force_login(cast.alice)
    response = client.post(address(name, route.thing and route.thing(cast.alder)), {"agency": cast.alder.pk})
    assert response.status_code == 403
    assert "csrf" in response.templates[0].name


def client_address(name: str, cast: Cast, client: Any) -> str:
    """The address of a client's page about something that is that client's."""
    if name == "invitations:give":
        return reverse(name, args=["alder"])
    if name in {"invitations:asked", "invitations:decline"}:
        asked = AccessRequestFactory(customer__agency=cast.alder, email=client.email)
        return reverse(name, args=[str(asked.link).rstrip("/").rpartition("/")[2]])
    if name == "invitations:my":
        return reverse(name)
    return reverse(name, args=[ConnectedFactory(customer__agency=cast.alder, client=client).pk])


@pytest.mark.parametrize("name", CLIENT_ROUTES)
def test_a_client_opens_what_is_theirs(name: str, cast: Cast) -> None:
    assert own_routes()[name].callback.for_clients
    client, path = signed_in(cast.kim), client_address(name, cast, cast.kim)
    methods = CLIENT_ROUTES[name].split()
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(methods):
        assert answer(client, method, path) == 405, method
    for method in methods:
        assert answer(client, method, path) in {200, 302}, method


@pytest.mark.parametrize("name", CLIENT_ROUTES)
def test_without_a_session_a_code_is_offered(name: str, cast: Cast) -> None:
    path = client_address(name, cast, cast.kim)
    for method in CLIENT_ROUTES[name].split():
        response = getattr(Client(), method.lower())(path)
        assert response.status_code == 302
        assert response.url.startswith(reverse("account_request_login_code"))


@pytest.mark.parametrize("person", ["stan", "alice", "charlie", "ada", "lee"])
@pytest.mark.parametrize("name", [name for name in CLIENT_ROUTES if name not in {"invitations:give", "invitations:my"}])
def test_nobody_opens_what_is_another_clients(name: str, person: str, cast: Cast) -> None:
    somebody = UserFactory() if person == "lee" else getattr(cast, person)
    path, client = client_address(name, cast, cast.kim), signed_in(somebody)
    expected = 403 if name in {"invitations:asked", "invitations:decline"} else 404
    for method in CLIENT_ROUTES[name].split():
        assert answer(client, method, path) == expected, method


@pytest.mark.parametrize("name", [name for name, methods in CLIENT_ROUTES.items() if "POST" in methods])
def test_no_form_of_a_client_is_taken_without_its_csrf_token(name: str, cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.kim)
    response = client.post(client_address(name, cast, cast.kim))
    assert response.status_code == 403
    assert "csrf" in response.templates[0].name


@pytest.mark.parametrize("person", ["stan", "alice", "kim", "ada", None])
@pytest.mark.parametrize("name", ACCOUNT_ROUTES)
def test_the_own_account_opens_for_whoever_is_signed_in(name: str, person: str | None, cast: Cast) -> None:
    client = signed_in(getattr(cast, person)) if person else Client()
    methods = ACCOUNT_ROUTES[name].split()
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(methods):
        assert answer(client, method, reverse(name)) == 405, method
    for method in methods:
        response = getattr(client, method.lower())(reverse(name))
        assert response.status_code == (200 if person else 302), method
        assert person or response.url.startswith(reverse("account_login"))
