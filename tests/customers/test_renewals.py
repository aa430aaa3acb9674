"""Renewals of domains and contracts: by one term, once, and with undo."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from customers.models import Contract, Customer, Domain
from customers.services.customers import erase_customer
from customers.services.renewals import renew, undo_renewal
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.test_edit_at_once import blocked_sessions
from tests.customers.test_merge import merge
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory
from tests.polling import eventually


@pytest.fixture
def lea(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder)


@pytest.fixture
def domain(lea: Customer) -> Domain:
    return DomainFactory(customer=lea, name="a.example", expires_on=date(2027, 5, 1))


def path(item: Any) -> str:
    return f"/{item._meta.model_name}s/{item.pk}/renew/"


def end_of(item: Any) -> date:
    item.refresh_from_db()
    return getattr(item, item.renewable_field)


def shown(response: Any) -> str:
    return response.content.decode()


def undo_path(page: str) -> str:
    (found,) = [part.partition('"')[0] for part in page.split('action="') if "/renew/undo/" in part.partition('"')[0]]
    return found.replace("&amp;", "&")


def test_a_renewal_moves_the_date_and_can_be_undone(stan: Client, cast: Cast, domain: Domain) -> None:
    page = shown(stan.post(path(domain), {"until": "2027-05-01"}, follow=True))
    assert end_of(domain) == date(2028, 5, 1)
    assert "a.example renewed until 1 May 2028." in page
    assert "Domain a.example renewed until 1 May 2028" in page
    page = shown(stan.post(undo_path(page), follow=True))
    assert end_of(domain) == date(2027, 5, 1)
    assert "Renewal undone: a.example has the date 1 May 2027 again." in page
    events = AuditEvent.objects.filter(customer_id=domain.customer_id).order_by("pk").values_list("action", "actor_id", "data")
    assert list(events)[1:] == [
        ("domain.renewed", cast.stan.pk, {"until": "2028-05-01"}),
        ("domain.renewal_undone", cast.stan.pk, {"until": "2027-05-01"}),
    ]


def test_the_page_of_the_email_shows_both_dates_and_changes_nothing(stan: Client, domain: Domain) -> None:
    page = shown(stan.get(path(domain)))
    assert "from 1 May 2027 to <strong>1 May 2028</strong>" in page
    assert 'name="until" value="2027-05-01"' in page
    assert end_of(domain) == date(2027, 5, 1)


@pytest.mark.parametrize("where", ["/domains/", "/customers/{customer}/"])
def test_rows_have_the_button(stan: Client, domain: Domain, where: str) -> None:
    page = shown(stan.get(where.format(customer=domain.customer_id)))
    assert f'formaction="{path(domain)}" name="until" value="2027-05-01"' in page


def test_rows_that_cannot_be_renewed_have_no_button(stan: Client, lea: Customer) -> None:
    DomainFactory(customer=lea)
    ContractFactory(customer=lea)
    ContractFactory(customer=lea, ends_on=date(2027, 5, 1), status="cancelled")
    assert "/renew/" not in shown(stan.get(f"/customers/{lea.pk}/"))


def test_a_double_click_renews_once(stan: Client, domain: Domain) -> None:
    for _click in range(2):
        page = shown(stan.post(path(domain), {"until": "2027-05-01"}, follow=True))
    assert end_of(domain) == date(2028, 5, 1)
    assert "a.example was already renewed." in page
    assert AuditEvent.objects.filter(action="domain.renewed").count() == 1


def test_two_members_at_once_renew_once(transactional_db: None, cast: Cast, domain: Domain) -> None:
    results = at_once(4, lambda _n: renew(domain, until=date(2027, 5, 1), by=cast.stan))
    assert sorted(results, key=str) == [date(2028, 5, 1), None, None, None]
    assert end_of(domain) == date(2028, 5, 1)


def test_a_renewal_waits_for_a_change_that_is_being_saved(transactional_db: None, cast: Cast, lea: Customer) -> None:
    contract = ContractFactory(customer=lea, ends_on=date(2027, 5, 1))

    def renewal() -> date | None:
        try:
            return renew(contract, until=date(2027, 5, 1), by=cast.stan)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Contract.objects.filter(pk=contract.pk).update(ends_on=date(2030, 1, 1))
            running = pool.submit(renewal)
            eventually(lambda: blocked_sessions() == 1, "the renewal waits for the lock of the contract")
        with pytest.raises(ValidationError, match="its date is now 1 January 2030"):
            running.result(timeout=30)
    assert end_of(contract) == date(2030, 1, 1)


def test_an_item_that_a_merge_has_moved_since_is_renewed(cast: Cast, domain: Domain) -> None:
    first = CustomerFactory(agency=cast.alder)
    merge(cast, first, domain.customer)
    assert renew(domain, until=date(2027, 5, 1), by=cast.stan) == date(2028, 5, 1)
    assert AuditEvent.objects.get(action="domain.renewed").customer_id == first.pk


@pytest.mark.parametrize("until", ["2027-04-30", "", "soon", None])
def test_a_date_that_changed_since_is_not_moved(stan: Client, domain: Domain, until: str | None) -> None:
    page = shown(stan.post(path(domain), {} if until is None else {"until": until}, follow=True))
    assert escape("Someone has changed “a.example” since; its date is now 1 May 2027. Nothing was changed.") in page
    assert end_of(domain) == date(2027, 5, 1)


@pytest.mark.parametrize("query", ["before=2027-05-01&until=2028-05-02", "before=2020-01-01&until=2028-05-01", "before=x", ""])
def test_an_undo_restores_only_the_date_of_its_renewal(stan: Client, domain: Domain, query: str) -> None:
    stan.post(path(domain), {"until": "2027-05-01"})
    stan.post(f"{path(domain)}undo/?{query}")
    assert end_of(domain) == date(2028, 5, 1)


def test_an_undo_needs_the_token_of_a_renewal(stan: Client, cast: Cast, domain: Domain) -> None:
    # This date could be the end of a renewal, but wasn't one.
    query = "before=2026-05-01&until=2027-05-01"
    stan.post(f"{path(domain)}undo/?{query}")
    undo = undo_path(shown(stan.post(path(domain), {"until": "2027-05-01"}, follow=True)))
    other = DomainFactory(customer=domain.customer, name="b.example", expires_on=date(2028, 5, 1))
    contract = ContractFactory(pk=domain.pk, customer=domain.customer, ends_on=date(2028, 5, 1))
    token = undo.partition("token=")[2]
    for item, wrong in (
        (other, token),
        (contract, token),
        (domain, f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}"),
        (domain, "x"),
        (domain, ""),
    ):
        page = shown(stan.post(f"{path(item)}undo/?token={wrong}", follow=True))
        assert "Nothing was changed." in page and end_of(item) == date(2028, 5, 1)
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)), pytest.raises(ValidationError, match="Nothing was changed"):
        undo_renewal(domain, token=unquote(token), by=cast.stan)
    assert end_of(domain) == date(2028, 5, 1)
    stan.post(undo)
    assert end_of(domain) == date(2027, 5, 1)


@pytest.mark.parametrize(
    ("factory", "fields"),
    [
        (ContractFactory, {"starts_on": date(2020, 1, 1)}),
        (ContractFactory, {"term_months": 24}),
        (ContractFactory, {"notice_count": 2}),
        (ContractFactory, {"notice_unit": "weeks"}),
        (ContractFactory, {"status": "cancelled"}),
        (DomainFactory, {"auto_renew": True}),
    ],
)
def test_an_undo_after_a_change_of_the_terms_is_refused(stan: Client, lea: Customer, factory: Any, fields: dict[str, Any]) -> None:
    item = factory(customer=lea, **{"expires_on" if factory is DomainFactory else "ends_on": date(2027, 5, 1)})
    undo = undo_path(shown(stan.post(path(item), {"until": "2027-05-01"}, follow=True)))
    type(item).objects.filter(pk=item.pk).update(**fields)
    assert escape(f"The term of “{item}” has changed since.") in shown(stan.post(undo, follow=True))
    assert end_of(item) == date(2028, 5, 1)


def test_an_undo_after_another_change_is_refused(stan: Client, domain: Domain) -> None:
    page = shown(stan.post(path(domain), {"until": "2027-05-01"}, follow=True))
    Domain.objects.filter(pk=domain.pk).update(expires_on=date(2030, 1, 1))
    assert "Nothing was changed." in shown(stan.post(undo_path(page), follow=True))
    assert end_of(domain) == date(2030, 1, 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [("2028-02-29", "2029-02-28"), ("2027-02-28", "2028-02-28"), ("2027-12-31", "2028-12-31"), ("2096-02-29", "2097-02-28")],
)
def test_domains_are_renewed_by_one_year(stan: Client, domain: Domain, before: str, after: str) -> None:
    Domain.objects.filter(pk=domain.pk).update(expires_on=before)
    page = shown(stan.post(path(domain), {"until": before}, follow=True))
    assert end_of(domain) == date.fromisoformat(after)
    stan.post(undo_path(page))
    assert end_of(domain) == date.fromisoformat(before)


@pytest.mark.parametrize(
    ("months", "before", "after"),
    [
        (1, "2027-01-31", "2027-02-28"),
        (1, "2027-02-28", "2027-03-31"),
        (1, "2027-04-30", "2027-05-31"),
        (1, "2027-01-30", "2027-02-28"),
        (12, "2027-02-28", "2028-02-29"),
        (12, "2028-02-29", "2029-02-28"),
        (24, "2026-12-15", "2028-12-15"),
        (3, "2026-11-30", "2027-02-28"),
        (120, "2027-12-31", "2037-12-31"),
    ],
)
def test_contracts_are_renewed_by_their_term(stan: Client, lea: Customer, months: int, before: str, after: str) -> None:
    contract = ContractFactory(customer=lea, ends_on=before, term_months=months, notice_count=1)
    page = shown(stan.post(path(contract), {"until": before}, follow=True))
    assert end_of(contract) == date.fromisoformat(after)
    stan.post(undo_path(page))
    assert end_of(contract) == date.fromisoformat(before)


@pytest.mark.parametrize("fields", [{"status": "cancelled"}, {"status": "ended"}, {"ends_on": None}, {"ends_on": "9999-01-01"}])
def test_other_contracts_cannot_be_renewed(stan: Client, lea: Customer, fields: dict[str, Any]) -> None:
    contract = ContractFactory(customer=lea, **{"ends_on": "2027-05-01"} | fields)
    before = end_of(contract)
    assert "Only active contracts with an end date can be renewed." in shown(stan.get(path(contract)))
    page = shown(stan.post(path(contract), {"until": fields.get("ends_on", "2027-05-01") or ""}, follow=True))
    assert escape(f"“{contract}” has no date that can be moved.") in page
    assert end_of(contract) == before


def test_the_term_is_a_field_of_the_form(stan: Client, lea: Customer) -> None:
    data = {"number": "V-1", "currency": "EUR", "interval": "month", "notice_count": 0, "notice_unit": "months", "status": "active"}
    for term, stored in (("", 12), ("24", 24)):
        stan.post(f"/customers/{lea.pk}/contracts/add/", data | {"number": f"V{term}", "term_months": term})
        assert Contract.objects.get(number=f"V{term}").term_months == stored
    for term in ("0", "121", "x"):
        assert stan.post(f"/customers/{lea.pk}/contracts/add/", data | {"term_months": term}).status_code == 200


def test_items_of_erased_customers_are_not_found(stan: Client, cast: Cast, domain: Domain) -> None:
    erase_customer(domain.customer, by=cast.alice)
    assert stan.post(path(domain), {"until": "2027-05-01"}).status_code == 404


def test_items_of_customers_erased_in_the_meantime_are_not_renewed(cast: Cast, domain: Domain) -> None:
    erased = CustomerFactory(agency=cast.alder)
    erase_customer(erased, by=cast.alice)
    Domain.objects.filter(pk=domain.pk).update(customer=erased)
    with pytest.raises(Customer.DoesNotExist):
        renew(domain, until=date(2027, 5, 1), by=cast.stan)
    assert end_of(domain) == date(2027, 5, 1)


def test_the_dialog_reloads_its_page(stan: Client, domain: Domain) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/dashboard/"}
    assert "dialog-head" in shown(stan.get(path(domain), headers=headers))
    response = stan.post(path(domain), {"until": "2027-05-01", "next": "/dashboard/"}, headers=headers)
    assert (response.status_code, response["HX-Redirect"]) == (204, "/dashboard/")
