"""How templates say dates that matter, and money."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.utils import translation

from partnerportal.desk.templatetags.portal import days_left, money, until


@pytest.mark.parametrize(
    ("day", "tone", "text"),
    [
        (date(2026, 9, 1), "past", "30 days ago"),
        (date(2026, 9, 30), "past", "yesterday"),
        (date(2026, 10, 1), "near", "today"),
        (date(2026, 10, 2), "near", "tomorrow"),
        (date(2026, 10, 8), "near", "in 7 days"),
        (date(2026, 10, 9), "far", "in 8 days"),
        (date(2026, 12, 1), "far", "1 December 2026"),
        (date(9999, 12, 31), "far", "31 December 9999"),
    ],
)
@time_machine.travel("2026-10-01 12:00", tick=False)
def test_a_date_is_as_far_away_as_people_say(day: date, tone: str, text: str) -> None:
    shown = until(day)
    assert f"until-{tone}" in shown
    assert f">{text}<" in shown
    assert f'datetime="{day.isoformat()}"' in shown


@time_machine.travel("2026-10-01 12:00", tick=False)
def test_what_nobody_has_to_mind_stands_out_nowhere() -> None:
    assert "until-far" in until(date(2026, 9, 30), calm=True)


def test_no_date_is_nothing() -> None:
    assert until(None) == ""
    assert days_left(None) is None


@pytest.mark.parametrize(
    ("language", "currency", "text"),
    [
        ("en", "EUR", "€1,234.50"),
        ("en", "CHF", "CHF\N{NO-BREAK SPACE}1,234.50"),
        ("de", "EUR", "1.234,50\N{NO-BREAK SPACE}€"),
        ("de", "CHF", "1.234,50\N{NO-BREAK SPACE}CHF"),
    ],
)
def test_money_reads_as_in_the_readers_language(language: str, currency: str, text: str) -> None:
    with translation.override(language):
        assert money(Decimal("1234.50"), currency) == text
