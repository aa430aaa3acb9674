"""Import of domain lists: which customer gets a domain, changed dates, words and dates of registrars."""

import datetime as dt

import pytest
from django.test import Client

from customers.models import Domain
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.import_helpers import IMPORT, checked, columns_of, csv_of, do_the_work, imported, outcomes, uploaded
from tests.customers.test_import_files import content
from tests.factories.customers import CustomerFactory, DomainFactory


def problems(client: Client, text: str) -> list[str]:
    """Return why the rows of a list can't be imported, and what is reported about the others."""
    return [row.explanation or " · ".join(row.remark_messages) for row in checked(client, text).rows.order_by("line")]


def test_list_of_a_registrar_changes_the_dates_of_known_domains(alice: Client, cast: Cast) -> None:
    one = DomainFactory(customer=CustomerFactory(agency=cast.alder), name="rg-eins.example", registrar="Old", auto_renew=True)
    website = CustomerFactory(agency=cast.alder, website="https://www.rg-zwei.example/shop")
    job = imported(alice, content("a21"))
    assert (job.subject, job.mapping) == ("domains", {"0": "domain", "2": "expires_on", "4": "auto_renew"})
    assert job.counts == {"imported": 2}
    one.refresh_from_db()
    assert (one.registrar, one.expires_on, one.auto_renew) == ("Old", dt.date(2027, 1, 1), False)
    two = website.domains.get()
    assert (two.name, two.unicode_name, two.expires_on, two.auto_renew) == ("rg-zwei.example", "rg-zwei.example", dt.date(2027, 3, 1), True)
    assert list(AuditEvent.objects.filter(action__startswith="domain").order_by("pk").values_list("action", "data", "customer_id")) == [
        ("domain.added", {}, website.pk),
        ("domain.changed", {"fields": ["expires_on", "auto_renew"]}, one.customer_id),
        ("domains.imported", {"errors": 0, "skipped": 0, "imported": 2}, None),
    ]
    assert checked(alice, content("a21")).counts == {"unchanged": 2}


@pytest.mark.parametrize(
    "named", ["K-1002", "1002", "Müllerei Größe", "müllerei größe", "ute@xn--mllerei-n2a.example", "Ute@müllerei.example"]
)
def test_customer_is_named_by_number_name_or_address(alice: Client, cast: Cast, named: str) -> None:
    CustomerFactory(agency=cast.alder)
    mill = CustomerFactory(agency=cast.alder, company="Müllerei Größe", email="ute@müllerei.example")
    CustomerFactory(agency=cast.birch, company="Müllerei Größe", email="ute@müllerei.example")
    assert imported(alice, f"Domain;Kunde;Ablauf\nneu.example;{named};31.12.2027\n").counts == {"imported": 1}
    assert mill.domains.get().expires_on == dt.date(2027, 12, 31)


@pytest.mark.parametrize("named", ["Ute Größe", "Größe, Ute"])
def test_person_is_named_in_both_orders(alice: Client, cast: Cast, named: str) -> None:
    ute = CustomerFactory(agency=cast.alder, kind="person", company="", first_name="Ute", last_name="Größe")
    assert imported(alice, f'Domain,Owner,Expires\nneu.example,"{named}",2027-12-31\n').counts == {"imported": 1}
    assert ute.domains.get().name == "neu.example"


