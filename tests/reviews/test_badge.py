"""`/partners/<slug>/badge.svg` and `.png`, and `/company/reviews/badge/`: badges for other sites."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image

from partnerportal.network.models import PartnerProfile
from partnerportal.network.preview_images import SANS
from reviews.badges import outlines
from reviews.badges.outlines import Face, shortened, width
from reviews.models import RatingSummary
from reviews.services.reviews import hide_review, withdraw_review
from tests.cacheable import directives
from tests.cast import Cast
from tests.factories.agencies import ProfileFactory
from tests.factories.reviews import ReviewFactory, same_rating
from tests.route_matrix import all_routes

BADGE = "/en/partners/alder/badge.svg"
IMAGE = "/en/partners/alder/badge.png"
SVG = "{http://www.w3.org/2000/svg}"


def parsed(document: str | bytes) -> ET.Element:
    return ET.fromstring(document)  # noqa: S314  # our own response


def title_of(path: str = BADGE) -> str:
    response = Client().get(path)
    assert (response.status_code, response["Content-Type"]) == (200, "image/svg+xml")
    return parsed(response.content).findtext(f"{SVG}title") or ""


def rate(cast: Cast, *stars: int) -> list[Any]:
    return [ReviewFactory(review_request__customer__agency=cast.alder, **same_rating(number)) for number in stars]


def test_fewer_than_three_reviews_are_new(cast: Cast) -> None:
    assert title_of() == "Alder Web: New, 0 verified reviews · Partner Network"
    rate(cast, 5, 4)
    assert title_of() == "Alder Web: New, 2 verified reviews · Partner Network"
    rate(cast, 4)
    assert title_of() == "Alder Web: 4.3 of 5 stars, 3 verified reviews · Partner Network"


def test_hidden_reviews_count_and_withdrawn_ones_do_not(cast: Cast) -> None:
    low, *_others, last = rate(cast, 1, 5, 5, 5)
    hide_review(low, reason="other", by=cast.alice)
    assert "4.0 of 5 stars, 4 verified" in title_of()
    withdraw_review(last)
    assert "3.7 of 5 stars, 3 verified" in title_of()


def test_stars_are_filled_up_to_the_rating(cast: Cast) -> None:
    rate(cast, 5, 4, 4)
    empty, full = parsed(Client().get(BADGE).content).findall(f"{SVG}svg")
    assert float(full.get("width", 0)) / float(empty.get("width", 0)) == pytest.approx(4.3 / 5)


def test_it_is_a_drawing_without_fonts_styles_scripts_and_other_files(cast: Cast) -> None:
    rate(cast, 5, 4, 4)
    for size in ("card", "compact"):
        content = Client().get(f"{BADGE}?size={size}").content.decode()
        assert {element.tag.removeprefix(SVG) for element in parsed(content).iter()} <= {"svg", "title", "rect", "g", "path"}
        assert not re.search(r"style|font|href|script|url\(|@import", content)
        assert re.findall(r"https?://[^\"]*", content) == ["http://www.w3.org/2000/svg"]
        assert 'role="img"' in content


@pytest.mark.parametrize(
    "name", ['"><script>alert(1)</script>&', "\u202eمحمد", "株式会社 \N{WHITE SMILING FACE}", "Donaudampfschiff" * 7, "é" * 60]
)
def test_any_name_can_be_drawn(cast: Cast, name: str) -> None:
    cast.alder.name = name
    cast.alder.save()
    rate(cast, 5, 4, 4)
    for path in (BADGE, f"{BADGE}?size=compact", f"{BADGE}?theme=dark"):
        assert title_of(path).startswith(f"{name}: 4.3")
        assert "<script" not in Client().get(path).content.decode()
    assert Image.open(BytesIO(Client().get(IMAGE).content)).size == (608, 224)


def test_a_long_name_is_cut_where_the_space_ends() -> None:
    face = Face(SANS, 12, 600)
    cut = shortened("Donaudampfschifffahrtsgesellschaft", face, 120)
    assert cut.endswith("…")
    assert 105 < width(cut, face) <= 120
    assert shortened("Nordlicht", face, 120) == "Nordlicht"


def test_it_is_german_at_the_german_address_and_in_the_visitors_language_elsewhere(cast: Cast) -> None:
    rate(cast, 5, 4, 4)
    assert "4,3" in title_of("/de/partners/alder/badge.svg")
    assert "4.3" in title_of()
    plain = Client().get("/partners/alder/badge.svg", headers={"Accept-Language": "de"})
    assert "4,3" in plain.content.decode()
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in plain["Vary"].split(",")}


def test_the_image_is_twice_as_large_as_the_badge(cast: Cast) -> None:
    rate(cast, 5, 4, 4)
    sizes = {}
    for query in ("", "?theme=dark", "?size=compact"):
        document = parsed(Client().get(BADGE + query).content)
        image = Image.open(BytesIO(Client().get(IMAGE + query).content))
        sizes[query] = image.size
        assert image.size == (2 * int(document.get("width", 0)), 2 * int(document.get("height", 0)))
        assert image.getpixel((0, 0))[3] == 0  # a transparent corner
    assert sizes[""] == sizes["?theme=dark"] != sizes["?size=compact"]
    assert Client().get(IMAGE).content != Client().get(f"{IMAGE}?theme=dark").content


@pytest.mark.parametrize("query", ["?theme=pink", "?size=huge", "?theme=", "?size=card%00"])
def test_an_unknown_variant_is_not_found(cast: Cast, query: str) -> None:
    assert Client().get(BADGE + query).status_code == Client().get(IMAGE + query).status_code == 404


@pytest.mark.parametrize("path", [BADGE, IMAGE])
def test_caches_store_it_for_everyone(cast: Cast, alice: Client, path: str) -> None:
    response = alice.get(path)
    assert directives(response) == {"public": "", "max-age": "600", "stale-while-revalidate": "30"}
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies
    assert response.content == Client().get(path).content
    for validator in ({"If-None-Match": response["ETag"]}, {"If-Modified-Since": response["Last-Modified"]}):
        assert Client().get(path, headers=validator).status_code == 304
    rate(cast, 5, 4, 4)
    assert Client().get(path, headers={"If-None-Match": response["ETag"]}).status_code == 200


def test_a_profile_that_is_not_public_has_none(cast: Cast) -> None:
    ProfileFactory(slug="draft", status="draft")
    for slug in ("draft", "nobody"):
        assert {Client().get(f"/partners/{slug}/badge.{kind}").status_code for kind in ("svg", "png")} == {404}
    PartnerProfile.objects.filter(slug="alder").update(status="draft")
    assert Client().get(BADGE).status_code == 404


def test_a_former_address_redirects_with_its_variant(cast: Cast) -> None:
    PartnerProfile.objects.filter(slug="alder").update(slug="renamed")
    response = Client().get(f"{BADGE}?theme=dark")
    assert (response.status_code, response["Location"]) == (301, "/en/partners/renamed/badge.svg?theme=dark")
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_of_the_public_paths_only_images_can_be_embedded_elsewhere(cast: Cast) -> None:
    PartnerProfile.objects.filter(slug="alder").update(offers_feeds=True)
    embeddable = set()
    for name, route in all_routes().items():
        pattern = str(route.pattern)
        if "partners/" in pattern and "<" not in pattern.replace("<slug:slug>", ""):
            response = Client().get(f"/{pattern.replace('<slug:slug>', 'alder')}")
            if response["Cross-Origin-Resource-Policy"] == "cross-origin":
                embeddable.add(re.sub("_(en|de)$", "", name))
    assert embeddable == {"reviews:badge_svg", "reviews:badge_png", "network:profile_image", "network:directory_image"}


def test_it_never_counts_reviews(cast: Cast) -> None:
    RatingSummary.objects.filter(agency=cast.alder).delete()
    RatingSummary.objects.create(
        agency=cast.alder, count=12_345, **{f"{name}_sum": 12_345 * 5 for name in ("cooperation", "quality", "schedule", "budget")}
    )
    assert "5.0 of 5 stars, 12,345 verified reviews" in title_of()


def test_members_copy_the_html_of_each_variant(cast: Cast, stan: Client) -> None:
    cast.alder.name = 'Alder & "Söhne" <b>'
    cast.alder.save()
    page = stan.get("/company/reviews/badge/?language=de").content.decode()
    codes = [unescape(value) for value in re.findall(r'<input class="form-control"\s+id="[^"]+"\s+value="([^"]*)"', page)]
    assert len(codes) == 8
    for code in codes:
        found = re.fullmatch(r'<a href="([^"]+)"><img src="([^"]+)" width="(\d+)" height="(\d+)" alt="([^"]+)"></a>', code)
        assert found
        link, image, image_width, image_height, alt = map(unescape, found.groups())
        assert link == f"{settings.SITE_URL}/de/partners/alder/"
        assert cast.alder.name in alt
        response = Client().get(image.removeprefix(settings.SITE_URL))
        assert response.status_code == 200
        if ".png" in image:
            size = Image.open(BytesIO(response.content)).size
            assert size == (2 * int(image_width), 2 * int(image_height))
    assert "<b>" not in page
    assert stan.get("/company/reviews/badge/?language=xx").status_code == 200


def test_without_a_public_profile_there_is_nothing_to_copy(cast: Cast, stan: Client) -> None:
    PartnerProfile.objects.filter(slug="alder").update(status="draft")
    assert "Your profile isn’t public yet" in stan.get("/company/reviews/badge/").content.decode()
    assert stan.get("/company/reviews/badge/card/").status_code == 404


def test_concurrent_requests_can_read_the_fonts_for_the_first_time() -> None:
    for function in (outlines._font, outlines._cmap, outlines._glyphs, outlines._recorded):
        function.cache_clear()
    texts = ["Quick brown fox", "jumps over", "Ängström & Söhne", "1,234 reviews", "5.0", "XYZ", "Ññ Łł", "abcdefghijkl"] * 4
    with ThreadPoolExecutor(16) as pool:
        drawn = list(pool.map(lambda text: outlines.outline(text, Face(SANS, 12, 600)), texts))
    assert len(set(drawn)) == 8
