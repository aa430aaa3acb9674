"""`/customers/import/<id>/`: the check and its preview."""

from django.test import Client

from customers.models import Customer, ImportChunk
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.customers.import_helpers import HEADINGS, IMPORT, checked, columns_of, do_the_work, outcomes
from tests.factories.customers import CustomerFactory


def test_the_dry_run_says_what_would_happen_to_each_row(max_: Client, cast: Cast) -> None:
    by_mail = CustomerFactory(agency=cast.alder, email="Lea@Ott.example")
    by_phone = CustomerFactory(agency=cast.alder, phone="(0221) 555 01 48")
    by_domain = CustomerFactory(agency=cast.alder)
    cast.alder.domains.create(customer=by_domain, name="xn--mllerei-n2a.example")
    stranger = CustomerFactory(agency=cast.birch, email="new@ott.example")
    lines = [
        "New GmbH;;;new@ott.example;;;Germany;new.example;stan@alder.example;active",
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
    assert list(job.rows.filter(outcome="twin").order_by("line").values_list("duplicate_of", "reasons")) == [
        (by_mail.pk, ["email"]), (by_phone.pk, ["phone"]), (by_domain.pk, ["domain"])
    ]  # fmt: skip
    page = max_.get(f"{IMPORT}{job.pk}/").content.decode()
    for text in (by_mail.reference, by_phone.reference, "same phone number", "Same as row 2", "last name", "E-Mail: Enter a valid"):
        assert text in page, text
    for text in (
        "Land: ",
        "Domains: ",
        "Zuständig: This value isn’t recognized. Accepted: names and e-mail addresses of your team.",
        "Status: This value isn’t recognized. Accepted: Active, Archived.",
        "11 cells",
        "quotation mark",
    ):
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


def test_what_was_checked_counts_no_more_once_the_file_is_read_in_another_way(max_: Client, cast: Cast) -> None:
    job = checked(max_, "Firma;Ort\nOtt;Köln\n".encode("mac_roman"))
    assert job.rows.get().values["fields"]["city"] == "Kšln"
    max_.post(f"{IMPORT}{job.pk}/columns/", {**columns_of(max_, job), "encoding": "mac_roman"})
    max_.post(f"{IMPORT}{job.pk}/run/")
    job.refresh_from_db()
    assert (job.status, job.rows.count(), Customer.objects.count()) == ("uploaded", 0, 0)
    assert max_.get(f"{IMPORT}{job.pk}/").status_code == 302
    max_.post(f"{IMPORT}{job.pk}/columns/", columns_of(max_, job))
    assert do_the_work(job).rows.get().values["fields"]["city"] == "Köln"


def test_reading_again_what_is_no_longer_there_changes_nothing(max_: Client, cast: Cast) -> None:
    job = checked(max_, "Firma;Ort\nOtt;Köln\n")
    columns = columns_of(max_, job)
    ImportChunk.objects.all().delete()
    answer = max_.post(f"{IMPORT}{job.pk}/columns/", {**columns, "delimiter": ","}, follow=True)
    assert "This file has been deleted" in answer.content.decode()
    job.refresh_from_db()
    assert (job.status, job.headings, job.counts) == ("checked", ["Firma", "Ort"], {"new": 1})


def test_an_address_is_known_in_both_spellings_of_its_domain_and_as_it_is_copied(max_: Client, cast: Cast) -> None:
    known = CustomerFactory(agency=cast.alder, email="Kim@xn--strae-oqa.example")
    CustomerFactory(agency=cast.alder, email="kim@strasse.example")
    lines = [
        "A;kim@straße.example",
        "B;Ute <ute@groß.example>",
        "C;UTE@xn--gro-7ka.example;",
        "D;ute@gross.example",
        "E;a@x.example, b@x.example",
    ]
    job = checked(max_, "\n".join(["Firma;E-Mail;Ort", *lines]))
    assert outcomes(job) == [(2, "twin"), (3, "new"), (4, "duplicate"), (5, "new"), (6, "error")]
    assert job.rows.get(line=2).duplicate_of_id == known.pk
    assert job.rows.get(line=3).values["fields"]["email"] == "ute@groß.example"
