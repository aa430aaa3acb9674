"""Tests of connecting invitations to new and existing customers."""

import pytest
from django.test import Client

from customers.models import Customer
from customers.services.customers import archive_customer
from invitations.models import AccessInvitation, AccessRequest, Approval
from invitations.views.feedback import CONFLICT_MESSAGES
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, DomainFactory
from tests.factories.invitations import ConnectedFactory, InvitationFactory


@pytest.fixture
def invitation(cast: Cast) -> AccessInvitation:
    return InvitationFactory(
        agency=cast.alder,
        client=cast.kim,
        name="Kim van der Client",
        company="Kim & Co",
        phone="+49 40 1234567",
        street="Weg 1",
        zip="20095",
        country="DE",
        domains=["kim.example", "shop.example", "held.example"],
        language="de",
    )


def new_path(invitation: AccessInvitation) -> str:
    return f"/invitations/{invitation.pk}/connect/new/"


def fields_of(page) -> dict[str, object]:
    """Return the initial values of the form on the page."""
    form = page.context["form"]
    return {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items() if name != "version"}


def test_new_customer_form_is_prefilled(stan: Client, invitation: AccessInvitation, cast: Cast) -> None:
    fields = fields_of(stan.get(new_path(invitation)))
    expected = {
        "kind": "company", "company": "Kim & Co", "first_name": "Kim van der", "last_name": "Client", "email": "kim@client.example",
        "phone": "+49 40 1234567", "street": "Weg 1", "zip": "20095", "city": "Köln", "country": "DE", "language": "de",
    }  # fmt: skip
    assert {name: fields[name] for name in expected} == expected
    holder = CustomerFactory(agency=cast.alder, company="Holder Ltd")
    DomainFactory(customer=holder, name="held.example")
    response = stan.post(new_path(invitation), {**fields, "city": "Bonn"}, follow=True)
    customer = Customer.objects.get(company="Kim & Co")
    assert response.redirect_chain == [(customer.get_absolute_url(), 302)]
    invitation.refresh_from_db()
    assert (invitation.status, invitation.customer, invitation.connected_by) == ("connected", customer, cast.stan)
    assert (customer.city, customer.email) == ("Bonn", "kim@client.example")
    assert sorted(customer.domains.values_list("name", flat=True)) == ["kim.example", "shop.example"]
    shown = [str(message) for message in response.context["messages"]]
    assert shown[0].endswith("The client has been notified by e-mail. Domains kim.example, shop.example added.")
    assert shown[1] == "held.example was not moved because it belongs to K-1001 Holder Ltd."
    page = " ".join(response.content.decode().split())
    for text in (
        "Full access",
        "Given by Kim van der Client",
        "connected by Stan Stein",
        "Access from Kim van der Client connected (full access)",
    ):
        assert text in page


def test_client_is_notified_in_their_language(stan: Client, invitation: AccessInvitation, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    stan.post(f"/invitations/{invitation.pk}/connect/", {"customer": customer.pk})
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.from_name, mail.reply_to) == (
        "access_connected",
        "kim@client.example",
        "Alder Web",
        "stan@alder.example",
    )
    assert mail.customer_id == customer.pk
    assert mail.text.startswith("Guten Tag Kim van der Client,")


def test_possible_duplicates_are_listed_first(stan: Client, invitation: AccessInvitation, cast: Cast) -> None:
    likely = CustomerFactory(agency=cast.alder, company="Somebody", email="KIM@client.example")
    CustomerFactory(agency=cast.alder)
    choice = stan.get(f"/invitations/{invitation.pk}/connect/").context["choice"]
    assert [duplicate.customer for duplicate in choice.likely] == [likely]


