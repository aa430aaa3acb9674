"""Every page as every role: each reference to an id on the page finds it, and every id exists once.

A button whose `hx-target` isn't on the page does nothing, and a label whose `for` leads nowhere names nothing; neither shows in a
status code. The world, the routes and the people are those of `test_matrix.py`, at an agency with more reviews than fit on one page.
Each form is also sent empty and with values that no field accepts, so that error messages are among what is checked.
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
from requests_inbox.services.replies import add_note, reply
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory
from tests.factories.review_states import STATES, in_state
from tests.factories.reviews import ReviewFactory
from tests.route_matrix import PEOPLE, World, all_routes
from tests.test_matrix import ACCOUNT_ROUTES, CLIENT_ROUTES, PUBLIC_ROUTES, STAFF_ROUTES, contact_request, customer

# Each test is undone within the transaction that holds the world.
pytestmark = pytest.mark.django_db

#: Attributes that hold one id or several, separated by spaces.
ID_ATTRIBUTES = {
    "aria-activedescendant", "aria-controls", "aria-describedby", "aria-details", "aria-errormessage", "aria-labelledby", "aria-owns",
    "data-copy", "for", "form", "headers", "list", "popovertarget",
}  # fmt: skip
#: Attributes that hold CSS selectors, in which ids are looked for.
SELECTOR_ATTRIBUTES = {"data-bs-target", "hx-include", "hx-indicator", "hx-select", "hx-select-oob", "hx-target"}
#: Attributes that must not be empty where they are given.
NEVER_EMPTY = {"id", "name"}
#: Values that no field of any form accepts: too odd for a text, a number, a date or a choice.
ODD = "\x00"
#: Who can open each route, the one who can do most first.
SEEN_BY = (
    dict.fromkeys(STAFF_ROUTES, ("owner", "manager", "staff"))
    | dict.fromkeys(CLIENT_ROUTES, ("client",))
    | dict.fromkeys(PUBLIC_ROUTES, ("nobody", "owner"))
    | dict.fromkeys(ACCOUNT_ROUTES, ("owner",))
)
#: More than fit on one page of a public profile.
REVIEWS = 11


class Page(HTMLParser):
    """The ids of a page, and what refers to them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.references: set[tuple[str, str]] = set()
        self.empty: set[tuple[str, str]] = set()
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
        if tag in {"input", "select", "textarea"} and attributes.get("name") and attributes.get("type") not in {"hidden", "submit"}:
            self.fields[attributes["name"]] = ODD

    def faults(self, frame: "Page") -> Iterator[str]:
        """What is wrong with the page; a fragment is put into `frame`."""
        known = self.ids if self.is_whole else self.ids | frame.ids
        yield from sorted(f'{name}="{key}" leads nowhere' for name, key in self.references if key not in known)
        yield from sorted(f'id="{key}" is there {count} times' for key, count in self.ids.items() if count > 1)
        yield from sorted(f'an empty {name}="" on <{tag}>' for tag, name in self.empty)


def fill(world: World) -> None:
    """A customer, a request and a profile with something of everything at Alder; more reviews than one page shows."""
    agency, by = world.cast.alder, world.cast.alice
    one: Customer = world.own[customer]  # type: ignore[assignment]
    project = ProjectFactory(customer=one, title="Shop", due_on="2020-01-01", status="active")
    TaskFactory(customer=one, project=project, due_on="2020-01-01")
    TaskFactory(customer=one, done_at="2020-01-01T00:00Z")
    DomainFactory(customer=one)
    ContractFactory(customer=one)
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
        return reverse(name, args=[world.own[make_object].pk] if make_object else [])
    route: Any = (CLIENT_ROUTES | PUBLIC_ROUTES).get(name)
    if route:
        return reverse(name, args=route.args(world) if route.args else [])
    return reverse(name, args=ACCOUNT_ROUTES[name].args)


def answer(world: World, person: str, path: str, sent: dict[str, str] | None = None, *, htmx: bool = False) -> Page | None:
    """The page that comes for a person; None for anything but a page. Whatever it changes is undone."""
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
    """What is on every page that a person can have open: a fragment is put into one of those."""
    page = answer(world, person, reverse("desk:dashboard")) or answer(world, person, reverse("network:directory"))
    assert page
    return page


def faults(world: World, name: str, addition: str = "") -> Iterator[str]:
    """Yield what is wrong with a route's pages: shown to everyone, by htmx to those who can open it, and with errors in its form."""
    path = path_of(name, world) + addition
    for person in PEOPLE:
        pages = {"GET": answer(world, person, path)}
        if person in SEEN_BY[name]:
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
def test_what_a_page_refers_to_is_there(name: str, world: World) -> None:
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
def test_what_a_filtered_page_refers_to_is_there(name: str, addition: str, world: World) -> None:
    assert "\n".join(faults(world, name, addition)) == ""


def test_the_steps_of_the_wizard(world: World) -> None:
    key = world.own[customer].pk
    found = [*faults(world, "reviews:request", f"?customer={key}"), *faults(world, "reviews:request", f"?customer={key}&subject=company")]
    assert "\n".join(found) == ""


def test_no_route_is_left_out() -> None:
    assert {name for name in all_routes() if not name.startswith("admin:")} == SEEN_BY.keys()


def test_a_fault_is_found() -> None:
    html = '<div id="a"></div><p id="a"><a hx-target="#gone" href="#a" hx-select-oob="#a:innerHTML,#b"><label for="c d"><input name="">'
    assert [*Page(html).faults(Page('<i id="d">'))] == [
        'for="c" leads nowhere',
        'hx-select-oob="b" leads nowhere',
        'hx-target="gone" leads nowhere',
        'id="a" is there 2 times',
        'an empty name="" on <input>',
    ]
