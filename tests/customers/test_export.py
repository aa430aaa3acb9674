"""Export of customers (`/customers/export/`), and import of the exported file."""

import csv
import io
import string
import unicodedata
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from customers.imports.columns import EXPORT_HEADINGS, FORM_FIELDS
from customers.imports.contacts import PARTS
from customers.imports.csv_output import unescape_formula
from customers.models import Contact, Customer, Domain
from customers.services.contacts import remove_contact
from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.customers.import_helpers import columns_of, do_the_work, imported, uploaded
from tests.factories.agencies import AgencyFactory, MembershipFactory
from tests.factories.customers import ContactFactory, CustomerFactory

EXPORT = "/customers/export/"


def content_of(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def rows_of(content: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_all_fields_are_exported(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(
        agency=cast.alder, company="Müllerei; Größe", phone="+49 3581 4410", country="DE", notes='two\nlines, "q"', responsible=cast.stan
    )
    for name, readable in (("xn--mllerei-n2a.example", "müllerei.example"), ("b.example", "b.example")):
        cast.alder.domains.create(customer=customer, name=name, unicode_name=readable)
    [row] = rows_of(content_of(alice.post(EXPORT)))
    assert list(row) == list(EXPORT_HEADINGS)
    assert row["number"] == "K-1001"
    assert (row["company"], row["notes"], row["status"]) == ("Müllerei; Größe", 'two\nlines, "q"', "active")
    assert row["phone"] == "+49 3581 4410"
    assert (row["domains"], row["responsible"]) == ("b.example müllerei.example", "stan@alder.example")


@pytest.mark.parametrize("phone", ["+49 3581 4410", "+49 (0)3581/44-10", "+1.202.5550142"])
def test_phone_numbers_stay_usable_by_other_programs(alice: Client, cast: Cast, phone: str) -> None:
    CustomerFactory(agency=cast.alder, phone=phone)
    assert rows_of(content_of(alice.post(EXPORT)))[0]["phone"] == phone


@pytest.mark.parametrize("delimiter", ";,")
@pytest.mark.parametrize("formula", ["=SUM(1)", "+1+cmd|' /C calc'!A0", "+49 1+cmd|'x'!A0", "-2+3", "@SUM(1)"])
@pytest.mark.parametrize("text", ["Ott{d}{f}", "Ott{d}{d}{f}{d}x", 'Ott{d}"{f}{d}"', "Ott\n{f}"])
def test_formulas_are_harmless_in_a_program_that_splits_at_another_delimiter(
    alice: Client, cast: Cast, delimiter: str, formula: str, text: str
) -> None:
    CustomerFactory(agency=cast.alder, phone="", notes=text.format(d=delimiter, f=formula))
    content = content_of(alice.post(EXPORT)).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) for cell in row]
    assert any(formula in cell for cell in cells)
    # A quotation mark within a cell begins a cell of its own for some programs.
    assert not [cell for cell in cells if cell.lstrip('"').startswith(tuple("=+-@"))]


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_cells_that_look_like_formulas_are_escaped(alice: Client, cast: Cast, start: str) -> None:
    CustomerFactory(agency=cast.alder, company=f"{start}SUM(1)", notes=f"{start}cmd|' /C calc'!A0")
    [row] = rows_of(content_of(alice.post(EXPORT)))
    assert not [cell for cell in row.values() if cell.startswith(tuple("=+-@"))]


def test_export_uses_the_filter_of_the_list(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, company="Ott", city="Köln")
    CustomerFactory(agency=cast.alder, company="Brandt", city="Görlitz")
    CustomerFactory(agency=cast.alder, company="Old", status="archived")
    CustomerFactory(agency=cast.birch, company="Stranger", city="Köln")
    for query, expected in (
        ("", ["Ott", "Brandt"]),
        ("city=Köln", ["Ott"]),
        ("q=görlitz", ["Brandt"]),
        ("status=all", ["Ott", "Brandt", "Old"]),
    ):
        assert [row["company"] for row in rows_of(content_of(alice.post(f"{EXPORT}?{query}")))] == expected
    page = alice.get(f"{EXPORT}?city=Köln").content.decode()
    assert "1 customer matches the filters" in page
    assert "?city=K%C3%B6ln" in page


def test_export_is_recorded_and_the_page_view_is_not(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    alice.get(EXPORT)
    assert not AuditEvent.objects.filter(action="customers.exported").exists()
    content_of(alice.post(EXPORT))
    event = AuditEvent.objects.get(action="customers.exported")
    assert (event.data, event.actor_label, event.agency, event.source) == ({"count": 1}, "Alice Alder", cast.alder, "web")
    assert event.sentence == "Customers exported: 1"


def test_german_export_uses_semicolons(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, company="Ott")
    alice.cookies["django_language"] = "de"
    assert rows_of(content_of(alice.post(EXPORT)), ";")[0]["company"] == "Ott"


def test_staff_cannot_export(stan: Client) -> None:
    assert stan.get(EXPORT).status_code == 403
    assert stan.post(EXPORT).status_code == 403


def test_number_of_queries_does_not_depend_on_the_number_of_customers(alice: Client, cast: Cast) -> None:
    counts = []
    for more in (2, 20):
        for customer in CustomerFactory.create_batch(more, agency=cast.alder):
            cast.alder.domains.create(customer=customer, name=f"d{customer.pk}.example")
        with CaptureQueriesContext(connection) as queries:
            content_of(alice.post(EXPORT))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_longest_notes_are_exported_and_imported(alice: Client, charlie: Client, cast: Cast) -> None:
    notes = "\r\n".join(f"{number}" for number in range(2000))[:10_000].strip()
    CustomerFactory(agency=cast.alder, company="Ott", notes=notes)
    job = imported(charlie, content_of(alice.post(EXPORT)))
    assert job.counts == {"imported": 1}
    assert cast.birch.customers.get().notes == notes


def test_contacts_are_exported_in_one_column(alice: Client, charlie: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, company="Ott")
    ContactFactory(customer=customer, first_name="Olga", last_name="Orlow", email="olga@ott.example", role="billing", language="de")
    ContactFactory(customer=customer, first_name="", last_name="", email="", phone="+49 30 55 66 77")
    remove_contact(ContactFactory(customer=customer), by=cast.stan)
    exported = content_of(alice.post(EXPORT))
    [row] = rows_of(exported)
    assert row["contacts"] == " | Olga | Orlow | olga@ott.example |  | billing | de\n |  |  |  | +49 30 55 66 77 | general | en"
    assert imported(charlie, exported).counts == {"imported": 1}
    others = Contact.objects.filter(agency=cast.birch, is_primary=False).order_by("pk")
    assert [str(other) for other in others] == ["Olga Orlow", "+49 30 55 66 77"]


def test_exports_of_earlier_versions_can_be_imported(alice: Client, charlie: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, company="Ott", phone="'+49", notes="=1")
    lines = list(csv.reader(io.StringIO(content_of(alice.post(EXPORT)).decode("utf-8-sig"))))
    old = "\n".join(",".join(cells[:-1]) for cells in lines)
    assert "contacts" not in old
    assert imported(charlie, old).counts == {"imported": 1}
    customer = cast.birch.customers.get()
    assert (customer.phone, customer.notes) == ("'+49", "=1")


# --- Round trip: import(export(x)) = x ---------------------------------------------------------------------------------------------


def seen(text: str) -> str:
    """Return the text, or an empty string if it has no visible characters, as the form fields do."""
    return text if any(unicodedata.category(char)[0] not in "CZ" for char in text) else ""


#: Texts as form fields store them: stripped, without surrogates and control characters.
LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufffd"), max_size=30).map(str.strip)
STARTS = st.sampled_from(["", "", "=", "+49 ", "-", "@", "'", "'=", "''+", ";", ",", '"', "\t"])
TEXT = st.builds(lambda start, text: (start + text).strip()[:40], STARTS, LINE).map(seen)
NOTES = st.builds("\n".join, st.lists(TEXT, max_size=3)).map(str.strip)
# With the alphabet, because hypothesis would otherwise try which of all characters UTF-8 can encode.
LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True, alphabet=string.ascii_lowercase + string.digits)
DOMAIN = st.one_of(LABEL, st.sampled_from(["xn--mllerei-n2a", "xn--strae-oqa", "xn--80ak6aa92e"])).map(lambda label: f"{label}.example")
CONTACT = st.fixed_dictionaries(
    {
        "salutation": st.sampled_from(["", "ms", "mx"]),
        "first_name": TEXT.map(lambda text: seen(text[:100].strip())),
        "last_name": TEXT.map(lambda text: seen(text[:100].strip())),
        "email": st.sampled_from(["", "olga@client.example", "office@groß.example"]),
        "phone": st.sampled_from(["+49 30 5551", "030|1"]),
        "role": st.sampled_from(["general", "billing", "decision"]),
        "language": st.sampled_from(["en", "de"]),
    }
)
CUSTOMER = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["person", "company"]),
        "company": TEXT,
        "salutation": st.sampled_from(["", "ms", "mr", "mx"]),
        "first_name": TEXT,
        "last_name": TEXT,
        "email": st.one_of(st.just(""), LABEL.map(lambda label: f"{label}@o.example")),
        "phone": TEXT,
        "website": st.one_of(st.just(""), LABEL.map(lambda label: f"https://{label}.example/a?b=c;d,e")),
        "street": TEXT,
        "zip": TEXT.map(lambda text: seen(text[:20].strip())),
        "city": TEXT,
        "country": st.sampled_from(["", "DE", "AT", "GB", "US", "TR", "CD"]),
        "language": st.sampled_from(["en", "de"]),
        "notes": NOTES,
        "status": st.sampled_from(["active", "archived"]),
        "responsible": st.booleans(),
        "domains": st.lists(DOMAIN, max_size=3, unique=True),
        "contacts": st.lists(CONTACT, max_size=2),
    }
).filter(lambda fields: fields["last_name" if fields["kind"] == "person" else "company"])


