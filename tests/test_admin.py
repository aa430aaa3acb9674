"""The Django admin knows every model of ours, and changes none that only the portal writes."""

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from tests.cast import Cast
from tests.factories.agencies import LanguageFactory, LogoFactory
from tests.factories.customers import ContractFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.factories.imports import ImportJobFactory
from tests.factories.outbox import MailFactory
from tests.factories.reviews import ReviewFactory

EDITABLE = {
    "accounts.user",
    "agencies.agency",
    "agencies.membership",
    "network.partnerprofile",
    "network.service",
    "network.spokenlanguage",
}
OWN = {
    model._meta.label_lower: model
    for model in apps.get_models()
    if not model.__module__.startswith(("django.", "allauth.")) and not model._meta.proxy
}
#: Texts of a file on its way, which only the team that uploaded it may see; they go with the import.
STAGED = {"customers.importchunk", "customers.importrow", "customers.importkey"}
READ_ONLY = sorted(OWN.keys() - EDITABLE - STAGED)


@pytest.fixture
def ada(cast: Cast) -> Client:
    """A browser in which Ada, an admin, is signed in; and at least one of everything."""
    review = ReviewFactory(review_request__customer__agency=cast.alder)
    for factory in (ProjectFactory, TaskFactory, DomainFactory, ContractFactory, NoteFactory):
        factory(customer=review.request.customer)
    ImportJobFactory(agency=cast.alder)
    MailFactory(agency=cast.alder)
    LogoFactory(profile=cast.alder.profile)
    LanguageFactory()
    client = Client()
    client.force_login(cast.ada)
    return client


@pytest.mark.parametrize("label", sorted(OWN.keys() - STAGED))
def test_every_model_has_its_list(ada: Client, label: str) -> None:
    assert OWN[label].objects.exists()
    assert ada.get(reverse(f"admin:{label.replace('.', '_')}_changelist")).status_code == 200


@pytest.mark.parametrize("label", READ_ONLY)
def test_what_only_the_portal_writes_can_not_be_added_changed_or_deleted(ada: Client, label: str) -> None:
    name, thing = label.replace(".", "_"), OWN[label].objects.first()
    assert ada.post(reverse(f"admin:{name}_add")).status_code == 403
    assert ada.post(reverse(f"admin:{name}_change", args=[thing.pk])).status_code == 403
    assert ada.post(reverse(f"admin:{name}_delete", args=[thing.pk]), {"post": "yes"}).status_code == 403


def test_an_agency_is_not_deleted_by_a_click(ada: Client, cast: Cast) -> None:
    assert ada.post(f"/admin/agencies/agency/{cast.birch.pk}/delete/", {"post": "yes"}).status_code == 403
    ada.post("/admin/agencies/agency/", {"action": "delete_selected", "_selected_action": [cast.birch.pk], "post": "yes"})
    cast.birch.refresh_from_db()


def test_no_admin_sees_what_a_personal_link_is_made_of(ada: Client, cast: Cast) -> None:
    asked = cast.alder.review_requests.get()
    page = ada.get(f"/admin/reviews/reviewrequest/{asked.pk}/change/").content.decode()
    assert asked.customer.company in page
    for secret in (asked.nonce, asked.token_digest, asked.link):
        assert secret not in page
