"""Versions of public pages, from which their ETags derive (docs/decisions/0024).

Triggers note every change of what these pages show. `tests/network/test_public_versions.py` fails if
a page reads a table without one.
"""

import pgtrigger
from django.db import models

#: Key of the row for what every page shows: the lists of services and languages.
EVERY_PAGE = 0
#: SQL for the time in microseconds.
_NOW = "1000000 * extract(epoch FROM clock_timestamp())"


class PublicVersion(models.Model):
    """Version of what public pages show of an agency. Rows are never deleted, so that their sum only grows."""

    #: Not a foreign key, because the row outlives the agency.
    agency_id = models.BigIntegerField(primary_key=True)
    #: Time of the last change in microseconds, but always more than before. Unlike a counter, it doesn't
    #: return to former values after a restore.
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.number}"


def notes_changes(
    agency: str = "COALESCE(NEW.agency_id, OLD.agency_id)",
    operation: pgtrigger.Operation | pgtrigger.Operations = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    condition: pgtrigger.Condition | None = None,
    *,
    name: str = "public_change",
) -> pgtrigger.Trigger:
    """Return a trigger that notes each change of a row. `agency` is SQL for the key of its agency."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=operation,
        condition=condition,
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            INSERT INTO network_publicversion AS version (agency_id, number)
            SELECT agency, {_NOW} FROM (SELECT {agency}) AS changed (agency) WHERE agency IS NOT NULL
            ON CONFLICT (agency_id) DO UPDATE SET number = GREATEST(version.number + 1, EXCLUDED.number);
            RETURN NULL;
            """  # noqa: S608  # built from constants
        ),
    )


def agency_of_profile(column: str) -> str:
    """Return SQL for the agency of a row whose `column` is the key of a profile."""
    return f"(SELECT agency_id FROM network_partnerprofile WHERE id = COALESCE(NEW.{column}, OLD.{column}))"  # noqa: S608  # nosec
