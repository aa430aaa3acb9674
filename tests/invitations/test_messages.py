"""Messages between an agency and the clients of a customer: who reads them, unread marks, e-mails, and what is permanent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer
from customers.services.customers import archive_customer, erase_customer
from invitations.models import Message, MessageOptOut, ReadMark
from invitations.services.invitations import disconnect_access, revoke_access
from partnerportal.accounts.models import User
from partnerportal.agencies.models import DigestItem, Mode, Notification
from partnerportal.agencies.services.team import remove_member
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import ConnectedFactory
from tests.factories.messages import MessageFactory

MY = "/my/alder/messages/"


@pytest.fixture
def customer(cast: Cast) -> Customer:
    """Customer of Alder with Stan as its account manager, to whose data Kim has given access."""
    given = ConnectedFactory(customer__agency=cast.alder, customer__responsible=cast.stan, client=cast.kim, name="Kim Client")
    customer: Customer = given.customer
    return customer


def shared(customer: Customer) -> str:
    return reverse("invitations:shared_messages", args=[customer.pk])


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def form_number(page: Any) -> str:
    return str(page.context["form"]["form_number"].value())


def send(client: Client, path: str, text: str) -> Any:
    """Open the page, and submit its form with this text."""
    return client.post(path, {"text": text, "form_number": form_number(client.get(path))})


def unread(user: User) -> int:
    return sum(ReadMark.objects.filter(user=user).values_list("unread", flat=True))


# --- Sending and reading -----------------------------------------------------------------------------------------------


def test_both_sides_write_in_one_thread(kim: Client, stan: Client, customer: Customer) -> None:
    assert send(kim, MY, "Hello from Kim").status_code == 302
    assert send(stan, shared(customer), "Hello from Stan").status_code == 302
    for page in (kim.get(MY), stan.get(shared(customer))):
        text = page.content.decode()
        # The newest one is at the bottom.
        assert 0 < text.index("Hello from Kim") < text.index("Hello from Stan")
        assert [(message.side, message.author_label) for message in page.context["page"].items] == [
            ("client", "Kim Client"),
            ("agency", "Stan Stein"),
        ]


def test_the_audit_log_names_each_message_without_its_text(kim: Client, stan: Client, customer: Customer) -> None:
    send(kim, MY, "A secret of Kim")
    send(stan, shared(customer), "A secret of Stan")
    events = AuditEvent.objects.filter(object_type="invitations.message").order_by("pk")
    assert [(event.action, event.actor_label, event.customer_id) for event in events] == [
        ("message.received", "", customer.pk),
        ("message.sent", "Stan Stein", customer.pk),
    ]
    assert "secret" not in repr(list(AuditEvent.objects.values()))


def test_a_client_reads_what_was_written_since_their_access_began(cast: Cast, stan: Client, customer: Customer) -> None:
    MessageFactory(customer=customer, author=cast.kim, text="Before the new colleague")
    later = ConnectedFactory(customer=customer)
    MessageFactory(customer=customer, author=cast.kim, text="After that")
    text = signed_in(later.client).get(MY).content.decode()
    assert "After that" in text
    assert "Before the new colleague" not in text
    assert "Before the new colleague" in stan.get(shared(customer)).content.decode()


def test_a_client_keeps_reading_their_own_messages_after_new_access(cast: Cast, kim: Client, customer: Customer) -> None:
    send(kim, MY, "Written by Kim")
    send(signed_in(cast.stan), shared(customer), "Written by Stan")
    revoke_access(customer.access_invitations.get())
    assert kim.get(MY).status_code == 404
    ConnectedFactory(customer=customer, client=cast.kim)
    text = kim.get(MY).content.decode()
    assert "Written by Kim" in text
    assert "Written by Stan" not in text


def test_others_read_nothing(cast: Cast, customer: Customer) -> None:
    MessageFactory(customer=customer, author=cast.kim)
    elsewhere = ConnectedFactory(customer__agency=cast.alder)
    assert signed_in(UserFactory()).get(MY).status_code == 404
    client = signed_in(elsewhere.client)
    assert client.get(MY).context["page"].items == []
    assert client.get(f"{MY}?customer={customer.pk}").status_code == 404
    assert signed_in(cast.charlie).get(shared(customer)).status_code == 404


def test_a_thread_has_pages(cast: Cast, kim: Client, stan: Client, customer: Customer) -> None:
    MessageFactory.create_batch(60, customer=customer, author=cast.kim)
    texts = list(Message.objects.order_by("pk").values_list("text", flat=True))
    for client, path in ((kim, MY), (stan, shared(customer))):
        page = client.get(path).context["page"]
        shown = [[message.text for message in page.items]]
        while page.next_url:
            page = client.get(path + page.next_url).context["page"]
            shown.insert(0, [message.text for message in page.items])
        assert [text for texts_of_page in shown for text in texts_of_page] == texts
        assert len(shown) == 3


def test_links_are_clickable_and_markup_is_text(kim: Client, customer: Customer) -> None:
    send(kim, MY, 'See https://site.example/a?b=1&c=2 and www.site.example\n<script>alert(1)</script> javascript:alert(2) "><img src=x>')
    text = kim.get(MY).content.decode()
    assert '<a href="https://site.example/a?b=1&amp;c=2" rel="nofollow">' in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert 'href="javascript' not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b", "x" * 5001, "nul\x00"])
def test_unusable_texts_are_refused_and_kept(kim: Client, customer: Customer, text: str) -> None:
    response = send(kim, MY, text)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not Message.objects.exists()


# --- Sent once ---------------------------------------------------------------------------------------------------------


def test_a_double_click_sends_one_message(kim: Client, customer: Customer) -> None:
    number = form_number(kim.get(MY))
    for _ in range(2):
        assert kim.post(MY, {"text": "Once", "form_number": number}).status_code == 302
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_submissions_in_the_same_moment_send_one_message(cast: Cast, customer: Customer) -> None:
    clients = [signed_in(cast.kim) for _ in range(2)]
    number = form_number(clients[0].get(MY))
    responses = at_once(2, lambda n: clients[n].post(MY, {"text": "Once", "form_number": number}).status_code)
    assert responses == [302, 302]
    assert Message.objects.count() == AuditEvent.objects.filter(action="message.received").count() == 1
    assert OutgoingMail.objects.filter(kind="message_received").count() == 1


def test_the_same_words_can_be_sent_again(kim: Client, customer: Customer) -> None:
    send(kim, MY, "Thank you")
    send(kim, MY, "Thank you")
    assert Message.objects.count() == 2


def test_a_form_from_the_history_sends_other_words_after_a_question(kim: Client, customer: Customer) -> None:
    number = form_number(kim.get(MY))
    kim.post(MY, {"text": "First", "form_number": number})
    response = kim.post(MY, {"text": "Second", "form_number": number})
    assert "already sent a message" in response.content.decode()
    kim.post(MY, {"text": "Second", "form_number": form_number(response)})
    assert list(Message.objects.order_by("pk").values_list("text", flat=True)) == ["First", "Second"]


# --- Unread ------------------------------------------------------------------------------------------------------------


def test_a_message_is_unread_for_all_others_until_they_open_the_thread(cast: Cast, kim: Client, customer: Customer) -> None:
    other = ConnectedFactory(customer=customer)
    send(kim, MY, "One")
    send(kim, MY, "Two")
    assert (unread(cast.kim), unread(cast.alice), unread(cast.stan), unread(other.client)) == (0, 2, 2, 2)
    stan = signed_in(cast.stan)
    stan.head(shared(customer))
    assert unread(cast.stan) == 2
    assert "2 <span" in stan.get(reverse("invitations:shared", args=[customer.pk])).content.decode()
    stan.get(shared(customer))
    assert (unread(cast.stan), unread(cast.alice)) == (0, 2)
    assert send(stan, shared(customer), "Reply").status_code == 302
    assert (unread(cast.kim), unread(cast.stan), unread(cast.alice), unread(other.client)) == (1, 0, 3, 3)
    assert "1 <span" in kim.get("/my/alder/").content.decode()
    kim.get(MY)
    assert unread(cast.kim) == 0


def test_older_pages_mark_nothing(cast: Cast, stan: Client, kim: Client, customer: Customer) -> None:
    MessageFactory.create_batch(30, customer=customer, author=cast.kim)
    older = kim.get(MY).context["page"].next_url
    send(stan, shared(customer), "Newest")
    kim.get(MY + older)
    assert unread(cast.kim) == 1


def test_menu_and_list_show_unread_threads(cast: Cast, kim: Client, stan: Client, customer: Customer) -> None:
    send(kim, MY, "An unread question")
    assert "1 conversation with new messages" in stan.get("/customers/").content.decode()
    page = stan.get("/messages/").content.decode()
    assert "An unread question" in page
    stan.get(shared(customer))
    assert "conversation with new messages" not in stan.get("/customers/").content.decode()
    assert "An unread question" not in stan.get("/messages/").content.decode()
    assert "An unread question" in stan.get("/messages/?show=all").content.decode()
    charlie = signed_in(cast.charlie)
    assert "conversation with new messages" not in charlie.get("/customers/").content.decode()
    assert "An unread question" not in charlie.get("/messages/?show=all").content.decode()


def test_the_list_of_access_shows_unread_messages(kim: Client, stan: Client, customer: Customer) -> None:
    send(stan, shared(customer), "For Kim")
    assert "1 new message" in kim.get("/my/").content.decode()
    kim.get(MY)
    assert "new message" not in kim.get("/my/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_message_sent_while_another_is_read_stays_unread(cast: Cast, customer: Customer) -> None:
    for number in range(5):
        stan, kim = signed_in(cast.stan), signed_in(cast.kim)
        send(kim, MY, f"First {number}")
        form = form_number(kim.get(MY))
        actions: list[Callable[[], Any]] = [
            lambda stan=stan: stan.get(shared(customer)),
            lambda kim=kim, form=form: kim.post(MY, {"text": "Second", "form_number": form}),
        ]
        read, _sent = at_once(2, lambda n, actions=actions: actions[n]())
        seen = max(message.pk for message in read.context["page"].items) if read.context else 0
        mark = ReadMark.objects.get(user=cast.stan)
        assert mark.unread == Message.objects.filter(pk__gt=seen).count()
        stan.get(shared(customer))


# --- E-mails -----------------------------------------------------------------------------------------------------------


def test_the_account_manager_gets_one_email_until_they_have_read(cast: Cast, kim: Client, stan: Client, customer: Customer) -> None:
    def mails() -> list[str]:
        return list(OutgoingMail.objects.filter(kind="message_received").values_list("to_email", flat=True))

    for text in ("One", "Two"):
        send(kim, MY, text)
    assert mails() == [cast.stan.email]
    stan.get(shared(customer))
    send(kim, MY, "Three")
    assert mails() == [cast.stan.email] * 2
    (mail, _later) = OutgoingMail.objects.filter(kind="message_received").order_by("pk")
    assert (mail.agency, mail.customer_id, mail.to_team) == (cast.alder, customer.pk, True)
    assert "Kim Client" in mail.subject
    assert "One" in mail.text


def test_clients_get_one_email_until_they_have_read(cast: Cast, kim: Client, stan: Client, customer: Customer) -> None:
    other = ConnectedFactory(customer=customer)
    MessageOptOut.objects.create(user=other.client)
    for text in ("One", "Two"):
        send(stan, shared(customer), text)
    mails = OutgoingMail.objects.filter(kind="message")
    assert list(mails.values_list("to_email", flat=True)) == [cast.kim.email]
    assert f"/my/alder/messages/?customer={customer.pk}" in mails.get().text
    kim.get(MY)
    send(stan, shared(customer), "Three")
    assert mails.count() == 2


def test_members_choose_when_they_are_notified(cast: Cast, kim: Client, customer: Customer) -> None:
    def sent(text: str) -> tuple[list[str], int]:
        OutgoingMail.objects.all().delete()
        DigestItem.objects.all().delete()
        ReadMark.objects.all().delete()
        send(kim, MY, text)
        to = OutgoingMail.objects.filter(kind="message_received").order_by("to_email").values_list("to_email", flat=True)
        return list(to), DigestItem.objects.filter(kind="messages", object_id=customer.pk).count()

    stan = cast.alder.memberships.with_notification_modes().get(user=cast.stan)
    assert sent("now") == ([cast.stan.email], 0)
    stan.set_notification(Notification.MESSAGES, Mode.DIGEST)
    assert sent("digest") == ([], 1)
    stan.set_notification(Notification.MESSAGES, Mode.OFF)
    assert sent("off") == ([cast.alice.email, cast.max.email], 0)
    Customer.objects.update(responsible=None)
    stan.set_notification(Notification.MESSAGES, Mode.NOW)
    assert sent("no account manager") == ([cast.alice.email, cast.max.email], 0)


def test_clients_are_rate_limited(kim: Client, customer: Customer) -> None:
    for number in range(30):
        assert send(kim, MY, str(number)).status_code == 302
    response = send(kim, MY, "One too many")
    assert response.status_code == 429
    assert "One too many" in response.content.decode()
    assert Message.objects.count() == 30


# --- Access that ends, archived customers ------------------------------------------------------------------------------


def test_archived_customers_are_read_only(cast: Cast, kim: Client, stan: Client, customer: Customer) -> None:
    forms = {client: form_number(client.get(path)) for client, path in ((kim, MY), (stan, shared(customer)))}
    send(kim, MY, "Before")
    archive_customer(customer, by=cast.alice)
    for client, path in ((kim, MY), (stan, shared(customer))):
        page = client.get(path)
        assert "Before" in page.content.decode()
        assert page.context["form"] is None
        client.post(path, {"text": "After", "form_number": forms[client]})
    assert Message.objects.count() == 1


def test_staff_cannot_write_without_a_reader(stan: Client, customer: Customer, cast: Cast) -> None:
    number = form_number(stan.get(shared(customer)))
    disconnect_access(customer.access_invitations.get(), reason="", by=cast.stan)
    response = stan.post(shared(customer), {"text": "To no one", "form_number": number})
    assert response.context["form"] is None
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_message_and_the_end_of_the_access_in_the_same_moment(cast: Cast, customer: Customer) -> None:
    for _ in range(4):
        given = customer.access_invitations.connected().get()
        kim = signed_in(cast.kim)
        number = form_number(kim.get(MY))
        before = Message.objects.count()
        actions: list[Callable[[], Any]] = [
            lambda kim=kim, number=number: kim.post(MY, {"text": "Late", "form_number": number}).status_code,
            lambda given=given: revoke_access(given),
        ]
        answer, _revoked = at_once(2, lambda n, actions=actions: actions[n]())
        assert answer in {302, 404}
        assert Message.objects.count() - before == (answer == 302)
        ConnectedFactory(customer=customer, client=cast.kim)


@pytest.mark.django_db(transaction=True)
def test_a_message_of_a_member_who_is_removed_in_the_same_moment(cast: Cast, customer: Customer) -> None:
    stan = signed_in(cast.stan)
    number = form_number(stan.get(shared(customer)))
    actions: list[Callable[[], Any]] = [
        lambda: stan.post(shared(customer), {"text": "Late", "form_number": number}).status_code,
        lambda: remove_member(cast.alder.memberships.get(user=cast.stan), to=None, by=cast.alice),
    ]
    answer, removed = at_once(2, lambda n: actions[n]())
    assert removed is None
    assert answer in {302, 403}
    assert Message.objects.count() == (answer == 302)
    assert not ReadMark.objects.filter(user=cast.stan, unread__gt=0).exists()


def test_a_departing_member_leaves_no_marks(cast: Cast, kim: Client, customer: Customer) -> None:
    send(kim, MY, "Hello")
    remove_member(cast.alder.memberships.get(user=cast.stan), to=None, by=cast.alice)
    assert not ReadMark.objects.filter(user=cast.stan).exists()
    assert unread(cast.alice) == 1


def test_an_erasure_deletes_the_thread(cast: Cast, kim: Client, stan: Client, customer: Customer) -> None:
    send(kim, MY, "To erase")
    send(stan, shared(customer), "To erase as well")
    assert erase_customer(customer, by=cast.alice)
    assert not Message.objects.exists()
    assert not ReadMark.objects.exists()
    assert not OutgoingMail.objects.filter(kind__startswith="message").exists()


# --- Database rules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [{"text": "Changed"}, {"side": "agency"}, {"created_at": timezone.now() - timedelta(days=1)}, {"author_name": "Someone"}],
    ids=["text", "side", "time", "name"],
)
def test_the_database_keeps_messages_as_they_were_sent(cast: Cast, customer: Customer, values: dict[str, Any]) -> None:
    message = MessageFactory(customer=customer, author=cast.kim)
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(**values)


def test_the_database_keeps_author_customer_and_row(cast: Cast, customer: Customer) -> None:
    message = MessageFactory(customer=customer, author=cast.kim)
    attempts: list[Callable[[], object]] = [
        lambda: Message.objects.filter(pk=message.pk).update(author=cast.stan),
        lambda: Message.objects.filter(pk=message.pk).update(customer=CustomerFactory(agency=cast.alder)),
        lambda: message.delete(),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic():
            attempt()


def test_the_database_refuses_a_customer_of_another_agency(cast: Cast, customer: Customer) -> None:
    MessageFactory(customer=customer, agency=cast.birch, author=cast.kim)
    with pytest.raises(IntegrityError, match="message_customer_same_agency"):
        connection.check_constraints()