def test_rows_without_one_customer_are_errors(alice: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(2, agency=cast.alder, company="Ott", email="info@shared.example")
    CustomerFactory(agency=cast.alder, company="Old", status="archived")
    CustomerFactory(agency=cast.birch, company="Stranger")
    known = DomainFactory(customer=CustomerFactory(agency=cast.alder, company="Brandt"), name="known.example")
    rows = [
        ("a.example;Ott;", "Customer: Several customers match: K-1001, K-1002. Enter the customer number."),
        ("b.example;Stranger;", "Customer: No customer has this number, name or e-mail address."),
        ("c.example;Old;", "Customer: K-1003 is archived."),
        ("shared.example;;", "Customer: Several customers match: K-1001, K-1002. Enter the customer number."),
        (
            "d.example;;",
            "Customer: No customer found for this domain. Add a column with the customer number (K-1001), name or e-mail address.",
        ),
        ("known.example;K-1003;2027-01-01", "Customer: The domain stays with K-1004."),
        ("known.example;;", "Same as row 7 (same domain)"),
        ("no domain;K-1004;", "Domain: Enter a valid domain name, such as example.com."),
        ("e.example;K-1004;01/02/2027", "Expires: Day and month of this date can’t be told apart. Write dates as 2027-12-31."),
        ("f.example;K-1004;soon", "Expires: Enter a valid date, such as 2027-12-31."),
        ("g.example;K-1004;0066-12-31", "Expires: This date is too far in the past. Check the year."),
    ]
    found = problems(alice, "Domain;Customer;Expires\n" + "\n".join(row for row, _problem in rows))
    assert found == [problem for _row, problem in rows]
    assert Domain.objects.get() == known


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2027-03-04", "2027-03-04"), ("2027-03-04T23:59:59Z", "2027-03-04"), ("2027/3/4", "2027-03-04"), ("4.3.2027", "2027-03-04"),
        ("04-03-2027", "2027-03-04"), ("4. März 2027", "2027-03-04"), ("4-Mar-2027", "2027-03-04"), ("Mar 4, 2027", "2027-03-04"),
        ("4 Dezember 2027", "2027-12-04"), ("25/12/2027", "2027-12-25"), ("12/25/2027", "2027-12-25"), ("05/05/2027", "2027-05-05"),
        ("04.03.2027 12:00", "2027-03-04"),
    ],
)  # fmt: skip
def test_dates_are_understood(alice: Client, cast: Cast, text: str, date: str) -> None:
    domain = DomainFactory(customer=CustomerFactory(agency=cast.alder), name="a.example")
    assert imported(alice, f'Domain;Expires\na.example;"{text}"\n').counts == {"imported": 1}
    domain.refresh_from_db()
    assert domain.expires_on == dt.date.fromisoformat(date)


@pytest.mark.parametrize(("first", "expected"), [("01/31/2027", "2027-03-04"), ("31/01/2027", "2027-04-03")])
def test_other_dates_of_the_file_tell_day_and_month_apart(alice: Client, cast: Cast, first: str, expected: str) -> None:
    customer = CustomerFactory(agency=cast.alder)
    imported(alice, f"Domain;Customer;Expires\na.example;K-1001;{first}\nb.example;K-1001;03/04/2027\n")
    assert customer.domains.get(name="b.example").expires_on == dt.date.fromisoformat(expected)


@pytest.mark.parametrize(("text", "expected"), [("On", True), ("ja", True), ("TRUE", True), ("Off", False), ("manuell", False)])
def test_words_for_automatic_renewal(alice: Client, cast: Cast, text: str, expected: bool) -> None:
    domain = DomainFactory(customer=CustomerFactory(agency=cast.alder), name="a.example", auto_renew=not expected)
    assert imported(alice, f"Domain;Auto-Renew\na.example;{text}\n").counts == {"imported": 1}
    domain.refresh_from_db()
    assert domain.auto_renew is expected


@pytest.mark.parametrize(("heading", "text", "expected"), [("Notify the customer", "yes", True), ("Kunden benachrichtigen", "nein", False)])
def test_list_says_whose_customers_are_reminded(alice: Client, cast: Cast, heading: str, text: str, expected: bool) -> None:
    domain = DomainFactory(customer=CustomerFactory(agency=cast.alder), name="a.example", notify_customer=not expected)
    assert imported(alice, f"Domain;{heading}\na.example;{text}\nb.example;\n").counts == {"imported": 1, "error": 1}
    domain.refresh_from_db()
    assert domain.notify_customer is expected


def test_unknown_word_is_reported_and_changes_nothing(alice: Client, cast: Cast) -> None:
    DomainFactory(customer=CustomerFactory(agency=cast.alder), name="a.example", auto_renew=True)
    job = checked(alice, "Domain;Auto-Renew;Expires\na.example;later;2027-01-01\nb.example;on;\nc.example;on;\n", column_1="auto_renew")
    assert [row.remark_messages for row in job.rows.filter(line=2)] == [
        ["Auto-Renew: This value isn’t recognized. Accepted: yes, no, on, off."]
    ]
    assert job.counts == {"update": 1, "error": 2}


