"""References to IDs on all pages for all roles: each must exist exactly once.

Broken references in `hx-target` or `for` don't change the status code. Uses the world and routes of
`test_matrix.py`. Forms are also submitted empty and with invalid values, to check error messages.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from partnerportal.static_files import BUILD_DIR
from partnerportal.static_files.icons import SPRITE
from requests_inbox.services.requests import add_note, reply
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory
from tests.factories.review_states import STATES, in_state
from tests.factories.reviews import ReviewFactory
from tests.route_matrix import PEOPLE, World, all_routes, queries_watched
from tests.test_matrix import ACCOUNT_ROUTES, CLIENT_ROUTES, PUBLIC_ROUTES, SPACE_ROUTES, STAFF_ROUTES, contact_request, customer

# Each test is rolled back within the transaction of the fixture `world`.
pytestmark = pytest.mark.django_db

#: Attributes that contain IDs separated by spaces.
ID_ATTRIBUTES = {
    "aria-activedescendant", "aria-controls", "aria-describedby", "aria-details", "aria-errormessage", "aria-labelledby", "aria-owns",
    "data-copy", "for", "form", "headers", "list", "popovertarget",
}  # fmt: skip
#: Attributes that contain CSS selectors with IDs.
SELECTOR_ATTRIBUTES = {"data-bs-target", "hx-include", "hx-indicator", "hx-select", "hx-select-oob", "hx-target"}
#: Attributes that must not be empty.
NEVER_EMPTY = {"id", "name"}
#: Values that are invalid for all types of fields.
ODD = "\x00"
#: Users with different pages of a route. Forms are submitted by the first. The first and last also request pages by htmx.
SEEN_BY = (
    dict.fromkeys(STAFF_ROUTES, ("owner", "manager", "staff"))
    | dict.fromkeys(CLIENT_ROUTES, ("client", "visitor", "owner"))
    | dict.fromkeys(SPACE_ROUTES, ("client", "visitor", "owner"))
    | dict.fromkeys(PUBLIC_ROUTES, ("visitor", "client", "owner"))
    | dict.fromkeys(ACCOUNT_ROUTES, ("owner", "client", "visitor"))
)
#: More reviews than fit on one page of a public profile.
REVIEWS = 11


@cache
def sprite_ids() -> set[str]:
    """Return the IDs of the icons in the sprite."""
    return set(re.findall(r'<symbol id="([^"]+)"', (BUILD_DIR / SPRITE).read_text()))


class Page(HTMLParser):
    """IDs of a page and the references to them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.references: set[tuple[str, str]] = set()
        self.empty: set[tuple[str, str]] = set()
        self.icons: set[str] = set()
        self.is_whole = "<html" in html
        self.fields: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if attributes.get("id"):
            self.ids[attributes["id"]] += 1
        self.empty |= {(tag, name) for name in NEVER_EMPTY & attributes.keys() if not attributes[name]}
        self.references |= {(name, key) for name in ID_ATTRIBUTES & attributes.keys() for key in attributes[name].split()}
        for name in SELECTOR_ATTRIBUTES & attributes.keys():
            self.references |= {(name, key) for key in re.findall(r"#([\w-]+)", attributes[name])}
        if attributes.get("href", "").startswith("#"):
            self.references.add(("href", attributes["href"].removeprefix("#")))
        if tag == "use":
            self.icons.add(attributes["href"].partition("#")[2])
        if tag in {"input", "select", "textarea"} and attributes.get("name") and attributes.get("type") not in {"hidden", "submit"}:
            self.fields[attributes["name"]] = ODD

    def faults(self, frame: "Page") -> Iterator[str]:
        """Return the page's errors. Fragments are checked together with their `frame`."""
        known = self.ids if self.is_whole else self.ids | frame.ids
        yield from sorted(f'{name}="{key}" leads nowhere' for name, key in self.references if key not in known)
        yield from sorted(f'id="{key}" is there {count} times' for key, count in self.ids.items() if count > 1)
        yield from sorted(f'an empty {name}="" on <{tag}>' for tag, name in self.empty)
        yield from sorted(f"the icon {key} isn't in the sprite" for key in self.icons - sprite_ids())


def fill(world: World) -> None:
    """Fill Alder with objects of all types, and more reviews than fit on one page."""
    agency, by = world.cast.alder, world.cast.alice
    one: Customer = world.own[customer]  # type: ignore[assignment]
    project = ProjectFactory(customer=one, title="Shop", due_on="2020-01-01", status="active", is_shared=True)
    TaskFactory(customer=one, project=project, due_on="2020-01-01", is_shared=True)
    TaskFactory(customer=one, done_at="2020-01-01T00:00Z")
    DomainFactory(customer=one)
    ContractFactory(customer=one, is_shared=True)
    NoteFactory(customer=one, author=by)
    AccessRequestFactory(customer=one)
    ConnectedFactory(customer=one, client=world.cast.kim)
    asking: Any = world.own[contact_request]
    CustomerFactory(agency=agency, company=asking.company, email=asking.email)
    add_note(asking, text="A note.", by=by)
    reply(asking, text="A reply.", by=by, seen=None)
    for state in STATES:
        in_state(state, agency)
    ReviewFactory.create_batch(REVIEWS, review_request__customer=one)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        world = World(STAFF_ROUTES.values())
        fill(world)
        yield world
        transaction.set_rollback(True)


