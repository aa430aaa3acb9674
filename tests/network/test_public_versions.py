"""Versions of public pages: what changes a page also changes its ETag."""

import re
import secrets
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Event, Thread
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError, connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.models import Project
from partnerportal.agencies.models import Agency
from partnerportal.core import code_version
from partnerportal.core.templatetags import remembered
from partnerportal.network.models import PartnerProfile, Service, SpokenLanguage
from reviews.models import RatingSummary, Review
from reviews.services.reviews import comment_on_review, hide_review, pin_review, unpin_review
from tests.cast import Cast
from tests.factories.agencies import LanguageFactory, LogoFactory, ProfileFactory, ServiceFactory
from tests.factories.customers import ProjectFactory
from tests.factories.reviews import ReviewFactory, same_rating

PAGES = ("/partners/", "/partners/?q=alder", "/partners/alder/", "/partners/alder/?stars=5", "/de/partners/alder/")
#: Tables that the pages read and that need no trigger of their own, with the reason.
WITHOUT_TRIGGER = {
    "reviews_review": "its triggers update the summary",
    "reviews_reviewcomment": "its trigger updates the summary",
    "reviews_reviewrequest": "what the page shows of it never changes",
    "network_profileslug": "former addresses only redirect",
    "network_publicversion": "the versions",
}
#: Some of the fields that a page shows, so that the test isn’t empty.
SHOWN = {
    (PartnerProfile, "tagline"), (PartnerProfile, "city"), (PartnerProfile, "status"), (PartnerProfile, "typical_reply"),
    (PartnerProfile, "open_for_clients"), (PartnerProfile, "logo_digest"), (Agency, "name"), (Project, "title"), (Service, "name_en"),
    (SpokenLanguage, "name_de"), (Review, "text"), (Review, "author"), (Review, "edited_at"), (RatingSummary, "stars_5"),
}  # fmt: skip


@pytest.fixture
def full(cast: Cast) -> Cast:
    """Alder's profile with everything that a profile can show."""
    profile = cast.alder.profile
    profile.services.set([ServiceFactory()])
    profile.languages.set([LanguageFactory()])
    LogoFactory(profile=profile)
    project = ProjectFactory(customer__agency=cast.alder)
    rated = {"review_request__customer": project.customer, "review_request__project": project}
    pinned = ReviewFactory(**rated, **same_rating(5))
    pin_review(pinned, by=cast.alice)
    comment_on_review(ReviewFactory(review_request__customer__agency=cast.alder, **same_rating(5)), text="Thanks.", by=cast.alice)
    return cast


def paths() -> list[str]:
    """Return the public pages, with those of all reviews."""
    return [*PAGES, *(f"/partners/alder/reviews/{pk}/" for pk in Review.objects.order_by("pk").values_list("pk", flat=True))]


def etags() -> dict[str, str]:
    return {path: Client().get(path).headers.get("ETag", "") for path in paths()}


def content(path: str) -> str:
    return Client().get(path).content.decode()


def answers() -> dict[str, tuple[str, str]]:
    """Return the ETag and content of each page."""
    responses = {path: Client().get(path) for path in paths()}
    return {path: (response.headers.get("ETag", ""), response.content.decode()) for path, response in responses.items()}


def other_value(field: models.Field, value: Any) -> Any:
    """Return another valid value of a field."""
    choices = [choice for choice, _label in field.choices or () if choice not in {value, ""}]
    if choices:
        return choices[0]
    match value:
        case bool():
            return not value
        case int() | Decimal():
            return value + 1
        case datetime() | date() | timedelta():
            return value - timedelta(days=40)
        case str():
            return f"{value[:-1]}x"
    empty = {"DateTimeField": timezone.now(), "DateField": timezone.localdate(), "DurationField": timedelta(hours=5)}
    return empty.get(type(field).__name__, 1)


def changes() -> Iterator[tuple[Any, models.Field]]:
    for model in (PartnerProfile, Agency, Project, Service, SpokenLanguage, Review, RatingSummary):
        for field in model._meta.concrete_fields:
            if not (field.primary_key or field.generated or field.is_relation):
                yield model, field


