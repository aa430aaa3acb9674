"""The shared space: who opens it, at which address, and for which customer; what staff share, and how they look at it."""

from typing import Any

import pytest
from django.test import Client

from customers.merging.services import merge_customers
from customers.models import Project
from customers.services.customers import archive_customer
from customers.services.submissions import new_form_number
from invitations.messages.services import send_as_client
from invitations.models import AccessInvitation, Message
from invitations.services.access_requests import grant_request
from invitations.space.queries import client_space
from invitations.space.tabs import TABS
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Role
from partnerportal.audit.models import AuditEvent
from partnerportal.network.models import PartnerProfile
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.agencies import AgencyFactory
from tests.factories.credentials import NeedFactory
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory, TaskFactory
from tests.factories.files import TextApprovalFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory


def given_by(client: Any, agency: Any, **fields: Any) -> AccessInvitation:
    given: AccessInvitation = ConnectedFactory(customer__agency=agency, client=client, **fields)
    return given


def page(client: Client, address: str = "/my/alder/") -> str:
    return client.get(address, follow=True).content.decode()


def content(page: str) -> str:
    """Return the page without its header and footer."""
    return page.partition("<main")[2].partition("</main>")[0]


# --- Who, and at which address -----------------------------------------------------------------------------------------


def test_client_opens_the_space_while_access_is_connected(kim: Client, cast: Cast) -> None:
    InvitationFactory(agency=cast.alder, client=cast.kim)
    assert kim.get("/my/alder/").status_code == 404
    given = given_by(cast.kim, cast.alder)
    ProjectFactory(customer=given.customer, title="Relaunch", is_shared=True)
    assert "Relaunch" in page(kim)
    AccessInvitation.objects.filter(pk=given.pk).update(status="revoked", ended_at=given.connected_at)
    assert kim.get("/my/alder/").status_code == 404


def test_pages_of_access_lead_to_the_space(kim: Client, cast: Cast) -> None:
    given = given_by(cast.kim, cast.alder)
    address = f"/my/alder/?customer={given.customer_id}"
    for path in ("/my/", f"/my/{given.pk}/"):
        assert f'href="{address}"' in page(kim, path)
    assert kim.get(address).status_code == 200


def test_agencies_without_a_usable_profile_address_are_named_by_their_key(kim: Client, cast: Cast) -> None:
    agency = AgencyFactory(name="Without profile")
    given_by(cast.kim, agency)
    assert f'href="/my/~{agency.pk}/?' in page(kim, "/my/")
    assert "Without profile" in page(kim, f"/my/~{agency.pk}/")
    # /my/4711/ is the page of an access.
    PartnerProfile.objects.filter(agency=cast.birch).update(slug="4711")
    given_by(cast.kim, cast.birch)
    assert f'href="/my/~{cast.birch.pk}/?' in page(kim, "/my/")


def test_former_addresses_of_a_profile_still_work(kim: Client, cast: Cast) -> None:
    given_by(cast.kim, cast.alder)
    PartnerProfile.objects.filter(agency=cast.alder).update(slug="alder-web")
    assert kim.get("/my/alder/").status_code == kim.get("/my/alder-web/").status_code == 200


def test_staff_of_another_agency_are_clients_here(cast: Cast) -> None:
    given = given_by(cast.charlie, cast.alder)
    ProjectFactory(customer=given.customer, title="Relaunch", is_shared=True)
    charlie = Client()
    charlie.force_login(cast.charlie)
    assert "Relaunch" in page(charlie)
    assert charlie.get(f"/customers/{given.customer_id}/shared/").status_code == 404
    assert charlie.get(f"/customers/{given.customer_id}/shared/as-client/{given.pk}/").status_code == 404


