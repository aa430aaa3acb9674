"""How long links and invitations are valid: until the end of a day in the agency's time zone."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

#: PostgreSQL's resolution, and so what separates the last moment of a day from the next day.
_TICK = timedelta(microseconds=1)


def day_in(zone: str, moment: datetime) -> date:
    """The date at a moment in a time zone."""
    return timezone.localtime(moment, ZoneInfo(zone)).date()


def end_of_day_in(zone: str, days: int, *, since: datetime | None = None) -> datetime:
    """Return the last moment of the day that is `days` days after `since` (default: now) in a time zone."""
    next_day = day_in(zone, since or timezone.now()) + timedelta(days=days + 1)
    # In UTC before subtracting: where the clocks change at midnight, local arithmetic would be an hour off.
    return datetime.combine(next_day, time.min, ZoneInfo(zone)).astimezone(UTC) - _TICK


def extend_to_end_of_day(table: str, *, status: str) -> str:
    """SQL for migrations: rows of `table` in `status` that haven't expired last until the end of the day on which they would have.

    Time zones that this PostgreSQL doesn't know are left out, rather than stopping the migration.
    """
    return f"""
        UPDATE {table} AS valid
        SET expires_at = ((valid.expires_at AT TIME ZONE agency.time_zone)::date + 1)::timestamp AT TIME ZONE agency.time_zone
            - interval '1 microsecond'
        FROM agencies_agency AS agency
        WHERE agency.id = valid.agency_id AND valid.status = '{status}' AND valid.expires_at > now()
            AND agency.time_zone IN (SELECT name FROM pg_timezone_names)
    """  # noqa: S608  # both are names in migrations


class EndOfDayField(models.DateTimeField):  # type: ignore[type-arg]  # takes no parameters at run time
    """When a `ValidUntilEndOfDay` expires; rows saved without a value get the whole term."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if model_instance.expires_at is None:
            model_instance.start_term()
        return super().pre_save(model_instance, add)

    def deconstruct(self) -> Any:
        """In migrations an ordinary DateTimeField: nothing in the database differs."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs


class ValidUntilEndOfDay:
    """Mixed into models that have an agency and an `expires_at` (an `EndOfDayField`)."""

    agency: Any
    expires_at: Any

    @classmethod
    def term_in_days(cls) -> int:
        """How many days a row is valid after today."""
        raise NotImplementedError

    def start_term(self) -> None:
        """Make the row valid for the whole term from today; not saved yet."""
        self.expires_at = self._end_of_term()

    @property
    @admin.display(description=_("Valid until"), ordering="expires_at")
    def valid_until(self) -> date:
        """The last day on which the row is valid, whichever time zone the reader is in; before it is saved, what it would be."""
        return day_in(self.agency.time_zone, self.expires_at or self._end_of_term())

    def _end_of_term(self) -> datetime:
        return end_of_day_in(self.agency.time_zone, self.term_in_days())