def test_any_change_of_a_value_that_a_page_shows_changes_its_etag(full: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    before = answers()
    shown = set()
    for model, field in changes():
        with transaction.atomic():
            row = model.objects.order_by("pk").last() if model in {Service, SpokenLanguage} else model.objects.order_by("pk").first()
            try:
                with transaction.atomic():
                    model.objects.filter(pk=row.pk).update(**{field.attname: other_value(field, getattr(row, field.attname))})
            except DatabaseError:
                continue  # A constraint forbids this value.
            for path, (etag, page) in answers().items():
                old_etag, old_page = before[path]
                if page == old_page:
                    continue
                shown.add((model, field.attname))
                assert etag != old_etag, (path, field)
                # Remembered parts show the new value, too.
                with monkeypatch.context() as patched:
                    patched.setattr(remembered, "_digest", lambda *_parts: secrets.token_bytes(16))
                    assert content(path) == page, (path, field)
            transaction.set_rollback(True)
    assert shown >= SHOWN


def test_each_action_changes_the_pages(full: Cast) -> None:
    profile, review = full.alder.profile, Review.objects.filter(comment=None).get()
    actions = [
        lambda: unpin_review(review, by=full.alice),
        lambda: pin_review(review, by=full.alice),
        lambda: hide_review(review, reason="other", by=full.alice),
        lambda: ReviewFactory(review_request__customer__agency=full.alder),
        lambda: comment_on_review(Review.objects.latest("pk"), text="Thank you.", by=full.alice),
        lambda: Review.objects.update(author=""),
        lambda: profile.services.add(ServiceFactory()),
        lambda: profile.services.clear(),
        lambda: profile.languages.add(LanguageFactory()),
        lambda: profile.languages.clear(),
        lambda: Service.objects.last().delete(),
    ]
    for number, action in enumerate(actions):
        before = etags()
        action()
        assert not set(before.values()) & set(etags().values()), number
    before = etags()
    ProfileFactory(services=[]).delete()
    changed = {path for path, etag in etags().items() if etag != before[path]}
    assert changed == {"/partners/", "/partners/?q=alder"}


def test_every_table_that_a_page_reads_has_a_trigger(full: Cast) -> None:
    read: set[str] = set()
    for path in paths():
        with CaptureQueriesContext(connection) as queries:
            assert Client().get(path).status_code == 200
        for query in queries:
            read |= set(re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid "
            "WHERE prosrc LIKE '%INSERT INTO network_publicversion%'"
        )
        noted = {name for (name,) in cursor.fetchall()}
    assert read - noted == set(WITHOUT_TRIGGER)


def test_figures_that_no_page_shows_change_nothing(full: Cast) -> None:
    before = etags()
    RatingSummary.objects.update(requested=99, answered=98)
    Project.objects.update(status="done")
    assert etags() == before


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_commits_late_changes_the_directory() -> None:
    first, second = ProfileFactory(), ProfileFactory()
    changed, may_commit = Event(), Event()

    def change_slowly() -> None:
        with transaction.atomic():
            PartnerProfile.objects.filter(pk=first.pk).update(tagline="Changed first, committed last.")
            changed.set()
            may_commit.wait(30)
        connection.close()

    thread = Thread(target=change_slowly)
    thread.start()
    changed.wait(30)
    PartnerProfile.objects.filter(pk=second.pk).update(tagline="Committed first.")
    between = Client().get("/partners/")
    may_commit.set()
    thread.join(30)
    after = Client().get("/partners/", headers={"If-None-Match": between["ETag"]})
    assert after.status_code == 200
    assert "Changed first, committed last." in after.content.decode()


def test_code_and_settings_are_part_of_the_version(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {file.relative_to(django_settings.BASE_DIR) for file in code_version._files() if file.is_relative_to(django_settings.BASE_DIR)}
    names = {str(file) for file in files}
    assert {"templates/base.html", "reviews/models/reviews.py", "partnerportal/settings.py", "requirements/base.txt"} <= names
    assert any(name.endswith(".mo") for name in names)
    assert not any(name.startswith(("tests/", ".")) for name in names)
    first = code_version._digest.__wrapped__()
    assert code_version._digest.__wrapped__() == first
    settings.PRIVACY_URL = "https://portal.example/privacy"
    assert code_version._digest.__wrapped__() != first
