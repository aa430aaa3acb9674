"""Tints: the hue of an agency's logo on its public pages, and the contrast of each."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import Image, ImageDraw

from partnerportal.network.models import PartnerProfile
from partnerportal.network.tints import TINTS, Triple, band_colours, tint_of, to_oklch, to_rgb
from tests.cast import Cast
from tests.factories.agencies import LogoFactory, picture
from tests.factories.reviews import ReviewRequestFactory
from tests.network.test_company import COMPANY, form_of

TOKENS = (settings.BASE_DIR / "static" / "css" / "tokens.css").read_text()
LIGHT, DARK = 0, 1


def channels(colour: str) -> Triple:
    digits = colour.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return red, green, blue


def token(name: str, tint: int, scheme: int) -> Triple:
    """Return the colour of a custom property on a tinted page."""
    (tinted,) = re.findall(r"^\[data-tint\] \{(.*?)^\}", TOKENS, re.MULTILINE | re.DOTALL)
    found = re.search(rf"--{name}: light-dark\((.*)\);", tinted) or re.search(rf"--{name}: light-dark\((.*)\);", TOKENS)
    assert found, name
    value = re.split(r", (?=#|oklch)", found[1])[scheme]
    if parts := re.fullmatch(r"oklch\((\S+)% (\S+) var\(--tint\)\)", value):
        return to_rgb(float(parts[1]) / 100, float(parts[2]), hue_of(tint))
    return channels(value)


def hue_of(tint: int) -> float:
    (hue,) = re.findall(rf'\[data-tint="{tint}"\] {{ --tint: (\d+); }}', TOKENS)
    return float(hue)


def luminance(colour: Triple) -> float:
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Triple, other: Triple) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("tint", range(TINTS))
@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_texts_and_buttons_of_every_tint_have_enough_contrast(tint: int, scheme: int) -> None:
    def ratio(text: str, ground: str, text_scheme: int = scheme, ground_scheme: int = scheme) -> float:
        return contrast(token(text, tint, text_scheme), token(ground, tint, ground_scheme))

    # What is on the band always has the colours of the dark scheme.
    assert min(ratio(text, "band", DARK) for text in ("ink", "ink-soft", "ink-faint", "accent", "accent-strong", "danger")) >= 4.5
    assert ratio("star", "band", DARK) >= 3
    for fill in ("accent-fill", "accent-fill-hover", "accent-fill-active"):
        assert min(ratio("accent-on-fill", fill), ratio("accent-on-fill", fill, DARK, DARK)) >= 4.5
        assert ratio(fill, "band", DARK) >= 3
    for ground in ("surface-warm", "canvas-warm", "surface-sunken"):
        assert min(ratio("accent", ground), ratio("accent-strong", ground)) >= 4.5
    assert min(ratio("accent-strong", "accent-soft"), ratio("ink", "accent-soft"), ratio("ink-soft", "accent-soft")) >= 4.5
    assert ratio("focus", "surface-warm") >= 3


@pytest.mark.parametrize("tint", range(TINTS))
def test_the_preview_image_has_the_colours_of_the_page(tint: int) -> None:
    expected = [token("band", tint, LIGHT), token("accent", tint, DARK)]
    assert [channels(colour) for colour in band_colours(tint)] == [pytest.approx(colour, abs=0.003) for colour in expected]


@pytest.mark.parametrize("colour", ["#ff0000", "#00ff00", "#0000ff", "#e2762b", "#663399", "#fcd34d"])
def test_conversions_are_inverse(colour: str) -> None:
    assert to_rgb(*to_oklch(channels(colour))) == pytest.approx(channels(colour), abs=0.003)


def drawn(*shapes: tuple[tuple[int, int, int, int], Any], ground: Any = "white", mode: str = "RGB") -> Image.Image:
    image = Image.new(mode, (200, 200), ground)
    for box, colour in shapes:
        ImageDraw.Draw(image).rectangle(box, colour)
    return image


HALF, CORNER, DOT = (0, 0, 200, 100), (0, 0, 90, 90), (0, 0, 8, 8)


@pytest.mark.parametrize(
    ("logo", "tint"),
    [
        pytest.param(drawn(ground="red"), 1, id="red"),
        pytest.param(drawn(ground="blue"), 9, id="blue"),
        pytest.param(drawn((CORNER, "#e2762b")), 2, id="an orange corner on white"),
        pytest.param(drawn((HALF, "#102a6b"), (CORNER, "#00a86b")), 5, id="vivid green on dark blue"),
        pytest.param(drawn(ground="black"), None, id="black"),
        pytest.param(drawn((HALF, "#888888")), None, id="grey"),
        pytest.param(drawn((HALF, "#333333"), (DOT, "red")), None, id="only a red dot"),
        pytest.param(drawn((CORNER, (0, 0, 255, 255)), ground=(255, 0, 0, 0), mode="RGBA"), 9, id="blue on transparent red"),
        pytest.param(drawn(ground=(255, 0, 0, 0), mode="RGBA"), None, id="nothing visible"),
        pytest.param(drawn(ground=200, mode="L"), None, id="without colours"),
    ],
)
def test_a_tint_is_the_strongest_hue(logo: Image.Image, tint: int | None) -> None:
    assert tint_of(logo) == tint


def test_a_logo_tints_the_agencys_public_pages(alice: Client, cast: Cast) -> None:
    request = ReviewRequestFactory(customer__agency=cast.alder)
    review_page = str(request.link).removeprefix(settings.SITE_URL)
    pages = ("/partners/alder/", "/partners/alder/contact/", "/partners/alder/contact/thanks/", review_page)
    assert alice.post(COMPANY, form_of(alice) | {"logo": picture(colour="blue")}).status_code == 302
    assert PartnerProfile.objects.get(slug="alder").tint == 9
    for page in pages:
        assert re.search(r'<body[^>]*\sdata-tint="9"', Client().get(page).content.decode()), page
    assert re.search(r'<li class="partner[^>]*\sdata-tint="9"', Client().get("/partners/").content.decode())
    assert alice.post(COMPANY, form_of(alice) | {"remove_logo": "on"}).status_code == 302
    for page in (*pages, "/partners/"):
        assert "data-tint" not in Client().get(page).content.decode(), page


def test_a_preview_image_with_another_tint_has_another_address(cast: Cast) -> None:
    LogoFactory(profile=cast.alder.profile)

    def address() -> str:
        return str(re.findall(r'property="og:image" content="(.*?)"', Client().get("/partners/alder/").content.decode()))

    before = address()
    PartnerProfile.objects.filter(slug="alder").update(tint=4)
    assert address() != before


@pytest.mark.django_db
def test_the_database_rejects_unknown_tints(cast: Cast) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnerProfile.objects.filter(slug="alder").update(tint=TINTS)
