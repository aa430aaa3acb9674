"""Files of other programs in the import wizard: a report with a title, a workbook, and an address book."""

import io

import openpyxl
from playwright.sync_api import FilePayload, Page, expect

from customers.models import Customer
from tests.browser.conftest import signed_in
from tests.cast import Cast
from tests.customers.test_import_files import content
from tests.smtp import Sink


def workbook(text: str) -> bytes:
    """Return a workbook with the rows of a CSV file."""
    book = openpyxl.Workbook()
    assert book.active
    for line in text.splitlines():
        book.active.append([cell.strip('"') for cell in line.split(";")])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def upload(page: Page, portal: str, name: str, data: bytes) -> None:
    """Choose a file and continue to its columns."""
    page.goto(f"{portal}/customers/import/")
    page.locator("#id_file").set_input_files(FilePayload(name=name, mimeType="", buffer=data))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("group", name="Map columns")).to_be_visible()


def start(page: Page, button: str) -> None:
    """Check the rows, import them and wait for the result."""
    page.get_by_role("button", name="Check all rows").click()
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", name="Import results")).to_be_visible()


def test_report_workbook_and_address_book_are_imported(page: Page, portal: str, cast: Cast, mail_server: Sink) -> None:
    signed_in(page, portal, cast.max)

    # A report: its title is skipped, and the column without a field is kept in the notes.
    upload(page, portal, "report.csv", content("b01"))
    expect(page.get_by_label("First row", exact=True)).to_have_value("4")
    expect(page.get_by_label("Firma")).to_have_value("company")
    page.get_by_label("Add all other columns to the notes").check()
    start(page, "Import 2 customers")
    assert Customer.objects.get(company="Vorspann GmbH").notes.startswith("Kd-Nr: ")

    # A workbook whose names of persons and companies are in one column, of which one is known already.
    names = content("b08").decode("utf-8-sig").replace('"Krause, Udo"', "Krause Udo").replace(",", ";")
    upload(page, portal, "Kunden.xlsx", workbook(names + "Vorspann GmbH;info@vs-vorspann.example;\n"))
    expect(page.get_by_label("Encoding")).to_have_count(0)
    expect(page.get_by_label("Name", exact=True)).to_have_value("full_name")
    page.get_by_label("Telefon").select_option("")
    start(page, "Import 4 customers")
    expect(page.get_by_role("main")).to_contain_text("same e-mail")
    assert set(Customer.objects.filter(kind="person").values_list("last_name", "phone")) >= {("Kramer", ""), ("Öhler", "")}

    # An address book.
    upload(page, portal, "contacts.vcf", content("a23"))
    expect(page.get_by_label("Other phone", exact=True)).to_have_value("other_phone")
    start(page, "Import 2 customers")
    page.get_by_role("link", name="Öztürk Stoffe").click()
    expect(page.get_by_role("main")).to_contain_text("defne@vc-oeztuerk.example")
    assert cast.alder.customers.count() == 8
