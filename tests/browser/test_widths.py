"""No page scrolls sideways or cuts off a control: all pages, on phones, tablets and desktops, public ones also on paper."""

from collections.abc import Iterable, Sequence

import pytest
from playwright.sync_api import Page

from tests.browser import frames
from tests.browser.conftest import OpenPage, signed_in
from tests.browser.test_accessibility import IN_OTHER_LANGUAGE, WIDTHS, filled  # noqa: F401  # the last is a fixture
from tests.browser.test_accessibility import PAGES as ALL_PAGES
from tests.cast import Cast
from tests.factories.review_states import a_review, in_state

#: A4 and Letter without Chromium's margins, and a narrow strip, as printed by some phones, in CSS pixels.
PAPER_WIDTHS = (718, 740, 480)
#: Pages for visitors: addresses, or names of `filled`, which contain no slash.
PUBLIC_PAGES = (
    "/partners/", "/partners/?q=alder&place=donau", "/partners/?q=nothinglikeit", "/partners/alder/", "/partners/alder/?stars=4",
    "/partners/birch/", "/partners/alder/contact/", "/partners/birch/contact/", "/partners/alder/contact/thanks/", "/nothing/",
    "public review", "hidden review", "removed review",
    "/accounts/login/", "/accounts/signup/", "/accounts/login/code/", "/accounts/password/reset/", "/r/mistyped/", "/join/mistyped/",
    "/partners/how-reviews-work/", "/legal/privacy/", "/partners/apply/", "applied", "application",
    "rate", "answered", "change review", "take back", "stop", "gone", "join", "joining",
)  # fmt: skip
#: Errors by user.
ERRORS_OF = {"alice": ["/nothing/"], "kim": ["closed"], "charlie": ["question"]}


def pages_of_users(language: str) -> dict[str, list[str]]:
    """Return pages by user: errors, and in German the pages of the accessibility tests, which check them in English."""
    pages = {user: [*errors] for user, errors in ERRORS_OF.items()}
    for user, names in ALL_PAGES.values() if language == "de" else ():
        if user:
            pages[user] += names
    return pages


def faults(
    page: Page, names: Iterable[str], addresses: dict[str, str], widths: Sequence[int], language: str, paper: Sequence[int] = ()
) -> list[tuple[str, str]]:
    """Return pages with their faults on screens of these widths, and on paper."""
    found = []
    for name in names:
        _status, shown, _headings = frames.load(page, addresses.get(name, name), widths[0], 1112)
        if shown != language:
            found.append((name, f"in {shown}"))
        found += [(name, fault) for fault in frames.cut_off(page, widths)]
        if paper:
            page.emulate_media(media="print")
            found += [(name, f"on paper {fault}") for fault in frames.cut_off(page, paper)]
            page.emulate_media(media="screen")
    return found


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
    found = faults(page, PUBLIC_PAGES, filled, WIDTHS, language, PAPER_WIDTHS)
    for user, names in pages_of_users(language).items():
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
