"""Cells of the access matrix in `test_matrix.py`: routes, users, methods and expected responses."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_network
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from zeal import zeal_ignore

from customers.deadlines.tokens import OPT_OUTS
from invitations.models import DataExport
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Role
from partnerportal.desk.digest.tokens import unsubscribe_link
from partnerportal.network.applications.models import MAX_LETTERS
from reviews import tokens
from tests.cacheable import assert_private
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.agencies import LegalPageFactory, LogoFactory, OperatorFactory, WorkSampleFactory
from tests.factories.applications import ApplicationFactory
from tests.factories.calendar import CalendarFeedFactory
from tests.factories.credentials import CredentialFactory, NeedFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.team import TeamInvitationFactory

PEOPLE = ("owner", "manager", "staff", "client", "admin", "visitor")
#: People who also request fragments by htmx. The other roles differ in permissions only, which don't depend on htmx.
HTMX_PEOPLE = ("owner", "client", "visitor")
#: Roles included in each role. Independent of the product's own order, which is also tested.
ROLES = {"owner": {Role.OWNER, Role.MANAGER, Role.STAFF}, "manager": {Role.MANAGER, Role.STAFF}, "staff": {Role.STAFF}}
#: Client routes that aren't about one person's object.
FOR_ALL_CLIENTS = {
    "invitations:give_access",
    "invitations:access_list",
    "invitations:client_data",
    "invitations:message_mails",
    "invitations:data_export_start",
    "invitations:address_change",
    "invitations:address_change_confirm",
    "invitations:account_close",
}
#: Primary keys without an object; one is too large for the database.
ABSENT = (0, 999_999, 2**63 + 1)


def key_of(item: Any) -> list[Any]:
    """Return the arguments of most paths with an object."""
    return [item.pk]


@dataclass(frozen=True)
class StaffRoute:
    """Requirements of a staff route."""

    role: Role
    methods: str = "GET POST"
    #: Creates the object in the path, in an agency.
    make_object: Callable[[Agency], Model] | None = None
    #: Role for submitting the form, if it differs from `role`.
    writes: Role | None = None
    #: Arguments of the path with this object. The last one is the key of the object.
    args: Callable[[Any], list[Any]] = key_of

    def required_role(self, method: str) -> Role:
        return self.writes if method == "POST" and self.writes else self.role


@dataclass(frozen=True)
class PublicRoute:
    """Properties of a route for visitors or clients."""

    methods: str = "GET"
    #: Arguments of the path, for objects of Kim, the client.
    args: Callable[["World"], list[Any]] | None = None
    #: Whether the form needs no CSRF token, because the path alone authorizes the action.
    forgeable: bool = False
    #: Response to users who are signed in.
    others: int | str = "page"


@dataclass(frozen=True)
class SpaceRoute:
    """Properties of a route in a client's shared space."""

    methods: str = "GET"
    #: Arguments of the path after the agency, for objects that Kim sees at Alder.
    args: Callable[["World"], list[Any]] | None = None


@dataclass(frozen=True)
class AllauthRoute:
    """Responses of an allauth page to requests without form data."""

    #: Responses to users who are signed in.
    get: int | str = "page"
    post: int | str = "page"
    #: Response to visitors, if it differs.
    visitor: str = ""
    args: tuple[Any, ...] = ()


def queries_watched(name: str) -> AbstractContextManager[None]:
    """Ignore repeated queries of a route that ends each access on its own, with its own locks and e-mails."""
    return zeal_ignore() if name == "invitations:account_close" else nullcontext()


def token_of(link: str | None) -> str:
    assert link
    return link.rstrip("/").rpartition("/")[2]


