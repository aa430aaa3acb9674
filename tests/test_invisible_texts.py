"""Texts of only invisible characters: missing in required fields, empty in optional ones, and never stored."""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import get_resolver

from customers.models import Customer
from partnerportal.core.forms import TextForm
from partnerportal.core.validators import is_blank, validate_one_line, validate_plain_text
from reviews.models import Review
from tests.cast import Cast
from tests.customers.import_helpers import imported
from tests.customers.test_add import ADD, FIELDS
from tests.factories.customers import CustomFieldFactory
from tests.factories.invitations import InvitationFactory
from tests.factories.reviews import ReviewRequestFactory, same_rating

INVISIBLE = ["\u200b", "\u200b \ufeff", "\u3164\ufe0f", "\u2800\u2060"]
PACKAGES = {"partnerportal", "customers", "requests_inbox", "invitations", "reviews"}


def form_classes(base: type[forms.BaseForm] = forms.BaseForm) -> Iterator[type[forms.BaseForm]]:
    for form in base.__subclasses__():
        yield form
        yield from form_classes(form)


def is_text(form: Any, name: str, field: forms.Field) -> bool:
    """Return whether the field or its model's field rejects texts that look empty."""
    model = getattr(getattr(form, "_meta", None), "model", None)
    names = {column.name for column in model._meta.fields} if model else set()
    validators = [*field.validators, *(model._meta.get_field(name).validators if name in names else [])]
    return isinstance(field, forms.CharField) and (validate_plain_text in validators or validate_one_line in validators)


def test_every_form_with_such_texts_accepts_none_of_them() -> None:
    # Imports all forms.
    assert get_resolver().url_patterns
    others = {
        form.__name__
        for form in form_classes()
        if form.__module__.partition(".")[0] in PACKAGES and not issubclass(form, TextForm)
        for name, field in getattr(form, "base_fields", {}).items()
        if is_text(form, name, field)
    }
    # Accounts in Django admin, where such a text is refused.
    assert others <= {"UserAddForm", "UserEditForm"}


@pytest.mark.parametrize("text", INVISIBLE)
def test_optional_fields_stay_empty(stan: Client, text: str) -> None:
    optional = ("first_name", "last_name", "email", "phone", "website", "street", "zip", "city", "notes")
    assert stan.post(ADD, {**FIELDS, **dict.fromkeys(optional, text)}).status_code == 302
    customer = Customer.objects.get()
    assert {getattr(customer, name) for name in optional} == {""}


@pytest.mark.parametrize("text", INVISIBLE)
def test_required_fields_are_missing(stan: Client, text: str) -> None:
    form = stan.post(ADD, {**FIELDS, "company": text}).context["form"]
    assert form.errors["company"] == stan.post(ADD, {**FIELDS, "company": ""}).context["form"].errors["company"]
    assert not Customer.objects.exists()


def test_control_characters_are_still_rejected(stan: Client) -> None:
    form = stan.post(ADD, {**FIELDS, "city": "\x07", "notes": "\u200b\x1b"}).context["form"]
    assert set(form.errors) == {"city", "notes"}
    assert not is_blank("\u200b" * 20_000)


def test_an_edit_of_an_empty_field_changes_nothing(stan: Client) -> None:
    stan.post(ADD, {**FIELDS, "city": ""})
    customer = Customer.objects.get()
    stan.post(f"/customers/{customer.pk}/edit/", {**FIELDS, "city": "\u200b", "version": customer.version})
    customer.refresh_from_db()
    assert (customer.city, customer.version) == ("", 1)


def test_tags_and_custom_fields_stay_empty(alice: Client, cast: Cast) -> None:
    field = CustomFieldFactory(agency=cast.alder, kind="text")
    name = next(name for name in alice.get(ADD).context["form"].fields if field.key in name)
    assert alice.post(ADD, {**FIELDS, name: "\u200b", "tags": "\u200b, VIP"}).status_code == 302
    customer = Customer.objects.get()
    assert customer.custom_values == {}
    assert [str(tag) for tag in cast.alder.tags.all()] == ["VIP"]


def test_reviews_without_visible_words_have_no_text(cast: Cast) -> None:
    request = ReviewRequestFactory(customer__agency=cast.alder)
    path = request.link.partition("localhost")[2]
    answers = {**same_rating(5), "author": "Lea Brandt", "display_name_as": "full"}
    assert Client().post(path, {**answers, "author": "\u200b"}).context["form"].errors["author"]
    assert Client().post(path, {**answers, "text": "\u200b\u2060"}).status_code == 302
    assert Review.objects.get().text == ""


def test_a_rejection_without_visible_words_has_no_message(stan: Client, cast: Cast) -> None:
    invitation = InvitationFactory(agency=cast.alder)
    assert stan.post(f"/invitations/{invitation.pk}/reject/", {"message": "\u200b"}).status_code == 302
    invitation.refresh_from_db()
    assert invitation.status == "rejected"


def test_imports_ignore_cells_without_visible_characters(alice: Client, cast: Cast) -> None:
    content = "Firma;Vorname;Ort;Telefon\nMühle;\u200b;\u3164\ufe0f;\u2060\n\u200b;Ute;Görlitz;1\n"
    imported(alice, content)
    mill = Customer.objects.get(company="Mühle")
    assert (mill.first_name, mill.city, mill.phone, mill.notes) == ("", "", "", "")
    assert not Customer.objects.exclude(pk=mill.pk).filter(company__contains="\u200b").exists()
