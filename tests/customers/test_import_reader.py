"""Parsing of CSV files of any origin."""

import codecs
import io

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from customers.imports.columns import guess_mapping, looks_like_header
from customers.imports.csv_output import escape_formula, unescape_formula
from customers.imports.formats import detect_delimiter, detect_encoding
from customers.imports.reader import MAX_RECORD_LENGTH, RecordError, Source, read_records

TEXT = "Firma;Ort\r\nMüllerei Größe;Görlitz\r\n"


def read(text: str, delimiter: str = ";") -> list[tuple[int, list[str], str]]:
    return [(found.line, found.cells, found.error or "") for found in read_records(io.StringIO(text, newline=""), delimiter)]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("cp1252"), "cp1252"),
        (TEXT.encode("utf-16"), "utf-16-le"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (b"Company\nPlain ASCII", "utf-8-sig"),
        (b"", "utf-8-sig"),
    ],
)
def test_the_encoding_is_found_and_read(data: bytes, encoding: str) -> None:
    # The chunk boundaries split characters.
    pieces = [data[start : start + 7] for start in range(0, len(data), 7)]
    assert detect_encoding([data[:60], data[60:]]) == encoding
    source = Source(lambda number: pieces[number] if number < len(pieces) else None, encoding)
    found = [record.cells for record in read_records(source.text, ";")]
    assert found in ([["Firma", "Ort"], ["Müllerei Größe", "Görlitz"]], [["Company"], ["Plain ASCII"]], [])
    assert source.position == len(data)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, bytes(range(32)) * 50])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(ValidationError) as refusal:
        detect_encoding([data])
    assert refusal.value.code == "binary"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    lines = [["Name", "Note", "City"], ["Ott", 'a "b", c; d', "Köln"], ["Brandt", "x, y, z; 1, 2", "Görlitz"]]
    text = "\n".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    assert detect_delimiter(text) == delimiter
    assert detect_delimiter(f"sep={delimiter}\nwhatever") == delimiter


def test_records_keep_their_line_numbers() -> None:
    text = 'a;b\n\n;\n"two\nlines";x\r\n"q""uote";y\rlast;z'
    assert read(text) == [(1, ["a", "b"], ""), (4, ["two\nlines", "x"], ""), (6, ['q"uote', "y"], ""), (7, ["last", "z"], "")]


def test_excels_mark_of_the_separator_is_no_row() -> None:
    assert read("sep=;\na;b") == [(2, ["a", "b"], "")]


def test_an_open_quotation_mark_spoils_its_own_line_only() -> None:
    found = read('a;b\n"open;x\nOtt;y\n' + "Brandt;z\n" * 1000)
    assert found[1] == (2, ['"open', "x"], RecordError.OPEN_QUOTE)
    assert found[2] == (3, ["Ott", "y"], "")
    assert len(found) == 1003


def test_a_cell_of_ten_megabytes_is_an_error_and_no_burden() -> None:
    found = read("a;b\n" + "x" * 10_000_000 + ";y\nOtt;z\n" + '"' + "y" * 10_000_000 + '";1\nEnd;2')
    assert [(line, problem) for line, _cells, problem in found] == [(1, ""), (2, "too_long"), (3, ""), (4, "too_long"), (5, "")]
    assert max(len(cell) for _line, cells, _problem in found for cell in cells) <= MAX_RECORD_LENGTH
    assert read('"' + "y\n" * 300_000)[0][2] == RecordError.OPEN_QUOTE


def test_zeros_don_t_reach_the_database() -> None:
    assert read("a;b\0c") == [(1, ["a", "b\N{REPLACEMENT CHARACTER}c"], "")]


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        ("Firma;Anrede;Vorname;Nachname;E-Mail;Telefon", "company salutation first_name last_name email phone"),
        ("Webseite;Straße;PLZ;Ort;Land;Sprache;Bemerkung", "website street zip city country language notes"),
        ("Company name,Title,First Name,Surname,E-mail Address,Mobile", "company - first_name last_name email phone"),
        ("URL,Street address,Postcode,Town,Country/Region,Comments", "website street zip city country notes"),
        ("number,kind,company,domains,responsible,status,import_error", "number kind company domains responsible status -"),
        ("Vorname;Name;Mail", "first_name last_name email"),
        ("Name;Mail", "full_name email"),
        ("E-MAIL ADRESSE;strasse_und_hausnummer;Laendercode;Ländercode", "email street country -"),
        ("Telefon;Mobil;phone", "other_phone other_phone phone"),
    ],
)  # fmt: skip
def test_headings_are_understood(headings: str, fields: str) -> None:
    names = headings.replace(",", ";").split(";")
    expected = {place: field for place, field in enumerate(fields.split()) if field != "-"}
    assert guess_mapping(names) == expected
    assert looks_like_header(names)


def test_a_first_customer_is_no_heading() -> None:
    assert not looks_like_header(["Müllerei Größe", "ute@muellerei.example", "02826"])


@pytest.mark.parametrize("text", ["=1+1", "+49=1", "-5", "@x", "'=1", "''+2", "\t=1", "＝1", "'", "'s Gravenhage", "plain", ""])
def test_formulas_are_made_harmless_and_come_back(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text
    assert not escape_formula(text)[:1] or escape_formula(text)[0] not in "=+-@\t\r＝"


@given(st.text(alphabet="=+-@'\";,\t\n 1a(＝", max_size=12))
def test_escaped_formulas_come_back(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text
