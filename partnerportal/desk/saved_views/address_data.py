"""Saved views that contain an e-mail address, and their erasure."""

import re
from functools import reduce
from operator import or_
from urllib.parse import quote_plus

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.address_data import AddressData, Effect, Person
from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.desk.saved_views.models import SavedView


def _views(person: Person) -> QuerySet[SavedView]:
    patterns = (rf"(^|[=+&]|%[0-9A-F]{{2}}){re.escape(quote_plus(address))}($|[+&]|%)" for address in person.addresses)
    in_query = reduce(or_, (Q(query__iregex=pattern) for pattern in patterns))
    return SavedView.objects.filter(in_query | person.quoted_in("name")).select_related("agency")


def _delete_views(rows: QuerySet[SavedView], _person: Person, by: User) -> None:
    for view in rows:
        if view.is_shared and view.deleted_at is None:
            record("view.deleted", view, by=by)
        view.delete()


SECTIONS = [
    AddressData(
        "saved-views",
        _("Saved views"),
        _views,
        Effect.DELETED,
        _("Views that are filtered by the address, or named after it."),
        values=("created_at",),
        erase=_delete_views,
        batch=50,
    )
]
