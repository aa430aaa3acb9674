"""`/partners/<slug>/preview.png` and `/partners/preview.png`: images for link previews."""

import re
from io import BytesIO
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from PIL import Image

from partnerportal.network.models import PartnerProfile
from partnerportal.network.views import preview_images
from tests.cast import Cast
from tests.factories.agencies import LogoFactory, ProfileFactory
from tests.factories.reviews import ReviewFactory


def address_on(path: str, settings: Any) -> str:
    (address,) = re.findall(r'<meta property="og:image" content="(.*?)">', Client().get(path).content.decode())
    return str(address.removeprefix(settings.SITE_URL))


def image_at(address: str) -> Image.Image:
    response = Client().get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    return Image.open(BytesIO(response.content))


@pytest.mark.parametrize("path", ["/partners/", "/partners/alder/", "/de/partners/alder/"])
def test_each_page_names_an_image_that_never_changes(cast: Cast, settings: Any, path: str) -> None:
    address = address_on(path, settings)
    assert image_at(address).size == (1200, 630)
    assert "immutable" in Client().get(address)["Cache-Control"]
    plain = Client().get(address.partition("?")[0])
    assert plain["Cache-Control"] == "public, max-age=60"


def test_it_has_another_address_as_soon_as_it_says_something_else(cast: Cast, settings: Any) -> None:
    seen = [address_on("/partners/alder/", settings)]
    ReviewFactory(review_request__customer__agency=cast.alder)
    seen.append(address_on("/partners/alder/", settings))
    PartnerProfile.objects.filter(slug="alder").update(tagline="Something new.")
    seen.append(address_on("/partners/alder/", settings))
    LogoFactory(profile=cast.alder.profile)
    seen += [address_on("/partners/alder/", settings), address_on("/de/partners/alder/", settings)]
    assert len(set(seen)) == len(seen)
    assert len({image_at(address).tobytes() for address in seen}) == 2  # the current one in each language


def test_it_is_drawn_once(cast: Cast, settings: Any) -> None:
    address = address_on("/partners/alder/", settings)
    first = image_at(address).tobytes()
    with patch.object(preview_images, "draw", side_effect=AssertionError):
        assert image_at(address).tobytes() == first


@pytest.mark.parametrize("name", ["A", "Donaudampfschifffahrts" * 5, "株式会社 \N{WHITE SMILING FACE}", "\u202eمحمد", "- -"])
def test_any_name_can_be_drawn(cast: Cast, settings: Any, name: str) -> None:
    cast.alder.name = name
    cast.alder.save()
    PartnerProfile.objects.filter(slug="alder").update(tagline=name * 2 if len(name) < 50 else "")
    assert image_at(address_on("/partners/alder/", settings)).size == (1200, 630)


def test_a_former_address_keeps_its_image(cast: Cast, settings: Any) -> None:
    former = address_on("/partners/alder/", settings)
    PartnerProfile.objects.filter(slug="alder").update(slug="renamed")
    assert image_at(former).size == (1200, 630)


def test_an_unregistered_profile_has_none(db: None) -> None:
    ProfileFactory(slug="draft", status="draft")
    assert Client().get("/partners/draft/preview.png").status_code == 404
    assert Client().get("/partners/nobody/preview.png").status_code == 404