def test_client_chooses_among_several_customers(kim: Client, cast: Cast) -> None:
    mill, shop = (given_by(cast.kim, cast.alder, customer__company=name) for name in ("Mill Ltd", "Shop Ltd"))
    for given in (mill, shop):
        ProjectFactory(customer=given.customer, title=f"Relaunch of {given.customer}", is_shared=True)
    other = given_by(cast.ada, cast.alder)
    newest, chosen = page(kim), page(kim, f"/my/alder/?customer={mill.customer_id}")
    assert f"Relaunch of {shop.customer}" in newest and f"Relaunch of {mill.customer}" not in newest
    assert f"Relaunch of {mill.customer}" in chosen and f"Relaunch of {shop.customer}" not in chosen
    assert "Mill Ltd" in newest and "Shop Ltd" in newest
    for unknown in (other.customer_id, "x", 0):
        assert kim.get(f"/my/alder/?customer={unknown}").status_code == 404


def test_another_client_of_the_customer_has_own_access(kim: Client, cast: Cast) -> None:
    full = given_by(cast.kim, cast.alder)
    ConnectedFactory(customer=full.customer, client=cast.charlie, scope="partial", areas=["email"], name="Charlie")
    DomainFactory(customer=full.customer, name="mill.example")
    charlie = Client()
    charlie.force_login(cast.charlie)
    assert "mill.example" in page(kim)
    assert "mill.example" not in page(charlie)
    assert "Charlie" in page(kim)
    assert "charlie@birch.example" not in page(kim)


def test_other_clients_never_see_an_address(kim: Client, cast: Cast) -> None:
    # Kim has an account without a name, and the request went to an address that no contact has.
    User.objects.filter(pk=cast.kim.pk).update(full_name="")
    cast.kim.refresh_from_db()
    customer = CustomerFactory(agency=cast.alder, kind="person", company="", first_name="Lea", last_name="Lang", email="lea@client.example")
    ConnectedFactory(customer=customer, client=cast.charlie)
    asked = AccessRequestFactory(customer=customer, email=cast.kim.email)
    given = grant_request(asked, client=cast.kim, scope="full", areas=[])
    assert given.display_name == cast.kim.email
    approval = TextApprovalFactory(customer=customer)
    decision = {"outcome": "approved", "comment": "", "sha256": approval.sha256}
    assert kim.post(f"/my/alder/approvals/{approval.pk}/", decision).status_code == 302
    space = client_space(cast.kim, "alder")
    assert space is not None
    send_as_client(space=space, text="Hello", number=new_form_number(another=True))
    charlie = Client()
    charlie.force_login(cast.charlie)
    for path in ("", "messages/", f"approvals/{approval.pk}/"):
        shown = content(page(charlie, f"/my/alder/{path}"))
        assert cast.kim.email not in shown and "Client" in shown, path
    mails = OutgoingMail.objects.filter(to_email=cast.charlie.email)
    assert sorted(mails.values_list("kind", flat=True)) == ["approval_decided", "message"]
    assert not any(cast.kim.email in mail.subject + mail.text for mail in mails)


# --- Several customers of one client -----------------------------------------------------------------------------------


def test_form_of_a_page_that_named_no_customer_never_reaches_another_one(kim: Client, cast: Cast) -> None:
    mill = given_by(cast.kim, cast.alder)
    written = {"text": "Only for Mill", "form_number": new_form_number(another=True)}
    kim.get("/my/alder/messages/")
    shop = given_by(cast.kim, cast.alder)
    response = kim.post("/my/alder/messages/", written, follow=True)
    assert not Message.objects.exists()
    address = f"/my/alder/messages/?customer={mill.customer_id}"
    assert response.redirect_chain == [(address, 302)]
    assert "Only for Mill" in response.content.decode()
    kim.post(address, written)
    assert Message.objects.get().customer == mill.customer
    # A page without a customer in its address can't be opened any more.
    assert kim.get("/my/alder/files/?after=x")["Location"] == f"/my/alder/files/?after=x&customer={shop.customer_id}"
    need = NeedFactory(invitation=shop)
    assert kim.post(f"/my/alder/credentials/needs/{need.pk}/invited/")["Location"] == f"/my/alder/?customer={mill.customer_id}"


