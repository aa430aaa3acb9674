"""Custom fields: values, rules of the database, actions, and how erasures treat them."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import translation

from customers.models import Customer, CustomField
from customers.models.custom_fields import MAX_FIELDS
from customers.services.custom_fields import add_field, change_field, delete_field, move_field
from customers.services.customers import erase_customer
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, CustomFieldFactory

CHOICES = [["aaaa0001", "Gold"], ["aaaa0002", "Silver"]]


def field(kind: str) -> CustomField:
    return CustomField(name="Field", kind=kind, choices=CHOICES if kind == "choice" else [])


def set_value(customer: Customer, **values: Any) -> None:
    with transaction.atomic():
        Customer.objects.filter(pk=customer.pk).update(custom_values=values)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", " Any text ", "Any text"),
        ("text", "  ", None),
        ("number", "12", 12),
        ("number", "-1.5", -1.5),
        ("number", "1,5", 1.5),
        ("number", "1.234,56", 1234.56),
        ("number", "1,234.56", 1234.56),
        ("number", "1 234 567", 1234567),
        ("number", "99999999999.9999", 99999999999.9999),
        ("date", "2026-02-01", "2026-02-01"),
        ("date", "1.2.2026", "2026-02-01"),
        ("date", "2026-02-01 00:00:00", "2026-02-01"),
        ("choice", "gold", "aaaa0001"),
        ("choice", "aaaa0002", "aaaa0002"),
        ("link", "client.example/path", "https://client.example/path"),
        ("link", "http://client.example", "http://client.example"),
    ],
)
def test_texts_become_values(kind: str, text: str, value: Any) -> None:
    assert field(kind).parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("text", "x" * 501, "500"),
        ("text", "two\nlines", "single line"),
        ("number", "many", "such as 12"),
        ("number", "1e400", "11 digits"),
        ("number", "NaN", "11 digits"),
        ("number", "100000000000", "11 digits"),
        ("number", "0.00001", "11 digits"),
        ("date", "2026-02-30", "2026-12-31"),
        ("date", "1826-02-01", "2026-12-31"),
        ("date", "soon", "2026-12-31"),
        ("choice", "Bronze", "Accepted: Gold, Silver"),
        ("link", "javascript:alert(1)", "web address"),
        ("link", "https://x", "web address"),
    ],
)
def test_other_texts_are_rejected_with_what_is_accepted(kind: str, text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        field(kind).parse(text)


def test_grouped_numbers_follow_the_language() -> None:
    assert field("number").parse("1.234") == 1.234
    with translation.override("de"):
        assert field("number").parse("1.234") == 1234
        assert field("number").parse("1.234", plain=True) == 1.234


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    ("kind", "value"),
    [("text", "Text"), ("number", 1234), ("number", 1234.5), ("date", "2026-02-01"), ("choice", "aaaa0002"), ("link", "https://a.example")],
)
def test_plain_texts_and_displayed_ones_are_understood_again(language: str, kind: str, value: Any) -> None:
    with translation.override(language):
        assert field(kind).parse(field(kind).plain_text(value), plain=True) == value
        if kind != "date":
            assert field(kind).parse(field(kind).display(value)) == value


def test_an_agency_has_twelve_fields(cast: Cast) -> None:
    for number in range(MAX_FIELDS):
        add_field(cast.alder, name=f"Field {number}", kind="text", by=cast.alice)
    with pytest.raises(ValidationError, match="12 fields"):
        add_field(cast.alder, name="One more", kind="text", by=cast.alice)
    with pytest.raises(IntegrityError, match="position_from_1_to_12"), transaction.atomic():
        CustomFieldFactory(agency=cast.alder)
    delete_field(cast.alder.custom_fields.first(), by=cast.alice)
    with pytest.raises(ValidationError, match="already a field"):
        add_field(cast.alder, name="FIELD 5", kind="text", by=cast.alice)
    assert list(cast.alder.custom_fields.values_list("position", flat=True)) == [*range(1, MAX_FIELDS)]


def test_the_database_rejects_values_without_a_definition(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    foreign = CustomFieldFactory(agency=cast.birch)
    with pytest.raises(IntegrityError, match="undefined"):
        set_value(customer, nonsense="x")
    with pytest.raises(IntegrityError, match="undefined"):
        set_value(customer, **{foreign.key: "x"})


@pytest.mark.parametrize(
    ("kind", "value", "wrong"),
    [
        ("text", "Text", [1, ["Text"], None, True]),
        ("number", 1.5, ["1.5", None, True]),
        ("date", "2026-02-01", ["1.2.2026", 20260201, None]),
        ("choice", "aaaa0001", ["Gold", 1, None, ["aaaa0001"]]),
        ("link", "https://client.example", ["javascript:alert(1)", None, 1]),
    ],
)
def test_the_database_rejects_values_of_another_kind(cast: Cast, kind: str, value: Any, wrong: list[Any]) -> None:
    customer = CustomerFactory(agency=cast.alder)
    own = CustomFieldFactory(agency=cast.alder, kind=kind, choices=CHOICES if kind == "choice" else [])
    set_value(customer, **{own.key: value})
    for other in wrong:
        with pytest.raises(IntegrityError, match="another kind"):
            set_value(customer, **{own.key: other})


def test_deleting_a_field_removes_its_values_only(cast: Cast) -> None:
    size, plan = (add_field(cast.alder, name=name, kind="text", by=cast.alice) for name in ("Size", "Plan"))
    customer = CustomerFactory(agency=cast.alder, custom_values={size.key: "M", plan.key: "Pro"})
    assert delete_field(size, by=cast.alice) == 1
    assert Customer.objects.get().custom_values == {plan.key: "Pro"}
    assert Customer.objects.get().version == customer.version + 1
    assert cast.alder.custom_fields.get().position == 1
    with pytest.raises(CustomField.DoesNotExist):
        delete_field(size, by=cast.alice)


def test_fields_move_past_their_neighbor(cast: Cast) -> None:
    first, second = (add_field(cast.alder, name=name, kind="text", by=cast.alice) for name in ("First", "Second"))
    assert not move_field(first, up=True, by=cast.alice)
    assert move_field(second, up=True, by=cast.alice)
    assert list(cast.alder.custom_fields.values_list("name", flat=True)) == ["Second", "First"]
    assert not move_field(first, up=False, by=cast.alice)


def test_choices_are_renamed_without_changing_customers(cast: Cast) -> None:
    plan = add_field(cast.alder, name="Plan", kind="choice", choices=["Gold", "Silver"], by=cast.alice)
    (gold, _), (silver, _) = plan.choices
    customer = CustomerFactory(agency=cast.alder, custom_values={plan.key: gold})
    assert change_field(plan, name="Plan", choices=[(silver, "Silver"), (gold, "Golden"), ("", "Bronze")], by=cast.alice)
    plan.refresh_from_db()
    assert plan.display(customer.custom_values[plan.key]) == "Golden"
    assert [label for _key, label in plan.choices] == ["Silver", "Golden", "Bronze"]
    assert change_field(plan, name="Plan", choices=[(gold, "Golden")], by=cast.alice)
    with pytest.raises(ValidationError, match="1 customer has the choice “Golden”"):
        change_field(plan, name="Plan", choices=[("", "Bronze")], by=cast.alice)


def test_an_erasure_empties_the_values(cast: Cast) -> None:
    size = add_field(cast.alder, name="Size", kind="text", by=cast.alice)
    customer = CustomerFactory(agency=cast.alder, custom_values={size.key: "M"})
    erase_customer(customer, by=cast.alice)
    assert Customer.objects.get().custom_values == {}
    with pytest.raises(IntegrityError, match="customer_erased_has_nothing_personal"):
        set_value(customer, **{size.key: "M"})
