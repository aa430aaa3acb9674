"""Expiry and resending of pending invitations and requests.

They expire at the end of a day in the agency's time zone.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar, Self, TypeVar
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.tokens import hash_token

#: Period in which resending is ignored as a double click.
RESEND_COOLDOWN = timedelta(minutes=1)
#: Resolution of timestamps in PostgreSQL.
_TICK = timedelta(microseconds=1)


def day_in(zone: str, moment: datetime) -> date:
    """Return the date at a moment in a time zone."""
    return timezone.localtime(moment, ZoneInfo(zone)).date()


def end_of_day_in(zone: str, days: int, *, since: datetime | None = None) -> datetime:
    """Return the last moment of the day that is `days` days after `since` (default: now) in a time zone."""
    return end_of_day(zone, day_in(zone, since or timezone.now()) + timedelta(days=days))


def end_of_day(zone: str, day: date) -> datetime:
    """Return the last moment of a day in a time zone."""
    # Converts to UTC before subtracting, because local arithmetic is wrong if clocks change at midnight.
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC) - _TICK


class EndOfDayField(models.DateTimeField):  # type: ignore[type-arg]  # takes no parameters at run time
    """Time at which a `Pending` object expires. Defaults to the end of its full term."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if model_instance.expires_at is None:
            model_instance.start_term()
        return super().pre_save(model_instance, add)

    def deconstruct(self) -> Any:
        """Deconstruct as DateTimeField, which has the same database column."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs


class InvalidTransition(Exception):
    """Raised when the current `state` doesn't allow a transition. `item` is the object, if given."""

    def __init__(self, state: str, item: Any = None) -> None:
        super().__init__(state)
        self.state = state
        self.item = item


_M = TypeVar("_M", bound=models.Model, covariant=True)


class PendingQuerySet(TenantQuerySet[_M]):
    """Queryset of `Pending` models."""

    def with_token(self, token: str) -> Self:
        """Return the row whose personal link contains the token, if any."""
        return self.filter(token_digest=hash_token(token))

    def pending(self, now: Any = None) -> Self:
        """Return pending rows that haven't expired `now`, which can be an expression."""
        return self.filter(status=self._pending_status(), expires_at__gt=now or timezone.now())

    def past_expiry(self) -> Self:
        """Return expired rows that are still stored as pending."""
        return self.filter(status=self._pending_status(), expires_at__lte=timezone.now())

    def _pending_status(self) -> str:
        model: Any = self.model
        return str(model.PENDING)


class Pending:
    """Mixin for models that expire if they aren't answered.

    The model needs `agency`, `status`, `expires_at` (an `EndOfDayField`), a `Status` with a member
    EXPIRED, and `mailed_at` if it can be resent.
    """

    #: Status of unanswered rows.
    PENDING: ClassVar[str] = "pending"

    Status: ClassVar[Any]
    agency: Any
    status: Any
    expires_at: Any
    mailed_at: Any

    @classmethod
    def term_in_days(cls) -> int:
        """Return the number of days after today for which a row is valid."""
        raise NotImplementedError

    @property
    def current_status(self) -> str:
        """The current status. Pending rows past their expiry are expired, even if that isn't stored yet."""
        if self.status == self.PENDING and self.expires_at <= timezone.now():
            return str(self.Status.EXPIRED)
        return str(self.status)

    def get_current_status_display(self) -> str:
        """Return the label of `current_status`."""
        return str(self.Status(self.current_status).label)

    def ensure_status(self, status: str) -> None:
        """Raise InvalidTransition unless `status` is the current status."""
        if self.current_status != status:
            raise InvalidTransition(self.current_status, self)

    @property
    def can_be_resent(self) -> bool:
        """Whether the last e-mail was sent longer ago than `RESEND_COOLDOWN`."""
        return self.mailed_at is None or timezone.now() - self.mailed_at > RESEND_COOLDOWN

    def start_term(self) -> None:
        """Set `expires_at` to the end of the full term from today, without saving."""
        self.expires_at = self._end_of_term()

    @property
    @admin.display(description=_("Valid until"), ordering="expires_at")
    def valid_until(self) -> date:
        """The last day on which the row is or would be valid, in the agency's time zone."""
        return day_in(self.agency.time_zone, self.expires_at or self._end_of_term())

    def _end_of_term(self) -> datetime:
        return end_of_day_in(self.agency.time_zone, self.term_in_days())
