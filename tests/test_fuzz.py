"""Fuzz test of all forms: no response is 5xx, and rejected forms write nothing.

The forms and their valid values are read from the pages of all POST routes in the matrix.
Hypothesis combines valid and hostile values, with the same examples in each run.
"""

from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes, urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.route_matrix import World, queries_watched
from tests.test_matrix import ACCOUNT_ROUTES, CLIENT_ROUTES, PUBLIC_ROUTES, SPACE_ROUTES, STAFF_ROUTES

pytestmark = pytest.mark.django_db

#: Number of responses by type, printed by `pytest -rP`.
COUNTS: Counter[str] = Counter()
EXAMPLES = 5
HOSTILE = [
    b"", b" ", b"\0", b"a\0b", b"\x01\x1b[31m\x7f", b"\xff\xfe", "\ud800".encode(errors="surrogatepass"), "\u202egpj.exe\u2066".encode(),
    "👩‍👩‍👧‍👦\U000e0041".encode(), "Z\u0351\u036b\u0343".encode() * 50, b"x@y.example\r\nBcc: all@clients.example", b"line\nline",
    b"<script>alert(1)</script>{{ 7*7 }}{% debug %}", b"=cmd|' /C calc'!A0", b"'; DROP TABLE customers_customer; --", b"%s%n%00",
    b"../../etc/passwd", b"javascript:alert(1)", b"//evil.example", b"/\\evil.example", b"https:evil.example", b"http://[::1",
    b"https://user@:99999/", b"-1", b"0", b"999999", b"9223372036854775808", b"9" * 400, b"1e400", b"NaN", b"-Infinity", b"0x10", b"1_0",
    b"1,5.0,2", "١٢٣".encode(), b"true", b"0000-00-00", b"9999-12-31", b"10000-01-01", b"2024-02-30", b"0001-01-01T00:00:00+25:00",
    b"[]", b'{"a": [1]}', b"None", b"xn--a", b"xn--0", b"a@b", b"a" * 300 + b"@example.com", "ü@ü.example".encode(),
    b"\"a b\"@example.com", b"a." * 200 + b"de", "ß.de".encode(), b"x" * 1_000_000,
]  # fmt: skip
FILES = [
    b"", b"\0" * 1000, b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"GIF89a\xff\xff\xff\xff", b"<svg onload='alert(1)'/>",
    b"PK\x03\x04" + b"\0" * 100, b"a,b\n" * 3000, b"\xff\xfea\0,\0b\0", b"company;email\r\n" + b"\"unclosed",
    "Firma;E-Mail\nMüller;x".encode("cp1252"), b"a" * 200_000, b",".join([b"x"] * 5000) + b"\n1",
]  # fmt: skip
#: Additional fields, some of which exist in other forms.
EXTRA = ("agency", "id", "pk", "is_superuser", "role", "status", "next", "language", "action", "_method", "customer", "pin", "created_at")

#: Names and submitted values of a form's fields; `FILE` for a file.
Fields = dict[str, list[bytes]]
FILE = b"<file>"
BOUNDARY = "----fuzz"


