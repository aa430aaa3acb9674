"""Pages of custom fields; their values in the form, on the customer's page, and as filters and columns of the list."""

from typing import Any

import pytest
from django.test import Client

from customers.models import Customer, CustomField
from customers.services.custom_fields import add_field
from tests.cast import Cast
from tests.customers.test_tag_pages import form_data
from tests.factories.customers import CustomerFactory


@pytest.fixture
def fields(cast: Cast) -> dict[str, CustomField]:
    """One field of each kind."""
    kinds = ("text", "number", "date", "choice", "link")
    return {kind: add_field(cast.alder, name=f"My {kind}", kind=kind, choices=["Gold", "Silver"], by=cast.alice) for kind in kinds}


@pytest.fixture
def values(fields: dict[str, CustomField]) -> dict[str, Any]:
    texts = {"text": "per Du", "number": "12.5", "date": "2026-02-01", "choice": "Gold", "link": "https://client.example/x"}
    return {field.key: field.parse(texts[kind]) for kind, field in fields.items()}


def found(browser: Client, query: str) -> list[str]:
    return sorted(customer.company for customer in browser.get(f"/customers/?{query}").context["page"].items)


def test_a_manager_adds_edits_moves_and_deletes_fields(alice: Client, cast: Cast) -> None:
    alice.post("/customers/fields/", {"name": "Package", "kind": "choice", "choices": "Basic\n\n Premium "})
    alice.post("/customers/fields/", {"name": "Since", "kind": "date"})
    package, since = cast.alder.custom_fields.order_by("position")
    assert [label for _key, label in package.choices] == ["Basic", "Premium"]
    alice.post(f"/customers/fields/{since.pk}/move/", {"up": "1"})
    assert list(cast.alder.custom_fields.values_list("name", flat=True)) == ["Since", "Package"]
    (basic, _), (premium, _) = package.choices
    data = {"name": "Hosting", f"choice_{basic}": "", f"choice_{premium}": "Premium", "choice_new0": "Pro"}
    alice.post(f"/customers/fields/{package.pk}/", data)
    package.refresh_from_db()
    assert (package.name, [label for _key, label in package.choices]) == ("Hosting", ["Premium", "Pro"])
    CustomerFactory(agency=cast.alder, custom_values={package.key: premium})
    page = alice.post(f"/customers/fields/{package.pk}/", {"name": "Hosting", "choice_new0": "Pro"}).content.decode()
    assert "1 customer has the choice “Premium”" in page
    path = f"/customers/fields/{package.pk}/delete/"
    assert "1 customer has a value in this field" in alice.get(path).content.decode()
    alice.post(path)
    assert list(cast.alder.custom_fields.values_list("name", flat=True)) == ["Since"]
    assert cast.alder.customers.get().custom_values == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "Package", "kind": "choice"}, "Enter at least one choice."),
        ({"name": "Package", "kind": "choice", "choices": "A\na"}, "Two choices are equal."),
        ({"name": "email", "kind": "text"}, "Exports already have a column with this name."),
        ({"name": "", "kind": "text"}, "Enter a name."),
        ({"name": "MY TEXT", "kind": "text"}, "There is already a field with this name."),
    ],
)
def test_invalid_fields_are_explained(alice: Client, fields: Any, data: dict[str, str], message: str) -> None:
    assert message in alice.post("/customers/fields/", data).content.decode()


def test_the_form_saves_values_and_the_page_displays_them(stan: Client, cast: Cast, fields: dict[str, CustomField]) -> None:
    customer = CustomerFactory(agency=cast.alder)
    data = {f"field_{field.key}": "" for field in fields.values()} | {
        f"field_{fields['number'].key}": "1,250.5",
        f"field_{fields['choice'].key}": fields["choice"].choices[1][0],
        f"field_{fields['link'].key}": "client.example",
    }
    stan.post(f"{customer.get_absolute_url()}edit/", form_data(customer, **data))
    customer.refresh_from_db()
    choice = fields["choice"]
    assert customer.custom_values == {
        fields["number"].key: 1250.5,
        choice.key: choice.choices[1][0],
        fields["link"].key: "https://client.example",
    }
    page = stan.get(customer.get_absolute_url()).content.decode()
    assert "1,250.5" in page
    assert "Silver" in page
    assert 'href="https://client.example"' in page
    assert "Updated: Custom fields" in page
    stan.post(f"{customer.get_absolute_url()}edit/", form_data(customer, **{**data, f"field_{fields['number'].key}": ""}))
    customer.refresh_from_db()
    assert fields["number"].key not in customer.custom_values


