"""The structure of the code: no import cycles, imports inside functions only for a reason, and no requests below the views."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from django.conf import settings

PACKAGES = ("partnerportal", "customers", "requests_inbox", "invitations", "reviews")
#: Why an import may stand inside a function, as its comment says.
REASONS = {
    "apps are ready": "AppConfig.ready() runs once all models are loaded",
    "no settings yet": "the module is loaded before Django's settings are complete",
    "optional package": "the package is part of an extra",
}


def sources() -> list[Path]:
    found = [path for package in PACKAGES for path in (settings.BASE_DIR / package).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def cycles(graph: grimp.ImportGraph) -> Iterator[list[str]]:
    """Strongly connected components with more than one module (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> Iterator[list[str]]:
        index[module] = lowest[module] = len(index)
        stack.append(module)
        for imported in graph.find_modules_directly_imported_by(module):
            if imported not in index:
                yield from visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in stack:
                lowest[module] = min(lowest[module], index[imported])
        if lowest[module] == index[module]:
            component = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(component) > 1:
                yield component

    for module in sorted(graph.modules):
        if module not in index:
            yield from visit(module)


def test_no_file_imports_itself_through_others() -> None:
    assert [sorted(component) for component in cycles(grimp.build_graph(*PACKAGES, cache_dir=None))] == []


def test_imports_inside_functions_have_a_listed_reason() -> None:
    unexplained = []
    for path in sources():
        text = path.read_text()
        lines = text.splitlines()
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        reason = re.search(r"#\s*([^#]+)$", lines[node.lineno - 1])
                        if reason is None or reason[1].strip() not in REASONS:
                            unexplained.append(f"{path.relative_to(settings.BASE_DIR)}:{node.lineno}")
    assert unexplained == []


@pytest.mark.parametrize("layer", ["services", "queries", "forms", "mails", "models"])
def test_only_views_know_requests(layer: str) -> None:
    known = re.compile(r"\b(HttpRequest|AgencyRequest|ClientRequest|django\.shortcuts)\b")
    layers = [path for path in sources() if layer in {path.stem, path.parent.name}]
    assert [str(path.relative_to(settings.BASE_DIR)) for path in layers if known.search(path.read_text())] == []
