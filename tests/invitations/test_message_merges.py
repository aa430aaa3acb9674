"""Messages of two customers that are merged, and of a merge that is undone."""

from customers.merging.services import merge_customers
from customers.merging.undo import undo_merge
from invitations.models import Message, ReadMark
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.messages import MessageFactory, ReadMarkFactory


def test_threads_are_merged_in_order_and_separated_again(cast: Cast) -> None:
    first, second = (CustomerFactory(agency=cast.alder) for _ in range(2))
    messages = [MessageFactory(customer=customer, author=None) for customer in (first, second, first, second)]
    keys = [message.pk for message in messages]
    # Alice has read the first thread, and one message of the second. Stan only knows the second.
    ReadMarkFactory(customer=first, user=cast.alice, last_read=keys[2], last_message=keys[2], unread=0)
    ReadMarkFactory(customer=second, user=cast.alice, last_read=keys[1], last_message=keys[3], unread=1)
    ReadMarkFactory(customer=second, user=cast.stan, last_read=keys[1], last_message=keys[3], unread=1)
    log = merge_customers(first, second, values={}, by=cast.alice)
    assert list(Message.objects.filter(customer=first).order_by("pk").values_list("pk", flat=True)) == keys
    marks = ReadMark.objects.filter(customer=first)
    assert list(marks.order_by("user").values_list("user", "last_message", "unread")) == [
        (cast.alice.pk, keys[3], 1),
        (cast.stan.pk, keys[3], 1),
    ]
    undo_merge(log, by=cast.alice)
    assert list(Message.objects.filter(customer=first).order_by("pk").values_list("pk", flat=True)) == keys[::2]
    assert list(Message.objects.filter(customer=second).order_by("pk").values_list("pk", flat=True)) == keys[1::2]
    assert marks.get().unread == 0
    assert ReadMark.objects.get(customer=second, user=cast.stan).unread == 1
