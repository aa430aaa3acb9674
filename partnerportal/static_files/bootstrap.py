"""The part of Bootstrap's style sheet that the portal uses: the rules of elements and of a few classes."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import bootstrap_wrapper

from . import BASE_DIR, BUILD_DIR, digest_of, generate

SOURCE = Path(bootstrap_wrapper.get_bootstrap_dir()) / "css" / "bootstrap.min.css"
OWN_SHEETS = BASE_DIR / "static" / "css"
#: Classes whose rules are kept. `tests/test_style_sheets.py` compares them with the templates and forms.
CLASSES = frozenset(
    {"btn", "btn-link", "form-control", "form-select", "form-check-input", "is-invalid", "visually-hidden", "mb-3", "d-block"}
    # The grid of forms; crispy-forms puts columns into `col-md`.
    | {"row", "col-md", "col-sm-3", "col-sm-4", "col-sm-6", "col-xl-4"}
)

_PROPERTY = re.compile(r"(--bs-[\w-]+):")
_READ = re.compile(r"var\((--bs-[\w-]+)")
_DECLARATION = re.compile(r"(?<=[{;])(--bs-[\w-]+):[^;}]*;?")


def build_bootstrap(folder: Path = BUILD_DIR) -> bool:
    """Write `css/bootstrap.css`, unless it is up to date. Return whether it was written."""
    sheets = [Path(__file__), *OWN_SHEETS.glob("*.css")]
    inputs = digest_of(version("bootstrap-wrapper"), files=sheets)
    return generate("bootstrap", inputs, lambda: {"css/bootstrap.css": reduced(SOURCE.read_text(), _own_rules()).encode()}, folder)


def _own_rules() -> str:
    return "\n".join(path.read_text() for path in sorted(OWN_SHEETS.glob("*.css")))


def reduced(sheet: str, own_rules: str) -> str:
    """Return the licence and the used rules of a minified style sheet.

    Custom properties are left out if neither a used rule nor `own_rules` reads them, or if `own_rules` defines them.
    """
    licence, rules = re.fullmatch(r'(?:@charset "UTF-8";)?(/\*!.*?\*/)(.*?)(?:/\*.*?\*/)?\s*', sheet, re.DOTALL).groups()  # type: ignore[union-attr]
    kept = "\n".join(_used_rules(rules))
    defined = set(_PROPERTY.findall(own_rules))
    while (less := _without_unread(kept, set(_READ.findall(kept + own_rules)) - defined)) != kept:
        kept = less
    return f"{licence}\n{kept}\n"


def _without_unread(rules: str, read: set[str]) -> str:
    """Return the rules, one a line, without the properties of both themes that aren't in `read`."""

    def shortened(rule: str) -> str:
        if not rule.startswith((":root", "[data-bs-theme")):
            return rule
        return _DECLARATION.sub(lambda found: found[0] if found[1] in read else "", rule)

    shorter = map(shortened, rules.splitlines())
    return "\n".join(rule for rule in shorter if not rule.endswith("{}"))


def _used_rules(rules: str) -> Iterator[str]:
    for head, body in _blocks(rules):
        if head.startswith("@media"):
            if inner := "".join(_used_rules(body)):
                yield f"{head}{{{inner}}}"
        elif not head.startswith("@") and (selector := ",".join(filter(_is_used, _selectors(head)))):
            yield f"{selector}{{{body}}}"


def _blocks(rules: str) -> Iterator[tuple[str, str]]:
    """Return the text before each pair of outer braces, and the text between them."""
    depth = start = opened = 0
    for match in re.finditer(r"[{}]", rules):
        if match[0] == "{":
            if not depth:
                opened = match.start()
            depth += 1
        else:
            depth -= 1
            if not depth:
                yield rules[start:opened].strip(), rules[opened + 1 : match.start()]
                start = match.end()


def _selectors(head: str) -> list[str]:
    """Split a list of selectors at the commas outside parentheses."""
    return re.split(r",(?![^()]*\))", head)


def _is_used(selector: str) -> bool:
    # What `:not()` excludes needn't exist.
    classes = re.findall(r"\.([A-Za-z][\w-]*)", re.sub(r":not\([^)]*\)", "", selector))
    return CLASSES.issuperset(classes)