class FormsOfAPage(HTMLParser):
    """Fields of each POST form on a page, by the path it is submitted to."""

    def __init__(self, path: str, page: str) -> None:
        super().__init__()
        self.forms: dict[str, Fields] = {}
        self._path, self._select = path, ""
        self._fields: Fields | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form" and attributes.get("method", "").lower() == "post":
            self._fields = self.forms.setdefault(urlsplit(attributes.get("action") or self._path).path, {})
        if self._fields is None:
            return
        name, value = attributes.get("name", ""), attributes.get("value", "").encode()
        if tag == "select":
            self._select = name
        elif tag == "option":
            self._fields.setdefault(self._select, []).append(value)
        elif tag in {"input", "textarea", "button"} and name and name != "csrfmiddlewaretoken":
            self._fields.setdefault(name, []).append(FILE if attributes.get("type") == "file" else value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None


class FormLocation(NamedTuple):
    """A form and the user who submits it."""

    person: str
    methods: str
    path: str


class FuzzedWorld(World):
    """The world of the matrix with all its forms and a digest of all rows."""

    def __init__(self) -> None:
        super().__init__(STAFF_ROUTES.values())
        self.locations = dict(self._locations())
        self.strangers = [str(item.pk).encode() for item in self.foreign.values()]
        self.forms: dict[str, Fields] = {}
        for location in self.locations.values():
            if "GET" in location.methods:
                page = self.send(location, "GET")
                if page.status_code == 200 and "html" in page["Content-Type"]:
                    for target, fields in FormsOfAPage(location.path, page.content.decode()).forms.items():
                        self.forms.setdefault(target, {}).update(fields)
        self.rows = rows()

    def _locations(self) -> Iterator[tuple[str, FormLocation]]:
        for name, staff in STAFF_ROUTES.items():
            args = staff.args(self.own[staff.make_object]) if staff.make_object else []
            yield name, FormLocation("owner", staff.methods, reverse(name, args=args))
        for table, person in ((CLIENT_ROUTES, "client"), (PUBLIC_ROUTES, "visitor")):
            for name, route in table.items():
                yield name, FormLocation(person, route.methods, reverse(name, args=route.args(self) if route.args else []))
        for name, shared in SPACE_ROUTES.items():
            yield name, FormLocation("client", shared.methods, reverse(name, args=["alder", *(shared.args(self) if shared.args else [])]))
        for name, page in ACCOUNT_ROUTES.items():
            yield name, FormLocation("client" if page.visitor else "visitor", "GET POST", reverse(name, args=page.args))

    def send(self, location: FormLocation, method: str = "POST", **content: Any) -> HttpResponse:
        """Send a request from a new IP address, because of the rate limits."""
        client = Client()
        if location.person in self.sessions:
            client.cookies[django_settings.SESSION_COOKIE_NAME] = self.sessions[location.person]
        return client.generic(method, location.path, REMOTE_ADDR=next(self.networks), **content)


def rows() -> str:
    """Return a digest of all rows except sessions, which contain form input."""
    digest = "SELECT '{0}' || md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) AS d FROM {0} t"
    tables = [digest.format(table) for table in connection.introspection.table_names() if table != "django_session"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT md5(string_agg(d, '' ORDER BY d)) FROM (" + " UNION ALL ".join(tables) + ") tables")  # noqa: S608  # our own tables
        return str(cursor.fetchone()[0])


def writes() -> int:
    """Return how many rows of the same tables this transaction has written, including those that were rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables WHERE relname <> 'django_session'")
        return int(cursor.fetchone()[0])


def as_form(fields: Fields) -> dict[str, Any]:
    """Encode fields like a browser, including invalid bytes."""
    pairs = "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}" for name, values in fields.items() for value in values)
    return {"data": pairs, "content_type": "application/x-www-form-urlencoded"}


def as_upload(fields: Fields, file: bytes, name: str) -> dict[str, Any]:
    """Encode fields with a file in place of `FILE`."""
    parts = []
    for field, values in fields.items():
        for value in values:
            about = f'; filename="{name}"\r\nContent-Type: text/csv' if value == FILE else ""
            parts += [
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"{about}\r\n\r\n'.encode(),
                file if about else value,
                b"\r\n",
            ]
    return {"data": b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()]), "content_type": f"multipart/form-data; boundary={BOUNDARY}"}


def refused(response: HttpResponse) -> bool:
    """Return whether a response rejects the form: an error, or a form with error messages."""
    if response.status_code >= 400:
        return True
    forms = [
        value for context in response.context or () for value in getattr(context, "flatten", dict)().values() if hasattr(value, "is_bound")
    ]
    return response.status_code == 200 and any(form.is_bound and form.errors for form in forms)


@st.composite
def filled_in(draw: st.DrawFn, form: Fields, strangers: list[bytes]) -> Fields:
    """Draw a form with some hostile, missing, repeated, foreign or additional fields."""
    hostile = st.one_of(st.sampled_from(HOSTILE), st.sampled_from(strangers), st.binary(max_size=20))
    worst = draw(st.sampled_from((0.15, 0.5, 1.0)))
    fields: Fields = {}
    for name, usual in form.items():
        if FILE in usual:
            fields[name] = [FILE]
        elif draw(st.floats(0, 1)) <= worst:
            fields[name] = draw(st.lists(hostile, max_size=2))
        else:
            fields[name] = [draw(st.sampled_from([value for value in usual if value] or [b"word"]))]
    for name in draw(st.lists(st.sampled_from(EXTRA), max_size=2)):
        fields.setdefault(name, [draw(hostile)])
    return fields


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[FuzzedWorld]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield FuzzedWorld()
        transaction.set_rollback(True)


POSTED = [
    *(
        name
        for table in (STAFF_ROUTES, CLIENT_ROUTES, SPACE_ROUTES, PUBLIC_ROUTES)
        for name, route in table.items()
        if "POST" in route.methods
    ),
    *(name for name, page in ACCOUNT_ROUTES.items() if page.post == "page"),
]


@pytest.mark.parametrize("name", POSTED)
@settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_input_never_fails(name: str, world: FuzzedWorld, data: st.DataObject) -> None:
    location = world.locations[name]
    fields = data.draw(filled_in(world.forms.get(location.path, {}), world.strangers))
    content = as_form(fields)
    if any(FILE in values for values in fields.values()):
        content = as_upload(
            fields, data.draw(st.sampled_from(FILES)), data.draw(st.sampled_from(("a.csv", "../a.png", "a\0.png", "ü" * 300)))
        )
    with transaction.atomic():
        before = writes()
        # The client raises exceptions that views don't handle.
        with queries_watched(name):
            response = world.send(location, **content)
        assert response.status_code < 500
        COUNTS["sent"] += 1
        if refused(response):
            COUNTS["refused"] += 1
            # Reading all rows takes longer than most requests.
            assert writes() == before or rows() == world.rows
        transaction.set_rollback(True)


@pytest.mark.parametrize("name", [name for name in POSTED if name not in STAFF_ROUTES])
def test_nul_in_a_single_field_never_fails(name: str, world: FuzzedWorld) -> None:
    """Submit NUL, which PostgreSQL rejects, in one field of an otherwise valid form. Random forms rarely are."""
    location = world.locations[name]
    form = world.forms.get(location.path, {})
    usual = {field: [next(filter(None, values), b"word")] for field, values in form.items()}
    for field in usual:
        fields = {**usual, field: [b"a\0b"]}
        with transaction.atomic(), queries_watched(name):
            response = world.send(location, **as_form(fields))
            transaction.set_rollback(True)
        assert response.status_code < 500, field
        COUNTS["sent"] += 1


def test_enough_forms_were_submitted(world: FuzzedWorld) -> None:
    """Print the totals, which `pytest -rP` shows."""
    fields = sum(len(form) for form in world.forms.values())
    print(f"{len(POSTED)} addresses, {len(world.forms)} forms with {fields} fields; in this process {dict(COUNTS)}")  # noqa: T201
    # Guards against pages whose forms aren't found.
    assert fields > 150
