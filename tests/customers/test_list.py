"""List of customers (`/customers/`) and its pagination."""

import pytest
from django.test import Client

from customers.models import Customer
from tests.cast import Cast
from tests.factories.customers import CustomerFactory

LIST = "/customers/"


def fill(cast: Cast, number: int) -> None:
    Customer.objects.bulk_create(
        Customer(agency=cast.alder, number=1001 + n, company=f"Company {n:03}", city="Köln") for n in range(number)
    )


def numbers(response) -> list[int]:
    return [customer.number for customer in response.context["page"].items]


def test_empty_list_suggests_adding_a_customer(stan: Client, cast: Cast) -> None:
    page = stan.get(LIST).content.decode()
    assert "/customers/add/" in page
    assert "<table" not in page


def test_list_shows_only_the_agencys_customers(stan: Client, cast: Cast) -> None:
    own, foreign = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.birch)
    page = stan.get(LIST).content.decode()
    assert own.company in page
    assert foreign.company not in page


def test_pagination_shows_each_row_once(stan: Client, cast: Cast) -> None:
    fill(cast, 60)
    pages, url = [], LIST
    for _ in range(3):
        response = stan.get(url)
        pages.append(numbers(response))
        url = LIST + response.context["page"].next_url
    assert [len(page) for page in pages] == [25, 25, 10]
    assert [number for page in pages for number in page] == list(range(1060, 1000, -1))
    assert response.context["page"].next_url == ""

    back = stan.get(LIST + response.context["page"].previous_url)
    assert numbers(back) == pages[1]
    first = stan.get(LIST + back.context["page"].previous_url)
    assert numbers(first) == pages[0]
    assert first.context["page"].previous_url == ""
    assert first.context["page"].next_url != ""


@pytest.mark.parametrize(
    "position",
    ["x", "%00", "bnVsbA", "WyJ4Il0", "WzEsMl0", "W251bGxd", "W3t9XQ", "WyJcdTAwMDAiXQ", "WyJcdWQ4MDAiXQ", "[" * 5000, "WzFlOTk5XQ"],
)
@pytest.mark.parametrize("direction", ["after", "before"])
def test_invalid_position_returns_404(stan: Client, cast: Cast, position: str, direction: str) -> None:
    fill(cast, 3)
    assert stan.get(f"{LIST}?{direction}={position}").status_code == 404


def test_position_beyond_the_end_shows_an_empty_page(stan: Client, cast: Cast) -> None:
    fill(cast, 3)
    assert stan.get(f"{LIST}?after=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTld").status_code in {200, 404}


def test_pagination_keeps_other_query_parameters(stan: Client, cast: Cast) -> None:
    fill(cast, 30)
    first = stan.get(LIST, {"after": "", "q": "köln company"}).context["page"]
    assert stan.get(LIST + first.next_url).wsgi_request.GET["q"] == "köln company"


def test_lists_are_counted_up_to_1_000(stan: Client, cast: Cast) -> None:
    fill(cast, 1_000)
    response = stan.get(LIST)
    assert (response.context["total"], response.context["total_is_more"]) == (1_000, False)
    Customer.objects.create(agency=cast.alder, number=11_001, company="One more")
    response = stan.get(LIST)
    assert (response.context["total"], response.context["total_is_more"]) == (1_000, True)
