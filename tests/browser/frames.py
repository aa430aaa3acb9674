"""Pages in a frame of one page, because loading and resizing a frame takes a fraction of the time of a browser's page."""

from collections.abc import Iterable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: axe, which remembers the colours that it has read: reading the same few for each text takes a third of its time for contrasts.
AXE = f"""{Axe().axe_script};
(() => {{
  const Color = axe.commons.color.Color, parse = Color.prototype.parseString, known = new Map();
  Color.prototype.parseString = function (text) {{
    const color = known.get(text);
    if (color) [this.r, this.g, this.b, this.alpha] = color;
    else {{
      parse.call(this, text);
      known.set(text, [this.r, this.g, this.b, this.alpha]);
    }}
    return this;
  }};
}})()"""
#: Address of axe on the live portal: the browser parses a script of an address once, but a text for each page.
AXE_PATH = "/static/axe-of-the-tests.js"

_LOAD = """async ([address, width, height]) => {
  const frame = document.querySelector("iframe") || document.body.appendChild(document.createElement("iframe"));
  frame.style.cssText = `border: 0; position: fixed; left: 0; top: 0; width: ${width}px; height: ${height}px`;
  await new Promise(loaded => { frame.onload = loaded; frame.src = address; });
  const {document: page, performance} = frame.contentWindow;
  await page.fonts.ready;
  return [performance.getEntriesByType("navigation")[0].responseStatus, page.documentElement.lang, page.querySelectorAll("h1").length];
}"""
#: Runs axe on the page at a width, and returns its violations without the other results, whose transfer takes as long as many rules.
_AXE = """async ([width, scheme, address, options]) => {
  const frame = document.querySelector("iframe"), inner = frame.contentWindow, page = inner.document;
  frame.style.width = `${width}px`;
  for (let wait = 0; page.documentElement.dataset.bsTheme !== scheme && wait < 100; wait++) await new Promise(requestAnimationFrame);
  if (!inner.axe) {
    const script = page.createElement("script");
    script.src = address;
    await new Promise((loaded, failed) => { script.onload = loaded; script.onerror = failed; page.head.append(script); });
    script.remove();
  }
  const {violations} = await inner.axe.run(options);
  const {dataset, scrollWidth} = page.documentElement;
  return [{violations}, dataset.bsTheme, inner.innerWidth, scrollWidth];
}"""
#: Returns faults of the page at each width: elements that stick out of the page, and texts wider than their button or heading.
#: Elements for screen readers are one pixel wide.
_CUT_OFF = """widths => {
  const frame = window.document.querySelector("iframe"), inner = frame.contentWindow, {document} = inner;
  const text = element => element.textContent.trim().replace(/\\s+/g, " ").slice(0, 30);
  const name = element => `${element.tagName.toLowerCase()}.${element.getAttribute("class") || ""} “${text(element)}”`;
  const shown = element => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  const cutOff = innerWidth => {
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
  frame.style.height = "1112px";
  for (const width of widths) {
    frame.style.width = `${width}px`;
    if (inner.innerWidth !== width) faults.push(`${inner.innerWidth} px wide instead of ${width}`);
    faults.push(...cutOff(inner.innerWidth).map(fault => `at ${width} px: ${fault}`));
  }
  return faults;
}"""
_AXE_OPTIONS = {"resultTypes": ["violations"], "preload": False}


def load(page: Page, address: str, width: int, height: int) -> tuple[int, str, int]:
    """Load an address of the portal in the frame, and return its status, language and number of main headings."""
    status, language, headings = page.evaluate(_LOAD, [address, width, height])
    return status, language, headings


def run_axe(page: Page, width: int, scheme: str, rules: dict[str, Any]) -> tuple[dict[str, Any], str, int, int]:
    """Return axe's violations at a width, the colour scheme, and the widths of frame and page."""
    violations, shown, inner, wide = page.evaluate(_AXE, [width, scheme, AXE_PATH, _AXE_OPTIONS | rules])
    return violations, shown, inner, wide


def cut_off(page: Page, widths: Iterable[int]) -> list[str]:
    """Return what is cut off or sticks out of the page in the frame at each width."""
    faults: list[str] = page.evaluate(_CUT_OFF, list(widths))
    return faults
