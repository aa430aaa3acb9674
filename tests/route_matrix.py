"""The squares of the matrix in `test_matrix.py`: what a route asks for, who comes with what, and what is to be answered."""

from collections.abc import Callable, Iterable, Iterator
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

from partnerportal.agencies.models import Agency, Role
from reviews import tokens
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.agencies import LogoFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.factories.team import TeamInvitationFactory

PEOPLE = ("owner", "manager", "staff", "client", "admin", "nobody")
#: Who also requests the fragments: an answer to htmx differs in its template, and its permissions are those of the page.
HTMX_PEOPLE = ("owner", "client", "nobody")
#: What each may do where a route asks for a role: said here once more, for the product's own order is among what is tried.
ROLES = {"owner": {Role.OWNER, Role.MANAGER, Role.STAFF}, "manager": {Role.MANAGER, Role.STAFF}, "staff": {Role.STAFF}}
#: Numbers that no object has: one of them is too large for the database.
ABSENT = (0, 999_999, 2**63 + 1)


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


@dataclass(frozen=True)
class Open:
    """What one address takes that is open to everybody, or to every client."""

    methods: str = "GET"
    #: What the address names, for Kim, the client.
    args: Callable[["World"], list[Any]] | None = None
    #: Whether its form needs no token, because whoever has the address may do just that.
    forgeable: bool = False
    #: What it answers to those who are signed in, where it is for somebody else.
    others: int | str = "page"


@dataclass(frozen=True)
class Library:
    """What a page of allauth's answers, without what a real form would bring."""

    #: To somebody who is signed in.
    get: int | str = "page"
    post: int | str = "page"
    #: To somebody who is not, where that differs.
    nobody: str = ""
    args: tuple[Any, ...] = ()


def token_of(link: str | None) -> str:
    assert link
    return link.rstrip("/").rpartition("/")[2]


