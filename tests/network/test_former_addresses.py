"""Redirects from former profile addresses, on all public pages of a profile."""

import pytest
from django.test import Client

from tests.cast import Cast


@pytest.fixture
def renamed(cast: Cast) -> None:
    cast.alder.profile.slug = "alder-web"
    cast.alder.profile.save()


@pytest.mark.usefixtures("renamed")
@pytest.mark.parametrize("query", ["", "?a=1", "?stars=4&q=M%C3%BCller&q=%0A&utm_source=x"])
@pytest.mark.parametrize("part", ["", "contact/", "contact/thanks/"])
@pytest.mark.parametrize("language", ["", "/de", "/en"])
def test_a_former_address_redirects_with_its_query(client: Client, language: str, part: str, query: str) -> None:
    response = client.get(f"{language}/partners/alder/{part}{query}")
    assert (response.status_code, response.headers["Location"]) == (301, f"{language}/partners/alder-web/{part}{query}")
    assert client.get(response.headers["Location"]).status_code == 200


@pytest.mark.usefixtures("renamed")
def test_the_former_address_of_giving_access_redirects_with_its_query(cast: Cast) -> None:
    browser = Client()
    browser.force_login(cast.kim)
    response = browser.get("/partners/alder/access/?a=1")
    assert (response.status_code, response.headers["Location"]) == (301, "/partners/alder-web/access/?a=1")
