"""Style sheets: braces, and classes and custom properties, of which each is used and each used one exists."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin

from partnerportal.static_files import BUILD_DIR
from partnerportal.static_files.bootstrap import CLASSES

BASE = settings.BASE_DIR
SHEETS = sorted((BASE / "static" / "css").glob("*.css"))
SCRIPTS = sorted((BASE / "static" / "js").glob("*.js"))
TEMPLATES = sorted(
    path for path in (BASE / "templates").rglob("*.html") if not {"email", "admin"} & set(path.parts) and not path.name.startswith("admin_")
)
CODE = sorted(
    path
    for app in ("partnerportal", "customers", "requests_inbox", "invitations", "reviews")
    for path in (BASE / app).rglob("*.py")
    if "migrations" not in path.parts and not path.name.startswith(("admin", "settings"))
)
#: Classes in the markup of libraries: crispy-forms' columns and checkboxes, htmx.
LIBRARIES = {"row", "col-md", "form-check", "form-check-input", "form-check-label", "form-text", "invalid-feedback", "is-invalid"}
LIBRARIES |= {"htmx-request"}
#: Classes in the markup of Django's administration that admin.css has rules for, and our own ones there.
ADMIN_CLASSES = {"inline-group", "module", "object-tools", "submit-row", "remove-review", "dashboard"}
ADMIN_CLASSES |= {"home-lists", "home-note", "home-age", "home-charts", "home-network", "current-app", "flex-container"}
ADMIN_CLASSES |= {"address-data", "address-data-count", "address-data-list"}
ADMIN_SHEETS = sorted((Path(admin.__file__).parent / "static" / "admin" / "css").glob("*.css"))
#: Classes in the markup without a rule: the body of the portal, the neutral pill and column, and names of parts.
WITHOUT_RULE = {"site-content", "pill-calm", "row-when"}
WITHOUT_RULE |= {"hand-over", "is-chosen", "pick", "rate-name", "said-there"}


def text(paths: Iterable[Path]) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def rules() -> str:
    """Return the own style sheets without comments."""
    return re.sub(r"/\*.*?\*/", "", text(SHEETS), flags=re.DOTALL)


def classes_in(css: str) -> set[str]:
    selectors = re.sub(r"\{[^{}]*\}", "{}", re.sub(r"\"[^\"]*\"", "", css))
    return set(re.findall(r"\.([A-Za-z][\w-]*)", selectors))


def attributes() -> str:
    """Return the class attributes of templates and code."""
    found = re.findall(r'(?<![\w-])class="((?:{%.*?%}|{{.*?}}|[^"])*)"', text(TEMPLATES + CODE))
    found += re.findall(r'(?:css_class|"class"|field_classes)\s*[:=]\s*f?"([^"]*)"', text(CODE))
    found += re.findall(r"block (?:content|body)_class %}([^{\n]*)", text(TEMPLATES))
    return "\n".join(found)


def names_in(attribute: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])[A-Za-z][\w-]*(?![\w-])", attribute))


def started(attribute: str) -> set[str]:
    """Return the beginnings of the classes that end with a variable, such as `pill-`."""
    return set(re.findall(r"([A-Za-z][\w-]*-)\{", attribute))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_braces_are_balanced(sheet) -> None:
    """Browsers silently ignore everything after a missing one."""
    depth = 0
    for number, line in enumerate(sheet.read_text(encoding="utf-8").splitlines(), 1):
        depth += line.count("{") - line.count("}")
        # Unindented blocks must be top-level.
        assert 0 <= depth <= 4, f"{sheet.name}:{number}"
        assert not (line.startswith("/* ---") and depth), f"{sheet.name}:{number}"
    assert depth == 0


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_selector_has_two_rules(sheet) -> None:
    sheet = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    # Unindented: outside of media queries.
    selectors = re.findall(r"^([^\s@}][^{}]*){", sheet, re.MULTILINE)
    twice = {selector for selector in selectors if selectors.count(selector) > 1}
    # Fonts, the properties of both themes.
    assert twice <= {":root,\n[data-bs-theme] "}


def test_every_class_with_a_rule_is_used() -> None:
    values = set(re.findall(r"[\"']([a-z][\w-]*)[\"']", text(TEMPLATES + CODE)))
    used = names_in(attributes()) | names_in(text(SCRIPTS)) | values | LIBRARIES | ADMIN_CLASSES
    beginnings = tuple(started(attributes()))
    assert {name for name in classes_in(rules()) - used if not name.startswith(beginnings)} == set()


def test_every_used_class_has_a_rule() -> None:
    # Template tags in an attribute contain names of variables.
    plain = re.sub(r"[\w-]*({%.*?%}|{{.*?}}|{\w*})", " ", attributes())
    known = classes_in(rules()) | CLASSES | WITHOUT_RULE | names_in(text(SCRIPTS))
    assert names_in(plain) - known == set()


def test_custom_properties_exist_and_are_used() -> None:
    own, bootstrap = rules(), (BUILD_DIR / "css" / "bootstrap.css").read_text()
    defined = set(re.findall(r"(?<![\w-])(--[\w-]+)\s*:", own))
    read = set(re.findall(r"var\((--[\w-]+)", own))
    assert read - defined == set()
    for_admin = set(re.findall(r"(?<![\w-])(--[\w-]+)\s*:", text([BASE / "static" / "css" / "admin.css"])))
    read_by_admin = set(re.findall(r"var\((--[\w-]+)", text(ADMIN_SHEETS)))
    assert defined - read - set(re.findall(r"var\((--[\w-]+)", bootstrap)) == for_admin & read_by_admin - read


def test_bootstrap_classes_are_used() -> None:
    assert CLASSES - names_in(attributes()) - LIBRARIES == set()
