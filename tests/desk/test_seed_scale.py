"""`manage.py seed_scale`: bulk-loaded data satisfies the same rules as data created by the portal."""

from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from customers.domain_names import to_ascii, to_unicode
from customers.models import Contract, Customer, Domain, NumberSequence
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, NotificationChoice
from partnerportal.audit.models import AuditEvent
from partnerportal.demo.seed_generator import agency_sizes
from requests_inbox.models import ContactRequest
from reviews.models import RatingSummary, Review, ReviewRequest
from reviews.tokens import REVIEW_LINKS
from tests.factories.agencies import AgencyFactory
from tests.factories.customers import CustomerFactory

pytestmark = pytest.mark.django_db

PASSWORD = "a-password-at-scale"


def seed(**options: Any) -> str:
    output = StringIO()
    call_command("seed_scale", **{"agencies": 4, "customers": 300, "reviews": 200, "password": PASSWORD, **options}, stdout=output)
    return output.getvalue()


def constraints_and_indexes() -> list[tuple[Any, ...]]:
    """Return the definitions of all constraints and indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, convalidated, condeferrable, condeferred, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE connamespace = 'public'::regnamespace UNION ALL "
            "SELECT tablename, indexname, true, true, true, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2, 6"
        )
        return cursor.fetchall()


def triggers() -> list[tuple[Any, ...]]:
    """Return the names of our triggers and whether they are enabled."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1")
        return cursor.fetchall()


def test_seeded_data_is_valid() -> None:
    before = constraints_and_indexes(), triggers()
    output = seed()
    assert (constraints_and_indexes(), triggers()) == before
    assert "a second" in output
    assert PASSWORD not in output
    assert (Agency.objects.count(), Customer.objects.count(), Review.objects.count()) == (4, 300, 200)
    assert set(ContactRequest.objects.values_list("status", flat=True)) >= {"assigned", "closed", "spam"}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    for agency in Agency.objects.all():
        numbers = list(agency.customers.order_by("number").values_list("number", flat=True))
        assert numbers == list(range(1001, 1001 + len(numbers)))
        assert NumberSequence.objects.get(agency=agency).next_number == 1001 + len(numbers)
        assert RatingSummary.objects.get(agency=agency).figures() == RatingSummary.recalculated(agency).figures()
        assert not agency.customers.exclude(responsible__memberships__agency=agency).exclude(responsible=None).exists()

    for domain in Domain.objects.all():
        assert to_unicode(domain.name) == domain.unicode_name
        assert to_ascii(domain.unicode_name) == domain.name
        assert Customer.objects.filter(pk=domain.customer_id, search_text__contains=domain.name).exists()
    assert AuditEvent.objects.filter(action="customer.created").count() == 300
    assert AuditEvent.objects.filter(action="review.submitted").count() == 200


def test_seeded_data_has_every_state_of_deadlines_requests_and_notifications() -> None:
    seed(customers=2500, reviews=0)
    for items in (Domain, Contract):
        assert 0 < items.objects.filter(notify_customer=True).count() < items.objects.count() / 2
    assert set(Contract.objects.values_list("term_months", flat=True)) == {1, 12, 24}
    requests = ContactRequest.objects.exclude(status="spam")
    waiting, idle = requests.filter(is_waiting=True), requests.filter(no_reply_needed_at__isnull=False)
    assert {"new", "open", "assigned"} == set(waiting.values_list("status", flat=True))
    assert {"assigned", "closed"} == set(idle.values_list("status", flat=True))
    assert waiting.count() + idle.count() < requests.count() / 2
    assert set(NotificationChoice.objects.values_list("mode", flat=True)) == {"now", "digest", "off"}
    assert set(Membership.objects.values_list("wants_digest", flat=True)) == {True, False}


def test_derived_columns_equal_those_written_by_triggers() -> None:
    seed()
    derived = list(Customer.objects.order_by("pk").values_list("pk", "sort_name", "search_text", "phone_key"))
    Customer.objects.update(version=1)
    assert list(Customer.objects.order_by("pk").values_list("pk", "sort_name", "search_text", "phone_key")) == derived
    assert all(sort_name and search_text for _pk, sort_name, search_text, _key in derived)


def test_sequences_continue_after_seeded_rows() -> None:
    seed()
    agency = Agency.objects.order_by("pk")[0]
    last = agency.customers.order_by("-number")[0]
    created = CustomerFactory(agency=agency, by=agency.members.all()[0])
    assert created.number == last.number + 1
    assert created.pk > last.pk
    assert last.pk in Customer.objects.for_agency(agency).search(last.reference)


def test_links_open_and_rows_validate(client: Client) -> None:
    seed()
    for request in ReviewRequest.objects.filter(status="open"):
        token = REVIEW_LINKS.recover(request.nonce, request.token_digest)
        assert client.get(f"/r/{token}/").status_code == 200
    for customer in Customer.objects.all()[:25]:
        customer.full_clean()
    for review in Review.objects.all()[:25]:
        review.full_clean()


def test_the_owner_can_sign_in(client: Client) -> None:
    seed()
    assert EmailAddress.objects.filter(verified=True, primary=True).count() == User.objects.count() == 12
    response = client.post("/accounts/login/", {"login": "owner1@scale.example", "password": PASSWORD}, follow=True)
    assert response.redirect_chain[-1][0] == "/dashboard/"
    assert client.get("/customers/").status_code == 200
    assert client.get("/partners/scale-1/").status_code == 200


def test_the_same_seed_creates_the_same_customers() -> None:
    def names() -> list[Any]:
        return list(Customer.objects.order_by("pk").values_list("number", "company", "last_name", "email", "phone", "city"))

    seed(customers=50, reviews=0)
    first = names()
    seed(customers=50, reviews=0, force=True)
    assert names() == first + first


def test_a_generated_password_is_printed_once() -> None:
    output = seed(customers=5, reviews=0, password=None)
    password = output.split("Password for all accounts: ")[1].strip()
    assert all(user.check_password(password) for user in User.objects.all()[:1])


def test_existing_data_requires_force() -> None:
    AgencyFactory()
    with pytest.raises(CommandError, match="is not empty"):
        seed()
    assert Customer.objects.count() == 0
    seed(force=True)
    assert Customer.objects.count() == 300


@pytest.mark.parametrize("options", [{"agencies": 0}, {"customers": -1}, {"customers": 0, "reviews": 5}, {"largest_share": 0.0}])
def test_it_refuses_nonsense(options: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        seed(**options)


@pytest.mark.parametrize(
    ("agencies", "customers", "share"), [(1, 10, 0.1), (5, 1000, 0.1), (3, 2, 0.5), (200, 1_000_000, 0.1), (26, 125_000, 0.8)]
)
def test_agency_sizes_are_uneven_and_add_up(agencies: int, customers: int, share: float) -> None:
    sizes = agency_sizes(agencies, customers, share)
    assert len(sizes) == agencies
    assert sum(sizes) == customers
    assert max(sizes) == sizes[0]
    assert min(sizes) >= 0
