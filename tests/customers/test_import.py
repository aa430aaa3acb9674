"""`/customers/import/`: upload and column mapping."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from customers.models import Customer, ImportJob
from partnerportal.core import uploads
from tests.cast import Cast
from tests.customers.import_helpers import (
    IMPORT,
    columns_of,
    csv_of,
    do_the_work,
    imported,
    upload,
    uploaded,
)

# --- The file ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_any_encoding_and_delimiter_is_found(max_: Client, cast: Cast, encoding: str, delimiter: str) -> None:
    text = "Firma;Ort;E-Mail\r\nMüllerei Größe;Görlitz;ute@m.example\r\n".replace(";", delimiter)
    job = imported(max_, text.encode(encoding))
    customer = Customer.objects.get()
    assert (customer.company, customer.city, customer.email, customer.number) == ("Müllerei Größe", "Görlitz", "ute@m.example", 1001)
    assert (job.status, job.delimiter) == ("done", delimiter)


def test_what_was_detected_can_be_changed(max_: Client, cast: Cast) -> None:
    job = uploaded(max_, "Firma;Ort\nMüllerei, Größe;Görlitz\n".encode("cp1252"))
    page = f"{IMPORT}{job.pk}/columns/"
    fields = {**columns_of(max_, job), "delimiter": ",", "encoding": "mac_roman"}
    # “Check all rows” also reloads, because the columns shown belonged to the former format.
    assert max_.post(page, fields).url == page
    job.refresh_from_db()
    assert (job.delimiter, job.encoding, job.status) == (",", "mac_roman", "uploaded")
    assert len(job.headings) == 1
    max_.post(page, {**columns_of(max_, job), "delimiter": ";", "encoding": "cp1252", "reload_preview": "1"})
    assert "Müllerei, Größe" in max_.get(page).content.decode()
    del fields["has_headings"]
    max_.post(page, {**columns_of(max_, job), "has_headings": "", "reload_preview": "1"})
    assert "Column 2" in max_.get(page).content.decode()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16-le", "utf-16-be", "mac_roman"])
def test_a_file_read_wrongly_is_no_crash(max_: Client, cast: Cast, encoding: str) -> None:
    job = uploaded(max_, "Firma;Ort\nMüllerei Größe;Görlitz\n".encode("cp1252"))
    max_.post(f"{IMPORT}{job.pk}/columns/", {**columns_of(max_, job), "encoding": encoding, "reload_preview": "1"})
    assert max_.get(f"{IMPORT}{job.pk}/columns/").status_code == 200


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"PK\x03\x04" + bytes(500), "spreadsheet"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "This isn’t a text file"),
    ],
)
def test_what_is_no_csv_is_refused_with_a_reason(max_: Client, cast: Cast, content: bytes, message: str) -> None:
    response = upload(max_, content)
    assert response.status_code == 200
    assert message in str(response.context["form"].errors)
    assert not ImportJob.objects.exists()


def test_a_file_beyond_the_limit_is_refused_with_its_size(max_: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partnerportal.core.uploads.MAX_BYTES", 1000)
    response = upload(max_, "Firma\n" + "Ott\n" * 500)
    assert response.status_code == 413
    assert "2.1" in str(response.context["form"].errors)
    assert "Split it into smaller files" in str(response.context["form"].errors)
    assert not ImportJob.objects.exists()
    response = max_.post(IMPORT, {})
    assert response.status_code == 200
    assert "Split it into smaller files" not in str(response.context["form"].errors["file"])


def test_nobody_fills_the_disk_with_uploads(cast: Cast, tmp_path: Path, settings: Any) -> None:
    """Anonymous uploads are limited too, because the CSRF check parses the whole request."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    kept = []

    class Sent(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            kept.append(sum(file.stat().st_size for file in tmp_path.iterdir()))
            return super().read(size)

    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    body = head + b"x" * (uploads.MAX_BYTES + 10_000_000) + b"\r\n--b--\r\n"
    headers = {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "multipart/form-data; boundary=b", "wsgi.input": Sent(body)}
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    assert client.generic("POST", IMPORT, **headers).status_code == 403
    assert 1_000_000 < max(kept) <= uploads.MAX_BYTES
    assert kept[-1] == 0


def test_wide_files_are_taken_whole_and_too_wide_ones_not_at_all(max_: Client) -> None:
    def wide(width: int) -> str:
        return ",".join(["Firma", *(f"c{n}" for n in range(width - 2)), "Ort"]) + "\nOtt" + ",x" * (width - 2) + ",Köln\n"

    job = imported(max_, wide(500))
    assert job.counts == {"imported": 1}
    assert Customer.objects.get().city == "Köln"
    assert "501 columns; the limit is 500" in upload(max_, wide(501)).content.decode()
    assert ImportJob.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [
        "Firma\n",
        "Firma",
        ";;;\n;;;\n",
        "\n\n\n",
        ",".join(f"c{n}" for n in range(50)) + "\n" + ",".join("x" * 50) + "\n",
        ",".join(f"c{n}" for n in range(500)) + "\n" + ",".join("x" * 500) + "\n",
        "Firma;Ort\nOtt\nBrandt;Köln;and;more\n;;;;;\n",
        "Firma;Ort\nO\0tt;Köln\n",
        'Firma;Ort\n"Ott;Köln\nBrandt;Görlitz\n',
        "Firma;Ort\n" + "x" * 10_000_000 + ";Köln\n",
        'Firma;Ort\n"' + "x\n" * 1000 + '";Köln\n',
        "Firma;Firma;Firma\na;b;c\n",
        "Firma;<script>alert(1)</script>\n<b>Ott</b>;<i>x</i>\n",
        "Firma;Ort\n=cmd|' /C calc'!A0;@SUM(1)\n",
        "Firma;E-Mail\nOtt;\ud7ff\ufffe\u202e\n",
    ],
    ids=range(15),
)
def test_whatever_is_in_it_nothing_breaks(max_: Client, cast: Cast, content: str) -> None:
    job = uploaded(max_, content)
    page = max_.get(f"{IMPORT}{job.pk}/columns/").content.decode()
    assert "<script>alert" not in page
    assert "<i>x</i>" not in page
    fields = columns_of(max_, job)
    if not {"company", "last_name"} & set(job.mapping.values()) and "column_0" in {f"column_{n}" for n in range(len(job.headings))}:
        fields["column_0"] = "company"
    if not job.headings:
        assert max_.post(f"{IMPORT}{job.pk}/columns/", fields).status_code == 200
        return
    assert max_.post(f"{IMPORT}{job.pk}/columns/", fields).status_code == 302
    do_the_work(job)
    assert max_.get(f"{IMPORT}{job.pk}/").status_code == 200
    max_.post(f"{IMPORT}{job.pk}/run/")
    do_the_work(job)
    assert job.status == "done"
    assert "<b>Ott" not in max_.get(f"{IMPORT}{job.pk}/").content.decode()
    assert csv_of(max_.get(f"{IMPORT}{job.pk}/rest/"))