def test_the_form_explains_invalid_values(stan: Client, cast: Cast, fields: dict[str, CustomField]) -> None:
    customer = CustomerFactory(agency=cast.alder)
    data = form_data(customer, **{f"field_{fields['number'].key}": "many", f"field_{fields['link'].key}": "javascript:alert(1)"})
    page = stan.post(f"{customer.get_absolute_url()}edit/", data).content.decode()
    assert "Enter a number, such as 12 or 3.5." in page
    assert "Enter a web address" in page


def test_edits_of_different_fields_in_two_tabs_are_merged(stan: Client, cast: Cast, fields: dict[str, CustomField]) -> None:
    customer = CustomerFactory(agency=cast.alder)
    page = stan.get(f"{customer.get_absolute_url()}edit/")
    first = {f"field_{fields['text'].key}": "First"}
    stan.post(f"{customer.get_absolute_url()}edit/", form_data(customer, **first))
    shown = page.context["form"]["shown"].value()
    second = {f"field_{fields['text'].key}": "", f"field_{fields['number'].key}": "2"}
    assert stan.post(f"{customer.get_absolute_url()}edit/", form_data(customer, **second, shown=shown)).status_code == 302
    customer.refresh_from_db()
    assert customer.custom_values == {fields["text"].key: "First", fields["number"].key: 2}


def test_a_new_customer_has_values(stan: Client, cast: Cast, fields: dict[str, CustomField]) -> None:
    stan.post("/customers/add/", {"kind": "company", "company": "Mill", "language": "en", f"field_{fields['date'].key}": "2026-02-01"})
    assert cast.alder.customers.get().custom_values == {fields["date"].key: "2026-02-01"}


@pytest.mark.parametrize(
    ("kind", "query", "matches"),
    [
        ("text", "{}=DU", True),
        ("text", "{}=Sie", False),
        ("number", "{}_from=12.5", True),
        ("number", "{}_from=0", True),
        ("number", "{}_from=100", False),
        ("number", "{}_from=2&{}_to=12", False),
        ("number", "{}_to=0", False),
        ("date", "{}_from=2026-02-01&{}_to=2026-02-01", True),
        ("date", "{}_from=2026-02-02", False),
        ("choice", "{}=gold", True),
        ("choice", "{}=silver", False),
        ("link", "{}=yes", True),
        ("link", "{}=no", False),
        ("number", "{}_from=nonsense", True),
    ],
)
def test_the_list_is_filtered_by_values(
    stan: Client, cast: Cast, fields: dict[str, CustomField], values: dict[str, Any], kind: str, query: str, matches: bool
) -> None:
    CustomerFactory(agency=cast.alder, company="Has values", custom_values=values)
    CustomerFactory(agency=cast.alder, company="Has none")
    keys = {label.lower(): key for key, label in fields["choice"].choices}
    for label, key in keys.items():
        query = query.replace(f"={label}", f"={key}")
    names = found(stan, query.replace("{}", f"field_{fields[kind].key}"))
    assert ("Has values" in names) == matches
    assert ("Has none" in names) == (query.endswith(("=no", "=nonsense")))


def test_columns_are_chosen_in_the_address(stan: Client, cast: Cast, fields: dict[str, CustomField], values: dict[str, Any]) -> None:
    CustomerFactory(agency=cast.alder, custom_values=values, city="Görlitz", responsible=cast.stan)
    usual = stan.get("/customers/").content.decode()
    assert '<span class="clip">Görlitz</span>' in usual
    assert "12.5" not in usual
    names = [f"field_{field.key}" for field in fields.values()]
    chosen = stan.get("/customers/?" + "&".join(f"columns={name}" for name in ["name", "responsible", "created", *names])).content.decode()
    for text in ("12.5", "per Du", "Gold", "client.example/x", "1 Feb 2026", "Stan Stein"):
        assert text in chosen, text
    assert '<span class="clip">Görlitz</span>' not in chosen
    assert '<span class="clip">My number</span>' in chosen
    assert "customers found" not in stan.get("/customers/?columns=nonsense").content.decode()


def test_the_columns_menu_keeps_the_filters_and_the_filters_keep_the_columns(stan: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    page = stan.get("/customers/?q=company&sort=name&columns=name&columns=city").content.decode()
    assert '<input type="hidden" name="q" value="company">' in page
    assert '<input type="hidden" name="columns" value="city"' in page
    assert not stan.get("/customers/?columns=name&columns=city").context["filters"].is_set


def test_customers_keep_only_their_own_values(stan: Client, cast: Cast, fields: dict[str, CustomField]) -> None:
    assert Customer.objects.count() == 0
    foreign = add_field(cast.birch, name="Foreign", kind="text", by=cast.charlie)
    customer = CustomerFactory(agency=cast.alder)
    stan.post(f"{customer.get_absolute_url()}edit/", form_data(customer, **{f"field_{foreign.key}": "x"}))
    customer.refresh_from_db()
    assert customer.custom_values == {}