class World:
    """The cast with their sessions, and objects of each type in both agencies."""

    def __init__(self, routes: Iterable[StaffRoute]) -> None:
        self.cast = cast = Cast()
        makers = {route.make_object for route in routes if route.make_object}
        self.own = {make: make(cast.alder) for make in makers}
        self.foreign = {make: make(cast.birch) for make in makers}
        self.given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, ends=True)
        self.need = NeedFactory(invitation=self.given)
        self.credential = CredentialFactory(need=NeedFactory(invitation=self.given, name="CMS"))
        self.own_file = SharedFileFactory(customer=self.given.customer, from_client=True, uploaded_by=cast.kim)
        self.approval = TextApprovalFactory(customer=self.given.customer)
        self.access_request = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
        self.open_request = ReviewRequestFactory(customer__agency=cast.alder)
        self.data_export = DataExport.objects.create(user=cast.kim, progress_total=0, status="ready")
        self.answered = ReviewFactory(review_request__customer__agency=cast.alder).request
        self.stop_token = tokens.opt_out_token(self.answered.customer.pk, self.answered.customer.email)
        self.calendar_token = token_of(CalendarFeedFactory(agency=cast.alder).link.removesuffix("/calendar.ics"))
        self.reminder_token = OPT_OUTS.token(self.answered.customer.pk, self.answered.customer.email)
        self.joining = TeamInvitationFactory(agency=cast.alder)
        self.work = WorkSampleFactory(profile=cast.alder.profile).digest
        self.operator_logo = OperatorFactory(accepts_applications=True).logo_digest
        # Resending would depend on the time since the world was created.
        self.application = ApplicationFactory(status="unconfirmed", letters=MAX_LETTERS)
        LegalPageFactory(language="en")
        self.logo = LogoFactory(profile=cast.alder.profile).digest
        people = zip(PEOPLE, (cast.alice, cast.max, cast.stan, cast.kim, cast.ada), strict=False)
        self.sessions = {person: self._signed_in(user) for person, user in people}
        self.sessions["another client"] = self._signed_in(UserFactory())
        #: Texts that no response for shared caches may contain.
        links = (self.open_request, self.answered, self.joining, self.access_request, self.application)
        self.digest_token = token_of(unsubscribe_link(cast.alder.memberships.get(user=cast.stan)))
        self.secrets = [*(token_of(link.link) for link in links), self.stop_token, self.reminder_token]
        self.secrets += [self.calendar_token, self.digest_token, *self.sessions.values()]
        self.secrets += [text for user in User.objects.all() for text in (user.email, user.full_name) if text]
        self.networks = map(str, ip_network("10.0.0.0/8"))

    @staticmethod
    def _signed_in(user: Any) -> str:
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value


class Cell(NamedTuple):
    """One cell of the matrix."""

    person: str
    method: str
    whose: str
    path: str
    #: A status code, or `page` (200, 204 or a redirect), `sign in`, `code`.
    expected: int | str
    htmx: bool = False
    #: Whether the form is submitted by another site.
    forged: bool = False

    def answer(self, world: World) -> int | str:
        """Return the actual response. Uses a new IP address, and rolls back all changes."""
        client = Client(headers={"HX-Request": "true"} if self.htmx else {}, enforce_csrf_checks=self.forged)
        if session := world.sessions.get(self.person):
            client.cookies[settings.SESSION_COOKIE_NAME] = session
        with transaction.atomic():
            response = client.generic(self.method, self.path, content_type=FORM, REMOTE_ADDR=next(world.networks))
            transaction.set_rollback(True)
        assert_private(response, world.secrets, signed_in=client.cookies.get(settings.SESSION_COOKIE_NAME) is not None)
        return summary(response)

    def __str__(self) -> str:
        how = ", htmx" * self.htmx + ", forged" * self.forged
        return f"{self.method} {self.path} as {self.person}, {self.whose} object{how}"


FORM = "application/x-www-form-urlencoded"


def summary(response: HttpResponse) -> int | str:
    target = response.headers.get("HX-Redirect") or response.headers.get("Location") or ""
    if target.startswith(reverse("account_request_login_code")):
        return "code"
    if target.startswith(reverse("account_login")):
        return "sign in"
    if target.startswith(reverse("admin:login")):
        return "admin sign in"
    return "page" if response.status_code in {200, 204, 302} else response.status_code


def staff_cells(name: str, route: StaffRoute, world: World) -> Iterator[Cell]:
    """Yield the cells of a staff route: users × objects × methods, own objects also with htmx."""
    own = reverse(name, args=route.args(world.own[route.make_object]) if route.make_object else [])
    yield from rejected_cells("owner", own, route.methods)
    for method in route.methods.split():
        for person in PEOPLE:
            for htmx in (False, True) if person in HTMX_PEOPLE else (False,):
                yield Cell(person, method, "own", own, expected_of_staff(name, route, person, method, "own"), htmx)
            if route.make_object:
                foreign = route.args(world.foreign[route.make_object])
                yield Cell(
                    person, method, "foreign", reverse(name, args=foreign), expected_of_staff(name, route, person, method, "foreign")
                )
                *outer, _key = route.args(world.own[route.make_object])
                # Below the agency's own customer, another agency's object.
                for number in (*ABSENT, *(foreign[-1:] if outer else ())) if person in ROLES else ():
                    absent = reverse(name, args=[*outer, number])
                    yield Cell(person, method, "absent", absent, expected_of_staff(name, route, person, method, "absent"))


def expected_of_staff(name: str, route: StaffRoute, person: str, method: str, whose: str) -> int | str:
    if person == "visitor":
        return "sign in"
    if route.required_role(method) not in ROLES.get(person, ()):
        return 403
    # The form for switching agencies contains the agency.
    return "page" if whose == "own" and name != "agencies:switch" else 404


