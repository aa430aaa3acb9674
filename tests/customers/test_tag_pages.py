"""Pages of tags, and tags on the customer's page and in its form."""

import pytest
from django.test import Client

from customers.models import Customer, CustomerTag, Tag
from customers.services.tags import change_customer_tags
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, CustomerTagFactory, TagFactory


def names_of(customer: Customer) -> list[str]:
    return sorted(customer.tags.values_list("name", flat=True))


def form_data(customer: Customer, **changed: object) -> dict[str, object]:
    fields = ("kind", "company", "first_name", "last_name", "email", "language", "version")
    return {**{name: getattr(customer, name) for name in fields}, **changed}


def test_a_manager_creates_renames_and_recolors_a_tag(alice: Client, cast: Cast) -> None:
    alice.post("/customers/tags/", {"name": "  Shop  owner ", "color": "pink"})
    tag = cast.alder.tags.get()
    assert (tag.name, tag.color) == ("Shop owner", "pink")
    alice.post(f"/customers/tags/{tag.pk}/", {"name": "Shop", "color": "teal"})
    tag.refresh_from_db()
    assert (tag.name, tag.color) == ("Shop", "teal")


def test_a_taken_name_is_explained(alice: Client, cast: Cast) -> None:
    TagFactory(agency=cast.alder, name="Shop")
    page = alice.post("/customers/tags/", {"name": "shop", "color": "pink"}).content.decode()
    assert "There is already a tag with this name." in page


def test_the_list_counts_customers_and_links_to_them(alice: Client, cast: Cast) -> None:
    link = CustomerTagFactory(customer__agency=cast.alder, tag__name="Shop")
    page = alice.get("/customers/tags/").content.decode()
    assert "1 customer" in page
    assert f"?status=all&amp;tags={link.tag_id}" in page


def test_a_tag_is_merged_into_another(alice: Client, cast: Cast) -> None:
    link = CustomerTagFactory(customer__agency=cast.alder, tag__name="Store")
    shop = TagFactory(agency=cast.alder, name="Shop")
    path = f"/customers/tags/{link.tag_id}/merge/"
    assert "1 customer with the tag “Store”" in alice.get(path).content.decode()
    alice.post(path, {"into": TagFactory(agency=cast.birch).pk})
    assert names_of(link.customer) == ["Store"]
    alice.post(path, {"into": shop.pk})
    assert names_of(link.customer) == ["Shop"]


def test_a_deletion_is_confirmed_with_the_number_of_customers(alice: Client, cast: Cast) -> None:
    link = CustomerTagFactory(customer__agency=cast.alder)
    path = f"/customers/tags/{link.tag_id}/delete/"
    assert "1 customer has this tag" in alice.get(path).content.decode()
    alice.post(path)
    assert not Tag.objects.exists()


