"""Adding a customer (`/customers/add/`)."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from customers.models import Customer
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.customers import CustomerFactory

ADD = "/customers/add/"
FIELDS = {
    "kind": "company",
    "company": "Müllerei Größe GmbH",
    "salutation": "ms",
    "first_name": "Ute",
    "last_name": "Größe",
    "email": "ute@muellerei.example",
    "phone": "+49 3581 4410",
    "website": "muellerei.example",
    "street": "Mühlweg 3",
    "zip": "02826",
    "city": "Görlitz",
    "country": "DE",
    "language": "de",
    "notes": "Calls in the morning.\nNever on Mondays.",
}
PERSON = {"kind": "person", "last_name": "Brandt", "language": "en"}
#: Maximum length of each field, and a valid beginning.
LONGEST = {
    "company": (200, ""), "first_name": (100, ""), "last_name": (100, ""),
    "email": (254, "ute@muellerei.example"), "phone": (40, ""), "website": (300, "https://muellerei.example/"),
    "street": (200, ""), "zip": (20, ""), "city": (120, ""),
    "notes": (10_000, ""),
}  # fmt: skip
#: Free text fields of a single line.
ONE_LINE = {"company", "first_name", "last_name", "phone", "street", "zip", "city"}


def test_every_field_is_saved(stan: Client, cast: Cast) -> None:
    response = stan.post(ADD, FIELDS, follow=True)
    customer = Customer.objects.get()
    assert response.redirect_chain == [(f"/customers/{customer.pk}/", 302)]
    expected = {**FIELDS, "website": "https://muellerei.example", "notes": FIELDS["notes"]}
    saved = {name: getattr(customer, name) for name in FIELDS}
    assert {**saved, "notes": saved["notes"].replace("\r\n", "\n")} == expected
    assert customer.agency == cast.alder
    page = response.content.decode()
    for text in ("K-1001", "Müllerei Größe GmbH", "Ute Größe", "mailto:ute@muellerei.example", "Görlitz", "Germany", "Never on Mondays."):
        assert text in page, text


def test_event_is_recorded_and_shown_in_the_timeline(stan: Client, cast: Cast) -> None:
    stan.post(ADD, FIELDS)
    customer, event = Customer.objects.get(), AuditEvent.objects.get()
    assert (event.action, event.actor_label, event.customer_id, event.agency) == ("customer.created", "Stan Stein", customer.pk, cast.alder)
    assert (event.source, event.ip_address) == ("web", "127.0.0.1")
    assert "Customer K-1001 created" in stan.get(customer.get_absolute_url()).content.decode()


def test_language_defaults_to_the_agencys(stan: Client, cast: Cast) -> None:
    cast.alder.language = "de"
    cast.alder.save()
    assert stan.get(ADD).context["form"]["language"].value() == "de"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "company"}, "company"),
        ({"kind": "company", "company": "   "}, "company"),
        ({"kind": "person", "company": "Only a company"}, "last_name"),
        ({**PERSON, "kind": "robot"}, "kind"),
        ({**PERSON, "email": "no address"}, "email"),
        ({**PERSON, "email": "a@b\ncc: x@y.example"}, "email"),
        ({**PERSON, "website": "javascript:alert(1)"}, "website"),
        ({**PERSON, "website": "ftp://brandt.example"}, "website"),
        ({**PERSON, "country": "ZZ"}, "country"),
        ({**PERSON, "language": "tlh"}, "language"),
        ({**PERSON, "salutation": "sir"}, "salutation"),
        ({**PERSON, "last_name": "x" * 101}, "last_name"),
        ({**PERSON, "last_name": "nul\x00"}, "last_name"),
        ({**PERSON, "city": "two\nlines"}, "city"),
        ({**PERSON, "phone": "\x07"}, "phone"),
        ({**PERSON, "notes": "x" * 10_001}, "notes"),
        ({**PERSON, "notes": "ü" * 5_000_000}, "notes"),
        ({**PERSON, "notes": "bell \x07"}, "notes"),
    ],
)
def test_invalid_input_is_kept_with_an_error_at_its_field(stan: Client, fields: dict[str, str], field: str) -> None:
    response = stan.post(ADD, {"language": "en", **fields, "street": "Kept Street 1"})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert "Kept Street 1" in response.content.decode()
    assert not Customer.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_search_query_sent_along_is_not_repeated(stan: Client) -> None:
    page = stan.post(ADD, {"q": "words of another form"})
    assert page.context["form"].errors
    assert "words of another form" not in page.content.decode()


def long_address(length: int) -> str:
    """Return an e-mail address of this length. Only the domain can be long, in labels of up to 63 characters."""
    begin, end = "ute@", ".muellerei.example"
    middle = range(length - len(begin) - len(end))
    return f"{begin}{''.join('.' if place % 61 == 60 else 'x' for place in middle)}{end}"


def texts(*, beyond: int) -> dict[str, str]:
    """Return a text for each field that is longer than its maximum by `beyond` characters."""
    filled = {
        name: long_address(length + beyond) if name == "email" else begin.ljust(length + beyond, "x")
        for name, (length, begin) in LONGEST.items()
    }
    return {**FIELDS, **filled}


def test_fields_accept_their_maximum_length(stan: Client, cast: Cast) -> None:
    assert stan.post(ADD, texts(beyond=0)).status_code == 302
    customer = Customer.objects.get()
    assert {name: len(getattr(customer, name)) for name in LONGEST} == {name: length for name, (length, _) in LONGEST.items()}


def test_fields_reject_more_than_their_maximum_length(stan: Client, cast: Cast) -> None:
    response = stan.post(ADD, texts(beyond=1))
    assert set(response.context["form"].errors) == set(LONGEST)
    assert not Customer.objects.exists()


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85"])
def test_text_fields_reject_control_characters(stan: Client, cast: Cast, character: str) -> None:
    response = stan.post(ADD, {**FIELDS, **dict.fromkeys([*ONE_LINE, "notes"], f"a{character}b")})
    assert set(response.context["form"].errors) == {*ONE_LINE, "notes"}
    assert not Customer.objects.exists()


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\u2028", "\u2029"])
def test_only_notes_accept_line_breaks(stan: Client, cast: Cast, character: str) -> None:
    response = stan.post(ADD, {**FIELDS, **dict.fromkeys([*ONE_LINE, "notes"], f"a{character}b")})
    assert set(response.context["form"].errors) == ONE_LINE


@pytest.mark.parametrize("name", ["שלום עולם", "👩‍🌾 Hof", "Ñandú & Söhne", "<b>Bold</b> GmbH", "'; DROP TABLE x; --", "%(company)s {0}"])
def test_unusual_names_are_accepted(stan: Client, name: str) -> None:
    page = stan.post(ADD, {"kind": "company", "company": name, "language": "en"}, follow=True).content.decode()
    assert Customer.objects.get().company == name
    assert "<b>Bold" not in page
    assert stan.get("/customers/").status_code == 200


@pytest.fixture
def browser(cast: Cast) -> Client:
    """Client in which Stan's session has expired."""
    client = Client()
    client.force_login(cast.stan)
    client.get(ADD)
    Session.objects.all().delete()
    return client


