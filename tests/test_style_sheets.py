"""Braces in style sheets. Browsers silently ignore everything after a missing one."""

import pytest
from django.conf import settings

SHEETS = sorted((settings.BASE_DIR / "static" / "css").glob("*.css"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_braces_are_balanced(sheet) -> None:
    depth = 0
    for number, line in enumerate(sheet.read_text(encoding="utf-8").splitlines(), 1):
        depth += line.count("{") - line.count("}")
        # Unindented blocks must be top-level.
        assert 0 <= depth <= 4, f"{sheet.name}:{number}"
        assert not (line.startswith("/* ---") and depth), f"{sheet.name}:{number}"
    assert depth == 0
