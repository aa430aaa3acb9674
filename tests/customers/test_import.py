"""`/customers/import/`: from the upload to the rows that come back."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from customers.importing import services, work
from customers.models import KEEP_DAYS, Customer, ImportChunk, ImportJob, ImportKey, ImportRow
from customers.services import create_customer, erase_customer
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.customers import CustomerFactory

IMPORT = "/customers/import/"
HEADINGS = "Firma;Vorname;Nachname;E-Mail;Telefon;Ort;Land;Domains;Zuständig;Status"


@pytest.fixture
def max_(cast: Cast) -> Client:
    """A browser in which Max, manager at Alder, is signed in."""
    client = Client()
    client.force_login(cast.max)
    return client


def upload(client: Client, content: str | bytes, name: str = "clients.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, data, "text/csv")})


def uploaded(client: Client, content: str | bytes) -> ImportJob:
    response = upload(client, content)
    assert response.status_code == 302, response.context["form"].errors
    job = ImportJob.objects.latest("pk")
    assert response.url == f"{IMPORT}{job.pk}/columns/"
    return job


def columns_of(client: Client, job: ImportJob) -> dict[str, Any]:
    """What the form of the columns would send as it stands."""
    form = client.get(f"{IMPORT}{job.pk}/columns/").context["form"]
    return {field.name: value for field in form if (value := field.value()) not in (None, False)}


def do_the_work(job: ImportJob) -> ImportJob:
    """What a worker does."""
    if claimed := work.claim(job.pk):
        for _batch in work.batches(claimed):
            pass
    job.refresh_from_db()
    return job


def checked(client: Client, content: str | bytes, **columns: Any) -> ImportJob:
    job = uploaded(client, content)
    response = client.post(f"{IMPORT}{job.pk}/columns/", {**columns_of(client, job), **columns})
    assert response.status_code == 302, response.context["form"].errors
    assert response.url == f"{IMPORT}{job.pk}/"
    return do_the_work(job)


def imported(client: Client, content: str | bytes, **run: Any) -> ImportJob:
    job = checked(client, content)
    client.post(f"{IMPORT}{job.pk}/run/", run)
    return do_the_work(job)


def outcomes(job: ImportJob) -> list[tuple[int, str]]:
    return list(job.rows.order_by("line").values_list("line", "outcome"))


def csv_of(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    dialect = ";" if ";" in text.splitlines()[0] else ","
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect))


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
    # Even by the button that checks: the columns below belonged to another reading.
    assert max_.post(page, fields).url == page
    job.refresh_from_db()
    assert (job.delimiter, job.encoding, job.status) == (",", "mac_roman", "uploaded")
    assert len(job.headings) == 1
    max_.post(page, {**columns_of(max_, job), "delimiter": ";", "encoding": "cp1252", "read_anew": "1"})
    assert "Müllerei, Größe" in max_.get(page).content.decode()
    del fields["has_headings"]
    max_.post(page, {**columns_of(max_, job), "has_headings": "", "read_anew": "1"})
    assert "Column 2" in max_.get(page).content.decode()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16-le", "utf-16-be", "mac_roman"])
def test_a_file_read_wrongly_is_no_crash(max_: Client, cast: Cast, encoding: str) -> None:
    job = uploaded(max_, "Firma;Ort\nMüllerei Größe;Görlitz\n".encode("cp1252"))
    max_.post(f"{IMPORT}{job.pk}/columns/", {**columns_of(max_, job), "encoding": encoding, "read_anew": "1"})
    assert max_.get(f"{IMPORT}{job.pk}/columns/").status_code == 200


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"PK\x03\x04" + bytes(500), "spreadsheet"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "no text file"),
    ],
)
def test_what_is_no_csv_is_refused_with_a_reason(max_: Client, cast: Cast, content: bytes, message: str) -> None:
    response = upload(max_, content)
    assert response.status_code == 200
    assert message in str(response.context["form"].errors)
    assert not ImportJob.objects.exists()


def test_a_file_beyond_the_limit_is_refused_with_its_size(max_: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customers.importing.forms.MAX_BYTES", 1000)
    response = upload(max_, "Firma\n" + "Ott\n" * 500)
    assert "2.0" in str(response.context["form"].errors)
    assert "divide" in str(response.context["form"].errors)
    assert max_.post(IMPORT, {}).context["form"].errors


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
    assert "company or the last name" in max_.post(page, columns_of(max_, job)).content.decode()
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


# --- The dry run -------------------------------------------------------------------------------------------------------


def test_the_dry_run_says_what_would_happen_to_each_row(max_: Client, cast: Cast) -> None:
    by_mail = CustomerFactory(agency=cast.alder, email="Lea@Ott.example")
    by_phone = CustomerFactory(agency=cast.alder, phone="(0221) 555 01 48")
    by_domain = CustomerFactory(agency=cast.alder)
    cast.alder.domains.create(customer=by_domain, name="xn--mllerei-n2a.example")
    stranger = CustomerFactory(agency=cast.birch, email="new@ott.example")
    lines = [
        "New GmbH;;;new@ott.example;;;;new.example;;",
        "Ott;;;lea@ott.example;;;;;;",
        "Fon AG;;;;+49 221 5550148;;;;;",
        "Mühle;;;;;;;müllerei.example, zweite.example;;",
        "Again;;;NEW@ott.example;;;;;;",
        ";Lea;;;;;;;;",
        "Bad;;;no address;;;Atlantis;not a domain!;nobody@alder.example;asleep",
        "Too;many;cells;;;;;;;;extra",
        'Open;"quote',
    ]
    job = checked(max_, "\n".join([HEADINGS, *lines]))
    assert outcomes(job) == [
        (2, "new"), (3, "twin"), (4, "twin"), (5, "twin"), (6, "duplicate"), (7, "error"), (8, "error"), (9, "error"), (10, "error")
    ]  # fmt: skip
    assert job.counts == {"new": 1, "twin": 3, "duplicate": 1, "error": 4}
    assert list(job.rows.filter(outcome="twin").order_by("line").values_list("twin", "reasons")) == [
        (by_mail.pk, ["email"]), (by_phone.pk, ["phone"]), (by_domain.pk, ["domain"])
    ]  # fmt: skip
    page = max_.get(f"{IMPORT}{job.pk}/").content.decode()
    for text in (by_mail.reference, by_phone.reference, "same phone number", "Repeats line 2", "last name", "E-Mail: Enter a valid"):
        assert text in page, text
    for text in ("Land: ", "Domains: ", "Zuständig: Nobody in your team", "Status: Either", "11 cells", "quotation mark"):
        assert text in page, text
    assert f"/customers/{stranger.pk}/" not in page
    only = max_.get(f"{IMPORT}{job.pk}/?outcome=error")
    assert {row.outcome for row in only.context["page"].items} == {"error"}
    assert max_.get(f"{IMPORT}{job.pk}/?outcome=nonsense&after=x").status_code == 404
    assert Customer.objects.count() == 4
    assert not AuditEvent.objects.filter(action="customers.imported").exists()


def test_the_list_of_rows_is_paged(max_: Client, cast: Cast) -> None:
    job = checked(max_, "Firma\n" + "".join(f"Company {n}\n" for n in range(60)))
    seen, where = [], f"{IMPORT}{job.pk}/"
    while where:
        page = max_.get(where).context["page"]
        seen += [row.line for row in page.items]
        where = page.next_url and f"{IMPORT}{job.pk}/{page.next_url}"
    assert seen == list(range(2, 62))


def test_the_columns_can_be_changed_after_the_dry_run(max_: Client, cast: Cast) -> None:
    job = checked(max_, "Firma;X\nOtt;Köln\n")
    max_.post(f"{IMPORT}{job.pk}/columns/", {**columns_of(max_, job), "column_1": "city"})
    do_the_work(job)
    assert (job.status, outcomes(job)) == ("checked", [(2, "new")])
    assert job.rows.get().values["fields"]["city"] == "Köln"


# --- The import --------------------------------------------------------------------------------------------------------


def test_valid_rows_become_customers_with_all_that_belongs_to_them(max_: Client, cast: Cast) -> None:
    row = "Müllerei Größe;Ute;Größe;ute@m.example;+49 3581 4410;Görlitz;DE;https://Müllerei.example/shop zwei.example;;"
    job = imported(max_, f"{HEADINGS}\n{row}\nBad;;;x;;;;;;\n")
    customer = Customer.objects.get()
    assert (customer.reference, customer.sort_name, customer.phone_key) == ("K-1001", "mullerei grosse", "35814410")
    assert "muellerei" in customer.search_text
    assert "zwei.example" in customer.search_text
    assert set(customer.domains.values_list("name", "unicode_name")) == {
        ("xn--mllerei-n2a.example", "müllerei.example"),
        ("zwei.example", "zwei.example"),
    }
    assert job.counts == {"imported": 1, "error": 1}
    assert create_customer(agency=cast.alder, by=cast.max, company="Next").number == 1002
    created, done = AuditEvent.objects.filter(action__in=["customer.created", "customers.imported"]).order_by("pk")[:2]
    assert (created.customer_id, created.actor_label, created.object_label) == (customer.pk, "Max Meyer", "K-1001")
    assert (done.data, done.agency) == ({"imported": 1, "errors": 1, "skipped": 0}, cast.alder)
    assert "1 new, 0 skipped, 1 in error" in done.sentence
    page = max_.get(f"{IMPORT}{job.pk}/").content.decode()
    assert customer.get_absolute_url() in page


def test_twins_are_skipped_or_imported_as_one_likes(max_: Client, cast: Cast) -> None:
    there = CustomerFactory(agency=cast.alder, email="lea@ott.example")
    cast.alder.domains.create(customer=there, name="ott.example")
    text = (
        "Firma;E-Mail;Domains\nOtt;lea@ott.example;\nOtt 2;;ott.example\nNew;n@n.example;n.example\nNew 2;n@n.example;\nNew 3;;n.example\n"
    )
    assert imported(max_, text).counts == {"imported": 1, "twin": 2, "duplicate": 2}
    Customer.objects.filter(company="New").delete()
    job = imported(max_, text, import_twins="on")
    assert job.counts == {"imported": 3, "error": 2}
    assert [row.line for row in job.rows.filter(outcome="error").order_by("line")] == [3, 6]
    assert "ott.example belongs to another customer" in job.rows.get(line=3).explanation


def test_a_customer_who_came_since_the_dry_run_is_not_doubled(max_: Client, cast: Cast) -> None:
    text = "Firma;E-Mail;Domains\nOtt;lea@ott.example;ott.example\nNew;;\n"
    first, second = checked(max_, text), checked(max_, text)
    for job in (first, second):
        max_.post(f"{IMPORT}{job.pk}/run/")
        do_the_work(job)
    assert (first.counts, second.counts) == ({"imported": 2}, {"imported": 1, "twin": 1})
    assert Customer.objects.filter(email="lea@ott.example").count() == 1


def test_pressing_the_button_twice_imports_once(max_: Client, cast: Cast) -> None:
    job = checked(max_, "Firma\nOtt\n")
    for _press in range(2):
        assert max_.post(f"{IMPORT}{job.pk}/run/").url == f"{IMPORT}{job.pk}/"
    do_the_work(job)
    max_.post(f"{IMPORT}{job.pk}/run/")
    assert do_the_work(job).status == "done"
    assert Customer.objects.count() == 1


def test_rows_in_error_come_back_can_be_corrected_and_imported(max_: Client, cast: Cast) -> None:
    job = imported(max_, 'Firma;E-Mail;Telefon;Hand\nOtt;ott@o.example;;1\nBrandt;"bad; one";+49 221 1;2\n=1+1;bad;;\n')
    rows = csv_of(response := max_.get(f"{IMPORT}{job.pk}/rest/"))
    assert "clients-errors.csv" in response["Content-Disposition"]
    assert rows[0] == ["Firma", "E-Mail", "Telefon", "Hand", "import_error"]
    assert rows[1][:4] == ["Brandt", "bad; one", "'+49 221 1", "2"]
    assert rows[1][4] == "E-Mail: Enter a valid email address."
    assert rows[2][0] == "'=1+1"
    corrected = io.StringIO()
    csv.writer(corrected, delimiter=";").writerows([rows[0], [rows[1][0], "b@b.example", *rows[1][2:]], [rows[2][0], "", *rows[2][2:]]])
    assert imported(max_, corrected.getvalue()).counts == {"imported": 2}
    assert set(Customer.objects.values_list("company", "phone")) == {("Ott", ""), ("Brandt", "+49 221 1"), ("=1+1", "")}


def test_a_column_named_by_hand_is_understood_when_it_comes_back(max_: Client, cast: Cast) -> None:
    job = checked(max_, "Alpha;Firma\nx;Ott\n;Brandt\n", column_0="email")
    assert csv_of(max_.get(f"{IMPORT}{job.pk}/rest/"))[0] == ["email", "Firma", "import_error"]


def test_skipped_rows_come_back_too(max_: Client, cast: Cast) -> None:
    there = CustomerFactory(agency=cast.alder, email="lea@ott.example")
    job = imported(max_, "Firma;E-Mail\nOtt;lea@ott.example\nNew;n@n.example\nNew;n@n.example\n")
    rows = csv_of(max_.get(f"{IMPORT}{job.pk}/rest/?skipped"))
    assert [row[2] for row in rows[1:]] == [f"{there.reference} (same e-mail)", "Repeats line 3"]


# --- On the way --------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "BATCH", 10)


def steps(job: ImportJob) -> Iterator[None]:
    claimed = work.claim(job.pk)
    assert claimed
    return work.batches(claimed)


@pytest.mark.usefixtures("small_batches")
def test_the_page_shows_how_far_it_is(max_: Client, cast: Cast) -> None:
    job = uploaded(max_, "Firma\n" + "".join(f"Company {n}\n" for n in range(35)))
    max_.post(f"{IMPORT}{job.pk}/columns/", columns_of(max_, job))
    page = f"{IMPORT}{job.pk}/"
    working = steps(job)
    next(working)
    assert "10 rows checked" in max_.get(page).content.decode()
    list(working)
    max_.post(f"{page}run/")
    working = steps(job)
    next(working)
    next(working)
    shown = max_.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "20 of 35 rows" in shown
    assert 'value="20"' in shown
    list(working)
    assert max_.get(page, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert "This happened" in max_.get(page).content.decode()


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("step", ["check", "run"])
def test_it_can_be_stopped(max_: Client, cast: Cast, step: str) -> None:
    job = uploaded(max_, "Firma\n" + "".join(f"Company {n}\n" for n in range(35)))
    max_.post(f"{IMPORT}{job.pk}/columns/", columns_of(max_, job))
    if step == "run":
        do_the_work(job)
        max_.post(f"{IMPORT}{job.pk}/run/")
    working = steps(job)
    next(working)
    max_.post(f"{IMPORT}{job.pk}/remove/")
    assert ImportJob.objects.filter(pk=job.pk).exists()
    max_.post(f"{IMPORT}{job.pk}/cancel/")
    assert list(working) == []
    job.refresh_from_db()
    assert (job.status, Customer.objects.count()) == ("cancelled", 10 if step == "run" else 0)
    assert AuditEvent.objects.filter(action="customers.imported").count() == (step == "run")
    assert max_.get(f"{IMPORT}{job.pk}/").status_code == 200
    max_.post(f"{IMPORT}{job.pk}/cancel/")
    max_.post(f"{IMPORT}{job.pk}/remove/")
    assert not ImportRow.objects.exists()


@pytest.mark.usefixtures("small_batches")
def test_another_worker_goes_on_where_one_stopped(max_: Client, cast: Cast, settings: Any) -> None:
    settings.IMPORT_LEASE = 0.0
    job = uploaded(max_, "Firma;E-Mail\n" + "".join(f"Company {n};c{n % 30}@c.example\n" for n in range(35)))
    max_.post(f"{IMPORT}{job.pk}/columns/", columns_of(max_, job))
    for batches in (2, 1):
        working = steps(job)
        for _batch in range(batches):
            next(working)
    assert do_the_work(job).counts == {"new": 30, "duplicate": 5}
    assert (job.rows_read, job.progress) == (35, job.size)
    max_.post(f"{IMPORT}{job.pk}/run/")
    next(steps(job))
    assert do_the_work(job).counts == {"imported": 30, "duplicate": 5}
    assert list(Customer.objects.order_by("number").values_list("company", flat=True)) == [f"Company {n}" for n in range(30)]


@pytest.mark.usefixtures("small_batches")
def test_a_worker_that_was_taken_for_dead_can_do_no_harm(max_: Client, cast: Cast, settings: Any) -> None:
    settings.IMPORT_LEASE = 0.0
    job = checked(max_, "Firma\n" + "".join(f"Company {n}\n" for n in range(35)))
    max_.post(f"{IMPORT}{job.pk}/run/")
    slow, quick = steps(job), steps(job)
    next(quick)
    assert list(slow) == []
    list(quick)
    assert Customer.objects.count() == 35


@pytest.mark.usefixtures("small_batches")
def test_an_import_that_fails_again_and_again_is_given_up(max_: Client, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.IMPORT_LEASE = 0.0
    job = checked(max_, "Firma\nOtt\n")
    max_.post(f"{IMPORT}{job.pk}/run/")
    monkeypatch.setattr(work, "_make_customers", lambda *_args, **_more: 1 / 0)
    for _attempt in range(work.MOST_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            list(steps(job))
    assert work.claim(job.pk) is None
    job.refresh_from_db()
    assert job.status == "failed"
    assert "failed" in max_.get(f"{IMPORT}{job.pk}/").content.decode()


# --- What is kept ------------------------------------------------------------------------------------------------------


def test_nothing_is_kept_of_what_was_imported(max_: Client, cast: Cast) -> None:
    job = checked(max_, "Firma;E-Mail\nOtt;secret@o.example\n")
    assert ImportChunk.objects.exists()
    max_.post(f"{IMPORT}{job.pk}/run/")
    assert not ImportChunk.objects.exists()
    assert not ImportKey.objects.exists()
    do_the_work(job)
    row = job.rows.get()
    assert (row.cells, row.values, row.customer) == ([], {}, Customer.objects.get())


def test_an_erasure_takes_what_waits_in_imports(max_: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email="lea@ott.example")
    job = checked(max_, "Firma;E-Mail\nOtt;lea@ott.example\nNew;n@n.example\n")
    erase_customer(customer, by=cast.alice)
    assert [row.cells[0] for row in job.rows.all()] == ["New"]
    assert not ImportChunk.objects.exists()
    assert max_.get(f"{IMPORT}{job.pk}/").status_code == 200
    answer = max_.post(f"{IMPORT}{job.pk}/columns/", columns_of(max_, job), follow=True)
    assert "no longer kept" in answer.content.decode()
    max_.post(f"{IMPORT}{job.pk}/run/")
    assert do_the_work(job).counts == {"imported": 1}


def test_a_file_that_goes_away_while_it_is_checked_is_not_taken_for_a_short_one(max_: Client, cast: Cast) -> None:
    job = uploaded(max_, "Firma;E-Mail\nOtt;lea@ott.example\n")
    max_.post(f"{IMPORT}{job.pk}/columns/", columns_of(max_, job))
    ImportChunk.objects.all().delete()
    assert do_the_work(job).status == "failed"


def test_after_a_week_only_figures_are_left(max_: Client, cast: Cast) -> None:
    done, waiting = imported(max_, "Firma;E-Mail\nOtt;bad\nBrandt;\n"), checked(max_, "Firma\nOtt\n")
    recent = checked(max_, "Firma\nNew\n")
    old = timezone.now() - timezone.timedelta(days=KEEP_DAYS, hours=1)
    ImportJob.objects.exclude(pk=recent.pk).update(created_at=old)
    assert services.purge() == 2
    assert services.purge() == 0
    assert not ImportJob.objects.filter(pk=waiting.pk).exists()
    assert set(ImportRow.objects.values_list("job", flat=True)) == {recent.pk}
    page = max_.get(f"{IMPORT}{done.pk}/").content.decode()
    assert "deleted after 7 days" in page
    assert max_.get(f"{IMPORT}{done.pk}/rest/").status_code == 200


def test_removing_an_import_keeps_the_customers(max_: Client, cast: Cast) -> None:
    job = imported(max_, "Firma;E-Mail\nOtt;\nBad;x\n")
    max_.post(f"{IMPORT}{job.pk}/remove/")
    assert (ImportRow.objects.count(), Customer.objects.count()) == (0, 1)


def test_staff_may_not_and_strangers_find_nothing(max_: Client, stan: Client, charlie: Client, cast: Cast) -> None:
    job = checked(max_, "Firma\nOtt\n")
    assert upload(stan, "Firma\nOtt\n").status_code == 403
    assert charlie.get(f"{IMPORT}{job.pk}/rest/").status_code == 404
    assert charlie.post(f"{IMPORT}{job.pk}/run/").status_code == 404
    assert do_the_work(job).status == "checked"
    assert "clients.csv" not in charlie.get(IMPORT).content.decode()
    assert "clients.csv" in max_.get(IMPORT).content.decode()
