"""`/customers/import/<id>/run/`: the import, its progress, and the deletion of its data."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from customers.imports import runner, services
from customers.imports.models import KEEP_DAYS
from customers.models import Customer, ImportChunk, ImportJob, ImportKey, ImportRow
from customers.services.customers import create_customer
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.customers.import_helpers import (
    HEADINGS,
    IMPORT,
    checked,
    columns_of,
    csv_of,
    do_the_work,
    imported,
    steps,
    upload,
    uploaded,
)
from tests.factories.customers import CustomerFactory

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
    assert "1 new, 0 skipped, 1 failed" in done.sentence
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
    job = imported(max_, text, import_duplicates="on")
    assert job.counts == {"imported": 3, "error": 2}
    assert [row.line for row in job.rows.filter(outcome="error").order_by("line")] == [3, 6]
    assert "ott.example already belongs to another customer" in job.rows.get(line=3).explanation


def test_a_customer_who_came_since_the_dry_run_is_not_doubled(max_: Client, cast: Cast) -> None:
    text = "Firma;E-Mail;Domains\nOtt;lea@ott.example;ott.example\n%s;;\n"
    first, second = checked(max_, text % "New"), checked(max_, text % "Other")
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
    assert rows[1][:4] == ["Brandt", "bad; one", "+49 221 1", "2"]
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
    assert [row[2] for row in rows[1:]] == [f"{there.reference} (same e-mail)", "Same as row 3 (same e-mail, same name)"]


# --- Progress ----------------------------------------------------------------------------------------------------------


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
    assert "Import results" in max_.get(page).content.decode()


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
def test_what_a_stopped_import_did_not_come_to_can_be_imported_later(max_: Client, cast: Cast) -> None:
    job = checked(max_, "Firma\n" + "".join(f"Company {n}\n" for n in range(25)))
    assert "?left" not in max_.get(f"{IMPORT}{job.pk}/").content.decode()
    max_.post(f"{IMPORT}{job.pk}/run/")
    next(steps(job))
    max_.post(f"{IMPORT}{job.pk}/cancel/")
    assert "?left" in max_.get(f"{IMPORT}{job.pk}/").content.decode()
    left = b"".join(max_.get(f"{IMPORT}{job.pk}/rest/?left").streaming_content)
    assert imported(max_, left).counts == {"imported": 15}
    assert sorted(Customer.objects.values_list("company", flat=True)) == sorted(f"Company {n}" for n in range(25))


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
    monkeypatch.setattr(runner, "_create_customers", lambda *_args, **_more: 1 / 0)
    for _attempt in range(runner.MAX_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            list(steps(job))
    assert runner.claim(job.pk) is None
    job.refresh_from_db()
    assert job.status == "failed"
    assert "failed" in max_.get(f"{IMPORT}{job.pk}/").content.decode()


# --- Stored data -------------------------------------------------------------------------------------------------------


def test_nothing_is_kept_of_what_was_imported(max_: Client, cast: Cast) -> None:
    job = checked(max_, "Firma;E-Mail\nOtt;secret@o.example\n")
    assert ImportChunk.objects.exists()
    max_.post(f"{IMPORT}{job.pk}/run/")
    assert not ImportChunk.objects.exists()
    assert not ImportKey.objects.exists()
    do_the_work(job)
    row = job.rows.get()
    assert (row.cells, row.values, row.customer) == ([], {}, Customer.objects.get())


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
