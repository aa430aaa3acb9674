"""Files as other programs export them: which columns are proposed, what becomes of each row, and what is stored.

The files are in `tests/customers/files/`. They keep the headings, encodings and quirks of the programs; the persons are made up.
"""

import datetime as dt
import io
import time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client

from customers.models import Contact, Customer
from tests.cast import Cast
from tests.customers.import_helpers import IMPORT, checked, columns_of, do_the_work, imported, outcomes, upload, uploaded

FILES = Path(__file__).parent / "files"
Fields = dict[str, Any]


def content(name: str) -> bytes:
    return next(FILES.glob(f"{name}-*")).read_bytes()


#: File → the values of each new customer, in order.
CUSTOMERS: dict[str, list[Fields]] = {
    "a01": [
        {
            "company": "Åkesson Design", "last_name": "Åkesson", "street": "Hafenstraße 9, 2. OG links", "zip": "24103", "city": "Kiel",
            "country": "DE", "phone": "+49 (431) 555-010", "email": "bjoern@ol-akesson.example", "website": "http://www.ol-akesson.example/",
        },
        {"kind": "person", "last_name": "Müller-Lüdenscheidt", "email": ""},
    ],
    "a03": [
        {
            "company": "Bäckerei Größmann", "salutation": "ms", "last_name": "Größmann", "email": "anneliese@gc-groessmann.example",
            "phone": "+49 171 5550101", "street": "Marktgasse 3, Hinterhof", "zip": "02826", "city": "Görlitz", "country": "DE",
            "website": "http://gc-groessmann.example",
        },
        {"kind": "person", "last_name": "Dvořák", "country": "CZ", "phone": "00420 222 555 019"},
        {"company": "Schlüsseldienst Notfall", "phone": "0800 5550100"},
    ],
    "a05": [
        {"company": "Hügelland Käserei eG", "kind": "company", "country": "DE", "street": "Am Hang 1, Haus C", "website": "https://www.hs-huegelland.example"},
        {"company": "Nord & Süd Logistik AG", "country": "AT", "city": "Wien"},
    ],
    "a06": [
        {"company": "Weiß Metallbau GmbH", "salutation": "mr", "website": "https://hs-weiss.example", "language": "de"},
        {"last_name": "O'Connor", "salutation": "ms", "language": "en", "country": "IE"},
    ],
    "a07": [
        {"company": "Voß Handel", "salutation": "ms", "street": "Hansaring 7, Haus 3", "city": "Münster", "zip": "48155", "country": "DE",
            "phone": "(0251) 555-1010"},
        {"company": "Ax Inc.", "country": "US", "salutation": ""},
    ],
    "a08": [
        {"company": "Bär Spielwaren", "street": "Spielgasse 1", "city": "Nürnberg", "zip": "90402", "country": "DE",
            "salutation": "ms", "phone": "+49 911 5551111"},
    ],
    "a10": [{"company": "Drei Linden Apotheke", "street": "Lindenallee 3", "city": "Berlin", "zip": "14109",
            "country": "DE", "website": "https://pd-dreilinden.example"}],
    "a12": [{"company": "Käs & Co", "street": "Molkegasse 2, c/o Ott", "city": "Ulm", "zip": "89073", "country": "DE",
            "phone": "+49 731 5551415"}],
    "a13": [{"last_name": "Süß", "email": "lotte@mc-lotte.example"}],
    "a15": [{"kind": "person", "company": "", "last_name": "Falk", "first_name": "Grete", "phone": "", "notes": "", "city": "Jena",
            "zip": "07743"}],
    "a16": [
        {
            "company": "Müßig Möbel GmbH & Co. KG", "street": "Sägewerkstr. 14, z. Hd. Buchhaltung", "zip": "01067", "city": "Dresden",
            "country": "DE", "email": "info@lx-muessig.example", "phone": "0351 / 55 50 808",
        },
        {"kind": "person", "last_name": "Größler", "salutation": "mr", "phone": "0172 5550809", "country": "DE"},
    ],
    "a17": [
        {"company": "Käthes Kaffeerösterei", "notes": "Bio", "phone": "0341 5550909"},
        {"last_name": "Höß", "first_name": "Till", "phone": "0171 5550910"},
    ],
    "b01": [{"company": "Vorspann GmbH", "city": "Görlitz"}, {"company": "Nachspann AG", "email": "info@vs-nachspann.example"}],
    "b02": [*({"company": f"Größe {number} GmbH", "city": "Köln"} for number in range(20)), {"company": "Süd Neu"}],
    "b04": [{"company": "Łódź Meble", "city": "Łódź"}, {"company": "Žižkov s.r.o.", "city": "Ústí nad Labem"}],
    "b05": [{"company": "Röhre & Rohr", "city": "Köln"}, {"company": "Stange KG"}],
    "b06": [{"zip": "01067", "phone": "+49 351 5552020"}, {"zip": "08523", "phone": "03741 555"}],
    "b08": [
        {"kind": "person", "first_name": "Sabine", "last_name": "Kramer"},
        {"kind": "person", "first_name": "Jens", "last_name": "Öhler"},
        {"kind": "person", "first_name": "Udo", "last_name": "Krause"},
        {"kind": "company", "company": "Tischlerei Krause GmbH"},
    ],
    "b10": [
        {"phone": "0171 5552121", "email": "zweit@mo-mobil.example", "street": "Weg 1, Hinterhaus"},
        {"phone": "0351 5552122", "email": "a@mo-beides.example", "notes": ""},
    ],
    "b13": [{"phone": "030 4455668"}, {"phone": "040 4455668"}, {"phone": "+41 44 455 56 68"}],
    "b15": [{"country": code} for code in ("DE", "US", "CZ", "GB", "NL", "HK", "TR", "DE", "DE", "DE")],
    "b17": [
        {"salutation": value}
        for value in ("mr", "ms", "mr", "", "mr", "", "ms", "mr", "ms", "ms", "mx", "", "", "ms", "mx", "mr", "ms", "mr", "mr", "ms")
    ],
    "b19": [{"language": value} for value in ("de", "de", "de", "de", "en", "en", "en", "en", "de", "de")],
    "b20": [{"company": "Typ Eins GmbH", "status": "active"}, {"company": "Typ Zwei GmbH", "status": "active"}],
    "b22": [{"company": "O'Brien & Söhne", "last_name": "O'Brien"}, {"company": 'Müller "Eck"'}],
    "b24": [{"email": f"{name}.example"} for name in ("eins@ps-eins", "carla@ps-zwei", "drei@ps-drei", "vier@ps-vier")],
    "b26": [{"company": "Groß & Söhne", "email": "info@groß-ss.example", "website": "https://groß-ss.example"}],
    "b28": [{"company": "Käse eins"}, {"company": "Straße drei", "email": "info@straße-idn.example"}],
    "b29": [{"street": "Hafenstraße 9, 2. OG links"}, {"street": "c/o Meyer, Hof 3, Haus B"}],
    "b31": [
        {"email": "ruth@tc-ruth.example", "notes": ""},
        {"phone": "+49 171 5552512", "notes": ""},
    ],
    "b32": [{"company": name, "email": "", "phone": "", "website": ""} for name in ("Strich GmbH", "Keine GmbH", "NA Ltd")],
}  # fmt: skip


