"""Template tags for dates and money."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation

from partnerportal.core.countries import Select, country_choices
from partnerportal.core.templatetags.dates import days_left, due, moment, relative_date
from partnerportal.core.templatetags.portal import money


@pytest.mark.parametrize(
    ("day", "state", "text"),
    [
        (date(2026, 9, 1), "overdue", "1 Sep 2026"),
        (date(2026, 9, 30), "overdue", "30 Sep 2026"),
        (date(2026, 10, 1), "due-soon", "today"),
        (date(2026, 10, 2), "due-soon", "tomorrow"),
        (date(2026, 10, 8), "due-soon", "in 7 days"),
        (date(2026, 10, 9), "", "in 8 days"),
        (date(2026, 12, 1), "", "1 December 2026"),
        (date(9999, 12, 31), "", "31 December 9999"),
    ],
)
@time_machine.travel("2026-10-01 12:00", tick=False)
def test_relative_dates(day: date, state: str, text: str) -> None:
    shown = relative_date(day)
    assert f'class="{state}"' in shown
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
def test_due_dates(day: date, language: str, text: str) -> None:
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
def test_overdue_tasks_are_printed_with_their_date() -> None:
    on_paper = re.sub(r'<span class="screen-only">.*?</span>|<[^>]+>', "", due(date(2026, 9, 28)))
    assert on_paper == "due 28 September 2026"


@time_machine.travel("2026-10-01 12:00", tick=False)
def test_calm_dates_are_never_highlighted() -> None:
    assert 'class=""' in relative_date(date(2026, 9, 30), calm=True)


def test_missing_dates_are_empty() -> None:
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
def test_money_is_localized(language: str, currency: str, text: str) -> None:
    with translation.override(language):
        assert money(Decimal("1234.50"), currency) == text


def test_equal_moments_are_rendered_in_the_active_time_zone() -> None:
    value = datetime(2026, 10, 1, 22, 30, tzinfo=UTC)
    texts = set()
    for zone in ("UTC", "Europe/Berlin", "Asia/Kolkata"):
        with timezone.override(zone):
            texts.add(moment(value))
    assert len(texts) == 3


def test_addresses_equal_those_of_django(rf: RequestFactory) -> None:
    for source, expected in (
        ("{% url 'customers:list' %}", reverse("customers:list")),
        ("{% url 'customers:detail' 7 %}", reverse("customers:detail", args=[7])),
        ("{% url 'customers:detail' pk=7 %}", reverse("customers:detail", args=[7])),
        ("{% url 'customers:detail' 7 as address %}{{ address }}", reverse("customers:detail", args=[7])),
        ("{% url 'network:profile' 'alder' %}", reverse("network:profile", args=["alder"])),
        ("{% url 'nowhere' as address %}{{ address }}", ""),
    ):
        for _ in range(2):
            assert Template(source).render(Context({"request": rf.get("/")})) == expected
    with pytest.raises(NoReverseMatch):
        Template("{% url 'customers:detail' -1 %}").render(Context())


@pytest.mark.parametrize("value", [None, "", "DE", "AX", "XX"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_countries_are_rendered_like_by_django(language: str, value: str | None) -> None:
    attributes = {"id": "id_country", "aria-invalid": "true"}
    with translation.override(language):
        choices = [("", "–"), *country_choices()]
        expected = forms.Select(choices=choices).render("country", value, attributes)
        assert Select(choices=choices).render("country", value, attributes) == expected