def test_existing_customer_keeps_its_domains(stan: Client, invitation: AccessInvitation, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    kept = DomainFactory(customer=customer, name="kim.example", registrar="INWX")
    stan.post(f"/invitations/{invitation.pk}/connect/", {"customer": customer.pk})
    assert customer.domains.count() == 3
    kept.refresh_from_db()
    assert kept.registrar == "INWX"
    assert AuditEvent.objects.filter(action="domain.added", customer_id=customer.pk).count() == 2


def test_possible_duplicate_can_be_connected_instead(stan: Client, invitation: AccessInvitation, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, email="kim@client.example")
    response = stan.post(new_path(invitation), fields_of(stan.get(new_path(invitation))))
    assert response.status_code == 200
    assert len(response.context["duplicates"]) == 1
    assert f'action="/invitations/{invitation.pk}/connect/"' in response.content.decode()
    invitation.refresh_from_db()
    assert invitation.status == "pending"


def test_only_active_customers_of_the_agency_can_be_connected(stan: Client, invitation: AccessInvitation, cast: Cast) -> None:
    archived = CustomerFactory(agency=cast.alder)
    archive_customer(archived, by=cast.alice)
    for pk in (CustomerFactory(agency=cast.birch).pk, archived.pk, 0, "x", ""):
        assert stan.post(f"/invitations/{invitation.pk}/connect/", {"customer": pk}).status_code == 404
    invitation.refresh_from_db()
    assert invitation.status == "pending"


def test_client_with_access_cannot_be_connected_to_the_same_customer_again(stan: Client, invitation: AccessInvitation, cast: Cast) -> None:
    existing = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    response = stan.post(f"/invitations/{invitation.pk}/connect/", {"customer": existing.customer_id}, follow=True)
    assert "This person has already given access for" in response.content.decode()
    invitation.refresh_from_db()
    assert invitation.status == "pending"


@pytest.mark.parametrize("path", ["connect/", "connect/new/", "reject/", "disconnect/"])
def test_conflicts_are_explained(stan: Client, invitation: AccessInvitation, cast: Cast, path: str) -> None:
    AccessInvitation.objects.update(status="withdrawn", ended_at=invitation.created_at)
    customer = CustomerFactory(agency=cast.alder)
    for response in (
        stan.get(f"/invitations/{invitation.pk}/{path}", follow=True),
        stan.post(f"/invitations/{invitation.pk}/{path}", {"customer": customer.pk}, follow=True),
    ):
        assert response.redirect_chain == [(invitation.get_absolute_url(), 302)]
        assert "This has since been withdrawn. Nothing was changed, and no e-mail was sent." in response.content.decode()
    assert not OutgoingMail.objects.exists()


def test_every_status_has_a_conflict_message() -> None:
    assert CONFLICT_MESSAGES.keys() == {*AccessInvitation.Status, *AccessRequest.Status, *Approval.Status} - {Approval.Status.OPEN}


def test_badge_and_preview_follow_each_change(stan: Client, invitation: AccessInvitation, cast: Cast) -> None:
    InvitationFactory(agency=cast.alder, company="Second")
    InvitationFactory(agency=cast.birch, company="Foreign")

    def badge_and_page() -> tuple[object, str]:
        response = stan.get("/customers/")
        return response.context["menu"][1].badge, response.content.decode()

    badge, page = badge_and_page()
    assert badge == 2
    assert "2 pending invitations" in page and "Second" in page and "min ago" in page
    assert "Foreign" not in page
    stan.post(f"/invitations/{invitation.pk}/reject/", {"message": ""}, follow=True)
    badge, page = badge_and_page()
    assert badge == 1
    assert "1 pending invitation" in page and "Kim &amp; Co" not in page
    AccessInvitation.objects.pending().update(expires_at=invitation.created_at)
    assert badge_and_page()[0] is None


def test_preview_is_limited_and_links_to_all_invitations(stan: Client, cast: Cast) -> None:
    for number in range(8):
        InvitationFactory(agency=cast.alder, company=f"Client no {number}")
    page = " ".join(stan.get("/customers/").content.decode().split())
    assert page.count("Client no ") >= 5 and "Client no 2" not in page
    assert "View all 8" in page
    everything = stan.get("/invitations/").content.decode()
    assert "Client no 0" in everything


def test_list_has_a_tab_for_each_kind(stan: Client, cast: Cast) -> None:
    InvitationFactory(agency=cast.alder, company="Waits")
    ConnectedFactory(customer__agency=cast.alder, company="Runs")
    for kind, name in (("waiting", "Waits"), ("connected", "Runs"), ("over", "Nothing here yet"), ("nonsense", "Waits")):
        assert name in stan.get(f"/invitations/?show={kind}").content.decode()


def test_switching_to_an_existing_customer_and_back_keeps_the_input(stan: Client, invitation: AccessInvitation, cast: Cast) -> None:
    existing, here = f"/invitations/{invitation.pk}/connect/", new_path(invitation)
    assert f'formaction="{existing}"' in stan.get(here).content.decode()
    typed = {**fields_of(stan.get(here)), "company": "Kim & Sons", "email": "not yet", "phone": ""}
    del typed["form_number"]  # differs on each page
    choice = stan.post(existing, {**typed, "switch": "1"})
    assert choice.context["choice"].kept == typed
    page = choice.content.decode()
    assert f'formaction="{here}"' in page
    assert all(f'type="hidden" name="{name}"' in page for name in typed)
    form = stan.post(here, {**choice.context["choice"].kept, "switch": "1"}).context["form"]
    assert {name: form[name].value() or "" for name in typed} == typed
    assert not form.errors
    assert not Customer.objects.exists()
    invitation.refresh_from_db()
    assert invitation.status == "pending"
