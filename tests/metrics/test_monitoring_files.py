"""`deploy/monitoring/`: dashboard and alerts use only figures and labels that exist."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.test import Client

from partnerportal.core.counters import count, record_tick
from partnerportal.embedded.environment import BASE_DIR
from partnerportal.metrics.collector import COUNTERS
from tests.metrics.conftest import Figures

pytestmark = pytest.mark.django_db

FOLDER = BASE_DIR / "deploy" / "monitoring"
ALERTS = [rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text())


def expressions() -> Iterator[tuple[str, str]]:
    yield from ((rule["alert"], rule["expr"]) for rule in ALERTS)
    for panel in DASHBOARD["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])


@pytest.fixture
def existing(figures: Figures, client: Client) -> dict[str, set[str]]:
    """The names of all figures with those of their labels."""
    client.get("/partners/")
    for name, (labels, _text) in COUNTERS.items():
        count((name, tuple(labels), 1))
    record_tick()
    found: dict[str, set[str]] = {"up": {"job", "instance"}}
    for name, labels in figures():
        found.setdefault(name, set()).update(label for label, _value in labels)
    return found


def test_every_figure_exists(existing: dict[str, set[str]]) -> None:
    used = {(title, name) for title, text in expressions() for name in re.findall(r"\bportal_\w+", text)}
    assert {(title, name) for title, name in used if name not in existing} == set()
    assert len(used) > 25


def test_every_label_exists(existing: dict[str, set[str]]) -> None:
    known = set().union(*existing.values())
    for title, text in expressions():
        by = {label.strip() for labels in re.findall(r"\bby \(([^)]*)\)", text) for label in labels.split(",")}
        matched = {label for selector in re.findall(r"\{([^}]*)\}", text) for label in re.findall(r"(\w+)[=!]", selector)}
        assert by | matched <= known, title
        for name, selector in re.findall(r"\b(portal_\w+)\{([^}]*)\}", text):
            assert set(re.findall(r"(\w+)[=!]", selector)) <= existing[name], title


def test_every_figure_is_on_the_dashboard(existing: dict[str, set[str]]) -> None:
    shown = " ".join(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"])
    unused = {name for name in existing if name.startswith("portal_") and name not in shown and not name.endswith("_created")}
    assert unused == set()


def test_alerts_say_what_is_wrong() -> None:
    for rule in ALERTS:
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"critical", "warning"}
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)


def test_panels_have_numbers_and_places_of_their_own() -> None:
    panels: list[dict[str, Any]] = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _y in cells) < 24
