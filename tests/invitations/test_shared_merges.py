"""Access with its credentials, files and approvals of two customers that are merged, and of a merge that is undone."""

from typing import Any

import pytest
from django.test import Client

from customers.merging.services import merge_customers
from customers.merging.undo import undo_merge
from customers.models import Customer
from invitations.credentials.models import Credential
from invitations.files.services.approvals import request_version_approval
from invitations.models import AccessInvitation, Approval, SharedFile
from tests.cast import Cast
from tests.factories.credentials import CredentialFactory
from tests.factories.customers import CustomerFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory
from tests.factories.invitations import ConnectedFactory

PASSWORD = "Pa55 word+of=Kim"


@pytest.fixture
def pair(cast: Cast) -> tuple[Customer, Customer]:
    """Two customers, each with a file and a text to approve. Charlie and Kim are their clients, and Kim has handed over a credential."""
    first, second = CustomerFactory.create_batch(2, agency=cast.alder)
    for customer, client in ((first, cast.charlie), (second, cast.kim)):
        ConnectedFactory(customer=customer, client=client)
        SharedFileFactory(customer=customer, uploaded_by=cast.stan)
        TextApprovalFactory(customer=customer, requested_by=cast.stan)
    CredentialFactory(need__invitation=AccessInvitation.objects.get(client=cast.kim))
    return first, second


def owners(model: Any) -> list[int]:
    """Return the customers of all rows, in the order in which these were added."""
    return list(model.objects.order_by("pk").values_list("customer", flat=True))


def reveal(client: Client, customer: Customer) -> str:
    """Reveal the credential as staff, and return the page."""
    return client.post(f"/customers/{customer.pk}/shared/credentials/{Credential.objects.get().pk}/").content.decode()


def test_everything_moves_with_a_merge_and_back(stan: Client, kim: Client, cast: Cast, pair: tuple[Customer, Customer]) -> None:
    first, second = pair
    log = merge_customers(first, second, values={}, by=cast.alice)
    for model in (AccessInvitation, SharedFile, Approval):
        assert owners(model) == [first.pk, first.pk]
    assert PASSWORD in reveal(stan, first)
    assert "Revealed by Stan Stein" in kim.get("/my/alder/credentials/").content.decode()
    file, text = SharedFile.objects.order_by("pk")[1], Approval.objects.order_by("pk")[1]
    kim.post(f"/my/alder/approvals/{text.pk}/", {"outcome": "approved", "comment": "", "sha256": text.sha256})

    undo_merge(log, by=cast.alice)
    assert owners(AccessInvitation) == owners(SharedFile) == [first.pk, second.pk]
    # The text that was approved since the merge stays where its decision was made.
    assert owners(Approval) == [first.pk, first.pk]
    assert Approval.objects.get(pk=text.pk).status == "approved"
    assert PASSWORD in reveal(stan, second)
    assert PASSWORD not in reveal(stan, first)
    assert kim.get(f"/my/alder/files/{file.pk}/").status_code == 200
    assert kim.get(f"/my/alder/files/{SharedFile.objects.order_by('pk')[0].pk}/").status_code == 404


def test_a_file_moves_back_only_with_its_approvals(cast: Cast, pair: tuple[Customer, Customer]) -> None:
    first, second = pair
    log = merge_customers(first, second, values={}, by=cast.alice)
    file = SharedFile.objects.order_by("pk")[1]
    asked = request_version_approval(file.versions.get(), by=cast.stan)
    undone = undo_merge(log, by=cast.alice)
    assert owners(SharedFile) == [first.pk, first.pk]
    assert owners(Approval) == [first.pk, second.pk, first.pk]
    assert Approval.objects.get(pk=asked.pk).file == file
    assert undone.kept["rows"] == {"invitations.sharedfile.customer": 1}


def test_credentials_of_access_that_stays_with_the_second_customer(stan: Client, kim: Client, cast: Cast) -> None:
    first, second = CustomerFactory.create_batch(2, agency=cast.alder)
    given, _other = (ConnectedFactory(customer=customer, client=cast.kim) for customer in (second, first))
    CredentialFactory(need__invitation=given)
    merge_customers(first, second, values={}, by=cast.alice)
    assert owners(AccessInvitation) == [second.pk, first.pk]
    page = f"/customers/{first.pk}/shared/credentials/{Credential.objects.get().pk}/"
    assert page in stan.get(f"/customers/{first.pk}/shared/credentials/").content.decode()
    assert PASSWORD in reveal(stan, first)
    assert "Revealed by Stan Stein" in kim.get("/my/alder/credentials/").content.decode()
