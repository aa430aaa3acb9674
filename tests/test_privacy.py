"""The record of processing activities (docs/privacy.md) agrees with the models, the periods and the settings."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Model

from customers.bulk.models import KEEP_DAYS as KEEP_BULK_DAYS
from customers.exports.models import KEEP_HOURS as KEEP_CUSTOMER_EXPORT_HOURS
from customers.imports.models import KEEP_DAYS as KEEP_IMPORT_DAYS
from customers.merging.models import UNDO_DAYS
from customers.services.contacts import KEEP_REMOVED
from invitations.client_data.models import CODE_MINUTES, KEEP_HOURS
from invitations.credentials.models import KEPT_AFTER_REVEAL
from partnerportal.accounts.known_browsers import COOKIE_MAX_AGE, COOKIE_NAME
from partnerportal.accounts.models import User
from partnerportal.accounts.personal_data import PERSONAL_DATA
from partnerportal.accounts.services.accounts import UNCONFIRMED_LIFETIME
from partnerportal.desk.digest.services import KEPT_DAYS
from partnerportal.network.applications.models import CONFIRM_DAYS
from requests_inbox.models import InboxSettings
from reviews.rounds.services import KEEP_DRAFT_DAYS

DOCS = Path(settings.BASE_DIR) / "docs"
#: The document without line breaks inside sentences.
RECORD = re.sub(r"\s*\n\s*(?=[^|\s#-])", " ", (DOCS / "privacy.md").read_text())

#: Models with texts that are about no person: settings, words of the portal, and work of agencies.
IMPERSONAL = {
    "auth.Permission", "auth.Group", "contenttypes.ContentType",
    "customers.CustomField", "customers.DeadlineNotice", "customers.FormSubmission", "customers.Tag",
    "network.Service", "network.SpokenLanguage", "network.ProfileSlug",
    "customers.PairSearch", "reviews.AutomaticRequest", "reviews.RatingSummary",
}  # fmt: skip

#: Settings in days that aren't periods for which data are stored.
NO_PERIODS = {"REVIEW_REMINDER_DAYS", "REVIEW_REQUEST_COOLDOWN_DAYS"}


def tables() -> dict[str, type[Model]]:
    """Return the models with a table of their own, by name."""
    concrete = (model for model in apps.get_models() if model._meta.managed and not model._meta.proxy)
    return {model._meta.label: model for model in concrete}


def names_a_person(field: Any) -> bool:
    """Return whether the field refers to a user, or contains an address."""
    return field.related_model is User or isinstance(field, models.EmailField | models.GenericIPAddressField)


def may_describe_a_person(field: Any) -> bool:
    """Return whether the field can contain any text or file."""
    is_text = isinstance(field, models.CharField | models.TextField) and not field.choices
    return names_a_person(field) or is_text or isinstance(field, models.JSONField | models.BinaryField | ArrayField)


def named() -> set[str]:
    return set(re.findall(r"`([a-z_]+\.[A-Z]\w+)`", RECORD))


def test_every_table_with_personal_data_is_named() -> None:
    personal = {label for label, model in tables().items() if any(map(may_describe_a_person, model._meta.concrete_fields))}
    assert personal - IMPERSONAL - named() == set()
    assert IMPERSONAL & named() == set()


def test_tables_without_personal_data_refer_to_no_person() -> None:
    found = {(label, field.name) for label in IMPERSONAL for field in tables()[label]._meta.concrete_fields if names_a_person(field)}
    assert found == set()


def test_named_tables_exist() -> None:
    assert named() - tables().keys() == set()


def test_every_period_that_is_a_setting_is_named_with_its_default() -> None:
    example = (Path(settings.BASE_DIR) / ".env.example").read_text()
    periods = {
        name: value for name, value in re.findall(r"^#(\w+_(?:RETENTION|DAYS))=(\d+)$", example, re.MULTILINE) if name not in NO_PERIODS
    }
    assert {"SENT_MAIL_RETENTION", "FAILED_MAIL_RETENTION", "IP_ADDRESS_RETENTION", "SESSION_DAYS"} <= periods.keys()
    wrong = {name for name, value in periods.items() if not re.search(rf"`{name}` days \({value}[;:)]", RECORD)}
    assert wrong == set()
    assert set(re.findall(r"`([A-Z_]+)` days", RECORD)) == periods.keys()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("clients who never entered their code: {} day ", UNCONFIRMED_LIFETIME.days),
        ("unconfirmed ones: {} days", CONFIRM_DAYS),
        ("otherwise its codes are valid for {} minutes", CODE_MINUTES),
        ("until the digest is sent; {} days", KEPT_DAYS),
        ("the agency's period ({} days; 1 to 3,650)", InboxSettings().retention_days),
        ("removed contacts: {} day ", KEEP_REMOVED.days),
        ("can be undone for {} days", UNDO_DAYS),
        ("`customers.ImportKey` | {} days", KEEP_IMPORT_DAYS),
        ("`customers.ExportPart` | {} hours", KEEP_CUSTOMER_EXPORT_HOURS),
        ("`customers.BulkBatch` | {} days", KEEP_BULK_DAYS),
        ("at most {} days after the first reveal", KEPT_AFTER_REVEAL.days),
        ("`invitations.DataExportPart` | {} hours", KEEP_HOURS),
        ("drafts of rounds: {} days", KEEP_DRAFT_DAYS),
        (f"`{COOKIE_NAME}` (restores a form's input after a session has ended, {{}} days)", COOKIE_MAX_AGE // 86400),
        ("`sessionid` (sign-in, {} days)", settings.SESSION_COOKIE_AGE // 86400),
    ],
)
def test_periods_in_the_code_are_stated(text: str, number: int) -> None:
    assert text.format(number) in RECORD


def test_the_sections_of_a_download_are_listed() -> None:
    sentence = re.search(r"A download contains these sections: (.*?)\.\s", RECORD)
    assert sentence is not None
    assert re.findall(r"`([\w-]+)`", sentence[1]) == [section.name for section in sorted(PERSONAL_DATA, key=order_of(sentence[1]))]


def order_of(text: str) -> Any:
    """Return a key that sorts sections by their place in `text`, and unknown ones first."""
    return lambda section: text.find(f"`{section.name}`")


def test_the_cookies_are_listed() -> None:
    section = RECORD.partition("### Cookies")[2].partition("## Recipients")[0]
    language, csrf, session = settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_NAME
    assert set(re.findall(r"`(\w+)`", section)) == {session, csrf, language, "messages", COOKIE_NAME}


@pytest.mark.parametrize("document", [DOCS / "operations.md", Path(settings.BASE_DIR) / "README.md"])
def test_operators_find_the_record(document: Path) -> None:
    assert re.search(r"\]\((docs/)?privacy\.md\)", document.read_text())
