"""The four figures of the dashboard."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from customers.models import Contract
from customers.queries import contracts
from partnerportal.desk.figures import Figure
from reviews.services.reviews import comment_on_review
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory


def figures(cast: Cast, language: str = "en") -> dict[str, Figure]:
    browser = Client(headers={"Accept-Language": language})
    browser.force_login(cast.alice)
    return {figure.url: figure for figure in browser.get("/dashboard/").context["dashboard"].figures}


def test_first_reply_is_the_median_of_five(cast: Cast) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder)
    assert (figures(cast)["/requests/"].value, figures(cast)["/requests/"].note) == ("–", "known after 5 replies")
    for hours in (1, 2, 6, 7, 500):
        received = timezone.now() - timedelta(days=30)
        ContactRequestFactory(agency=cast.alder, status="open", created_at=received, first_reply_at=received + timedelta(hours=hours))
    assert (figures(cast)["/requests/"].value, figures(cast)["/requests/"].note) == ("6\xa0hours", "median of the last 90 days")


def test_rating_counts_reviews_and_replies(cast: Cast) -> None:
    for _ in range(3):
        review = ReviewFactory(review_request__customer__agency=cast.alder, cooperation=5, quality=4, schedule=4, budget=4)
    ReviewFactory(review_request__customer__agency=cast.birch)
    comment_on_review(review, text="Thank you.", by=cast.alice)
    rating = figures(cast)["/company/reviews/"]
    assert (rating.value, rating.note) == ("4.3 ★", "3 reviews · 33% replied to")


def test_contracts_are_summed_per_year_and_currency(cast: Cast) -> None:
    customer, today = CustomerFactory(agency=cast.alder), timezone.localdate()

    def contract(price: str, interval: str, **values: object) -> None:
        ContractFactory(customer=customer, price=price, interval=interval, **values)

    contract("100", "month")
    contract("25.50", "quarter")
    contract("228", "year", ends_on=today + timedelta(days=30))
    contract("1000", "once")
    contract("1000", "year", status="cancelled")
    contract("1000", "year", ends_on=today - timedelta(days=1))
    contract("90", "month", currency="CHF")
    ContractFactory(customer=customer, price=None)
    ContractFactory(customer__agency=cast.birch, price=5000)
    shown = figures(cast)["/contracts/"]
    assert (shown.value, shown.note) == ("€1,530", "plus CHF\xa01,080 · €228 ends within 30 days")
    assert figures(cast, "de")["/contracts/"].value == "1.530\xa0€"


def test_all_intervals_are_summed_exactly(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    for interval in ("month", "quarter", "half_year", "year", "two_years", "once"):
        ContractFactory(customer=customer, price="0.01", interval=interval)
    (value,) = contracts.contract_outlook(cast.alder).values
    assert (value.currency, value.amount) == ("EUR", Decimal("0.195"))


def test_contracts_that_end_within_30_60_and_90_days(cast: Cast) -> None:
    customer, today = CustomerFactory(agency=cast.alder), timezone.localdate()
    for days in (-1, 0, 30, 31, 60, 90, 91):
        ContractFactory(customer=customer, price=1, interval="year", ends_on=today + timedelta(days=days))
    ContractFactory(customer=customer, interval="once", ends_on=today)
    ContractFactory(customer=customer, price=1, ends_on=today, status="cancelled")
    endings = figures(cast)["/contracts/"].endings
    assert [(ending.days, ending.count, ending.values[0].amount) for ending in endings] == [(30, 3, 2), (60, 5, 4), (90, 6, 5)]
    client = Client()
    client.force_login(cast.stan)
    for page in ("/contracts/", "/dashboard/"):
        text = client.get(page).content.decode()
        assert re.findall(r'href="/contracts/\?when=(\w+)">\s+(\d+) days: (\d+)', text) == [
            ("soon", "30", "3"),
            ("soon60", "60", "5"),
            ("soon90", "90", "6"),
        ]
    for ending in endings:
        assert f"{ending.count} contracts" in client.get(ending.url).content.decode()


def test_profile_shows_the_checklist_and_status(cast: Cast) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder)
    done = figures(cast)["/company/"]
    points = cast.alice.memberships.get().agency.profile
    assert done.note == "public"
    assert done.value.endswith(" of 13")
    points.languages.clear()
    points.tagline = ""
    points.save()
    assert int(figures(cast)["/company/"].value.split()[0]) == int(done.value.split()[0]) - 1
    points.delete()
    missing = figures(cast)["/company/"]
    assert (missing.value, missing.note) == ("0 of 13", "draft, not public yet")


def test_agencies_without_any_work_see_no_figures(cast: Cast) -> None:
    assert figures(cast) == {}


def test_the_sum_of_many_contracts_is_cached(cast: Cast, monkeypatch: pytest.MonkeyPatch, clean_cache: None) -> None:
    contract = ContractFactory(customer__agency=cast.alder, price=10, interval="year")

    def after(price: int) -> str:
        Contract.objects.filter(pk=contract.pk).update(price=price)
        return figures(cast)["/contracts/"].value

    assert [after(10), after(20)] == ["€10", "€20"]
    monkeypatch.setattr(contracts, "MANY_CONTRACTS", 1)
    assert [after(30), after(40)] == ["€30", "€30"]