def test_tags_are_added_and_removed_on_the_customers_page(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    shop, care = TagFactory(agency=cast.alder, name="Shop"), TagFactory(agency=cast.alder, name="Care")
    path = f"{customer.get_absolute_url()}tags/"
    stan.post(path, {"tags_new": "shop; Care"})
    assert names_of(customer) == ["Care", "Shop"]
    page = stan.get(customer.get_absolute_url()).content.decode()
    assert "Remove tag Shop" in page
    stan.post(path, {"remove": shop.pk})
    assert names_of(customer) == ["Care"]
    stan.post(path, {"remove": care.pk + 1000})
    assert names_of(customer) == ["Care"]


def test_only_a_manager_creates_a_tag_on_the_customers_page(stan: Client, alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    path = f"{customer.get_absolute_url()}tags/"
    page = stan.post(path, {"tags_new": "Shop"}, follow=True).content.decode()
    assert "There is no tag “Shop”. A manager can create it." in page
    assert names_of(customer) == []
    alice.post(path, {"tags_new": "Shop"})
    assert names_of(customer) == ["Shop"]


def test_the_form_changes_the_tags(stan: Client, cast: Cast) -> None:
    shop = CustomerTagFactory(customer__agency=cast.alder, tag__name="Shop")
    TagFactory(agency=cast.alder, name="Care")
    customer = shop.customer
    page = stan.get(f"{customer.get_absolute_url()}edit/").content.decode()
    assert '<option value="Care">' in page
    stan.post(f"{customer.get_absolute_url()}edit/", form_data(customer, tags=["Shop"], tags_new="care"))
    assert names_of(customer) == ["Care", "Shop"]
    customer.refresh_from_db()
    stan.post(f"{customer.get_absolute_url()}edit/", form_data(customer, tags=["Care"]))
    assert names_of(customer) == ["Care"]
    assert "Updated: Tags" in stan.get(customer.get_absolute_url()).content.decode()


def test_staff_are_told_which_tag_is_unknown(stan: Client, cast: Cast) -> None:
    customer = CustomerTagFactory(customer__agency=cast.alder, tag__name="Shop").customer
    page = stan.post(f"{customer.get_absolute_url()}edit/", form_data(customer, tags=["Shop"], tags_new="Nonsense")).content.decode()
    assert "There is no tag “Nonsense”." in page
    assert 'value="Nonsense"' in page


@pytest.mark.parametrize(("typed", "message"), [("x" * 41, "at most 40 characters"), ("\x07", "can’t be displayed")])
def test_invalid_names_are_explained(alice: Client, cast: Cast, typed: str, message: str) -> None:
    page = alice.post("/customers/add/", {"kind": "company", "company": "Mill", "language": "en", "tags_new": typed}).content.decode()
    assert message in page
    assert not Tag.objects.exists()


def test_a_manager_adds_a_customer_with_a_new_tag(alice: Client, cast: Cast) -> None:
    alice.post("/customers/add/", {"kind": "company", "company": "Mill", "language": "en", "tags_new": "Shop"})
    assert names_of(cast.alder.customers.get()) == ["Shop"]


def test_edits_of_tags_in_two_tabs_are_merged(stan: Client, cast: Cast) -> None:
    customer = CustomerTagFactory(customer__agency=cast.alder, tag__name="Shop").customer
    care, old = TagFactory(agency=cast.alder, name="Care"), TagFactory(agency=cast.alder, name="Old")
    change_customer_tags(cast.alder, [customer.pk], add=[old], by=cast.stan)
    customer.refresh_from_db()
    form = stan.get(f"{customer.get_absolute_url()}edit/").context["form"]
    change_customer_tags(cast.alder, [customer.pk], add=[care], by=cast.alice)
    data = form_data(customer, tags=["Shop"], shown=form["shown"].value())
    response = stan.post(f"{customer.get_absolute_url()}edit/", data)
    assert response.status_code == 302
    assert names_of(customer) == ["Care", "Shop"]


@pytest.mark.parametrize(
    ("mode", "found"), [("any", ["Both", "One"]), ("all", ["Both"]), ("none", ["Without"]), ("nonsense", ["Both", "One"])]
)
def test_the_list_is_filtered_by_tags(stan: Client, cast: Cast, mode: str, found: list[str]) -> None:
    shop, care = TagFactory(agency=cast.alder, name="Shop"), TagFactory(agency=cast.alder, name="Care")
    both, one, _ = (CustomerFactory(agency=cast.alder, company=name) for name in ("Both", "One", "Without"))
    for customer, tag in ((both, shop), (both, care), (one, shop)):
        CustomerTagFactory(customer=customer, tag=tag)
    query = f"tags={shop.pk}&tags={care.pk}&match={mode}&sort=name"
    for search in ("", "o"):
        page = stan.get(f"/customers/?{query}&q={search}").context["page"]
        assert [customer.company for customer in page.items] == [name for name in found if search in name.lower()]


def test_tags_of_others_and_unknown_ones_are_ignored(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    foreign = CustomerTagFactory(customer__agency=cast.birch).tag
    for value in (foreign.pk, 0, "x"):
        assert stan.get(f"/customers/?tags={value}").context["page"].items == [customer]


def test_rows_show_tags_unless_the_columns_leave_them_out(stan: Client, cast: Cast) -> None:
    CustomerTagFactory(customer__agency=cast.alder, tag__name="Shop", tag__color="teal")
    pill = '<span class="tag tag-teal">Shop</span>'
    assert pill in stan.get("/customers/").content.decode()
    assert pill in stan.get("/customers/?q=company").content.decode()
    assert pill not in stan.get("/customers/?columns=name&columns=city").content.decode()


def test_without_tags_nothing_about_them_is_shown(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    assert "chip-menu" not in stan.get("/customers/").content.decode()
    assert "customer-tags" not in stan.get(customer.get_absolute_url()).content.decode()
    assert not CustomerTag.objects.exists()
