"""Tests of expiry, erasure and the admin, and of pages that include invitations."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from customers.services.customers import erase_customer
from invitations.models import AccessInvitation, AccessRequest
from invitations.services.invitations import connect_customer, give_access, reject_invitation
from invitations.tasks import expire
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.customers.test_erase import dump
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory


def test_both_parties_are_notified_once_after_thirty_days(cast: Cast) -> None:
    invitation = InvitationFactory(agency=cast.alder, client=cast.kim)
    access_request = AccessRequestFactory(customer__agency=cast.alder, email="lea@clients.example", requested_by=cast.stan)
    InvitationFactory(agency=cast.alder)
    for row in (invitation, access_request):
        assert timedelta(days=30) <= row.expires_at - timezone.now() < timedelta(days=31)
        type(row).objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert (expire(), expire()) == (2, 0)
    invitation.refresh_from_db()
    access_request.refresh_from_db()
    assert (invitation.status, access_request.status) == ("expired", "expired")
    recipients = sorted(OutgoingMail.objects.values_list("kind", "to_email"))
    assert recipients == [
        ("access_expired", "alice@alder.example"),
        ("access_expired", "kim@client.example"),
        ("access_request_expired", "lea@clients.example"),
        ("access_request_expired", "stan@alder.example"),
    ]
    assert AuditEvent.objects.filter(action__in=["invitation.expired", "access_request.expired"]).count() == 2


def test_term_is_configurable(cast: Cast, settings) -> None:
    settings.ACCESS_INVITATION_DAYS = 3
    assert timedelta(days=3) <= InvitationFactory(agency=cast.alder).expires_at - timezone.now() < timedelta(days=4)


def test_overdue_invitation_expires_when_a_new_one_is_given(cast: Cast) -> None:
    old = InvitationFactory(agency=cast.alder, client=cast.kim, expires_at=timezone.now() - timedelta(minutes=1))
    new = give_access(agency=cast.alder, client=cast.kim, scope="full", areas=[], name="Kim")
    old.refresh_from_db()
    assert (old.status, new.status) == ("expired", "pending")


def test_erasing_a_customer_ends_the_access_and_notifies_the_client(alice: Client, cast: Cast) -> None:
    # E-mails sent before the invitation was connected also contain the customer's data.
    reject_invitation(InvitationFactory(agency=cast.alder, client=cast.kim), message="Not now.", by=cast.stan)
    invitation = give_access(
        agency=cast.alder, client=cast.kim, scope="full", areas=[], name="Zwetschge", company="Zwetschge & Co", phone="+49 4711 0815",
        message="From Zwetschge", domains=["zwetschge.example"],
    )  # fmt: skip
    customer = CustomerFactory(agency=cast.alder, company="Zwetschge & Co", email="zwetschge@client.example", last_name="Zwetschge")
    connect_customer(invitation, customer=customer, by=cast.stan)
    AccessRequestFactory(customer=customer, email="zwetschge@client.example", message="For Zwetschge")
    page = alice.get(f"/customers/{customer.pk}/erase/").content.decode()
    assert "access given by 1 client (who is notified by e-mail)" in " ".join(page.split())
    assert "wetschge" in dump()
    erase_customer(customer, by=cast.alice)
    invitation.refresh_from_db()
    assert invitation.status == "disconnected"
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.agency, mail.customer_id) == ("access_erased", "kim@client.example", None, None)
    assert "Alder Web has deleted your data." in mail.text
    after = dump()
    assert "wetschge" not in after
    # Only Kim's own account still contains the address.
    traces = [line for line in after.splitlines() if "kim@client.example" in line]
    assert {line.split(":")[0] for line in traces} == {"accounts_user", "account_emailaddress", "outbox_outgoingmail"}
    assert alice.get(invitation.get_absolute_url()).status_code == 404
    kim = Client()
    kim.force_login(cast.kim)
    assert kim.get(f"/my/{invitation.pk}/").status_code == 200


def test_audit_events_do_not_contain_client_names(cast: Cast) -> None:
    cast.kim.full_name = "Zwetschge"
    cast.kim.save()
    invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    client = Client()
    client.force_login(cast.kim)
    client.post(f"/my/{invitation.pk}/change/", {"scope": "partial", "areas": ["email"]})
    client.post(f"/my/{invitation.pk}/revoke/")
    client.post("/partners/alder/access/", {"scope": "full", "name": "Zwetschge"})
    events = AuditEvent.objects.filter(object_type="invitations.accessinvitation")
    assert events.count() == 3
    assert {(event.actor_id, event.actor_label, event.ip_address, event.source) for event in events} == {(None, "", None, "web")}


# --- Admin -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ada(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ada)
    return client


def force_end(ada: Client, invitation: AccessInvitation, reason: str):
    data = {"action": "force_end", "_selected_action": [invitation.pk], "reason": reason}
    return ada.post("/admin/invitations/accessinvitation/", data, follow=True)


def test_admin_ends_access_with_a_reason(ada: Client, cast: Cast) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    assert "Enter a reason" in force_end(ada, invitation, " ").content.decode()
    invitation.refresh_from_db()
    assert invitation.status == "connected"
    assert "1 access grant ended." in force_end(ada, invitation, "Misuse").content.decode()
    assert "1 was skipped because it isn’t connected" in force_end(ada, invitation, "Misuse").content.decode()
    invitation.refresh_from_db()
    assert (invitation.status, invitation.reason) == ("disconnected", "Misuse")
    mails = OutgoingMail.objects.filter(kind="access_force_ended")
    assert sorted(mail.to_email for mail in mails) == ["alice@alder.example", "kim@client.example"]
    assert all("> Misuse" in mail.text for mail in mails)
    event = AuditEvent.objects.get(action="invitation.force_ended")
    assert (event.actor_label, event.source, event.customer_id) == ("Ada Admin", "admin", invitation.customer_id)


def test_admin_filters_by_status_agency_and_date(ada: Client, cast: Cast) -> None:
    ConnectedFactory(customer__agency=cast.alder, company="Runs")
    InvitationFactory(agency=cast.birch, company="Waits")
    for query, number in (
        ("status__exact=pending", 1),
        (f"agency__id__exact={cast.alder.pk}", 1),
        ("created_at__gte=2099-01-01+00:00:00%2B00:00", 0),
        ("q=waits", 1),
    ):
        assert ada.get(f"/admin/invitations/accessinvitation/?{query}").context["cl"].result_count == number, query


def test_admin_does_not_show_link_secrets(ada: Client, cast: Cast) -> None:
    access_request = AccessRequestFactory(customer__agency=cast.alder)
    response = ada.get(f"/admin/invitations/accessrequest/{access_request.pk}/change/")
    assert response.status_code == 404
    for secret in (access_request.nonce, access_request.token_digest, access_request.link):
        assert secret not in response.content.decode()


# --- Dashboard, search and tenants -------------------------------------------------------------------------------------


def test_dashboard_and_search_include_invitations(alice: Client, cast: Cast) -> None:
    InvitationFactory(agency=cast.alder, company="Zwetschge & Co")
    InvitationFactory(agency=cast.birch, company="Zwetschge foreign")
    for path in ("/dashboard/", "/search/?q=zwetsch"):
        page = alice.get(path).content.decode()
        assert "Zwetschge &amp; Co" in page
        assert "foreign" not in page


def test_access_request_of_another_agency_returns_404(charlie: Client, cast: Cast) -> None:
    access_request = AccessRequestFactory(customer__agency=cast.alder)
    assert charlie.post(f"/access-requests/{access_request.pk}/withdraw/").status_code == 404
    assert AccessRequest.objects.get().status == "pending"
