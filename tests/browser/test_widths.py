"""No public page scrolls sideways, on any screen and on paper, in either language."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.test_accessibility import filled  # noqa: F401  # a fixture
from tests.cast import Cast
from tests.factories.review_states import a_review, in_state

#: Phones, where lists get a second column, tablets upright and across, desktops.
WIDTHS = (320, 360, 390, 540, 552, 564, 575, 576, 600, 768, 834, 872, 991, 992, 1024, 1280)
#: A4 and Letter without Chromium's margins, in CSS pixels; a narrow strip is how some print from a phone.
PAPER_WIDTHS = (718, 740, 480)
#: Addresses of pages for strangers; those without a slash are names of `filled`.
PAGES = (
    "/partners/", "/partners/?q=alder&place=donau", "/partners/?q=nothinglikeit", "/partners/alder/", "/partners/alder/?stars=4",
    "/partners/birch/", "/partners/alder/contact/", "/partners/birch/contact/", "/partners/alder/contact/thanks/", "/nothing/",
    "/accounts/login/", "/accounts/signup/", "/accounts/login/code/", "/accounts/password/reset/", "/r/mistyped/",
    "rate", "answered", "change review", "take back", "stop", "gone", "join", "joining",
)  # fmt: skip
#: What stands out of the page to the right or left, or is cut off within its box. What only screen readers get is one pixel wide.
CUT_OFF = """() => {
  const shown = element => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  const name = element => `${element.tagName.toLowerCase()}.${element.className} “${element.textContent.trim().slice(0, 30)}”`;
  const found = [];
  const {scrollWidth} = document.scrollingElement;
  if (scrollWidth > innerWidth) {
    const wide = [...document.body.querySelectorAll("*")].filter(element => element.getBoundingClientRect().right > innerWidth);
    found.push(`page ${scrollWidth} px wide: ${wide.slice(-3).map(name).join(", ")}`);
  }
  for (const element of document.querySelectorAll(".btn, .figure, h1, input, textarea, select")) {
    if (!shown(element)) continue;
    const {left, right} = element.getBoundingClientRect();
    if (right > innerWidth + 0.5 || left < -0.5) found.push(`${name(element)} from ${left} to ${right}`);
    if (element.matches(".btn, .figure, h1") && element.scrollWidth > element.clientWidth + 1 && element.clientWidth)
      found.push(`${name(element)} needs ${element.scrollWidth} px and has ${element.clientWidth}`);
  }
  return found;
}"""


def cut_off(page: Page, address: str, widths: tuple[int, ...]) -> Iterator[str]:
    for width in widths:
        page.set_viewport_size({"width": width, "height": 1112})
        yield from (f"{address} at {width} px: {fault}" for fault in page.evaluate(CUT_OFF))


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_public_page_scrolls_sideways(
    browser: Browser,
    portal: str,
    cast: Cast,
    filled: dict[str, str],  # noqa: F811
    language: str,
) -> None:
    for state in ("public", "pinned", "commented"):
        in_state(state, cast.birch)
    a_review(cast.birch, cooperation=5, quality=4, schedule=4, budget=5)
    # Not the `page` that minds complaints: the browser itself complains about each 404.
    page = browser.new_page(locale=language)
    faults: list[str] = []
    for where in PAGES:
        address = filled.get(where, where)
        page.emulate_media(media="screen")
        page.goto(portal + address)
        if "partners" in address:
            assert page.locator("html").get_attribute("lang") == language
        faults += cut_off(page, address, WIDTHS)
        page.emulate_media(media="print")
        faults += (f"on paper: {fault}" for fault in cut_off(page, address, PAPER_WIDTHS))
    page.close()
    assert "\n".join(faults) == ""
