"""No page scrolls sideways or cuts off a control: all pages, on phones, tablets and desktops, public ones also on paper."""

from collections.abc import Iterable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage, signed_in
from tests.browser.test_accessibility import PAGES as ALL_PAGES
from tests.browser.test_accessibility import filled  # noqa: F401  # a fixture
from tests.cast import Cast
from tests.factories.review_states import a_review, in_state

#: In CSS pixels: phones, tablets and desktops, and the widths on both sides of the breakpoints.
WIDTHS = (320, 360, 390, 540, 552, 564, 575, 576, 600, 768, 834, 872, 991, 992, 1008, 1024, 1048, 1280, 1440)
#: A4 and Letter without Chromium's margins, and a narrow strip, as printed by some phones, in CSS pixels.
PAPER_WIDTHS = (718, 740, 480)
#: Pages for visitors: addresses, or names of `filled`, which contain no slash.
PUBLIC_PAGES = (
    "/partners/", "/partners/?q=alder&place=donau", "/partners/?q=nothinglikeit", "/partners/alder/", "/partners/alder/?stars=4",
    "/partners/birch/", "/partners/alder/contact/", "/partners/birch/contact/", "/partners/alder/contact/thanks/", "/nothing/",
    "/accounts/login/", "/accounts/signup/", "/accounts/login/code/", "/accounts/password/reset/", "/r/mistyped/", "/join/mistyped/",
    "rate", "answered", "change review", "take back", "stop", "gone", "join", "joining",
)  # fmt: skip
#: Pages in the language of the customer, not of the browser.
IN_OTHER_LANGUAGE = {"rate", "answered", "change review", "take back", "stop", "gone", "question", "closed"}
#: Pages by user: those of the accessibility tests, and errors.
PAGES_OF: dict[str, list[str]] = {"alice": ["/nothing/"], "kim": ["closed"], "charlie": ["question"]}
for user, pages in ALL_PAGES.values():
    if user:
        PAGES_OF[user] += pages
#: Loads each page in a frame, and returns its faults at each width: elements that stick out of the page, and texts wider than their
#: button or heading. Elements for screen readers are one pixel wide. Resizing a frame takes a fraction of the time of resizing the browser.
FAULTS = """async ([pages, widths, language]) => {
  const frame = document.body.appendChild(document.createElement("iframe"));
  frame.style.cssText = "border: 0; height: 1112px";
  const text = element => element.textContent.trim().replace(/\\s+/g, " ").slice(0, 30);
  const name = element => `${element.tagName.toLowerCase()}.${element.getAttribute("class") || ""} “${text(element)}”`;
  const cutOff = ({document, innerWidth}) => {
    const shown = element => element.checkVisibility() && element.getBoundingClientRect().width > 1;
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
  };
  const faults = [];
  for (const [page, address] of pages) {
    frame.style.width = `${widths[0]}px`;
    await new Promise(loaded => { frame.onload = loaded; frame.src = address; });
    const inner = frame.contentWindow;
    await inner.document.fonts.ready;
    if (inner.document.documentElement.lang !== language) faults.push([page, `in ${inner.document.documentElement.lang}`]);
    for (const width of widths) {
      frame.style.width = `${width}px`;
      if (inner.innerWidth !== width) faults.push([page, `${inner.innerWidth} px wide instead of ${width}`]);
      faults.push(...cutOff(inner).map(fault => [page, `at ${width} px: ${fault}`]));
    }
  }
  frame.remove();
  return faults;
}"""


@pytest.fixture
def framed(portal: str, settings: Any) -> str:
    """Address of the portal, whose pages can be shown in frames."""
    settings.X_FRAME_OPTIONS = "SAMEORIGIN"
    settings.CONTENT_SECURITY_POLICY = None
    return portal


def faults(page: Page, names: Iterable[str], addresses: dict[str, str], widths: Iterable[int], language: str) -> list[tuple[str, str]]:
    """Return pages with their faults."""
    found = page.evaluate(FAULTS, [[[name, addresses.get(name, name)] for name in names], list(widths), language])
    return [(name, fault) for name, fault in found]


@pytest.mark.parametrize("language", ["en", "de"])
def test_pages_fit_all_widths(
    open_page: OpenPage,
    framed: str,
    cast: Cast,
    filled: dict[str, str],  # noqa: F811
    language: str,
) -> None:
    for state in ("public", "pinned", "commented"):
        in_state(state, cast.birch)
    a_review(cast.birch, cooperation=5, quality=4, schedule=4, budget=5)
    # Not the fixture `page`, which fails for error messages in the console: the browser logs each 404.
    page = open_page(locale=language)
    page.goto(f"{framed}/healthz")
    found = faults(page, PUBLIC_PAGES, filled, WIDTHS, language)
    page.emulate_media(media="print")
    found += faults(page, PUBLIC_PAGES, filled, PAPER_WIDTHS, language)
    page.emulate_media(media="screen")
    for user, names in PAGES_OF.items():
        signed_in(page, framed, getattr(cast, user))
        found += faults(page, names, filled, WIDTHS, language)
    found = [(name, fault) for name, fault in found if name not in IN_OTHER_LANGUAGE or not fault.startswith("in ")]
    assert "\n".join(f"{name} {fault}" for name, fault in found) == ""


def test_faults_are_found(open_page: OpenPage, framed: str) -> None:
    page = open_page()
    style = "p { width: 500px } @media (min-width: 400px) { p { width: auto } } .btn { display: block; width: 40px; overflow: hidden }"
    body = f'<!doctype html><html lang="en"><style>{style}</style><p>Wide</p><a class="btn">Longunbrokenword</a>'
    page.route("**/broken/", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(f"{framed}/healthz")
    found = [fault for _name, fault in faults(page, ["/broken/"], {}, (320, 576), "en")]
    assert [fault.partition(": ")[0] for fault in found] == ["at 320 px", "at 320 px", "at 576 px"]
    assert found[0].startswith("at 320 px: page 508 px wide: ")
    assert "needs" in found[2]
