"""How things end by themselves: by the clock, by an erasure, by an admin; and whom staff never see."""

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


def test_after_thirty_days_both_sides_are_told_once(cast: Cast) -> None:
    given = InvitationFactory(agency=cast.alder, client=cast.kim)
    asked = AccessRequestFactory(customer__agency=cast.alder, email="lea@clients.example", requested_by=cast.stan)
    InvitationFactory(agency=cast.alder)
    for row in (given, asked):
        assert timedelta(days=30) <= row.expires_at - timezone.now() < timedelta(days=31)
        type(row).objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert (expire(), expire()) == (2, 0)
    given.refresh_from_db()
    asked.refresh_from_db()
    assert (given.status, asked.status) == ("expired", "expired")
    told = sorted(OutgoingMail.objects.values_list("kind", "to_email"))
    assert told == [
        ("access_expired", "alice@alder.example"),
        ("access_expired", "kim@client.example"),
        ("access_request_expired", "lea@clients.example"),
        ("access_request_expired", "stan@alder.example"),
    ]
    assert AuditEvent.objects.filter(action__in=["invitation.expired", "access_request.expired"]).count() == 2


def test_the_days_are_a_setting(cast: Cast, settings) -> None:
    settings.ACCESS_INVITATION_DAYS = 3
    assert timedelta(days=3) <= InvitationFactory(agency=cast.alder).expires_at - timezone.now() < timedelta(days=4)


def test_what_is_overdue_gives_way_to_a_new_invitation(cast: Cast) -> None:
    old = InvitationFactory(agency=cast.alder, client=cast.kim, expires_at=timezone.now() - timedelta(minutes=1))
    new = give_access(agency=cast.alder, client=cast.kim, scope="full", areas=[], name="Kim")
    old.refresh_from_db()
    assert (old.status, new.status) == ("expired", "pending")


def test_erasing_a_customer_ends_the_access_and_tells_the_client(alice: Client, cast: Cast) -> None:
    # What was written to Kim before there was a customer is theirs, too.
    reject_invitation(InvitationFactory(agency=cast.alder, client=cast.kim), message="Not now.", by=cast.stan)
    given = give_access(
        agency=cast.alder, client=cast.kim, scope="full", areas=[], name="Zwetschge", company="Zwetschge & Co", phone="+49 4711 0815",
        message="From Zwetschge", domains=["zwetschge.example"],
    )  # fmt: skip
    customer = CustomerFactory(agency=cast.alder, company="Zwetschge & Co", email="zwetschge@client.example", last_name="Zwetschge")
    connect_customer(given, customer=customer, by=cast.stan)
    AccessRequestFactory(customer=customer, email="zwetschge@client.example", message="For Zwetschge")
    page = alice.get(f"/customers/{customer.pk}/erase/").content.decode()
    assert "access given by 1 client (who is notified by e-mail)" in " ".join(page.split())
    assert "wetschge" in dump()
    erase_customer(customer, by=cast.alice)
    given.refresh_from_db()
    assert given.status == "disconnected"
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.agency, mail.customer_id) == ("access_erased", "kim@client.example", None, None)
    assert "Alder Web has deleted your data." in mail.text
    after = dump()
    assert "wetschge" not in after
    # What is left of Kim is Kim's own account.
    traces = [line for line in after.splitlines() if "kim@client.example" in line]
    assert {line.split(":")[0] for line in traces} == {"accounts_user", "account_emailaddress", "outbox_outgoingmail"}
    assert alice.get(given.get_absolute_url()).status_code == 404
    kim = Client()
    kim.force_login(cast.kim)
    assert kim.get(f"/my/{given.pk}/").status_code == 200


def test_the_audit_names_no_client(cast: Cast) -> None:
    cast.kim.full_name = "Zwetschge"
    cast.kim.save()
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    client = Client()
    client.force_login(cast.kim)
    client.post(f"/my/{given.pk}/change/", {"scope": "partial", "areas": ["email"]})
    client.post(f"/my/{given.pk}/revoke/")
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


def force_end(ada: Client, given: AccessInvitation, reason: str):
    data = {"action": "force_end", "_selected_action": [given.pk], "reason": reason}
    return ada.post("/admin/invitations/accessinvitation/", data, follow=True)


def test_an_admin_ends_an_access_with_a_reason(ada: Client, cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    assert "Enter a reason" in force_end(ada, given, " ").content.decode()
    given.refresh_from_db()
    assert given.status == "connected"
    assert "1 access grant ended." in force_end(ada, given, "Misuse").content.decode()
    assert "1 was skipped because it isn’t connected" in force_end(ada, given, "Misuse").content.decode()
    given.refresh_from_db()
    assert (given.status, given.reason) == ("disconnected", "Misuse")
    mails = OutgoingMail.objects.filter(kind="access_force_ended")
    assert sorted(mail.to_email for mail in mails) == ["alice@alder.example", "kim@client.example"]
    assert all("> Misuse" in mail.text for mail in mails)
    event = AuditEvent.objects.get(action="invitation.force_ended")
    assert (event.actor_label, event.source, event.customer_id) == ("Ada Admin", "admin", given.customer_id)


def test_admins_find_by_state_agency_and_age(ada: Client, cast: Cast) -> None:
    ConnectedFactory(customer__agency=cast.alder, company="Runs")
    InvitationFactory(agency=cast.birch, company="Waits")
    for query, number in (
        ("status__exact=pending", 1),
        (f"agency__id__exact={cast.alder.pk}", 1),
        ("created_at__gte=2099-01-01+00:00:00%2B00:00", 0),
        ("q=waits", 1),
    ):
        assert ada.get(f"/admin/invitations/accessinvitation/?{query}").context["cl"].result_count == number, query


def test_no_admin_sees_what_a_link_is_made_of(ada: Client, cast: Cast) -> None:
    asked = AccessRequestFactory(customer__agency=cast.alder)
    page = ada.get(f"/admin/invitations/accessrequest/{asked.pk}/change/").content.decode()
    assert asked.email in page
    for secret in (asked.nonce, asked.token_digest, asked.link):
        assert secret not in page


# --- What shows several things at once ---------------------------------------------------------------------------------


def test_the_dashboard_and_the_search_know_invitations(alice: Client, cast: Cast) -> None:
    InvitationFactory(agency=cast.alder, company="Zwetschge & Co")
    InvitationFactory(agency=cast.birch, company="Zwetschge foreign")
    for path in ("/dashboard/", "/search/?q=zwetsch"):
        page = alice.get(path).content.decode()
        assert "Zwetschge &amp; Co" in page
        assert "foreign" not in page


def test_a_request_of_another_agency_is_404(charlie: Client, cast: Cast) -> None:
    asked = AccessRequestFactory(customer__agency=cast.alder)
    assert charlie.post(f"/access-requests/{asked.pk}/withdraw/").status_code == 404
    assert AccessRequest.objects.get().status == "pending"