class World:
    """The cast with a session each, and an object of every kind at each agency; made once for the whole file."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.cast = cast = Cast()
        makers = {route.thing for route in routes if route.thing}
        self.own = {make: make(cast.alder) for make in makers}
        self.foreign = {make: make(cast.birch) for make in makers}
        self.given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
        self.asked = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
        self.open_request = ReviewRequestFactory(customer__agency=cast.alder)
        self.answered = ReviewFactory(review_request__customer__agency=cast.alder).request
        self.stop_token = tokens.opt_out_token(self.answered.customer.pk, self.answered.customer.email)
        self.joining = TeamInvitationFactory(agency=cast.alder)
        self.logo = LogoFactory(profile=cast.alder.profile).digest
        people = zip(PEOPLE, (cast.alice, cast.max, cast.stan, cast.kim, cast.ada), strict=False)
        self.sessions = {person: self._signed_in(user) for person, user in people}
        self.sessions["another client"] = self._signed_in(UserFactory())
        self.networks = map(str, ip_network("10.0.0.0/8"))

    @staticmethod
    def _signed_in(user: Any) -> str:
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value


class Cell(NamedTuple):
    """One square of the matrix."""

    person: str
    method: str
    whose: str
    path: str
    #: A status, or `page` (200, or on to the next one), `sign in`, `code`.
    expected: int | str
    htmx: bool = False
    #: A form as another site would send it.
    forged: bool = False

    def answer(self, world: World) -> int | str:
        """What really comes, to a person of a network of their own; whatever it changes is undone."""
        client = Client(headers={"HX-Request": "true"} if self.htmx else {}, enforce_csrf_checks=self.forged)
        if session := world.sessions.get(self.person):
            client.cookies[settings.SESSION_COOKIE_NAME] = session
        with transaction.atomic():
            response = client.generic(self.method, self.path, content_type=FORM, REMOTE_ADDR=next(world.networks))
            transaction.set_rollback(True)
        return in_a_word(response)

    def __str__(self) -> str:
        how = ", htmx" * self.htmx + ", forged" * self.forged
        return f"{self.method} {self.path} as {self.person}, {self.whose} object{how}"


FORM = "application/x-www-form-urlencoded"


def in_a_word(response: HttpResponse) -> int | str:
    target = response.headers.get("HX-Redirect") or response.headers.get("Location") or ""
    if target.startswith(reverse("account_request_login_code")):
        return "code"
    if target.startswith(reverse("account_login")):
        return "sign in"
    if target.startswith(reverse("admin:login")):
        return "admin sign in"
    return "page" if response.status_code in {200, 204, 302} else response.status_code


def staff_cells(name: str, route: Route, world: World) -> Iterator[Cell]:
    """A route of the staff's part: people × objects × methods; one's own object by htmx, too."""
    own = reverse(name, args=[world.own[route.thing].pk] if route.thing else [])
    yield from wrong_ways("owner", own, route.methods)
    for method in route.methods.split():
        for person in PEOPLE:
            for htmx in (False, True) if person in HTMX_PEOPLE else (False,):
                yield Cell(person, method, "own", own, expected_of_staff(name, route, person, method, "own"), htmx)
            if route.thing:
                foreign = reverse(name, args=[world.foreign[route.thing].pk])
                yield Cell(person, method, "foreign", foreign, expected_of_staff(name, route, person, method, "foreign"))
                for number in ABSENT if person in ROLES else ():
                    absent = reverse(name, args=[number])
                    yield Cell(person, method, "absent", absent, expected_of_staff(name, route, person, method, "absent"))


def expected_of_staff(name: str, route: Route, person: str, method: str, whose: str) -> int | str:
    if person == "nobody":
        return "sign in"
    if route.asks_for(method) not in ROLES.get(person, ()):
        return 403
    # Switching agencies names the one to switch to in its form.
    return "page" if whose == "own" and name != "agencies:switch" else 404


def client_cells(name: str, route: Open, world: World) -> Iterator[Cell]:
    """A route for clients: what is Kim's, as Kim and as others, and what is nobody's."""
    args = route.args(world) if route.args else []
    path, by_link = reverse(name, args=args), name in {"invitations:access_request", "invitations:access_request_decline"}
    for_all = name in {"invitations:give_access", "invitations:access_list"}
    yield from wrong_ways("client", path, route.methods)
    for method in route.methods.split():
        for person in (*PEOPLE, "another client"):
            mine: int | str = "page" if person == "client" or for_all else 403 if by_link else 404
            whose = "own" if mine == "page" else "foreign"
            for htmx in (False, True) if person in HTMX_PEOPLE else (False,):
                yield Cell(person, method, whose, path, "code" if person == "nobody" else mine, htmx)
            for thing in (["nothing"] if by_link or for_all else ABSENT) if args else []:
                yield Cell(person, method, "absent", reverse(name, args=[thing]), "code" if person == "nobody" else 404)


def public_cells(name: str, route: Open, world: World) -> Iterator[Cell]:
    """A route that is open to everybody: the same for all, and 404 where there is nothing."""
    args = route.args(world) if route.args else []
    path = reverse(name, args=args)
    yield from wrong_ways("nobody", path, route.methods, forgeable=route.forgeable)
    for method in route.methods.split():
        for person in PEOPLE:
            yield Cell(person, method, "own", path, "page" if person == "nobody" else route.others)
            if args:
                yield Cell(person, method, "absent", reverse(name, args=["nothing"] * len(args)), 404)


def account_cells(name: str, route: Library, world: World) -> Iterator[Cell]:
    """A page of allauth's: the same for all who are signed in."""
    for method, answer in (("GET", route.get), ("POST", route.post)):
        for person in PEOPLE:
            expected = route.nobody or answer if person == "nobody" else answer
            yield Cell(person, method, "own", reverse(name, args=route.args), expected)


def admin_cells(name: str, route: URLPattern, world: World) -> Iterator[Cell]:
    """An address of the administration, as everybody but an admin."""
    path = reverse(name, args=["accounts" if name == "admin:app_list" else "1"] * route.pattern.regex.groups)
    for person, method in (("nobody", "GET"), ("client", "GET"), ("owner", "GET"), ("owner", "POST")):
        expected = {"admin:login": "sign in" if person == "nobody" else 403, "admin:logout": "page"}
        yield Cell(person, method, "foreign", path, expected.get(name, "admin sign in"))


def wrong_ways(person: str, path: str, methods: str, *, forgeable: bool = False) -> Iterator[Cell]:
    """The methods that are not taken, and a form without its token, unless that is what it takes."""
    for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - set(methods.split())):
        yield Cell(person, method, "own", path, 405)
    if "POST" in methods:
        yield Cell(person, "POST", "own", path, "page" if forgeable else 403, forged=True)


def wrong(cells: Iterable[Cell], world: World) -> str:
    """The cells that answer otherwise, a line each."""
    asked = ((cell, cell.answer(world)) for cell in cells)
    return "\n".join(f"{cell}: {answer} instead of {cell.expected}" for cell, answer in asked if answer != cell.expected)


@cache
def all_routes() -> dict[str, URLPattern]:
    """Every named route of the URLconf, as `namespace:name`."""

    def walk(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
            elif entry.name or not namespace.startswith("admin:"):
                yield f"{namespace}{entry.name}", entry

    return dict(walk(get_resolver()))


def admin_routes() -> list[str]:
    return [name for name in all_routes() if name.startswith("admin:")]