def test_content_can_be_chosen(alice: Client, cast: Cast) -> None:
    job = uploaded(alice, "Firma;Domain;Ablauf\nOtt;ott.example;2027-01-01\n")
    assert job.subject == "domains"
    address = f"{IMPORT}{job.pk}/columns/"
    alice.post(address, {**columns_of(alice, job), "subject": "customers", "reload_preview": "1"})
    job.refresh_from_db()
    assert (job.subject, job.mapping) == ("customers", {"0": "company", "1": "domains"})
    alice.post(address, {**columns_of(alice, job), "subject": "domains"})
    job.refresh_from_db()
    assert job.mapping == {"0": "customer", "1": "domain", "2": "expires_on"}
    response = alice.post(address, {**columns_of(alice, job), "column_1": ""})
    assert "Map one column to Domain." in response.content.decode()


@pytest.mark.parametrize(
    "headings",
    [
        "Domain;Customer number", "Domain;Company", "Domain;Customer;Notes", "Domain Name;Client", "Domain;Owner", "Customer ID;Domain",
        "Domain;Expiry", "Domain;Registrar", "Domain;Customer e-mail",
        "Domain;Kundennummer", "Domainname;Kunden-Nr.", "Domain;Kd-Nr.", "Domain;Firma", "Domäne;Kunde", "Kundennummer;Domain",
        "Domain;Inhaber", "Domain;Ablaufdatum", "Domain;läuft ab am", "Domain;Automatische Verlängerung", "Domains;Unternehmen",
    ],
)  # fmt: skip
def test_domain_lists_are_recognized(alice: Client, cast: Cast, headings: str) -> None:
    job = uploaded(alice, f"{headings}\na.example;Ott\n")
    assert job.subject == "domains"
    assert "domain" in job.mapping.values()


@pytest.mark.parametrize(
    "headings",
    [
        "Firma;Domain",
        "Company;Domain",
        "Name;Domain",
        "Domain;Company;City",
        "Domain;Kundennummer;Nachname",
        "Domain;E-Mail;Firma",
        "Domain",
    ],
)
def test_customers_with_a_domain_are_no_domain_list(alice: Client, cast: Cast, headings: str) -> None:
    assert uploaded(alice, f"{headings}\nOtt;a.example;Köln\n").subject == "customers"


def test_domain_list_with_customer_numbers_is_imported_below_its_title(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    job = imported(alice, "Unsere Domains\n\nDomain;Kundennummer\nneu.example;K-1001\nzwei.example;1001\n")
    assert (job.subject, job.counts) == ("domains", {"imported": 2})
    assert sorted(customer.domains.values_list("name", flat=True)) == ["neu.example", "zwei.example"]


def test_pages_name_domains_and_their_customers(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, company="Müllerei Größe")
    job = checked(alice, "Domain;Kunde;Ablauf\nneu.example;K-1001;2027-01-01\nfremd.example;Unknown;2027-01-01\n")
    page = alice.get(f"{IMPORT}{job.pk}/").content.decode()
    assert "neu.example" in page
    assert f'<a href="{customer.get_absolute_url()}">K-1001 Müllerei Größe</a>' in page
    assert "Import 1 domain" in page
    assert csv_of(alice.get(f"{IMPORT}{job.pk}/rest/"))[0] == ["Domain", "Kunde", "Ablauf", "import_error"]
    alice.post(f"{IMPORT}{job.pk}/run/")
    do_the_work(job)
    assert 'href="/domains/"' in alice.get(f"{IMPORT}{job.pk}/").content.decode()


def test_domain_that_was_given_away_meanwhile_is_changed_there(alice: Client, cast: Cast) -> None:
    other = CustomerFactory(agency=cast.alder)
    CustomerFactory(agency=cast.alder)
    job = checked(alice, "Domain;Kunde;Ablauf\nneu.example;K-1002;2027-01-01\nzwei.example;K-1002;2027-01-01\n")
    DomainFactory(customer=other, name="neu.example")
    cast.alder.customers.filter(number=1002).update(status="archived")
    alice.post(f"{IMPORT}{job.pk}/run/")
    assert do_the_work(job).counts == {"imported": 1, "error": 1}
    assert other.domains.get().expires_on == dt.date(2027, 1, 1)
    assert outcomes(job) == [(2, "imported"), (3, "error")]


@pytest.mark.django_db(transaction=True)
def test_two_lists_at_once_add_a_domain_once(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    jobs = [checked(alice, f"Domain;Kunde;Ablauf\nneu.example;K-1001;2027-01-0{day}\n") for day in (1, 2)]
    for job in jobs:
        alice.post(f"{IMPORT}{job.pk}/run/")
    results = at_once(2, lambda index: do_the_work(jobs[index]).counts)
    assert results == [{"imported": 1}] * 2
    assert Domain.objects.count() == 1
