"""What the audit log says about the owner of an e-mail address, and its removal.

Customers and clients aren't named in events. Members of teams are: as actors, as new assignees, as the subject of events
about the team, and with the contact address of a profile.
"""

import json
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Func, JSONField, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.address_data import AddressData, Effect, Person, Stage
from partnerportal.accounts.models import User
from partnerportal.audit.models import PERSONAL_KEYS, AuditEvent

#: JSON path of the texts in the details that can be personal. Others, such as the name of a tag, are texts of the agency.
_IS_PERSONAL = " || ".join(f'@.key == "{key}"' for key in sorted(PERSONAL_KEYS))
_PERSONAL_TEXTS = f'$.keyvalue() ? ({_IS_PERSONAL}).value.** ? (@.type() == "string")'


def _events(person: Person) -> QuerySet[AuditEvent]:
    acted = Q(actor_id__in=person.accounts) & (~Q(actor_label="") | Q(ip_address__isnull=False))
    # Others can have the same name, but hardly in the same team.
    named = Q(agency__in=person.agencies) & (Q(object_label__in=person.names, action__startswith="team.") | _details_contain(person.names))
    addressed = Q(action__startswith="team.") & person.has("object_label") | _details_contain(person.addresses)
    query = {"function": "jsonb_path_query_array", "template": "%(function)s(%(expressions)s::jsonpath)"}
    texts = Func(F("data"), Value(_PERSONAL_TEXTS), output_field=JSONField(), **query)
    rows = AuditEvent.objects.annotate(details=Cast(texts, TextField()))
    return rows.filter(acted | named | addressed).select_related("agency")


def _details_contain(texts: tuple[str, ...]) -> Q:
    """Return the condition that one of the values in the details is one of these texts."""
    quoted = [json.dumps(text, ensure_ascii=False) for text in texts]
    return reduce(or_, (Q(details__icontains=value) for value in quoted), Q(pk__in=[]))


def _redact(rows: QuerySet[AuditEvent], person: Person, _by: User) -> None:
    """Remove the name, the address and the network address from events."""
    rows.filter(actor_id__in=person.accounts).update(actor_label="", ip_address=None)
    names = {name.casefold() for name in (*person.names, *person.addresses)}
    for event in rows.filter(Q(action__startswith="team.") | Q(data__has_any_keys=sorted(PERSONAL_KEYS))):
        if event.action.startswith("team.") and event.object_label.casefold() in names:
            event.object_label = ""
        for key in PERSONAL_KEYS & event.data.keys():
            event.data[key] = _without(event.data[key], names)
        event.save(update_fields=["object_label", "data"])


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_without(part, names) for part in value]
    return "" if isinstance(value, str) and value.casefold() in names else value


SECTIONS = [
    AddressData(
        "audit-events",
        _("Entries of the audit log"),
        _events,
        Effect.ANONYMISED,
        _("Who did what stays without the name, the address and the network address."),
        values=("created_at", "action", "source", "ip_address"),
        stage=Stage.TRACES,
        erase=_redact,
        batch=5000,
    )
]