@pytest.mark.parametrize("name", CUSTOMERS)
def test_new_customers_have_the_values_of_their_file(max_: Client, cast: Cast, name: str) -> None:
    job = imported(max_, content(name))
    expected = CUSTOMERS[name]
    assert job.counts["imported"] == len(expected), [row.explanation for row in job.rows.all()]
    for customer, fields in zip(Customer.objects.order_by("number"), expected, strict=True):
        assert {field: getattr(customer, field) for field in fields} == fields


#: Name, e-mail and phone of the contacts besides the primary one, by case.
CONTACTS: dict[str, list[tuple[str, str, str]]] = {
    "a03": [
        ("Anneliese Größmann", "laden@gc-groessmann.example", "+49 3581 550102"),
        ("Anneliese Größmann", "privat@gc-groessmann.example", ""),
    ],
    "b10": [("", "b@mo-beides.example", "0171 5552123")],
    "b31": [("Ruth Mehrfach", "laden@tc-ruth.example", ""), ("Otto Zweifach", "", "+49 351 5552513")],
}


@pytest.mark.parametrize("name", CONTACTS)
def test_further_addresses_become_contacts(max_: Client, cast: Cast, name: str) -> None:
    imported(max_, content(name))
    others = Contact.objects.filter(is_primary=False).order_by("customer__number", "pk")
    assert [(other.person_name, other.email, other.phone) for other in others] == CONTACTS[name]


