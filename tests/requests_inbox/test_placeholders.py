"""Placeholders of saved replies: what they become, and how texts read without them."""

import pytest
from django.core.exceptions import ValidationError

from requests_inbox.models.placeholders import PLACEHOLDERS, fill, validate_placeholders

EMPTY = dict.fromkeys((placeholder.key for placeholder in PLACEHOLDERS), "")
FULL = {
    "name": "Kim Müller",
    "first_name": "Kim",
    "salutation": "Frau Müller",
    "company": "Müller GmbH",
    "agency": "Alder Web",
    "my_name": "Stan Stein",
    "profile_link": "https://portal.example/de/partners/alder/",
}


@pytest.mark.parametrize(
    ("text", "full", "empty"),
    [
        ("Hello {name},", "Hello Kim Müller,", "Hello,"),
        ("Guten Tag {Anrede},", "Guten Tag Frau Müller,", "Guten Tag,"),
        ("Hello {first name} of {company}!", "Hello Kim of Müller GmbH!", "Hello of!"),
        ("Hello {first name}[ of {company}]!", "Hello Kim of Müller GmbH!", "Hello!"),
        ("{Vorname}, thank you.", "Kim, thank you.", "thank you."),
        ("Thank you[ for writing for {company}].", "Thank you for writing for Müller GmbH.", "Thank you."),
        ("Thank you [for writing for {company}].", "Thank you for writing for Müller GmbH.", "Thank you."),
        ("We work for you ({company}).", "We work for you (Müller GmbH).", "We work for you."),
        # A line that only consists of empty placeholders is omitted, and a paragraph with its blank line.
        ("Best,\n{my name}\n{company}\n{agency}", "Best,\nStan Stein\nMüller GmbH\nAlder Web", "Best,"),
        ("One.\n\n[More: {Profil-Link}]\n\nTwo.", "One.\n\nMore: https://portal.example/de/partners/alder/\n\nTwo.", "One.\n\nTwo."),
        ("{name},\n\nthank you.", "Kim Müller,\n\nthank you.", "thank you."),
        # Brackets without a placeholder are ordinary text, and so are blank lines without one.
        ("See [1].\n\n\nBye {name}", "See [1].\n\n\nBye Kim Müller", "See [1].\n\n\nBye"),
        # Names in either language, and in any case.
        ("{NAME} {Name} {first_name} {Mein  Name}", "Kim Müller Kim Müller Kim Stan Stein", ""),
    ],
)
def test_texts_read_well_with_and_without_values(text: str, full: str, empty: str) -> None:
    validate_placeholders(text)
    assert fill(text, FULL) == full
    assert fill(text, EMPTY) == empty
    assert fill(text.replace("\n", "\r\n"), FULL) == full


def test_values_are_never_read_as_placeholders() -> None:
    values = FULL | {"name": "{company} [{agency}]", "company": "<b>Mill</b>"}
    assert fill("Hello {name}[ of {company}],", values) == "Hello {company} [{agency}] of <b>Mill</b>,"
    assert fill("Hello[ {name}, {my name} writes],", values) == "Hello {company} [{agency}], Stan Stein writes,"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hello {nmae}", "Unknown placeholder: {nmae}. Use {name}, {first name}, {salutation}, {company}, {agency}, "),
        ("{a} {b} {a}", "Unknown placeholders: {a}, {b}. "),
        ("Hello {}", "Unknown placeholder: {}. "),
        ("Hello {name", "A curly bracket is missing. Placeholders are written like {name}."),
        ("Hello name}", "A curly bracket is missing."),
        ("Hello {{name}}", "A curly bracket is missing."),
    ],
)
def test_unknown_placeholders_are_refused(text: str, says: str) -> None:
    with pytest.raises(ValidationError) as error:
        validate_placeholders(text)
    assert error.value.messages[0].startswith(says)
