"""Renewals of domains and contracts by one term."""

from datetime import date, timedelta
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.models import Customer
from partnerportal.accounts.models import User
from partnerportal.audit.services import record

#: How long a renewal can be undone.
VALID = timedelta(days=1)
_SALT = "customers.services.renewals"


@transaction.atomic
def renew(item: Any, *, until: date | None, by: User) -> date | None:
    """Renew an item whose end the member saw as `until`. Return its new end, or None if it was already renewed, such as by a double click.

    Raises:
        ValidationError: It has another end now, or can't be renewed.
        ObjectDoesNotExist: It was removed or its customer erased in the meantime.
    """
    stored = _lock(item)
    if until is not None and _end(stored) != until and _end(stored) == _renewed(stored, until):
        return None
    end: date | None = stored.renewed_until
    if end is None:
        raise ValidationError(_("“%(item)s” has no date that can be moved."), "not_renewable", {"item": stored})
    _check_end(stored, until)
    _move(stored, end, "renewed", by=by)
    return end


def undo_token(item: Any, *, before: date, until: date) -> str:
    """Return a signed token for undoing a renewal that moved the item's end from `before` to `until`."""
    return signing.dumps([_key(item), before.isoformat(), until.isoformat(), _terms(item)], salt=_SALT)


@transaction.atomic
def undo_renewal(item: Any, *, token: str, by: User) -> date:
    """Take back the renewal that an `undo_token()` names. Return the item's end before it.

    Raises:
        ValidationError: The token is invalid or too old, or the item has another end or other terms now.
        ObjectDoesNotExist: It was removed or its customer erased in the meantime.
    """
    try:
        key, before, until, terms = signing.loads(token, salt=_SALT, max_age=VALID)
    except signing.BadSignature as error:
        raise ValidationError(_("Nothing was changed."), "invalid") from error
    if key != _key(item):
        raise ValidationError(_("Nothing was changed."), "invalid")
    stored = _lock(item)
    _check_end(stored, date.fromisoformat(until))
    if _terms(stored) != terms:
        raise ValidationError(_("The term of “%(item)s” has changed since. Edit the date instead."), "changed", {"item": stored})
    end = date.fromisoformat(before)
    _move(stored, end, "renewal_undone", by=by)
    return end


def _key(item: Any) -> str:
    return f"{item._meta.model_name}.{item.pk}"


def _terms(item: Any) -> dict[str, str]:
    """Return what an undo must find unchanged besides the end."""
    return {name: str(getattr(item, name)) for name in item.renewal_terms}


def _lock(item: Any) -> Any:
    """Return the stored item, which can't be changed until the transaction ends. Its customer can't be erased."""
    customers = Customer.objects.not_erased().select_for_update(of=("self",), no_key=True)
    current = type(item).objects.filter(pk=item.pk).values("customer")
    # The second query finds the customer to which a concurrent merge has moved the item.
    customers.filter(pk__in=current).first() or customers.get(pk__in=current)
    return type(item).objects.select_related("customer").select_for_update(of=("self",)).get(pk=item.pk)


def _end(item: Any) -> date | None:
    end: date | None = getattr(item, item.renewable_field)
    return end


def _renewed(item: Any, end: date) -> date | None:
    """Return the end of the item after a renewal at another end."""
    fields = {field.attname: getattr(item, field.attname) for field in item._meta.concrete_fields if not field.generated}
    renewed: date | None = type(item)(**{**fields, item.renewable_field: end}).renewed_until
    return renewed


def _check_end(item: Any, end: date | None) -> None:
    stored = _end(item)
    if stored is None or stored != end:
        shown = date_format(stored, "DATE_FORMAT") if stored else "–"
        text = _("Someone has changed “%(item)s” since; its date is now %(date)s. Nothing was changed.")
        raise ValidationError(text, "changed", {"item": item, "date": shown})


def _move(item: Any, end: date, action: str, *, by: User) -> None:
    setattr(item, item.renewable_field, end)
    item.save(update_fields=[item.renewable_field])
    record(f"{item._meta.model_name}.{action}", item, by=by, until=end.isoformat())