def path_of(name: str, world: World) -> str:
    if name in STAFF_ROUTES:
        make_object = STAFF_ROUTES[name].make_object
        return reverse(name, args=STAFF_ROUTES[name].args(world.own[make_object]) if make_object else [])
    if name in SPACE_ROUTES:
        args = SPACE_ROUTES[name].args
        return reverse(name, args=["alder", *(args(world) if args else [])])
    route: Any = (CLIENT_ROUTES | PUBLIC_ROUTES).get(name)
    if route:
        return reverse(name, args=route.args(world) if route.args else [])
    return reverse(name, args=ACCOUNT_ROUTES[name].args)


def answer(world: World, person: str, path: str, sent: dict[str, str] | None = None, *, htmx: bool = False) -> Page | None:
    """Return a user's page, or None for other responses. Rolls back its changes."""
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{path}"} if htmx else {}
    client = Client(headers=headers)
    if session := world.sessions.get(person):
        client.cookies[settings.SESSION_COOKIE_NAME] = session
    with transaction.atomic():
        origin = {"REMOTE_ADDR": next(world.networks)}
        response = client.get(path, **origin) if sent is None else client.post(path, sent, **origin)
        transaction.set_rollback(True)
    if response.streaming or not response.headers.get("Content-Type", "").startswith("text/html"):
        return None
    return Page(response.content.decode())


@cache
def frame_of(world: World, person: str) -> Page:
    """Return a page of the user into which fragments are inserted, such as the rows of completed tasks."""
    page = answer(world, person, reverse("customers:task_list")) or answer(world, person, reverse("network:directory"))
    assert page
    return page


def faults(world: World, name: str, addition: str = "") -> Iterator[str]:
    """Yield the errors of a route's pages: for all users who see different pages, with htmx, and with form errors."""
    path = path_of(name, world) + addition
    for person in SEEN_BY[name]:
        pages = {"GET": answer(world, person, path)}
        if person == SEEN_BY[name][0] or person == SEEN_BY[name][-1]:
            pages["GET by htmx"] = answer(world, person, path, htmx=True)
        if person == SEEN_BY[name][0] and not addition:
            fields = pages["GET"].fields if pages["GET"] else {}
            for htmx in (False, True):
                pages[f"POST of nothing{', by htmx' * htmx}"] = answer(world, person, path, {}, htmx=htmx)
                pages[f"POST of odd values{', by htmx' * htmx}"] = answer(world, person, path, fields, htmx=htmx)
        for how, page in pages.items():
            for fault in page.faults(frame_of(world, person)) if page else ():
                yield f"{how} {path} as {person}: {fault}"


@pytest.mark.parametrize("name", SEEN_BY)
def test_referenced_ids_exist(name: str, world: World) -> None:
    with queries_watched(name):
        assert "\n".join(faults(world, name)) == ""


@pytest.mark.parametrize(
    ("name", "addition"),
    [
        ("network:profile", "?stars=5"),
        ("network:directory", "?q=nothinglikeit"),
        ("customers:list", "?q=nothinglikeit"),
        ("customers:list", "?status=archived"),
        ("customers:task_list", "?state=done"),
        ("requests_inbox:list", "?state=open"),
        ("requests_inbox:assign", "?q=customer"),
        ("invitations:list", "?show=connected"),
        ("invitations:list", "?show=over"),
        ("reviews:list", "?show=hidden"),
        ("reviews:request", "?q=customer&search=1"),
        ("desk:search", "?q=customer"),
    ],
)
def test_referenced_ids_exist_on_filtered_pages(name: str, addition: str, world: World) -> None:
    assert "\n".join(faults(world, name, addition)) == ""


def test_referenced_ids_exist_in_the_wizard(world: World) -> None:
    key = world.own[customer].pk
    errors = [*faults(world, "reviews:request", f"?customer={key}"), *faults(world, "reviews:request", f"?customer={key}&subject=company")]
    assert "\n".join(errors) == ""


@pytest.mark.parametrize("person", PEOPLE)
def test_referenced_ids_exist_on_error_pages(person: str, world: World) -> None:
    errors = []
    # 403 for insufficient roles and 404: the same pages for all routes.
    for path in (reverse("agencies:invite"), reverse("customers:detail", args=[0]), "/nothing/"):
        for htmx in (False, True):
            page = answer(world, person, path, htmx=htmx)
            errors += [f"{path} as {person}: {fault}" for fault in (page.faults(frame_of(world, person)) if page else ())]
    assert errors == []


def test_all_routes_are_checked() -> None:
    assert {name for name in all_routes() if not name.startswith("admin:")} == SEEN_BY.keys()


def test_errors_are_detected() -> None:
    html = '<div id="a"></div><p id="a"><a hx-target="#gone" href="#a" hx-select-oob="#a:innerHTML,#b"><label for="c d"><input name="">'
    html += '<use href="/icons.svg#none">'
    assert [*Page(html).faults(Page('<i id="d">'))] == [
        'for="c" leads nowhere',
        'hx-select-oob="b" leads nowhere',
        'hx-target="gone" leads nowhere',
        'id="a" is there 2 times',
        'an empty name="" on <input>',
        "the icon none isn't in the sprite",
    ]
