"""What an erasure removes from the agency's saved views."""

import pytest
from django.test import Client
from django.utils import translation

from customers.models import Customer
from customers.services.customers import erase_customer
from partnerportal.agencies.models import Membership
from partnerportal.audit.models import AuditEvent
from partnerportal.desk.models import SavedView
from tests.cast import Cast
from tests.factories.customers import ContactFactory, CustomerFactory, DomainFactory
from tests.factories.saved_views import SavedViewFactory, ViewPinFactory


@pytest.fixture
def lea(cast: Cast) -> Customer:
    customer = CustomerFactory(
        agency=cast.alder,
        company="Müllerei Größe GmbH",
        first_name="Lea",
        last_name="Brandt-Voß",
        email="lea@größe.example",
        phone="+49 3581 4410",
    )
    ContactFactory(customer=customer, first_name="Tom", last_name="Ott", email="tom@ott.example", phone="0171 5550101")
    DomainFactory(customer=customer, name="xn--mhle-0ra.example")
    return customer


@pytest.mark.parametrize(
    "text",
    [
        "lea@größe.example", "LEA@xn--gre-6ka8i.example", "to: tom@ott.example", "03581 / 4410", "+491715550101", "Lea Brandt-Voß",
        "brandt voß, lea", "Tom Ott in Görlitz", "mullerei größe", "Müllerei Größe GmbH", "mühle.example", "xn--mhle-0ra.example",
    ],
)  # fmt: skip
def test_views_that_only_search_for_the_customer_are_deleted(cast: Cast, lea: Customer, text: str) -> None:
    owner = Membership.objects.get(user=cast.stan)
    view = SavedViewFactory(owner=owner, list_name="tasks", query=f"q={text.replace('+', '%2B')}&sort=name", name="Mine")
    ViewPinFactory(view=view)
    erase_customer(lea, by=cast.alice)
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("text", ["Brandt", "Lea", "Görlitz", "Müllerei", "Tom Otten", "4410", "größe.example", "ea@größe"])
def test_searches_that_others_can_match_stay(cast: Cast, lea: Customer, text: str) -> None:
    view = SavedViewFactory(query=f"q={text}", name=text)
    erase_customer(lea, by=cast.alice)
    view.refresh_from_db()
    assert (view.query, view.name) == (f"q={text}", text)


def test_other_filters_stay_and_names_become_neutral(alice: Client, cast: Cast, lea: Customer) -> None:
    view = SavedViewFactory(name="Lea Brandt-Voß", query="q=lea+brandt-vo%C3%9F&status=archived&city=G%C3%B6rlitz", is_shared=True)
    named = SavedViewFactory(name="tom@ott.example", query="status=all")
    deleted = SavedViewFactory(name="Tom Ott", query="q=tom+ott", is_shared=True, deleted_at="2026-01-01T00:00Z")
    strange = SavedViewFactory(
        owner=Membership.objects.get(user=cast.charlie), agency=cast.birch, name="Lea Brandt-Voß", query="q=Lea+Brandt-Voß"
    )
    with translation.override("de"):
        erase_customer(lea, by=cast.alice)
    view.refresh_from_db()
    named.refresh_from_db()
    assert (view.name, view.query) == ("Saved view", "status=archived&city=G%C3%B6rlitz")
    assert (named.name, named.query) == ("Saved view (2)", "status=all")
    assert not SavedView.objects.filter(pk=deleted.pk).exists()
    strange.refresh_from_db()
    assert strange.name == "Lea Brandt-Voß"
    assert list(AuditEvent.objects.filter(action__startswith="view").values_list("action", "data")) == [("view.changed", {})]
    assert alice.get(f"/customers/?view={view.pk}").status_code == 200


def test_views_of_merged_customers_are_included(cast: Cast, lea: Customer) -> None:
    kept = CustomerFactory(agency=cast.alder)
    Customer.objects.filter(pk=lea.pk).update(status="merged", merged_into=kept)
    SavedViewFactory(query="q=lea+brandt-vo%C3%9F")
    erase_customer(kept, by=cast.alice)
    assert not SavedView.objects.exists()
