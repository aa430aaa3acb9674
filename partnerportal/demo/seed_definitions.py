"""Tags and custom fields of generated agencies. Common and rare ones, so that each plan of the filters can be measured."""

import json
import random
from datetime import date, timedelta
from typing import Any

from django.db import connection

from customers.models import CustomerTag, CustomField, Tag
from customers.models.custom_fields import FieldKind
from customers.models.tags import TagColor

#: Names of tags, and the number of customers of which one has the tag.
TAGS = (("Wartung", 2), ("Shop", 5), ("Relaunch", 20), ("Empfehlung", 50), ("Pressekontakt", 2_000), ("Beirat", 20_000))
_FIELDS = {"Paket": "choice", "Seitenzahl": "number", "Kunde seit": "date", "Ansprache": "text", "Ticketsystem": "link"}
_PACKAGES = ("Basis", "Business", "Premium")


def add_tags(agencies: list[int], *, first_customer: int) -> int:
    """Give each agency the tags, and its new customers some of them. Return the number of these."""
    colors = TagColor.values
    Tag.objects.bulk_create(
        Tag(agency_id=agency, name=name, color=colors[number % len(colors)]) for agency in agencies for number, (name, _) in enumerate(TAGS)
    )
    insert = f"""
        INSERT INTO {CustomerTag._meta.db_table} (agency_id, customer_id, tag_id)
        SELECT c.agency_id, c.id, t.id FROM customers_customer c
        JOIN customers_tag t ON t.agency_id = c.agency_id AND t.name = %s
        WHERE c.id >= %s AND mod(c.number * 2654435761, %s) = 0
    """  # noqa: S608  # constants
    count = 0
    with connection.cursor() as cursor:
        for name, one_in in TAGS:
            cursor.execute(insert, [name, first_customer, one_in])
            count += cursor.rowcount
    return count


def add_fields(agency: int) -> list[CustomField]:
    """Give an agency one custom field of each kind."""
    return CustomField.objects.bulk_create(
        CustomField(
            agency_id=agency,
            name=name,
            kind=kind,
            position=position,
            choices=[[f"package{number}", label] for number, label in enumerate(_PACKAGES)] if kind == FieldKind.CHOICE else [],
        )
        for position, (name, kind) in enumerate(_FIELDS.items(), start=1)
    )


def random_values(fields: list[CustomField], rng: random.Random, today: date) -> str:
    """Return values of these fields as JSON, each in most cases."""
    makers: dict[str, Any] = {
        "choice": lambda: f"package{min(int(rng.expovariate(1)), len(_PACKAGES) - 1)}",
        "number": lambda: int(rng.expovariate(1 / 40)) + 1,
        "date": lambda: (today - timedelta(days=int(rng.random() * 4000))).isoformat(),
        "text": lambda: rng.choice(("per Du", "per Sie", "nur schriftlich")),
        "link": lambda: f"https://tickets.example/{int(rng.random() * 10**6)}",
    }
    return json.dumps({field.key: makers[field.kind]() for field in fields if rng.random() < 0.7})