def test_form_input_survives_an_expired_session(browser: Client) -> None:
    response = browser.post(ADD, FIELDS)
    assert response.status_code == 302
    assert not Customer.objects.exists()
    response = browser.post(response.url, {"login": "stan@alder.example", "password": PASSWORD}, follow=True)
    assert response.redirect_chain[-1][0] == ADD
    page = response.content.decode()
    assert "Müllerei Größe GmbH" in page
    assert "Your input has been kept" in page
    assert not Customer.objects.exists()
    assert "Müllerei" not in browser.get(ADD).content.decode()


def test_recovered_input_appears_only_on_its_own_page(browser: Client, cast: Cast) -> None:
    browser.post(ADD, FIELDS)
    browser.force_login(cast.stan)
    customer = CustomerFactory(agency=cast.alder)
    assert "Müllerei" not in browser.get(f"/customers/{customer.pk}/edit/").content.decode()
    assert "Müllerei" in browser.get(ADD).content.decode()


def test_other_users_do_not_see_recovered_input(browser: Client, cast: Cast) -> None:
    browser.post(ADD, FIELDS)
    browser.force_login(cast.charlie)
    assert "Müllerei" not in browser.get(ADD).content.decode()
    browser.force_login(cast.stan)
    assert "Müllerei" not in browser.get(ADD).content.decode()


def test_input_from_unknown_browsers_is_not_kept(cast: Cast) -> None:
    stranger = Client()
    stranger.post(ADD, FIELDS)
    stranger.cookies["person"] = str(cast.stan.pk)
    stranger.post(ADD, FIELDS)
    assert "kept_input" not in stranger.session


def test_oversized_input_is_not_kept(browser: Client, cast: Cast) -> None:
    browser.post(ADD, {**FIELDS, "notes": "x" * 200_000})
    assert len(str(dict(browser.session))) < 200_000
    browser.force_login(cast.stan)
    assert browser.get(ADD).context["form"].is_bound is False