def test_values_without_a_field_are_kept_in_the_notes(max_: Client, cast: Cast) -> None:
    imported(max_, content("b17"))
    notes = dict(Customer.objects.values_list("company", "notes"))
    assert notes["Anrede 3"] == "Anrede: Firma"
    assert notes["Anrede 4"] == "Anrede: Herr Dr."
    assert notes["Anrede 0"] == ""
    job = checked(max_, content("b19"))
    page = max_.get(f"{IMPORT}{job.pk}/").content.decode()
    assert "Language: This value isn’t recognized. Accepted: English, German. The value is added to the notes." in page


def test_exchange_address_costs_neither_name_nor_notes(max_: Client, cast: Cast) -> None:
    imported(max_, content("a01"))
    customer = Customer.objects.get(last_name="Müller-Lüdenscheidt")
    assert "E-mail Address: /O=EXCHANGELABS" in customer.notes
    assert "Likes tea." in Customer.objects.get(last_name="Åkesson").notes


@pytest.mark.parametrize(
    ("name", "absent"),
    [("a05", {"kind"}), ("a07", {"kind"}), ("a20", {"responsible"}), ("b20", {"kind", "status"})],
)
def test_columns_with_other_values_are_not_proposed(max_: Client, cast: Cast, name: str, absent: set[str]) -> None:
    assert not absent & set(uploaded(max_, content(name)).mapping.values())


def test_tags_in_quotation_marks_are_read(max_: Client, cast: Cast) -> None:
    imported(max_, content("a13"))
    assert sorted(cast.alder.tags.values_list("name", flat=True)) == ["kunde", "newsletter"]


def test_member_is_found_by_name(max_: Client, cast: Cast) -> None:
    cast.stan.full_name = "Mia Schröder"
    cast.stan.save()
    imported(max_, content("b20"))
    owners = dict(Customer.objects.values_list("company", "responsible"))
    assert owners == {"Typ Eins GmbH": cast.stan.pk, "Typ Zwei GmbH": None}
    assert Customer.objects.get(company="Typ Zwei GmbH").notes == "Owner: Ben Yilmaz"


def test_footer_of_a_report_is_named_as_such(max_: Client, cast: Cast) -> None:
    job = checked(max_, content("a07"))
    assert job.counts == {"new": 2, "error": 5}
    assert {row.explanation for row in job.rows.filter(outcome="error")} == {
        "This row contains only one value and no name. It may be a title or a footer."
    }
    assert not any(row.remarks for row in job.rows.filter(outcome="error"))


def test_broken_byte_costs_one_row(max_: Client, cast: Cast) -> None:
    job = checked(max_, content("b02"))
    assert job.encoding == "utf-8-sig"
    row = job.rows.get(outcome="error")
    assert (row.line, row.explanation) == (
        22,
        " · ".join(f"{heading}: This text can’t be read. The file may use a different encoding." for heading in ("Firma", "Ort")),
    )


def test_missing_name_is_explained_with_a_likely_column(max_: Client, cast: Cast) -> None:
    job = uploaded(max_, content("a20"))
    page = max_.post(f"{IMPORT}{job.pk}/columns/", columns_of(max_, job)).content.decode()
    assert "A customer needs a name." in page
    assert "It may be the column “User Name”." in page


def test_colleagues_are_told_with_the_reason(max_: Client, cast: Cast) -> None:
    job = checked(max_, content("b11"))
    assert outcomes(job) == [(2, "new"), (3, "twin"), (4, "twin")]
    row = job.rows.get(line=3)
    assert row.explanation == "Similar to row 2 (same phone number, same name)"
    assert "same phone number" in max_.get(f"{IMPORT}{job.pk}/").content.decode()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("b12", [(2, "new"), (3, "twin"), (4, "twin")]),
        ("b28", [(2, "new"), (3, "duplicate"), (4, "new")]),
        ("b34", [(2, "new"), (3, "duplicate")]),
    ],
)
def test_repetitions_are_found(max_: Client, cast: Cast, name: str, expected: list[tuple[int, str]]) -> None:
    assert outcomes(checked(max_, content(name))) == expected


