"""The rules for duplicates are the same in the form, in imports and in the search for pairs."""

import csv
import io

import pytest
from django.test import Client

from customers.merging import pairs as searching
from customers.merging.pairs import run_batches, start_search
from customers.models import Customer, CustomerPair
from customers.queries import duplicates as rules
from tests.cast import Cast
from tests.customers.import_helpers import checked, csv_of, imported
from tests.customers.test_merge import merge
from tests.factories.customers import CustomerFactory, DomainFactory

#: Fields of two customers, and whether they are possible duplicates. Also cases b12, b13, b28 and b34 of the field files.
CASES = [
    ({"company": "Wiederholung GmbH", "city": "Görlitz"}, {"company": "Wiederholung GmbH", "city": "Görlitz"}, True),
    ({"company": "Wiederholung GmbH", "city": "Görlitz"}, {"company": "wiederholung gmbh"}, True),
    ({"company": "Wiederholung GmbH"}, {"company": "Wiederholung AG"}, False),
    (
        {"kind": "person", "first_name": "Jens", "last_name": "Öhler"},
        {"kind": "person", "first_name": "jens", "last_name": "Ohler"},
        True,
    ),
    ({"kind": "person", "last_name": "Öhler"}, {"kind": "person", "last_name": "Öhler"}, False),
    ({"phone": "030 4455668"}, {"phone": "040 4455668"}, False),
    ({"phone": "030 4455668"}, {"phone": "+41 44 455 56 68"}, False),
    ({"phone": "030 4455668"}, {"phone": "+49 (0)30 445 56 68"}, True),
    ({"email": "info@käse-idn.example"}, {"email": "info@xn--kse-idn-5wa.example"}, True),
    ({"email": "info@käse-idn.example"}, {"email": "info@kase-idn.example"}, False),
    ({"website": "https://www.ww-eins.example/shop"}, {"website": "http://ww-eins.example"}, True),
    ({"website": "https://käse-idn.example"}, {"website": "https://www.xn--kse-idn-5wa.example"}, True),
    ({"website": "https://ww-eins.example"}, {"website": "https://ww-zwei.example"}, False),
]
OTHERS = {"kind": "company", "language": "en"}


def with_name(fields: dict[str, str], name: str) -> dict[str, str]:
    return OTHERS | ({"company": name} if not {"company", "kind"} & fields.keys() else {}) | fields


def existing(cast: Cast, fields: dict[str, str]) -> Customer:
    return CustomerFactory(agency=cast.alder, **{"email": "", "company": "", "first_name": "", "last_name": ""} | with_name(fields, "One"))


@pytest.mark.parametrize(("one", "other", "are_duplicates"), CASES)
def test_in_the_form(stan: Client, cast: Cast, one: dict[str, str], other: dict[str, str], *, are_duplicates: bool) -> None:
    existing(cast, one)
    response = stan.post("/customers/add/", with_name(other, "Other"))
    assert response.status_code == (200 if are_duplicates else 302)


@pytest.mark.parametrize(("one", "other", "are_duplicates"), CASES)
def test_in_an_import(max_: Client, cast: Cast, one: dict[str, str], other: dict[str, str], *, are_duplicates: bool) -> None:
    existing(cast, one)
    fields = with_name(other, "Other")
    file = io.StringIO()
    csv.writer(file).writerows([list(fields), list(fields.values())])
    job = checked(max_, file.getvalue())
    assert [row.outcome for row in job.rows.all()] == ["twin" if are_duplicates else "new"]


@pytest.mark.parametrize(("one", "other", "are_duplicates"), CASES)
def test_in_the_search(cast: Cast, one: dict[str, str], other: dict[str, str], *, are_duplicates: bool) -> None:
    existing(cast, one)
    CustomerFactory(agency=cast.alder, **{"email": "", "company": "", "first_name": "", "last_name": ""} | with_name(other, "Other"))
    for _batch in run_batches(start_search(cast.alder).pk):
        pass
    assert CustomerPair.objects.exists() == are_duplicates


@pytest.mark.parametrize(("owned", "typed"), [("www.ww-eins.example", "ww-eins.example"), ("ww-eins.example", "www.ww-eins.example")])
def test_domains_with_and_without_www_are_the_same(max_: Client, cast: Cast, owned: str, typed: str) -> None:
    DomainFactory(customer=CustomerFactory(agency=cast.alder), name=owned)
    job = checked(max_, f"Firma;Domains\nOther;{typed}\n")
    assert [row.outcome for row in job.rows.all()] == ["twin"]
    assert max_.post("/customers/add/", {**OTHERS, "company": "Other", "website": f"https://{typed}"}).status_code == 200


def test_shared_switchboard_numbers_are_no_reason(max_: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (rules, searching, __import__("customers.imports.duplicates", fromlist=["_"])):
        monkeypatch.setattr(module, "MAX_SHARED", 3)
    for number in range(4):
        CustomerFactory(agency=cast.alder, company=f"Company {number}", phone="030 4455668")
    assert max_.post("/customers/add/", {**OTHERS, "company": "Other", "phone": "+49 30 4455668"}).status_code == 302
    job = checked(max_, "Firma;Telefon\nAnother;030 4455668\n")
    assert [row.outcome for row in job.rows.all()] == ["new"]


def test_number_of_a_merged_customer_creates_and_updates_nobody(max_: Client, cast: Cast) -> None:
    first, second = (CustomerFactory(agency=cast.alder, company=name) for name in ("One", "Two"))
    rows = csv_of(max_.post("/customers/export/"))
    merge(cast, first, second)
    before = list(Customer.objects.order_by("pk").values())
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    job = imported(max_, file.getvalue(), import_duplicates="on")
    assert set(job.rows.values_list("outcome", "duplicate_of")) == {("existing", first.pk)}
    assert list(Customer.objects.order_by("pk").values()) == before
