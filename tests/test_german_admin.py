"""German translations in the Django admin: models, fields, columns, filters and groups."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from reviews.services.reviews import report_review
from tests.cast import Cast
from tests.factories.reviews import ReviewFactory
from tests.test_admin import ada  # noqa: F401  # a fixture: one of everything, and an admin

#: Words and names that are the same in English and German.
SAME = {
    "Name", "Status", "Website", "Person", "Code", "Domain", "Domains", "Logo", "Logos", "Team",
    "Details", "Text", "Version", "Registrar", "Browser", "Filter", "Message-ID", "Problem",
}  # fmt: skip
LANGUAGES = ("en", "de")
#: All registered models and their pages.
MODELS = {model._meta.label_lower: (model, options) for model, options in admin.site._registry.items()}


@pytest.fixture
def _one_of_everything(ada: Client, cast: Cast) -> None:  # noqa: F811
    Authenticator.objects.create(user=cast.alice, type=Authenticator.Type.TOTP, data={})
    EmailAddress.objects.get_or_create(user=cast.alice, email=cast.alice.email, defaults={"verified": True, "primary": True})
    UserSession.objects.create(user=cast.alice, ip="127.0.0.1", session_key="key", user_agent="A browser", last_seen_at=timezone.now())
    Group.objects.create(name="Helpers")


def texts_of(page: str) -> Iterator[str]:
    """Return the labels on an admin page."""
    labels = [
        *re.findall(r"<caption>(.*?)</caption>", page, re.DOTALL),
        *re.findall(r'<tr class="model-.*?<a[^>]*>(.*?)</a>', page, re.DOTALL),
        *re.findall(r"<h[1-3][^>]*>(.*?)</h[1-3]>", page, re.DOTALL),
        *re.findall(r'<(?:div|span) class="text">(.*?)</(?:div|span)>', page, re.DOTALL),
        *re.findall(r"<label[^>]*>(.*?)</label>", page, re.DOTALL),
        *re.findall(r"<summary[^>]*>(.*?)</summary>", page, re.DOTALL),
        *re.findall(r'<th[^>]* class="column-\w+[^>]*>(.*?)</th>', page, re.DOTALL),
        *re.findall(r'<div class="help"[^>]*>(.*?)</div>', page, re.DOTALL),
    ]
    for text in labels:
        plain = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", text))).strip().rstrip(":")
        if re.search(r"[A-Za-z]{2}", plain):
            yield plain


def names_of(model: type[Model], options: Any, request: Any) -> Iterator[tuple[str, str]]:
    """Return the labels of a model and its displayed attributes, each with a description."""
    yield "model", str(model._meta.verbose_name)
    yield "models", str(model._meta.verbose_name_plural)
    yield "app", str(model._meta.app_config.verbose_name)
    fieldsets = options.get_fieldsets(request)
    for name in (*options.get_list_display(request), *options.get_readonly_fields(request), *flatten_fieldsets(fieldsets)):
        # Labels of form fields are checked on the pages below.
        if hasattr(model, name) or hasattr(options, name):
            yield name, str(label_for_field(name, model, options))
    for name, _fields in fieldsets:
        yield "fieldset", str(name or "")


def untranslated(both: dict[str, list[Any]]) -> list[Any]:
    """Return labels that are the same in both languages and not in `SAME`."""
    english = {text if isinstance(text, str) else text[1] for text in both["en"]}
    names = [(text, text if isinstance(text, str) else text[1]) for text in both["de"]]
    return [text for text, name in names if name and name in english and name[0].upper() + name[1:] not in SAME]


@pytest.mark.parametrize("label", MODELS)
def test_every_name_is_german(db: None, cast: Cast, label: str) -> None:
    model, options = MODELS[label]
    request = RequestFactory().get("/")
    request.user = cast.ada
    both: dict[str, list[Any]] = {}
    for language in LANGUAGES:
        with translation.override(language):
            both[language] = list(names_of(model, options, request))
    assert ", ".join(map(str, untranslated(both))) == ""


@pytest.mark.usefixtures("_one_of_everything")
@pytest.mark.parametrize("label", MODELS)
def test_every_page_is_german(ada: Client, cast: Cast, label: str) -> None:  # noqa: F811
    model, options = MODELS[label]
    assert model._default_manager.exists()
    name = f"admin:{label.replace('.', '_')}"
    item = options.get_queryset(_request(cast)).first()
    paths = [
        reverse("admin:index"),
        reverse("admin:app_list", args=[model._meta.app_label]),
        reverse(f"{name}_changelist"),
        reverse(f"{name}_change", args=[item.pk]),
        reverse(f"{name}_history", args=[item.pk]),
        *([reverse(f"{name}_add")] if options.has_add_permission(_request(cast)) else []),
    ]
    own = {str(item), str(cast.ada), *(str(value) for value in item.__dict__.values())}
    for path in paths:
        both = {}
        for language in LANGUAGES:
            type(cast.ada).objects.filter(pk=cast.ada.pk).update(language=language)
            response = ada.get(path)
            assert response.status_code == 200, path
            both[language] = list(texts_of(response.content.decode()))
        assert both["de"], path
        left = [text for text in untranslated(both) if not any(value and value in text for value in own)]
        assert ", ".join(left) == "", path


def _request(cast: Cast) -> Any:
    request = RequestFactory().get("/")
    request.user = cast.ada
    return request


def test_numbers_are_german(ada: Client, cast: Cast) -> None:  # noqa: F811
    type(cast.ada).objects.filter(pk=cast.ada.pk).update(language="de")
    review = ReviewFactory(review_request__customer__agency=cast.birch, cooperation=5, quality=5, schedule=5, budget=4)
    report = report_review(review, reason="other", details="…", by=cast.charlie)
    page = ada.get(reverse("admin:reviews_reviewreport_change", args=[report.pk])).content.decode().partition('id="content"')[2]
    page = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert re.search(r"4,(75|8)", page)
    assert not re.search(r"4\.(75|8)", page)
