"""The timeline of a customer names its objects, although events never store names."""

import re
from html import unescape

import pytest
from django.test import Client

from customers.models import Customer, Domain, Project, Task
from invitations.models import AccessInvitation, AccessRequest
from invitations.services.access_requests import grant_request, request_access, withdraw_request
from invitations.services.invitations import change_access, connect_customer, give_access
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.invitations import InvitationFactory
from tests.factories.reviews import ReviewFactory


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder)


def activity(client: Client, customer: Customer) -> list[str]:
    """Return the sentences of the customer's timeline, newest first."""
    page = client.get(customer.get_absolute_url()).content.decode()
    return [unescape(text.strip()) for text in re.findall(r'class="timeline-what">(.*?)</div>', page, re.DOTALL)]


def test_added_and_changed_items_are_named(stan: Client, cast: Cast, customer: Customer) -> None:
    stan.post(f"/customers/{customer.pk}/tasks/add/", {"title": "Call the printer", "priority": "1"})
    task = Task.objects.get()
    stan.post(f"/tasks/{task.pk}/edit/", {"title": "Call the printer", "priority": "1", "assignee": cast.max.pk, "due_on": "2030-01-02"})
    stan.post(f"/tasks/{task.pk}/done/")
    stan.post(f"/customers/{customer.pk}/domains/add/", {"name": "müllerei.example"})
    assert activity(stan, customer)[:4] == [
        "Domain müllerei.example added",
        "Task “Call the printer” completed",
        "Task “Call the printer” updated: Due on and Assigned to (Max Meyer)",
        "Task “Call the printer” added",
    ]


def test_current_name_is_shown(stan: Client, customer: Customer) -> None:
    stan.post(f"/customers/{customer.pk}/projects/add/", {"title": "Relaunch", "status": "active"})
    stan.post(f"/projects/{Project.objects.get().pk}/edit/", {"title": "Shop", "status": "active"})
    assert activity(stan, customer)[:2] == ["Project “Shop” updated: Title", "Project “Shop” added"]


def test_removed_items_have_no_name(stan: Client, customer: Customer) -> None:
    stan.post(f"/customers/{customer.pk}/domains/add/", {"name": "secret-plan.example"})
    stan.post(f"/domains/{Domain.objects.get().pk}/remove/")
    assert activity(stan, customer)[:2] == ["Domain removed", "Domain added"]
    assert "secret-plan" not in "".join(str(row) for row in AuditEvent.objects.values_list())


def test_review_requests_are_named_after_the_project(stan: Client, customer: Customer) -> None:
    stan.post(f"/customers/{customer.pk}/projects/add/", {"title": "Relaunch", "status": "active"})
    project = Project.objects.get()
    stan.post("/company/reviews/request/", {"customer": customer.pk, "subject": "project", "project": project.pk, "link": ""})
    assert activity(stan, customer)[0] == "Review of “Relaunch” requested"


def test_reviews_are_named_after_the_project(alice: Client, cast: Cast, customer: Customer) -> None:
    review = ReviewFactory(review_request__customer=customer, review_request__project=ProjectFactory(customer=customer, title="Relaunch"))
    alice.post(f"/company/reviews/{review.pk}/pin/")
    assert activity(alice, customer)[0] == "Review of “Relaunch” pinned to top"
    of_company = ReviewFactory(review_request__customer=customer)
    alice.post(f"/company/reviews/{of_company.pk}/pin/")
    assert activity(alice, customer)[0] == "Review pinned to top"


def test_new_account_manager_is_named(stan: Client, cast: Cast, customer: Customer) -> None:
    form = {"kind": "company", "company": "Alder & Sons", "country": "DE", "language": "en", "responsible": cast.max.pk}
    stan.post(f"/customers/{customer.pk}/edit/", form)
    assert "Account manager (Max Meyer)" in activity(stan, customer)[0]


def test_review_request_for_the_company_is_described(stan: Client, customer: Customer) -> None:
    stan.post("/company/reviews/request/", {"customer": customer.pk, "subject": "company", "link": ""})
    assert activity(stan, customer)[0] == "Review of the company requested"


def test_access_events_show_the_clients_current_name(stan: Client, cast: Cast, customer: Customer) -> None:
    given = InvitationFactory(agency=cast.alder, client=cast.kim, name="Nele Neumann", company="")
    connect_customer(given, customer=customer, by=cast.stan)
    access_request = request_access(
        customer=customer, email="lea@clients.example", scope="partial", areas=["email"], message="", by=cast.stan
    )
    assert activity(stan, customer)[:2] == [
        "Access requested from lea@clients.example (partial access: E-mail)",
        "Access from Nele Neumann connected (full access)",
    ]
    assert not re.search("Neumann|lea@", "".join(str(row) for row in AuditEvent.objects.values_list()))
    withdraw_request(access_request, by=cast.stan)
    change_access(given, scope="partial", areas=["email", "support"])
    assert activity(stan, customer)[:2] == [
        "Nele Neumann changed access (now partial access: E-mail, Support)",
        "Access request to lea@clients.example withdrawn",
    ]
    AccessInvitation.objects.update(name="", company="")
    AccessRequest.objects.update(email="")
    assert activity(stan, customer)[:2] == ["Client changed access (now partial access: E-mail, Support)", "Access request withdrawn"]


def test_invitation_is_described_as_an_offer_until_connected(stan: Client, cast: Cast, customer: Customer) -> None:
    given = give_access(agency=cast.alder, client=cast.kim, scope="full", areas=[], name="Nele Neumann", language="en")
    page = stan.get(given.get_absolute_url()).content.decode()
    assert "Nele Neumann offered full access" in page
    assert "gave" not in page


def test_client_sees_the_agencys_name(cast: Cast, customer: Customer) -> None:
    access_request = request_access(customer=customer, email=cast.kim.email, scope="full", areas=[], message="", by=cast.stan)
    given = grant_request(access_request, client=cast.kim, scope="full", areas=[])
    kim = Client()
    kim.force_login(cast.kim)
    page = kim.get(f"/my/{given.pk}/").content.decode()
    assert "Alder Web requested full access" in page


def test_sentences_use_first_and_last_name(stan: Client, cast: Cast) -> None:
    fields = {"kind": "person", "first_name": "Kim", "last_name": "Testa", "email": "kim.testa@clients.example", "language": "en"}
    number = re.search(r'name="form_number" value="([^"]+)"', stan.get("/customers/add/").content.decode())
    page = stan.post("/customers/add/", {**fields, "form_number": number.group(1) if number else ""}, follow=True).content.decode()
    person = Customer.objects.get(last_name="Testa")
    assert f"{person.reference} Kim Testa added." in page
    # The heading uses the name as in lists.
    assert "<h1>Testa, Kim</h1>" in re.sub(r"<h1[^>]*>\s*(.*?)\s*</h1>", r"<h1>\1</h1>", page)
    page = stan.get(f"/company/reviews/request/?customer={person.pk}").content.decode()
    assert "What should Kim Testa review?" in page
    stan.post("/company/reviews/request/", {"customer": person.pk, "subject": "company", "link": ""})
    page = stan.get(f"/company/reviews/requests/{person.review_requests.get().pk}/").content.decode()
    assert re.search(r"<h1>\s*Testa, Kim\s*</h1>", page)
    page = stan.post(f"/customers/{person.pk}/archive/", follow=True).content.decode()
    assert f"{person.reference} Kim Testa archived." in page
