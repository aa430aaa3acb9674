"""Which contact of a customer receives review e-mails."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from customers.models import Contact, Customer
from customers.services.contacts import make_primary, remove_contact, restore_contact
from customers.services.customers import erase_customer
from partnerportal.outbox.models import OutgoingMail
from reviews.models import ReviewOptOut, ReviewRequest
from reviews.services.requests import remind_due, replace_link, request_review, resend_request
from reviews.services.reviews import submit_review
from tests.cast import Cast
from tests.factories.customers import ContactFactory, CustomerFactory
from tests.factories.reviews import same_rating

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, email="lea@client.example")


@pytest.fixture
def olga(customer: Customer) -> Contact:
    return ContactFactory(customer=customer, last_name="Orlow", email="olga@client.example", language="de", role="billing")


def sent_to() -> list[str]:
    return list(OutgoingMail.objects.order_by("pk").values_list("to_email", flat=True))


def wizard(customer: Customer, **more: object) -> str:
    return f"/company/reviews/request/?customer={customer.pk}&subject=company" + "".join(f"&{k}={v}" for k, v in more.items())


class TestWizard:
    def test_it_asks_only_if_several_contacts_have_an_address(self, stan: Client, customer: Customer) -> None:
        ContactFactory(customer=customer, email="", phone="030 123456")
        step = stan.get(f"/company/reviews/request/?customer={customer.pk}").content.decode()
        assert "Recipient" not in step
        page = stan.get(wizard(customer)).content.decode()
        assert "Lea Brandt" in page
        assert "Change recipient" not in page

    def test_the_primary_contact_is_preselected(self, stan: Client, customer: Customer, olga: Contact) -> None:
        form = stan.get(f"/company/reviews/request/?customer={customer.pk}").context["form"]
        labels = [str(label) for _value, label in form.fields["contact"].choices]
        assert labels == ["Lea Brandt <lea@client.example> · General", "Olga Orlow <olga@client.example> · Billing"]
        assert form["contact"].value() == customer.contacts.get(is_primary=True).pk
        assert stan.get(wizard(customer)).context["recipient"].email == "lea@client.example"

    def test_the_chosen_contact_is_shown_and_receives_the_email(self, stan: Client, customer: Customer, olga: Contact) -> None:
        page = stan.get(wizard(customer, contact=olga.pk))
        text = page.content.decode()
        for shown in ("olga@client.example", "Olga Orlow", "Change recipient", "Guten Tag Olga Orlow"):
            assert shown in text
        assert "lea@client.example" not in text
        fields = {"customer": customer.pk, "subject": "company", "contact": olga.pk, "greeting": "", "closing": "", "send": "1"}
        done = stan.post("/company/reviews/request/", fields, follow=True)
        assert "Review request sent to olga@client.example." in done.content.decode()
        mail = OutgoingMail.objects.get()
        assert (mail.to_email, mail.customer_id) == ("olga@client.example", customer.pk)
        assert mail.subject.startswith("Wie war")
        assert ReviewRequest.objects.get().recipient == olga
        # The page of the request names the recipient before it is sent again.
        again = stan.get(done.redirect_chain[-1][0]).content.decode()
        assert "e-mailed again to Olga Orlow &lt;olga@client.example&gt;" in again

    def test_a_contact_of_another_customer_is_rejected(self, cast: Cast, stan: Client, customer: Customer, olga: Contact) -> None:
        foreign = ContactFactory(customer=CustomerFactory(agency=cast.birch))
        other = ContactFactory(customer=CustomerFactory(agency=cast.alder))
        for contact in (foreign, other):
            assert "contact" in stan.get(wizard(customer, contact=contact.pk)).context["form"].errors

    def test_without_an_address_of_the_primary_contact_the_next_one_is_preselected(self, cast: Cast, stan: Client) -> None:
        customer = CustomerFactory(agency=cast.alder, email="")
        ContactFactory(customer=customer, email="office@client.example")
        assert stan.get(wizard(customer)).context["recipient"].email == "office@client.example"
        stan.post("/company/reviews/request/", {"customer": customer.pk, "subject": "company", "send": "1"})
        assert sent_to() == ["office@client.example"]


class TestRecipient:
    def test_reminders_and_resent_links_go_to_the_same_contact(self, cast: Cast, customer: Customer, olga: Contact) -> None:
        review_request = request_review(customer=customer, project=None, by=cast.stan, by_mail=True, contact=olga)
        with time_machine.travel(timezone.now() + timedelta(days=settings.REVIEW_REMINDER_DAYS, minutes=1), tick=False):
            assert remind_due() == 1
            resend_request(review_request, by=cast.stan)
        assert set(sent_to()) == {"olga@client.example"}

    def test_a_new_link_keeps_the_recipient(self, cast: Cast, customer: Customer, olga: Contact) -> None:
        review_request = request_review(customer=customer, project=None, by=cast.stan, by_mail=True, contact=olga)
        assert replace_link(review_request, by=cast.stan).recipient == olga

    def test_another_primary_contact_changes_no_recipient(self, cast: Cast, customer: Customer, olga: Contact) -> None:
        review_request = request_review(customer=customer, project=None, by=cast.stan, by_mail=True)
        link = review_request.link
        make_primary(olga, by=cast.stan)
        stored = ReviewRequest.objects.get()
        assert (stored.recipient.email, stored.link) == ("lea@client.example", link)
        resend = ReviewRequest.objects.get()
        ReviewRequest.objects.update(mailed_at=timezone.now() - timedelta(hours=1))
        resend_request(resend, by=cast.stan)
        assert set(sent_to()) == {"lea@client.example"}

    def test_a_removed_contact_is_replaced_by_the_primary_one_until_restored(self, cast: Cast, customer: Customer, olga: Contact) -> None:
        request_review(customer=customer, project=None, by=cast.stan, by_mail=True, contact=olga)
        remove_contact(olga, by=cast.stan)
        assert ReviewRequest.objects.get().recipient == customer
        assert ReviewRequest.objects.with_address().get().address == "lea@client.example"  # type: ignore[attr-defined]
        restore_contact(olga, by=cast.stan)
        assert ReviewRequest.objects.get().recipient == olga
        remove_contact(olga, by=cast.stan)
        with pytest.raises(ValidationError, match="has since been removed"):
            request_review(customer=customer, project=None, by=cast.stan, by_mail=True, contact=olga)
        olga.delete()
        assert ReviewRequest.objects.get().recipient == customer

    def test_staff_cannot_review_as_a_contact(self, cast: Cast, customer: Customer) -> None:
        own = ContactFactory(customer=customer, email="Stan+x@alder.example")
        for by_mail in (True, False):
            with pytest.raises(ValidationError, match="belongs to your team"):
                request_review(customer=customer, project=None, by=cast.stan, by_mail=by_mail, contact=own)
        other = ContactFactory(customer=customer)
        review_request = request_review(customer=customer, project=None, by=cast.stan, by_mail=False, contact=other)
        Contact.objects.filter(pk=other.pk).update(email="stan@alder.example")
        with pytest.raises(ValidationError, match="belongs to your team"):
            submit_review(ReviewRequest.objects.get(pk=review_request.pk), **same_rating(5), author="Lea")

    def test_the_review_page_speaks_to_the_recipient(self, cast: Cast, client: Client, customer: Customer, olga: Contact) -> None:
        review_request = request_review(customer=customer, project=None, by=cast.stan, by_mail=True, contact=olga)
        response = client.get(review_request.link)
        assert response["Content-Language"] == "de"
        assert response.context["form"]["author"].value() == "Olga Orlow"


class TestOptOut:
    def test_each_address_is_opted_out_separately(self, cast: Cast, stan: Client, customer: Customer, olga: Contact) -> None:
        request_review(customer=customer, project=None, by=cast.stan, by_mail=True, contact=olga)
        header = OutgoingMail.objects.get().headers["List-Unsubscribe"].strip("<>")
        Client().post(header, {"List-Unsubscribe": "One-Click"})
        assert ReviewOptOut.objects.count() == 1
        assert not OutgoingMail.objects.exists()
        text = stan.get(wizard(customer, contact=olga.pk)).content.decode()
        assert "has opted out" in text
        assert "has opted out" not in stan.get(wizard(customer, contact=customer.contacts.get(is_primary=True).pk)).content.decode()

    def test_an_erasure_deletes_the_opt_outs_of_all_contacts(self, cast: Cast, customer: Customer, olga: Contact) -> None:
        for contact in customer.contacts.all():
            request = request_review(customer=customer, project=None, by=cast.stan, by_mail=True, contact=contact, anyway=True)
            header = OutgoingMail.objects.get().headers["List-Unsubscribe"].strip("<>")
            Client().post(header, {"List-Unsubscribe": "One-Click"})
            ReviewRequest.objects.filter(pk=request.pk).update(status="withdrawn")
        assert ReviewOptOut.objects.count() == 2
        CustomerFactory(agency=cast.alder, email="lea@client.example")
        erase_customer(customer, by=cast.alice)
        assert ReviewOptOut.objects.count() == 1
