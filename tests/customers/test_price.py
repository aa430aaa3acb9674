"""Price input of contracts: displayed prices are accepted, and ambiguous input is rejected."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from customers.models import Contract, Customer
from partnerportal.core.templatetags.portal import money
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory

CONTRACT = {"number": "V-1", "currency": "EUR", "interval": "month", "notice_count": "0", "notice_unit": "months", "status": "active"}


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder)


def add(client: Client, customer: Customer, language: str, **fields: str):
    client.cookies["django_language"] = language
    return client.post(f"/customers/{customer.pk}/contracts/add/", {**CONTRACT, **fields})


@pytest.mark.parametrize("language", ["de", "en"])
def test_displayed_prices_are_accepted_in_each_language(stan: Client, customer: Customer, language: str) -> None:
    for amount, currency in (("1234.50", "EUR"), ("1234567.00", "CHF"), ("89.90", "GBP"), ("0.05", "USD")):
        for printed_in in ("de", "en"):
            with translation.override(printed_in):
                printed = money(Decimal(amount), currency)
            response = add(stan, customer, language, price=printed, currency=currency)
            assert response.status_code == 302, (printed, response.context["form"].errors)
            assert Contract.objects.latest("pk").price == Decimal(amount)


@pytest.mark.parametrize(
    ("language", "typed"),
    [
        *(("en", "1.234,50"), ("de", "1,234.50"), ("en", "1234,5"), ("de", "1 234,50"), ("en", "1\u00a0234,50"), ("de", "1\u202f234.50")),
        *(
            ("en", "1'234.50"),
            ("de", "1’234,50"),
            ("en", "1.234,50 EUR"),
            ("de", "EUR 1,234.50"),
            ("de", "€ 1.234,50"),
            ("en", "eur1234,50"),
        ),
        *(("de", " 1.234,50 Euro "), ("en", "\u200e1.234,50\u00a0€")),
    ],
)
def test_different_spellings_of_an_amount_are_accepted(stan: Client, customer: Customer, language: str, typed: str) -> None:
    response = add(stan, customer, language, price=typed)
    assert response.status_code == 302, response.context["form"].errors
    assert Contract.objects.get().price == Decimal("1234.50")


@pytest.mark.parametrize(
    ("language", "typed", "amount"),
    [
        ("de", "1.234", "1234"),
        ("en", "1,234", "1234"),
        ("de", "1.234.567", "1234567"),
        ("en", "1.234.567", "1234567"),
        ("de", "12,-", "12"),
        ("en", ".5", "0.5"),
        ("de", "0", "0"),
        ("de", "", None),
        ("de", "\u00a0", None),
    ],
)
def test_amounts_without_cents(stan: Client, customer: Customer, language: str, typed: str, amount: str | None) -> None:
    response = add(stan, customer, language, price=typed)
    assert response.status_code == 302, response.context["form"].errors
    assert Contract.objects.get().price == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("language", "typed"),
    [
        *(("en", "1.234"), ("de", "1,234"), ("de", "1.2345,00"), ("en", "12.34.56"), ("de", "12 34"), ("en", "1,23,456.00")),
        *(
            ("de", "1.234.50"),
            ("de", "0.123"),
            ("de", "1.234,505"),
            ("en", "1e5"),
            ("en", "Infinity"),
            ("de", "zwölf"),
            ("en", "1,234,567,89"),
        ),
        *(("en", "€"), ("en", "€5 USD"), ("en", "5 zorkmids"), ("en", "5 5"), ("en", "1." * 500), ("en", "٥")),
    ],
)
def test_ambiguous_amounts_are_rejected_with_an_example(stan: Client, customer: Customer, language: str, typed: str) -> None:
    response = add(stan, customer, language, price=typed)
    (message,) = response.context["form"].errors["price"]
    assert ("1.234,50" if language == "de" else "1,234.50") in message
    assert not Contract.objects.exists()


def test_currency_that_differs_from_the_selected_one_is_rejected(stan: Client, customer: Customer) -> None:
    response = add(stan, customer, "en", price="$1,234.50")
    (message,) = response.context["form"].errors["price"]
    assert "USD" in message
    assert "EUR" in message
    assert 'value="$1,234.50"' in response.content.decode()
    assert not Contract.objects.exists()
    assert add(stan, customer, "en", price="$1,234.50", currency="USD").status_code == 302


@pytest.mark.parametrize(("language", "shown"), [("de", "1234567,50"), ("en", "1234567.50")])
def test_saving_the_form_unchanged_keeps_the_price(stan: Client, customer: Customer, language: str, shown: str) -> None:
    contract = ContractFactory(customer=customer, price="1234567.50")
    stan.cookies["django_language"] = language
    form = stan.get(f"/contracts/{contract.pk}/edit/").context["form"]
    assert f'value="{shown}"' in str(form["price"])
    fields = {name: "" if (value := form[name].value()) is None else value for name in form.fields}
    fields["price"] = shown
    assert stan.post(f"/contracts/{contract.pk}/edit/", fields).status_code == 302
    contract.refresh_from_db()
    assert contract.price == Decimal("1234567.50")
