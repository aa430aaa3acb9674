"""Each field of a customer is in the form, in the import and the export, and on the customer's page."""

import pytest
from django.db.models import CharField, TextField
from django.test import Client
from django.utils import translation

from customers.forms.customers import CustomerForm
from customers.imports.columns import FORM_FIELDS, field_for_heading
from customers.models import Customer
from tests.cast import Cast
from tests.factories.customers import CustomerFactory

#: Fields that users enter.
ENTERED = [field for field in Customer._meta.concrete_fields if field.editable and field.name not in {"id", "agency", "status"}]
NAMES = {field.name for field in ENTERED}
#: Free text fields.
TEXTS = {field.name for field in ENTERED if isinstance(field, CharField | TextField) and not field.choices}


def test_the_form_has_every_field(stan: Client) -> None:
    assert set(CustomerForm.Meta.fields) == NAMES
    page = stan.get("/customers/add/").content.decode()
    assert [name for name in NAMES if f'name="{name}"' not in page] == []


def test_every_field_is_imported_and_exported() -> None:
    # The account manager is identified by the e-mail address.
    assert set(FORM_FIELDS) == NAMES - {"responsible"}


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_label_is_recognized_as_a_heading(language: str) -> None:
    with translation.override(language):
        headings = {field.name: str(field.verbose_name) for field in ENTERED}
    assert {name: heading for name, heading in headings.items() if field_for_heading(heading) != name} == {}


def test_the_customers_page_displays_every_text(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    Customer.objects.update(**{name: f"«{name}»" for name in TEXTS})
    page = stan.get(customer.get_absolute_url()).content.decode()
    assert [name for name in sorted(TEXTS) if f"«{name}»" not in page] == []