def everything(agency: Agency) -> list[dict[str, Any]]:
    """Return all exported data except the numbers."""
    columns = (*FORM_FIELDS, "status", "responsible_id", "pk")
    found = []
    for customer in agency.customers.order_by("number").values(*columns):
        names = Domain.objects.filter(customer=customer["pk"]).order_by("name")
        others = Contact.objects.filter(customer=customer.pop("pk"), is_primary=False).order_by("pk")
        contacts = list(others.values(*PARTS))
        found.append({**customer, "domains": list(names.values_list("name", flat=True)), "contacts": contacts})
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(customers=st.lists(CUSTOMER, min_size=1, max_size=4), language=st.sampled_from(["en", "de"]))
def test_exported_file_can_be_imported(alice: Client, cast: Cast, customers: list[dict[str, Any]], language: str) -> None:
    with transaction.atomic():
        alice.cookies["django_language"] = language
        given_away: set[str] = set()
        for number, fields in enumerate(customers, 1001):
            contacts = fields["contacts"]
            domains, responsible = [name for name in fields["domains"] if name not in given_away], fields["responsible"]
            given_away |= set(domains)
            plain = {name: value for name, value in fields.items() if name not in {"domains", "responsible", "contacts"}}
            customer = Customer.objects.create(agency=cast.alder, number=number, responsible=cast.stan if responsible else None, **plain)
            for other in contacts:
                Contact.objects.create(agency=cast.alder, customer=customer, **other)
            for name in domains:
                Domain.objects.create(agency=cast.alder, customer=customer, name=name)
        exported = content_of(alice.post(f"{EXPORT}?status=all"))

        # Import into another agency with the same team.
        other = AgencyFactory()
        for person in (cast.stan, cast.charlie):
            MembershipFactory(agency=other, user=person)
        browser = Client()
        browser.force_login(cast.charlie)
        browser.cookies["django_language"] = language
        session = browser.session
        session["agency_id"] = other.pk
        session.save()
        job = uploaded(browser, exported)
        assert set(job.mapping.values()) == {*EXPORT_HEADINGS}
        browser.post(f"/customers/import/{job.pk}/columns/", columns_of(browser, job))
        do_the_work(job)
        browser.post(f"/customers/import/{job.pk}/run/", {"import_duplicates": "on"})
        do_the_work(job)
        assert job.counts == {"imported": len(customers)}, [row.explanation for row in job.rows.all()]
        assert everything(other) == everything(cast.alder)
        transaction.set_rollback(True)