def test_rounded_phone_numbers_are_errors(max_: Client, cast: Cast) -> None:
    job = checked(max_, content("b33"))
    assert {row.explanation for row in job.rows.all()} == {"Telefon: A spreadsheet rounded this phone number. Enter the complete number."}


def test_own_export_creates_nobody(max_: Client, alice: Client, cast: Cast) -> None:
    imported(max_, content("b12"), import_duplicates="on")
    before = Customer.objects.count()
    exported = b"".join(alice.post("/customers/export/").streaming_content)
    for run in ({}, {"import_duplicates": "on"}):
        job = imported(max_, exported, **run)
        assert job.counts == {"existing": before}
    assert Customer.objects.count() == before


def test_columns_without_a_field_are_listed_and_can_be_kept(max_: Client, cast: Cast) -> None:
    job = checked(max_, content("a10"))
    page = max_.get(f"{IMPORT}{job.pk}/").content.decode()
    assert "Columns not imported:" in page
    assert "Organization - Label" in page
    job = checked(max_, content("a10"), keep_others="on")
    assert "Columns not imported:" not in max_.get(f"{IMPORT}{job.pk}/").content.decode()
    assert "Organization - ID: 9" in job.rows.get().values["fields"]["notes"]


def test_lines_above_the_headings_can_be_skipped_by_hand(max_: Client, cast: Cast) -> None:
    job = uploaded(max_, "Alpha;Beta\nGamma;Delta\nOtt;Köln\n")
    page = f"{IMPORT}{job.pk}/columns/"
    max_.post(page, {**columns_of(max_, job), "first_line": "2", "reload_preview": "1"})
    job.refresh_from_db()
    assert job.headings == ["Gamma", "Delta"]
    max_.post(page, {**columns_of(max_, job), "column_0": "company"})
    assert outcomes(do_the_work(job)) == [(3, "new")]


# --- Spreadsheets and address books ------------------------------------------------------------------------------------


