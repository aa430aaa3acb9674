"""QR codes of personal links and profiles, and the cards with them."""

import re

from django.conf import settings
from django.test import Client
from PIL import Image

from partnerportal.core.qr_codes import qr_code
from reviews.services.requests import withdraw_request
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.reviews import ReviewRequestFactory


def modules_of(page: str) -> set[tuple[int, int]]:
    """Return the dark modules of the only QR code on a page."""
    (path,) = re.findall(r'<svg [^>]*class="qr".*?<path d="([^"]*)"', page, re.DOTALL)
    return {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path)}


def code_for(text: str) -> set[tuple[int, int]]:
    return modules_of(qr_code(text, label="x"))


def test_a_code_has_three_finder_patterns_and_a_margin() -> None:
    code = qr_code("https://portal.example/", label='"<script>')
    size = int(re.findall(r'viewBox="0 0 (\d+) ', code)[0])
    image = Image.new("1", (size, size))
    for place in modules_of(code):
        image.putpixel(place, 1)
    corners = [(2, 2), (size - 9, 2), (2, size - 9)]
    for left, top in corners:
        assert all(image.getpixel((left + step, top)) for step in range(7))
        assert not image.getpixel((left + 1, top + 1))
        assert image.getpixel((left + 3, top + 3))
    assert min(min(place) for place in modules_of(code)) == 2
    assert "<script" not in code


def test_members_see_the_code_of_an_open_link(cast: Cast, stan: Client) -> None:
    asked = ReviewRequestFactory(customer__agency=cast.alder)
    path = f"/company/reviews/requests/{asked.pk}/"
    page = stan.get(path).content.decode()
    assert asked.link
    assert modules_of(page) == code_for(asked.link)
    withdraw_request(asked, by=cast.stan)
    assert 'class="qr"' not in stan.get(path).content.decode()
    assert stan.get(f"{path}card/").status_code == 404


def test_a_card_is_in_the_customers_language(cast: Cast, stan: Client) -> None:
    customer = CustomerFactory(agency=cast.alder, language="de")
    project = ProjectFactory(customer=customer, title="Relaunch <b>")
    asked = ReviewRequestFactory(customer=customer, project=project)
    page = stan.get(f"/company/reviews/requests/{asked.pk}/card/").content.decode()
    (card,) = re.findall(r'<article class="card-sheet".*?</article>', page, re.DOTALL)
    assert 'lang="de"' in card
    assert "Wie war unsere Arbeit?" in card
    assert "Relaunch &lt;b&gt;" in card
    assert asked.link
    assert asked.link.partition("://")[2].rstrip("/") in card
    assert modules_of(card) == code_for(asked.link)
    # The page around it stays in the member's language.
    assert '<html lang="en">' in page


def test_the_card_of_the_profile_has_its_code(cast: Cast, stan: Client) -> None:
    page = stan.get("/company/reviews/badge/card/?language=de").content.decode()
    address = f"{settings.SITE_URL}/de/partners/alder/"
    assert modules_of(page) == code_for(address)
    assert "Das sagen unsere Kunden" in page
    assert Client().get("/de/partners/alder/").status_code == 200
    assert modules_of(stan.get("/company/reviews/badge/?language=de").content.decode()) == code_for(address)
