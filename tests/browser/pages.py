"""Pages of Chromium that are kept for the next tests, because opening one takes longer than most tests use it."""

from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

#: Size of a page in CSS pixels, unless its test sets another.
DESKTOP = {"width": 1280, "height": 860}


class KeptPage:
    """A page with its own browser context. After `reset` it is like a new one, but its processes still run."""

    def __init__(self, browser: Browser, options: dict[str, Any]) -> None:
        self._context: BrowserContext = browser.new_context(viewport=DESKTOP, **options)  # type: ignore[arg-type]
        self.page: Page = self._context.new_page()
        self._devtools: CDPSession = self._context.new_cdp_session(self.page)
        self.is_used = False

    def reset(self) -> None:
        """Delete what a test left: other pages, routes, cookies, stored values, cached responses, and what the page emulates."""
        page = self.page
        for other in self._context.pages:
            if other is not page:
                other.close()
        page.unroute_all()
        if page.url.startswith("http"):
            # Not “about:blank”, which has another opener policy, so that the next page would need a new process.
            page.goto(urljoin(page.url, "/healthz"))
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
        self._devtools.send("Network.clearBrowserCache")
        self._context.clear_cookies()
        self._context.clear_permissions()
        page.emulate_media(media="null", color_scheme="null", reduced_motion="null")
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        # Outside the page, where it hovers over nothing.
        page.mouse.move(-1, -1)
        self.is_used = False

    def close(self) -> None:
        self._context.close()


class KeptPages:
    """The pages of a test process, by the options of their contexts."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._kept: dict[tuple[tuple[str, Any], ...], list[KeptPage]] = {}

    def get(self, **options: Any) -> Page:
        """Return a page that isn't used yet, with its own cookies."""
        kept = self._kept.setdefault(tuple(sorted(options.items())), [])
        free = next((page for page in kept if not page.is_used), None)
        if free is None:
            free = KeptPage(self._browser, options)
            kept.append(free)
        free.is_used = True
        return free.page

    def reset(self) -> None:
        """Reset the used pages for the next test, and forget those that it has closed."""
        for kept in self._kept.values():
            for one in [page for page in kept if page.is_used]:
                if one.page.is_closed():
                    kept.remove(one)
                    one.close()
                else:
                    one.reset()
