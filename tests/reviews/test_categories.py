"""Rating categories are defined in one list, from which everything else is derived."""

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from reviews.models import CATEGORIES, RatingSummary, Review
from tests.cast import Cast
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.reviews.test_rate import path_of

LIST = "reviews/models/categories.py"
#: Code that deals with ratings.
FOLDERS = ("reviews", "partnerportal/demo", "partnerportal/desk", "partnerportal/network", "bench")


def modules() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (path for path in (settings.BASE_DIR / folder).rglob("*.py") if "migrations" not in path.parts)


def names_in(path: Path) -> set[str]:
    """Return the category names that the code contains in strings or as attributes."""
    words: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            words.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not node.value.count("\n"):
            words |= {word.removesuffix("_sum") for word in re.split(r"[\s,]+", node.value)}
    return words & CATEGORIES.keys()


def test_the_names_are_in_no_other_module() -> None:
    named = {str(path.relative_to(settings.BASE_DIR)): names_in(path) for path in modules()}
    # A single one of these words can have another meaning.
    assert {path: names for path, names in named.items() if len(names) > 1} == {LIST: set(CATEGORIES)}


def test_no_template_names_a_category() -> None:
    attribute = re.compile(rf"\.({'|'.join(CATEGORIES)})(_sum)?\b")
    templates = (settings.BASE_DIR / "templates").rglob("*.html")
    assert [path.name for path in templates if attribute.search(path.read_text())] == []


def test_no_generated_column_contains_their_number() -> None:
    expressions = [
        keyword.value
        for path in (settings.BASE_DIR / "reviews" / "models").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "GeneratedField"
        for keyword in node.keywords
        if keyword.arg == "expression"
    ]
    generated = [field for model in (Review, RatingSummary) for field in model._meta.concrete_fields if field.generated]
    assert len(expressions) == len(generated)
    constants = [node.value for expression in expressions for node in ast.walk(expression) if isinstance(node, ast.Constant)]
    assert {value for value in constants if not isinstance(value, str) or value[:1].isdigit()} <= {0, 1, 2, 1_000_000}


@pytest.mark.parametrize("low", CATEGORIES)
def test_each_category_counts_the_same(cast: Cast, low: str) -> None:
    stars = dict.fromkeys(CATEGORIES, 5) | {low: 1}
    review = ReviewFactory(review_request__customer__agency=cast.alder, **stars)
    review.refresh_from_db()
    mean = Decimal(sum(stars.values())) / len(CATEGORIES)
    summary = RatingSummary.objects.get(agency=cast.alder)
    assert (review.overall, summary.average) == (mean, mean)
    assert [category.value for category in summary.categories] == [stars[name] for name in CATEGORIES]


def test_the_form_asks_for_each_in_order(cast: Cast) -> None:
    page = Client().get(path_of(ReviewRequestFactory(customer__agency=cast.alder))).content.decode()
    assert re.findall(r"<legend>([^<]+)</legend>", page)[: len(CATEGORIES)] == [str(category.label) for category in CATEGORIES.values()]
