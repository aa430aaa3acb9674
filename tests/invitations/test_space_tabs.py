"""The numbers of new things in a client's tabs."""

from customers.models import Customer
from customers.services.customers import archive_customer
from invitations.models import AccessInvitation, Approval
from invitations.space.queries import client_space
from invitations.space.tabs import client_tabs
from tests.cast import Cast
from tests.factories.credentials import CredentialFactory, NeedFactory
from tests.factories.files import TextApprovalFactory
from tests.factories.messages import MessageFactory, ReadMarkFactory


def numbers(cast: Cast) -> list[int]:
    """Return the numbers of the overview, messages, files, approvals and credentials."""
    space = client_space(cast.kim, "alder")
    assert space
    return [tab.unread for tab in client_tabs(space, "/my/alder/")]


def test_tabs_count_what_is_new_to_the_client(cast: Cast, customer: Customer, given: AccessInvitation) -> None:
    assert numbers(cast) == [0, 0, 0, 0, 0]
    message = MessageFactory(customer=customer, side="agency", author=cast.stan)
    ReadMarkFactory(customer=customer, user=cast.kim, last_message=message.pk, unread=4)
    ReadMarkFactory(customer=customer, user=cast.stan, last_message=message.pk, unread=9)
    TextApprovalFactory.create_batch(2, customer=customer, requested_by=cast.stan)
    NeedFactory.create_batch(3, invitation=given)
    # Done: a credential was shared, and an approval withdrawn.
    CredentialFactory(need__invitation=given)
    withdrawn = TextApprovalFactory(customer=customer, requested_by=cast.stan)
    Approval.objects.filter(pk=withdrawn.pk).update(status="withdrawn")
    assert numbers(cast) == [0, 4, 0, 2, 3]
    # Nothing can be decided for an archived customer.
    archive_customer(customer, by=cast.alice)
    assert numbers(cast)[3] == 0