# --- Merged and archived customers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("both", [False, True])
def test_space_of_the_first_shows_what_moved(kim: Client, cast: Cast, both: bool) -> None:
    first, second = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    ProjectFactory(customer=first, title="Of the first", is_shared=True)
    ProjectFactory(customer=second, title="Of the second", is_shared=True)
    # A rated project stays with the customer that rated it.
    rated = ProjectFactory(customer=second, title="Rated", is_shared=True)
    ReviewFactory(review_request__customer=second, review_request__project=rated)
    given = ConnectedFactory(customer=second, client=cast.kim)
    before = f"/my/alder/?customer={second.pk}"
    if both:
        # The access of the second customer stays with it.
        ConnectedFactory(customer=first, client=cast.kim, scope="partial", areas=["email"])
    merge_customers(first, second, values={}, by=cast.alice)
    # Addresses in earlier e-mails still work.
    assert kim.get(before).status_code == 200
    shown = page(kim, before)
    assert all(title in shown for title in ("Of the first", "Of the second", "Rated"))
    space = client_space(cast.kim, "alder")
    assert space is not None and (space.customer, space.customers) == (first, [first])
    assert given in space.invitations and len(space.invitations) == 1 + both


def test_access_granted_for_a_merged_customer_opens_the_space_of_the_first(kim: Client, cast: Cast) -> None:
    first, second = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    asked = [AccessRequestFactory(customer=customer, email=cast.kim.email) for customer in (first, second)]
    # Both requests can still be answered. The second one stays with its customer.
    merge_customers(first, second, values={}, by=cast.alice)
    given = grant_request(asked[1], client=cast.kim, scope="full", areas=[])
    assert given.customer == second
    for customer in (first, second):
        assert kim.get(f"/my/alder/?customer={customer.pk}").status_code == 200


def test_archived_customers_are_read_only(kim: Client, stan: Client, cast: Cast) -> None:
    given = given_by(cast.kim, cast.alder)
    shared = ProjectFactory(customer=given.customer, title="Relaunch", is_shared=True)
    ReviewRequestFactory(customer=given.customer)
    archive_customer(given.customer, by=cast.alice)
    shown = page(kim)
    assert "Relaunch" in shown and "archived" in shown
    assert "is asking for your review" not in shown
    address = f"/customers/{given.customer_id}/shared/"
    assert 'name="unshare"' not in page(stan, address)
    assert "This customer is archived" in stan.post(address, {"unshare": f"project-{shared.pk}"}, follow=True).content.decode()
    assert Project.objects.get(pk=shared.pk).is_shared


# --- Staff -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["project", "task", "contract"])
def test_staff_share_an_item_and_stop_sharing_it(stan: Client, cast: Cast, kind: str) -> None:
    make = {"project": ProjectFactory, "task": TaskFactory, "contract": ContractFactory}[kind]
    item = make(customer__agency=cast.alder)
    assert item.is_shared is False
    address = f"/customers/{item.customer_id}/shared/"
    for name, is_shared, action in (("share", True, "shared"), ("share", True, "shared"), ("unshare", False, "unshared")):
        response = stan.post(address, {name: f"{kind}-{item.pk}"})
        assert response.url == address
        item.refresh_from_db()
        assert item.is_shared == is_shared
        # The second press changes nothing.
        assert AuditEvent.objects.filter(action=f"{kind}.{action}", actor_id=cast.stan.pk).count() == 1