def test_workbook_has_the_same_cells_as_texts(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, company="=SUM(1)", zip="02826", notes="'=a\n\n=b;=c ＝ " + "é" * 9000, phone="+49 1 5550148")
    CustomerFactory(agency=cast.alder, kind="person", company="", last_name="Ott", country="DE", notes="https://example.com")
    response = alice.post(EXPORT, {"format": "xlsx"})
    assert response["Content-Disposition"].endswith('.xlsx"')
    sheet = load_workbook(io.BytesIO(content_of(response))).active
    assert sheet is not None
    headings, *rows = ([str(cell.value or "") for cell in row] for row in sheet.iter_rows())
    assert headings == list(EXPORT_HEADINGS)
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} <= {"s", "inlineStr"}
    plain = rows_of(content_of(alice.post(EXPORT)))
    assert rows == [[unescape_formula(cell) for cell in row.values()] for row in plain]


def test_workbook_can_be_imported(alice: Client, cast: Cast) -> None:
    """Values with formulas, apostrophes and line breaks come back as they were."""
    notes = ["'=a\n\n=b;=c", "_x0041_", "'+49 1", "\t=x;\n'@y", "'", "+1\r\n+2"]
    for number, text in enumerate(notes):
        CustomerFactory(agency=cast.alder, company=f"'=Ott {number}", notes=text, zip="02826", email=f"n{number}@ott.example")
    exported = content_of(alice.post(EXPORT, {"format": "xlsx"}))
    before = list(Customer.objects.order_by("number").values_list("company", "notes", "zip", "email", "phone"))
    Customer.objects.all().delete()
    assert imported(alice, exported).counts == {"imported": len(notes)}
    assert list(Customer.objects.order_by("number").values_list("company", "notes", "zip", "email", "phone")) == [
        (company, text.replace("\r\n", "\n").strip(), *rest) for company, text, *rest in before
    ]


def test_export_saved_by_excel_can_be_imported(alice: Client, cast: Cast) -> None:
    """Excel changes the line endings and the encoding, and removes the byte order mark."""
    CustomerFactory(agency=cast.alder, company="Müllerei Größe", phone="+49 221 5550148", email="ute@m.example")
    text = content_of(alice.post(EXPORT)).decode("utf-8-sig")
    Customer.objects.all().delete()
    assert imported(alice, text.replace("\r\n", "\n").encode("cp1252")).counts == {"imported": 1}
    customer = Customer.objects.get()
    assert (customer.company, customer.phone, customer.email) == ("Müllerei Größe", "+49 221 5550148", "ute@m.example")
