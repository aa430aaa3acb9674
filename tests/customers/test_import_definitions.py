"""Tags and custom fields in imports and exports."""

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from customers.exports import runner
from customers.exports.services import start_export
from customers.models import CustomField, Tag
from customers.models.tags import MAX_TAGS
from customers.services.custom_fields import add_field, delete_field
from tests.cast import Cast
from tests.customers.import_helpers import checked, do_the_work, imported, uploaded
from tests.customers.test_export import EXPORT, content_of, rows_of
from tests.factories.customers import CustomerFactory, CustomerTagFactory, TagFactory


@pytest.fixture
def fields(cast: Cast) -> dict[str, CustomField]:
    """One field of each kind."""
    kinds = ("text", "number", "date", "choice", "link")
    return {kind: add_field(cast.alder, name=f"My {kind}", kind=kind, choices=["Gold", "Silver"], by=cast.alice) for kind in kinds}


def remarks(job: Any) -> list[str]:
    return [message for row in job.rows.order_by("line") for message in row.remark_messages]


def test_tags_are_imported_and_unknown_ones_created(alice: Client, cast: Cast) -> None:
    shop = TagFactory(agency=cast.alder, name="Shop")
    content = "Firma;Tags\nMühle;shop, Wartung\nOtt;Wartung\nBrandt;\n"
    job = checked(alice, content)
    assert remarks(job) == ["Tags: The tag “Wartung” will be created."]
    assert not Tag.objects.filter(name="Wartung").exists()
    alice.post(f"/customers/import/{job.pk}/run/")
    assert do_the_work(job).counts == {"imported": 3}
    tags = {customer.company: sorted(customer.tags.values_list("name", flat=True)) for customer in cast.alder.customers.all()}
    assert tags == {"Mühle": ["Shop", "Wartung"], "Ott": ["Wartung"], "Brandt": []}
    assert cast.alder.tags.count() == 2
    assert cast.alder.tags.get(name="Shop") == shop


def test_tags_beyond_the_limit_and_invalid_ones_are_kept_in_the_notes(alice: Client, cast: Cast) -> None:
    Tag.objects.bulk_create(Tag(agency=cast.alder, name=f"Tag {number}") for number in range(MAX_TAGS - 1))
    job = imported(alice, f"Firma;Tags\nMühle;New, Newer\nOtt;{'x' * 41}\n")
    assert job.counts == {"imported": 2}
    first, second = cast.alder.customers.order_by("number")
    assert list(first.tags.values_list("name", flat=True)) == ["New"]
    assert first.notes == "Tags: Newer"
    assert second.notes == f"Tags: {'x' * 41}"
    assert any("200 tags" in remark for remark in remarks(job))


def test_tags_that_no_longer_fit_are_kept_in_the_notes(alice: Client, cast: Cast) -> None:
    job = checked(alice, "Firma;Tags\nMühle;New\n")
    Tag.objects.bulk_create(Tag(agency=cast.alder, name=f"Tag {number}") for number in range(MAX_TAGS))
    alice.post(f"/customers/import/{job.pk}/run/")
    assert do_the_work(job).counts == {"imported": 1}
    assert cast.alder.customers.get().notes == "Tags: New"


def test_custom_fields_are_recognized_by_their_names_and_imported(alice: Client, cast: Cast, fields: dict[str, CustomField]) -> None:
    with translation.override("de"):
        job = uploaded(alice, "Firma;MY TEXT;My number;My date;My choice;My link\nMühle;per Du;1.250,5;1.2.2026;gold;client.example\n")
    assert job.mapping == {"0": "company", **{str(n): f"field_{field.key}" for n, field in enumerate(fields.values(), start=1)}}
    job = imported(alice, "Firma;MY TEXT;My number;My date;My choice;My link\nMühle;per Du;1.250,5;1.2.2026;gold;client.example\n")
    values = cast.alder.customers.get().custom_values
    gold = fields["choice"].choices[0][0]
    assert [values[field.key] for field in fields.values()] == ["per Du", 1250.5, "2026-02-01", gold, "https://client.example"]


def test_values_that_a_field_does_not_accept_are_kept_in_the_notes(alice: Client, cast: Cast, fields: dict[str, CustomField]) -> None:
    job = imported(alice, "Firma;My choice;My number\nMühle;Bronze;many\n")
    assert job.counts == {"imported": 1}
    assert remarks(job) == [
        "My number: Enter a number, such as 12 or 3.5. The value is added to the notes.",
        "My choice: This value isn’t a choice. Accepted: Gold, Silver. The value is added to the notes.",
    ]
    customer = cast.alder.customers.get()
    assert customer.notes == "My number: many\nMy choice: Bronze"
    assert customer.custom_values == {}


def test_a_field_deleted_since_the_check_is_left_out(alice: Client, cast: Cast, fields: dict[str, CustomField]) -> None:
    job = checked(alice, "Firma;My text;My number\nMühle;x;2\n")
    delete_field(fields["text"], by=cast.alice)
    alice.post(f"/customers/import/{job.pk}/run/")
    assert do_the_work(job).counts == {"imported": 1}
    assert cast.alder.customers.get().custom_values == {fields["number"].key: 2}


@pytest.mark.parametrize("language", ["en", "de"])
def test_exports_contain_tags_and_values_and_are_imported_again(
    alice: Client, cast: Cast, fields: dict[str, CustomField], language: str
) -> None:
    texts = {"text": "=per Du", "number": "1234.5", "date": "2026-02-01", "choice": "Silver", "link": "https://client.example/x"}
    values = {field.key: field.parse(texts[kind], plain=True) for kind, field in fields.items()}
    customer = CustomerFactory(agency=cast.alder, custom_values=values)
    for name in ("VIP", "Abo"):
        CustomerTagFactory(customer=customer, tag__name=name)
    CustomerFactory(agency=cast.alder)
    cast.alice.language = language
    cast.alice.save()
    content = content_of(alice.post(EXPORT))
    row = rows_of(content, ";" if b";" in content.splitlines()[0] else ",")[0]
    assert row["tags"] == "Abo, VIP"
    assert [row[f"My {kind}"] for kind in fields] == ["'=per Du", *list(texts.values())[1:]]
    cast.alder.customers.all().delete()
    assert imported(alice, content).counts == {"imported": 2}
    again = cast.alder.customers.order_by("number")[0]
    assert again.custom_values == values
    assert sorted(again.tags.values_list("name", flat=True)) == ["Abo", "VIP"]


def test_all_parts_of_a_large_export_have_the_same_columns(alice: Client, cast: Cast, fields: dict[str, CustomField]) -> None:
    number = fields["number"]
    CustomerFactory(agency=cast.alder, custom_values={fields["text"].key: "x", number.key: 2})
    extra = [["tags", "tags"], *([field.key, field.name] for field in fields.values())]
    job, _is_new = start_export(agency=cast.alder, query="", file_format="csv", delimiter=",", extra=extra, total=1, by=cast.alice)
    delete_field(fields["text"], by=cast.alice)
    for _part in runner.write_parts(job.pk):
        pass
    [row] = rows_of(content_of(alice.post(f"{EXPORT}{job.pk}/")))
    assert (row["tags"], row["My text"], row["My number"]) == ("", "", "2")
