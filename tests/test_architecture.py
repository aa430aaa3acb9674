"""Structure of the code: import cycles, imports inside functions, and requests below the views."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest
from django.conf import settings

PACKAGES = ("partnerportal", "customers", "requests_inbox", "invitations", "reviews")
#: Permitted reasons for an import inside a function. The import must end with one as a comment.
REASONS = {
    "apps are ready": "AppConfig.ready() runs once all models are loaded",
    "no settings yet": "the module is loaded before Django's settings are complete",
    "slow to load": "the package is only needed when its results are outdated",
    "optional package": "the package is part of an extra",
}


def sources() -> list[Path]:
    paths = [path for package in PACKAGES for path in (settings.BASE_DIR / package).rglob("*.py")]
    return [path for path in paths if "migrations" not in path.parts]


def test_there_are_no_import_cycles() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # Raises CycleError, whose message contains the modules of a cycle.
    TopologicalSorter(imports).prepare()


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
def test_only_views_use_requests(layer: str) -> None:
    known = re.compile(r"\b(HttpRequest|AgencyRequest|ClientRequest|django\.shortcuts)\b")
    layers = [path for path in sources() if layer in {path.stem, path.parent.name}]
    assert [str(path.relative_to(settings.BASE_DIR)) for path in layers if known.search(path.read_text())] == []
