"""Ways on from an error page."""

import pytest
from django.test import Client


@pytest.mark.parametrize("path", ["/nothing/", "/partners/nobody/"])
def test_a_missing_page_offers_the_search_of_the_directory(db: None, path: str) -> None:
    response = Client().get(path)
    page = response.content.decode()
    assert response.status_code == 404
    assert 'action="/partners/"' in page
    assert 'name="q"' in page
    assert 'href="/partners/"' in page


@pytest.mark.parametrize("path", ["/r/mistyped/", "/join/mistyped/"])
def test_an_unknown_link_leads_to_the_network(db: None, path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 404
    assert "Go to the partner network" in response.content.decode()
