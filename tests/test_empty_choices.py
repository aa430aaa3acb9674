"""Labels of empty choices."""

import re

import pytest
from django.test import Client

from tests.cast import Cast
from tests.factories.customers import CustomerFactory


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("/customers/add/", {"salutation": "Not specified", "country": "Not specified", "responsible": "Unassigned"}),
        ("/customers/{customer}/edit/", {"salutation": "Not specified", "country": "Not specified", "responsible": "Unassigned"}),
        ("/customers/{customer}/tasks/add/", {"assignee": "Unassigned", "project": "No project"}),
        ("/customers/{customer}/contracts/add/", {}),
        ("/company/", {"team_size": "Not specified"}),
        ("/account/", {"language": "Browser default"}),
    ],
)
def test_no_select_offers_dashes(alice: Client, cast: Cast, path: str, labels: dict[str, str]) -> None:
    page = alice.get(path.format(customer=CustomerFactory(agency=cast.alder).pk)).content.decode()
    assert "-----" not in page
    for name, label in labels.items():
        select = re.search(rf'<select name="{name}".*?</select>', page, re.S)
        assert select and re.search(rf'<option value=""[^>]*>{label}</option>', select.group())


def test_clients_can_omit_the_country(cast: Cast) -> None:
    kim = Client()
    kim.force_login(cast.kim)
    page = kim.get("/partners/alder/access/").content.decode()
    assert "-----" not in page and '<option value="" selected>Not specified</option>' in page
