"""How templates say dates that matter, and money."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone, translation

from partnerportal.core.templatetags.portal import days_left, due, moment, money, relative_date


@pytest.mark.parametrize(
    ("day", "tone", "text"),
    [
        (date(2026, 9, 1), "past", "1 Sep 2026"),
        (date(2026, 9, 30), "past", "30 Sep 2026"),
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
    shown = relative_date(day)
    assert f"until-{tone}" in shown
    assert f">{text}<" in shown
    assert f'datetime="{day.isoformat()}"' in shown


@pytest.mark.parametrize(
    ("day", "language", "text"),
    [
        (date(2026, 6, 1), "en", "122 days overdue"),
        (date(2026, 9, 28), "en", "3 days overdue"),
        (date(2026, 9, 30), "en", "1 day overdue"),
        (date(2026, 10, 1), "en", "due today"),
        (date(2026, 10, 8), "en", "due in 7 days"),
        (date(2026, 12, 1), "en", "due 1 December 2026"),
        (date(2026, 9, 28), "de", "seit 3 Tagen überfällig"),
        (date(2026, 9, 30), "de", "seit 1 Tag überfällig"),
        (date(2026, 10, 2), "de", "fällig morgen"),
        (date(2026, 12, 1), "de", "fällig am 1. Dezember 2026"),
    ],
)
@time_machine.travel("2026-10-01 12:00", tick=False)
def test_a_task_is_due_or_overdue(day: date, language: str, text: str) -> None:
    with translation.override(language):
        shown = due(day)
    on_screen = re.sub(r'<span class="print-only">.*?</span>|<[^>]+>', "", shown)
    assert on_screen == text


def test_german_has_a_comma_before_the_time() -> None:
    at = datetime(2026, 11, 28, 10, 17, tzinfo=UTC)
    with translation.override("de"), timezone.override("Europe/Berlin"):
        assert ">28. November 2026, 11:17<" in moment(at)
        assert ">28.11.2026, 11:17<" in moment(at, short=True)


@time_machine.travel("2026-10-01 12:00", tick=False)
def test_an_overdue_task_is_printed_with_its_date() -> None:
    on_paper = re.sub(r'<span class="screen-only">.*?</span>|<[^>]+>', "", due(date(2026, 9, 28)))
    assert on_paper == "due 28 September 2026"


@time_machine.travel("2026-10-01 12:00", tick=False)
def test_what_nobody_has_to_mind_stands_out_nowhere() -> None:
    assert "until-far" in relative_date(date(2026, 9, 30), calm=True)


def test_no_date_is_nothing() -> None:
    assert relative_date(None) == ""
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