def client_cells(name: str, route: PublicRoute, world: World) -> Iterator[Cell]:
    """Yield the cells of a client route: objects of Kim as seen by all users, and missing objects."""
    args = route.args(world) if route.args else []
    path, by_link = reverse(name, args=args), name in {"invitations:access_request", "invitations:access_request_decline"}
    for_all = name in FOR_ALL_CLIENTS
    yield from rejected_cells("client", path, route.methods)
    for method in route.methods.split():
        for person in (*PEOPLE, "another client"):
            mine: int | str = "page" if person == "client" or for_all else 403 if by_link else 404
            whose = "own" if mine == "page" else "foreign"
            for htmx in (False, True) if person in HTMX_PEOPLE else (False,):
                yield Cell(person, method, whose, path, "code" if person == "visitor" else mine, htmx)
            for absent in (["nothing"] if by_link or for_all else ABSENT) if args else []:
                yield Cell(person, method, "absent", reverse(name, args=[absent]), "code" if person == "visitor" else 404)


def space_cells(name: str, route: SpaceRoute, world: World) -> Iterator[Cell]:
    """Yield the cells of a route in a shared space: that of Kim at Alder, as seen by all users, and missing agencies and objects."""
    args = route.args(world) if route.args else []
    path = reverse(name, args=["alder", *args])
    yield from rejected_cells("client", path, route.methods)
    for method in route.methods.split():
        for person in (*PEOPLE, "another client"):
            mine = "page" if person == "client" else 404
            for htmx in (False, True) if person in HTMX_PEOPLE else (False,):
                yield Cell(person, method, "own", path, "code" if person == "visitor" else mine, htmx)
            for agency in ("birch", "nothing", "~0", "~99999999999999999999"):
                elsewhere = reverse(name, args=[agency, *args])
                yield Cell(person, method, "foreign", elsewhere, "code" if person == "visitor" else 404)
            for number in ABSENT if args else ():
                absent = reverse(name, args=["alder", *args[:-1], number])
                yield Cell(person, method, "absent", absent, "code" if person == "visitor" else 404)


def public_cells(name: str, route: PublicRoute, world: World) -> Iterator[Cell]:
    """Yield the cells of a public route: the same response for all users, and 404 for missing objects."""
    args = route.args(world) if route.args else []
    path = reverse(name, args=args)
    yield from rejected_cells("visitor", path, route.methods, forgeable=route.forgeable)
    for method in route.methods.split():
        for person in PEOPLE:
            yield Cell(person, method, "own", path, "page" if person == "visitor" else route.others)
            if args:
                absent = ["nothing" if isinstance(arg, str) else 0 for arg in args]
                yield Cell(person, method, "absent", reverse(name, args=absent), 404)


def account_cells(name: str, route: AllauthRoute, world: World) -> Iterator[Cell]:
    """Yield the cells of an allauth page: the same response for all users who are signed in."""
    for method, answer in (("GET", route.get), ("POST", route.post)):
        for person in PEOPLE:
            expected = route.visitor or answer if person == "visitor" else answer
            yield Cell(person, method, "own", reverse(name, args=route.args), expected)


def admin_cells(name: str, route: URLPattern, world: World) -> Iterator[Cell]:
    """Yield the cells of a Django admin route for users other than admins."""
    path = reverse(name, args=["accounts" if name == "admin:app_list" else "1"] * route.pattern.regex.groups)
    for person, method in (("visitor", "GET"), ("client", "GET"), ("owner", "GET"), ("owner", "POST")):
        expected = {"admin:login": "sign in" if person == "visitor" else 403, "admin:logout": "page"}
        yield Cell(person, method, "foreign", path, expected.get(name, "admin sign in"))


def rejected_cells(person: str, path: str, methods: str, *, forgeable: bool = False) -> Iterator[Cell]:
    """Yield rejected requests: other methods, and forms without a CSRF token."""
    for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - set(methods.split())):
        yield Cell(person, method, "own", path, 405)
    if "POST" in methods:
        yield Cell(person, "POST", "own", path, "page" if forgeable else 403, forged=True)


def wrong(cells: Iterable[Cell], world: World) -> str:
    """Return a line for each cell with an unexpected response."""
    answers = ((cell, cell.answer(world)) for cell in cells)
    return "\n".join(f"{cell}: {answer} instead of {cell.expected}" for cell, answer in answers if answer != cell.expected)


@cache
def all_routes() -> dict[str, URLPattern]:
    """Return every named route of the URLconf, by `namespace:name`."""

    def walk(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
            elif entry.name or not namespace.startswith("admin:"):
                yield f"{namespace}{entry.name}", entry

    return dict(walk(get_resolver()))


def admin_routes() -> list[str]:
    return [name for name in all_routes() if name.startswith("admin:")]
