"""Printed pages contain absolute dates and the date of printing."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage, signed_in
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory, TaskFactory

YESTERDAY, SOON, LATER = (timezone.localdate() + timedelta(days=days) for days in (-1, 12, 45))
#: Dates relative to the current day.
RELATIVE = re.compile(
    r"\b(yesterday|today|tomorrow|in \d+ days?|\d+ days? ago|\d+ d|gestern|heute|morgen|in \d+ Tag(en)?|vor \d+ Tag(en)?|\d+ Tg)\b"
)
AS_OF = {"en": "As of", "de": "Stand"}


@pytest.fixture
def address(cast: Cast) -> str:
    """Address of a customer with due objects of all types."""
    customer = CustomerFactory(agency=cast.alder, company="Mill")
    TaskFactory(customer=customer, title="Call back", due_on=YESTERDAY)
    ProjectFactory(customer=customer, title="Shop", status="active", due_on=SOON)
    DomainFactory(customer=customer, name="mill.example", expires_on=SOON)
    ContractFactory(customer=customer, product="Hosting", ends_on=LATER)
    return str(customer.get_absolute_url())


def shown(page: Page, media: str) -> str:
    """Return the page's text on the screen or on paper."""
    page.emulate_media(media=media)  # type: ignore[arg-type]
    return page.locator("main").inner_text()


@pytest.fixture(params=["en", "de"])
def page_of_alice(request: pytest.FixtureRequest, open_page: OpenPage, portal: str, cast: Cast) -> Iterator[tuple[Page, str]]:
    language = request.param
    type(cast.alice).objects.filter(pk=cast.alice.pk).update(language=language)
    page = open_page(locale=language)
    signed_in(page, portal, cast.alice)
    with translation.override(language):
        yield page, language


def test_printed_dates_are_absolute(portal: str, address: str, page_of_alice: tuple[Page, str]) -> None:
    page, language = page_of_alice
    expected = {
        address: (YESTERDAY, SOON, LATER),
        "/customers/": (SOON,),
        "/tasks/": (YESTERDAY,),
        "/projects/": (SOON,),
        "/domains/": (SOON,),
        "/contracts/": (LATER,),
    }
    for where, days in expected.items():
        page.goto(portal + where)
        on_screen, on_paper = shown(page, "screen"), shown(page, "print")
        assert RELATIVE.search(on_screen), where
        assert not re.search(rf"\b{AS_OF[language]}\b", on_screen), where
        assert [found.group() for found in RELATIVE.finditer(on_paper)] == [], where
        form = "SHORT_DATE_FORMAT" if where == "/customers/" else "DATE_FORMAT"
        assert [day for day in days if date_format(day, form) not in on_paper] == [], where
        assert re.search(rf"{AS_OF[language]}:? .*{timezone.localdate().year}", on_paper), where


def test_date_of_printing_is_in_the_users_time_zone(portal: str, cast: Cast, address: str, open_page: OpenPage) -> None:
    page = open_page(locale="en")
    signed_in(page, portal, cast.alice)
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours apart
        type(cast.alice).objects.filter(pk=cast.alice.pk).update(time_zone=zone)
        page.goto(portal + address)
        with timezone.override(zone):
            assert f"As of {date_format(timezone.localdate(), 'DATE_FORMAT')}," in shown(page, "print")


def test_a_card_is_one_page_in_a6(page: Page, portal: str, cast: Cast) -> None:
    signed_in(page, portal, cast.alice)
    page.goto(f"{portal}/company/reviews/badge/card/")
    assert page.locator(".card-sheet").is_visible()
    boxes = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", page.pdf(prefer_css_page_size=True))
    # Points of 1/72 inch.
    assert [(round(float(width) / 72 * 25.4), round(float(height) / 72 * 25.4)) for width, height in boxes] == [(105, 148)]
