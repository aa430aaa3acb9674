"""Keyset pagination over several columns: by company, highest number first."""

from typing import Any

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import Client
from django.urls import path

from customers.models import Customer
from partnerportal.core.pagination import keyset_page
from partnerportal.urls import urlpatterns as portal
from tests.cast import Cast


def by_company(request: HttpRequest) -> JsonResponse:
    page = keyset_page(request, Customer.objects.all(), order_by=("company", "-number"), size=3)
    rows = [(customer.company, customer.number) for customer in page.items]
    return JsonResponse({"rows": rows, "previous": page.previous_url, "next": page.next_url})


urlpatterns = [*portal, path("by-company/", by_company)]
pytestmark = pytest.mark.urls(__name__)


def test_rows_with_equal_names_appear_once_in_both_directions(cast: Cast) -> None:
    names = "BABBBCBAB"
    Customer.objects.bulk_create(Customer(agency=cast.alder, number=1001 + n, company=name) for n, name in enumerate(names))
    expected = sorted([[name, 1001 + n] for n, name in enumerate(names)], key=lambda row: (row[0], -row[1]))

    def page(query: str) -> dict[str, Any]:
        return Client().get(f"/by-company/{query}").json()

    pages = [page("")]
    while pages[-1]["next"]:
        pages.append(page(pages[-1]["next"]))
    assert [row for shown in pages for row in shown["rows"]] == expected
    assert [page(pages[n + 1]["previous"])["rows"] for n in range(2)] == [shown["rows"] for shown in pages[:2]]