# --- Columns -----------------------------------------------------------------------------------------------------------


def test_columns_can_be_named_by_hand_and_are_checked(max_: Client, cast: Cast) -> None:
    job = uploaded(max_, "Alpha;Beta\nOtt;Köln\n")
    page = f"{IMPORT}{job.pk}/columns/"
    assert "Map at least one column to Company, Last name or Name" in max_.post(page, columns_of(max_, job)).content.decode()
    twice = max_.post(page, {**columns_of(max_, job), "column_0": "company", "column_1": "company"})
    assert "column_1" in twice.context["form"].errors
    assert max_.post(page, {**columns_of(max_, job), "column_0": "nonsense"}).status_code == 200
    max_.post(page, {**columns_of(max_, job), "column_0": "company", "column_1": "city"})
    do_the_work(job)
    max_.post(f"{IMPORT}{job.pk}/run/")
    do_the_work(job)
    assert Customer.objects.get().city == "Köln"


def test_words_become_values(max_: Client, cast: Cast) -> None:
    text = (
        "Kundenart;Firma;Anrede;Nachname;Land;Sprache;Status;Zuständig\n"
        "Firma;Ott GmbH;Frau;Ott;Deutschland;Englisch;archiviert;STAN@alder.example\n"
        ";;Herr;Brandt;Austria;;;\n"
        ";Solo AG;;;ch;de;aktiv;\n"
        "Privatperson;Egal;Divers;Kim;Türkei;en;;\n"
    )
    imported(max_, text)
    fields = "kind", "salutation", "country", "language", "status", "responsible__email"
    assert list(Customer.objects.order_by("number").values_list(*fields)) == [
        ("company", "ms", "DE", "en", "archived", "stan@alder.example"),
        ("person", "mr", "AT", "en", "active", None),
        ("company", "", "CH", "de", "active", None),
        ("person", "mx", "TR", "en", "active", None),
    ]