def test_forms_of_items_share_them(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    stan.post(f"/customers/{customer.pk}/projects/add/", {"title": "Relaunch", "status": "active", "is_shared": "on"})
    stan.post(f"/customers/{customer.pk}/projects/add/", {"title": "Quote", "status": "active"})
    assert dict(customer.projects.values_list("title", "is_shared")) == {"Relaunch": True, "Quote": False}


def test_staff_share_only_items_of_the_customer(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    others = ProjectFactory(customer__agency=cast.alder), ProjectFactory(customer__agency=cast.birch)
    for item in others:
        assert stan.post(f"/customers/{customer.pk}/shared/", {"share": f"project-{item.pk}"}).status_code == 404
    assert not Project.objects.filter(is_shared=True).exists()


def test_customer_page_leads_to_what_is_shared(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    assert f'href="/customers/{customer.pk}/shared/"' in page(stan, f"/customers/{customer.pk}/")


def test_page_for_staff_names_who_sees_each_section(stan: Client, cast: Cast) -> None:
    given = given_by(cast.kim, cast.alder, scope="partial", areas=["domains"], company="Mill Ltd")
    ProjectFactory(customer=given.customer, title="Relaunch", is_shared=True)
    shown = content(page(stan, f"/customers/{given.customer_id}/shared/"))
    assert f"Access to “Domains” was given by {given.name}." in shown
    assert "No client has given access to “Website and hosting”" in shown


# --- View as client ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", [tab.key for tab in TABS])
def test_preview_shows_the_pages_of_the_client_without_forms(stan: Client, cast: Cast, tab: str) -> None:
    given = given_by(cast.kim, cast.alder, company="Mill Ltd")
    review_request = ReviewRequestFactory(customer=given.customer)
    address = f"/customers/{given.customer_id}/shared/as-client/{given.pk}/?tab={tab}"
    shown = page(stan, address)
    assert f"viewing this page as {given.name}" in shown
    assert "<form" not in content(shown)
    assert review_request.link not in shown
    # A link to a page of the client would answer 404.
    assert 'href="/my/' not in shown
    assert stan.post(address).status_code == 405


def test_each_view_as_client_is_recorded(stan: Client, cast: Cast) -> None:
    given = given_by(cast.kim, cast.alder, name="Kim Client")
    DomainFactory(customer=given.customer, name="mill.example")
    address = f"/customers/{given.customer_id}/shared/as-client/{given.pk}/"
    for views in (1, 2):
        assert "mill.example" in page(stan, address)
        events = AuditEvent.objects.filter(action="invitation.previewed", actor_id=cast.stan.pk, customer_id=given.customer_id)
        assert events.count() == views
    assert "Shared space viewed as Kim Client" in page(stan, f"/customers/{given.customer_id}/")
    # They don't displace what happened to the access.
    assert "Shared space viewed" not in page(stan, f"/invitations/{given.pk}/")


def test_view_as_client_shows_this_clients_access_only(stan: Client, cast: Cast) -> None:
    given = given_by(cast.kim, cast.alder, scope="partial", areas=["email"])
    ConnectedFactory(customer=given.customer, client=cast.charlie)
    DomainFactory(customer=given.customer, name="mill.example")
    assert "mill.example" not in page(stan, f"/customers/{given.customer_id}/shared/as-client/{given.pk}/")


def test_view_as_client_needs_connected_access_for_the_customer(stan: Client, cast: Cast) -> None:
    given, other = given_by(cast.kim, cast.alder), CustomerFactory(agency=cast.alder)
    assert stan.get(f"/customers/{other.pk}/shared/as-client/{given.pk}/").status_code == 404
    assert stan.get(f"/customers/{given.customer_id}/shared/as-client/{given.pk}/?tab=x").status_code == 404
    AccessInvitation.objects.filter(pk=given.pk).update(status="revoked", ended_at=given.connected_at)
    assert stan.get(f"/customers/{given.customer_id}/shared/as-client/{given.pk}/").status_code == 404
    assert not AuditEvent.objects.filter(action="invitation.previewed").exists()


def test_client_who_joined_the_team_gets_no_review_link(kim: Client, cast: Cast) -> None:
    given = given_by(cast.kim, cast.alder)
    review_request = ReviewRequestFactory(customer=given.customer)
    assert review_request.link in page(kim)
    cast.alder.memberships.create(user=cast.kim, role=Role.STAFF)
    assert review_request.link not in page(kim)
