"""E-mails to customers about deadlines, and how they opt out."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from customers.deadlines.services import record_due_notices
from customers.deadlines.tokens import OPT_OUTS
from customers.models import Customer, DeadlineNotice, DeadlineOptOut, Domain
from customers.services.customers import erase_customer
from partnerportal.agencies.models import Agency, Mode, Notification
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import day_in
from partnerportal.outbox.delivery import build_message
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_letter
from tests.cast import Cast
from tests.factories.customers import ContactFactory, ContractFactory, CustomerFactory, DomainFactory

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def lea(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Lea GmbH", email="lea@client.example", responsible=cast.stan)


def domain(customer: Customer, days: int = 5, **fields: Any) -> Domain:
    day = day_in(Agency().time_zone, timezone.now()) + timedelta(days=days)
    return DomainFactory(customer=customer, expires_on=day, **{"notify_customer": True, **fields})


def notified(agency: Agency) -> list[OutgoingMail]:
    """Run the task, and return the new e-mails to customers."""
    known = list(OutgoingMail.objects.values_list("pk", flat=True))
    record_due_notices(agency)
    return list(OutgoingMail.objects.filter(kind="deadlines_customer").exclude(pk__in=known).order_by("pk"))


def stop_path(customer: Customer, email: str = "") -> str:
    return f"/r/stop-deadlines/{OPT_OUTS.token(customer.pk, email or customer.email)}/"


def test_customers_are_notified_only_if_chosen(lea: Customer) -> None:
    domain(lea, notify_customer=False)
    ContractFactory(customer=lea, ends_on=day_in(lea.agency.time_zone, timezone.now()))
    assert notified(lea.agency) == []
    assert DeadlineNotice.objects.count() == 2


def test_the_form_offers_the_choice_which_is_off(stan: Client, lea: Customer) -> None:
    for kind in ("domains", "contracts"):
        form = stan.get(f"/customers/{lea.pk}/{kind}/add/").context["form"]
        assert not form["notify_customer"].value()
    stan.post(f"/customers/{lea.pk}/domains/add/", {"name": "b.example", "notify_customer": "on"})
    assert Domain.objects.get().notify_customer


def test_the_email_says_who_writes_what_ends_when_and_who_answers(lea: Customer) -> None:
    item = domain(lea, name="a.example")
    ContractFactory(customer=lea, number="V-1", product="Hosting", ends_on=item.expires_on, notify_customer=True)
    (mail,) = notified(lea.agency)
    day = f"{item.expires_on.day} {item.expires_on:%B %Y}"
    assert (mail.to_email, mail.from_name, mail.reply_to) == ("lea@client.example", "Alder Web", "stan@alder.example")
    assert mail.customer_id == lea.pk
    assert "Alder Web looks after your domains and contracts" in mail.text
    assert f"Your domain a.example expires on {day}." in mail.text
    assert f"Your contract V-1 (Hosting) runs until {day} and can be cancelled until {day}." in mail.text
    assert "Your reply goes to Stan Stein." in mail.text
    message = build_message(mail).message()
    link = message["List-Unsubscribe"].strip("<> \r\n")
    assert link.endswith(stop_path(lea))
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in mail.text


def test_replies_reach_the_agency_without_an_account_manager(cast: Cast) -> None:
    domain(CustomerFactory(agency=cast.alder))
    (mail,) = notified(cast.alder)
    assert mail.reply_to == cast.alder.profile.contact_email
    assert "Your reply goes to Alder Web." in mail.text


def test_automatic_renewals_are_not_the_customers_concern(lea: Customer) -> None:
    domain(lea, -1, auto_renew=True)
    assert notified(lea.agency) == []


def test_the_contact_with_a_fitting_role_is_notified_in_their_language(lea: Customer) -> None:
    ContactFactory(customer=lea, role="technical", email="tech@client.example")
    domain(lea)
    assert [mail.to_email for mail in notified(lea.agency)] == ["tech@client.example"]
    ContactFactory(customer=lea, role="billing", email="billing@client.example", language="de")
    domain(lea, 6, name="b.example")
    (mail,) = notified(lea.agency)
    assert mail.to_email == "billing@client.example"
    assert mail.text.startswith("Guten Tag Olga ")


def test_contacts_without_an_address_are_left_out(cast: Cast) -> None:
    domain(CustomerFactory(agency=cast.alder, email=""))
    assert notified(cast.alder) == []


def test_one_click_unsubscribes_and_can_be_undone(lea: Customer) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(stop_path(lea), ONE_CLICK).status_code == 200
    domain(lea)
    assert notified(lea.agency) == []
    page = client.get(stop_path(lea)).content.decode()
    assert "Alder Web will no longer remind you of deadlines by e-mail." in page
    Client().post(f"{stop_path(lea)}undo/")
    domain(lea, 6, name="b.example")
    assert len(notified(lea.agency)) == 1
    events = AuditEvent.objects.filter(customer_id=lea.pk, action__startswith="deadline_mails").order_by("pk")
    assert list(events.values_list("action", "source")) == [("deadline_mails.stopped", "link"), ("deadline_mails.allowed", "link")]


@pytest.mark.parametrize("data", [{}, {"List-Unsubscribe": "yes"}, {"page": "1"}])
def test_other_requests_change_nothing(lea: Customer, data: dict[str, str]) -> None:
    assert Client().get(stop_path(lea)).status_code == 200
    assert Client().post(stop_path(lea), data).status_code == 200
    assert Client().get(f"{stop_path(lea)}undo/").status_code == 302
    assert not DeadlineOptOut.objects.exists()


def test_opting_out_deletes_queued_emails_to_the_address(lea: Customer) -> None:
    domain(lea)
    (mail,) = notified(lea.agency)
    ContactFactory(customer=lea, email="other@client.example")
    Client().post(stop_path(lea, "other@client.example"), ONE_CLICK)
    assert OutgoingMail.objects.filter(pk=mail.pk).exists()
    other = queue_letter(Letter(kind="test", to=lea.email, subject="Re", body="Hi", footer_reason="You wrote to us."))
    OutgoingMail.objects.filter(pk=other.pk).update(customer_id=lea.pk)
    Client().post(stop_path(lea), ONE_CLICK)
    assert list(OutgoingMail.objects.filter(to_email=lea.email)) == [other]


def test_opt_outs_are_the_agencys_own(cast: Cast, lea: Customer) -> None:
    other = CustomerFactory(agency=cast.birch, email=lea.email)
    Client().post(stop_path(lea), ONE_CLICK)
    domain(other)
    assert len(notified(cast.birch)) == 1


def test_unknown_links_are_not_found() -> None:
    assert Client().get("/r/stop-deadlines/1-abc.def/").status_code == 404


class TestErasure:
    def test_it_deletes_opt_outs_unless_another_customer_has_the_address(self, cast: Cast, lea: Customer) -> None:
        shared = CustomerFactory(agency=cast.alder, email="office@client.example")
        CustomerFactory(agency=cast.alder, email="office@client.example")
        for customer in (lea, shared):
            Client().post(stop_path(customer), ONE_CLICK)
            erase_customer(customer, by=cast.alice)
        assert DeadlineOptOut.objects.get().address_digest == OPT_OUTS.digest("office@client.example")

    def test_it_deletes_emails_that_name_the_customer(self, cast: Cast, lea: Customer) -> None:
        cast.alder.memberships.get(user=cast.stan).set_notification(Notification.DEADLINES, Mode.NOW)
        domain(lea, name="a.example")
        domain(CustomerFactory(agency=cast.alder, responsible=cast.stan), name="b.example")
        record_due_notices(cast.alder)
        domain(CustomerFactory(agency=cast.alder, responsible=cast.stan), name="c.example")
        domain(CustomerFactory(agency=cast.alder, responsible=cast.stan), name="d.example")
        record_due_notices(cast.alder)
        erase_customer(lea, by=cast.alice)
        (kept,) = OutgoingMail.objects.filter(kind="deadlines")
        assert "c.example" in kept.text

    def test_it_deletes_sent_emails_that_can_name_the_customer(self, cast: Cast, lea: Customer) -> None:
        cast.alder.memberships.get(user=cast.stan).set_notification(Notification.DEADLINES, Mode.NOW)
        domain(lea, name="a.example")
        domain(CustomerFactory(agency=cast.alder, responsible=cast.stan), name="b.example")
        record_due_notices(cast.alder)
        OutgoingMail.objects.update(status=OutgoingMail.Status.SENT, sent_at=timezone.now())
        erase_customer(lea, by=cast.alice)
        assert not OutgoingMail.objects.filter(kind="deadlines").exists()
