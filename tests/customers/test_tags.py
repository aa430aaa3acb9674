"""Tags: rules of the database, actions, and how erasures treat them."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from customers.models import Customer, CustomerTag, Tag
from customers.models.tags import MAX_TAGS, split_names
from customers.services.customers import erase_customer
from customers.services.tags import change_customer_tags, change_tag, create_tag, delete_tag, merge_tags
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, CustomerTagFactory, TagFactory


def names_of(customer: Any) -> list[str]:
    return sorted(customer.tags.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("text", "names"),
    [("VIP", ["VIP"]), (" VIP,  Key   account; vip ,,", ["VIP", "Key account"]), ("", []), (" ; ,", [])],
)
def test_names_are_separated_by_commas_and_semicolons(text: str, names: list[str]) -> None:
    assert split_names(text) == names


def test_an_agency_has_a_limited_number_of_tags(cast: Cast) -> None:
    Tag.objects.bulk_create(Tag(agency=cast.alder, name=f"Word {number}") for number in range(MAX_TAGS - 1))
    TagFactory(agency=cast.alder)
    with pytest.raises(ValidationError, match="200 tags"):
        create_tag(cast.alder, name="One more", by=cast.alice)
    with pytest.raises(IntegrityError, match="up to 200 tags"), transaction.atomic():
        Tag.objects.bulk_create([Tag(agency=cast.alder, name="One more")])
    TagFactory(agency=cast.birch)


def test_many_tags_at_once_are_counted(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="up to 200 tags"), transaction.atomic():
        Tag.objects.bulk_create(Tag(agency=cast.alder, name=f"Word {number}") for number in range(MAX_TAGS + 1))


def test_names_are_unique_in_any_case(cast: Cast) -> None:
    create_tag(cast.alder, name="Shop", by=cast.alice)
    with pytest.raises(ValidationError, match="already a tag"):
        create_tag(cast.alder, name="SHOP", by=cast.alice)
    create_tag(cast.birch, name="Shop", by=cast.charlie)
    other = create_tag(cast.alder, name="Care", by=cast.alice)
    with pytest.raises(ValidationError, match="already a tag"):
        change_tag(other, name="shop", color="teal", by=cast.alice)


def test_new_tags_get_different_colors(cast: Cast) -> None:
    colors = [create_tag(cast.alder, name=f"Tag {number}", by=cast.alice).color for number in range(8)]
    assert len(set(colors)) == 8


def test_a_change_keeps_the_customers_and_is_recorded(cast: Cast) -> None:
    link = CustomerTagFactory(customer__agency=cast.alder, tag__name="Shop")
    assert change_tag(link.tag, name="Webshop", color="pink", by=cast.alice)
    assert not change_tag(link.tag, name="Webshop", color="pink", by=cast.alice)
    assert names_of(link.customer) == ["Webshop"]
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.object_label, event.data) == ("tag.renamed", "Webshop", {"before": "Shop"})
    assert change_tag(link.tag, name="Webshop", color="teal", by=cast.alice)
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.data) == ("tag.recolored", {})


def test_merging_moves_the_customers_once(cast: Cast) -> None:
    shop, store = TagFactory(agency=cast.alder, name="Shop"), TagFactory(agency=cast.alder, name="Store")
    both, one = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    change_customer_tags(cast.alder, [both.pk], add=[shop, store], by=cast.alice)
    change_customer_tags(cast.alder, [one.pk], add=[store], by=cast.alice)
    assert merge_tags(store, into=shop, by=cast.alice) == 2
    assert names_of(both) == names_of(one) == ["Shop"]
    assert list(Tag.objects.values_list("name", flat=True)) == ["Shop"]
    with pytest.raises(Tag.DoesNotExist):
        merge_tags(store, into=shop, by=cast.alice)


def test_tags_are_not_merged_into_those_of_others(cast: Cast) -> None:
    with pytest.raises(Tag.DoesNotExist):
        merge_tags(TagFactory(agency=cast.alder), into=TagFactory(agency=cast.birch), by=cast.alice)


def test_deleting_removes_the_tag_from_its_customers(cast: Cast) -> None:
    link = CustomerTagFactory(customer__agency=cast.alder)
    assert delete_tag(link.tag, by=cast.alice) == 1
    assert names_of(link.customer) == []


def test_changing_tags_skips_what_is_so_already(cast: Cast) -> None:
    tag, other = TagFactory(agency=cast.alder), TagFactory(agency=cast.alder)
    has_it, lacks_it = CustomerTagFactory(customer__agency=cast.alder, tag=tag).customer, CustomerFactory(agency=cast.alder)
    foreign = CustomerFactory(agency=cast.birch)
    keys = [has_it.pk, lacks_it.pk, foreign.pk, 0]
    assert change_customer_tags(cast.alder, keys, add=[tag], remove=[other], by=cast.stan) == [lacks_it.pk]
    assert Customer.objects.get(pk=lacks_it.pk).version == lacks_it.version + 1
    assert change_customer_tags(cast.alder, keys, add=[tag], by=cast.stan) == []
    assert change_customer_tags(cast.alder, keys, remove=[tag], by=cast.stan) == [has_it.pk, lacks_it.pk]
    assert AuditEvent.objects.latest("pk").data == {"fields": ["tags"]}


def test_foreign_tags_are_not_added(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    assert change_customer_tags(cast.alder, [customer.pk], add=[TagFactory(agency=cast.birch)], by=cast.stan) == []


def test_new_tags_of_a_customer_are_created_once(cast: Cast) -> None:
    shop = TagFactory(agency=cast.alder, name="Shop")
    TagFactory(agency=cast.birch, name="Care")
    customer = CustomerFactory(agency=cast.alder)
    change_customer_tags(cast.alder, [customer.pk], add=[Tag(name="SHOP"), Tag(name="Care")], by=cast.alice)
    assert names_of(customer) == ["Care", "Shop"]
    assert customer.tags.get(name="Shop") == shop
    with pytest.raises(ValidationError, match="comma"):
        change_customer_tags(cast.alder, [customer.pk], add=[Tag(name="a, b")], by=cast.alice)


def test_an_erasure_removes_the_tags(cast: Cast) -> None:
    link = CustomerTagFactory(customer__agency=cast.alder)
    erase_customer(link.customer, by=cast.alice)
    assert not CustomerTag.objects.exists()
    assert Tag.objects.exists()