def workbook(*rows: tuple[Any, ...]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append([])
    sheet = book.create_sheet("Kunden")
    for row in rows:
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_spreadsheet_is_imported_with_its_row_numbers(max_: Client, cast: Cast) -> None:
    content = workbook(
        ("Kundenliste", None, None, None),
        (None, None, None, None),
        ("Firma", "PLZ", "Straße", "Notizen"),
        ("Müllerei Größe", 10117, "Hafen 9\nHof", dt.date(2026, 11, 28)),
        (None, None, None, "nobody"),
    )
    job = imported(max_, content)
    customer = Customer.objects.get()
    assert (customer.company, customer.zip, customer.street) == ("Müllerei Größe", "10117", "Hafen 9, Hof")
    assert customer.notes == "2026-11-28"
    assert outcomes(job) == [(4, "imported"), (5, "error")]
    assert "Encoding" not in max_.get(f"{IMPORT}{uploaded(max_, content).pk}/columns/").content.decode()


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", bytes(64)])
def test_damaged_spreadsheet_is_refused(max_: Client, cast: Cast, damage: bytes) -> None:
    whole = workbook(("Firma",), ("Ott",))
    for content in (whole[:40] + damage, whole[:400] + damage + whole[400:-300], b"\xd0\xcf\x11\xe0" + damage * 9):
        assert "spreadsheet can’t be read" in upload(max_, content).content.decode()


def test_spreadsheet_that_unpacks_to_too_much_is_refused(max_: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customers.imports.conversion.MAX_UNPACKED", 1000)
    assert "spreadsheet is too large" in upload(max_, workbook(("Firma",), ("Ott",))).content.decode()


def test_address_book_is_imported(max_: Client, cast: Cast) -> None:
    job = imported(max_, content("a23"))
    assert job.counts == {"imported": 2}
    company, person = Customer.objects.order_by("number")
    assert (company.company, company.first_name, company.last_name) == ("Öztürk Stoffe", "Defne", "Öztürk")
    assert (company.email, company.phone) == ("defne@vc-oeztuerk.example", "+49 171 5550404")
    assert (company.street, company.zip, company.city, company.country) == ("Tuchgasse 5", "04109", "Leipzig", "DE")
    assert (company.notes, company.website) == ("Zeile 1\nZeile 2", "https://vc-oeztuerk.example")
    assert (person.kind, person.last_name, person.email) == ("person", "Stein", "noah@vc-stein.example")


def test_card_with_a_formatted_name_only_is_a_person(max_: Client, cast: Cast) -> None:
    cards = content("a23").decode() + "BEGIN:VCARD\nVERSION:4.0\nFN:Zoe Solo\nEND:VCARD\n"
    assert imported(max_, cards).counts == {"imported": 3}
    assert Customer.objects.get(first_name="Zoe").last_name == "Solo"


def test_vcard_4_with_several_values_is_imported(max_: Client, cast: Cast) -> None:
    card = (
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Tischlerei Krause GmbH\r\nORG:Tischlerei Krause GmbH\r\n"
        "TEL;VALUE=uri;TYPE=home:tel:+49-351-5552225\r\nTEL;PREF=1:+49 171 5552226\r\n"
        "EMAIL:a@k.example\r\nEMAIL:b@k.example\r\nEND:VCARD\r\n"
    )
    imported(max_, card)
    customer = Customer.objects.get()
    assert (customer.company, customer.phone, customer.email) == ("Tischlerei Krause GmbH", "+49 171 5552226", "a@k.example")
    assert customer.notes == ""
    other = customer.contacts.get(is_primary=False)
    assert (other.email, other.phone) == ("b@k.example", "+49-351-5552225")


@pytest.mark.parametrize("card", ["BEGIN:VCARD\n", "BEGIN:VCARD\nN\nEND:VCARD", "BEGIN:VCARD\nADR:;;\nN:;;;;\nEND:VCARD\nEND:VCARD"])
def test_malformed_address_book_is_no_crash(max_: Client, cast: Cast, card: str) -> None:
    assert upload(max_, card).status_code in (200, 302)


def test_address_book_with_too_many_cards_is_refused(max_: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customers.imports.conversion.MAX_CARDS", 1)
    assert "more than 1 contacts" in upload(max_, content("a23")).content.decode()


@pytest.mark.parametrize("cell", ["XFD1048576", "XFD5000"])
def test_cell_far_away_is_refused_and_costs_no_memory(max_: Client, cast: Cast, cell: str) -> None:
    """The reader allocates all cells up to it: 2.6 GB for the nearer one."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active[cell] = "Firma", "x"
    buffer = io.BytesIO()
    book.save(buffer)
    assert "spreadsheet can’t be read" in upload(max_, buffer.getvalue()).content.decode()


def test_line_that_keeps_the_parser_busy_is_stopped(max_: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customers.imports.conversion.TIMEOUT", 3)
    card = "BEGIN:VCARD\nVERSION:3.0\nFN:x\nA;a=" + "b," * 60 + "\nEND:VCARD\n"
    assert "address book can’t be read" in upload(max_, card).content.decode()


@pytest.mark.parametrize("line", ["NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=FOO:x=41", "PHOTO;ENCODING=b:%%%", "BEGIN:X\n" * 3000])
def test_bad_card_costs_only_itself(max_: Client, cast: Cast, line: str) -> None:
    cards = f"BEGIN:VCARD\nVERSION:3.0\nFN:Bad Card\n{line}\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nN:Solo;Zoe;;;\nFN:Zoe Solo\nEND:VCARD\n"
    job = imported(max_, cards)
    assert job.counts["imported"] >= 1
    assert Customer.objects.filter(last_name="Solo").exists()


def test_workbook_of_an_unknown_version_is_refused(max_: Client, cast: Cast) -> None:
    data = bytearray(workbook(("Firma",), ("Ott",)))
    place = data.rindex(b"PK\x01\x02")
    data[place + 6] = 224
    assert "spreadsheet can’t be read" in upload(max_, bytes(data)).content.decode()


def test_many_spaces_in_a_cell_take_no_time(max_: Client, cast: Cast) -> None:
    started = time.process_time()
    job = checked(max_, "Company,E-mail\n" + "".join(f"X {number} GmbH,a{' ' * 100_000}b\n" for number in range(8)))
    assert job.counts == {"error": 8}
    assert time.process_time() - started < 10


def test_refused_upload_says_why(max_: Client, cast: Cast) -> None:
    assert "isn’t a text file" in upload(max_, bytes(range(32)) * 50).content.decode()
