"""What accounts store about the owner of an e-mail address besides the account itself."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.address_data import AddressData, Effect, Person, Stage
from partnerportal.accounts.models import User
from partnerportal.accounts.services.accounts import end_sessions


def _sessions(person: Person) -> QuerySet[UserSession]:
    sessions: QuerySet[UserSession] = UserSession.objects.filter(user__in=person.accounts)
    return sessions


def _end_sessions(rows: QuerySet[UserSession], _person: Person, _by: User) -> None:
    for account in User.objects.filter(usersession__in=rows).distinct():
        end_sessions(account)


def _unconfirmed_addresses(person: Person) -> QuerySet[EmailAddress]:
    # A person who only entered the address as their second one isn't its owner. An account of the address itself that isn't among
    # the person's was created after the erasure began.
    addresses: QuerySet[EmailAddress] = EmailAddress.objects.filter(person.has("email"), verified=False).exclude(user__in=person.accounts)
    return addresses.exclude(user__email=F("email"))


def _delete(rows: QuerySet[Any], _person: Person, _by: User) -> None:
    rows.delete()


def _admin_log(person: Person) -> QuerySet[LogEntry]:
    about = Q(content_type__app_label="accounts", content_type__model="user", object_id__in=[str(pk) for pk in person.accounts])
    return LogEntry.objects.filter(about | person.quoted_in("object_repr")).exclude(object_repr="")


def _empty_names(rows: QuerySet[LogEntry], _person: Person, _by: User) -> None:
    rows.update(object_repr="", change_message="")


SECTIONS = [
    AddressData(
        "sessions",
        _("Sessions"),
        _sessions,
        Effect.DELETED,
        _("The person is signed out everywhere. Network addresses and browsers are deleted."),
        values=("created_at", "last_seen_at", "ip", "user_agent"),
        agency="",
        erase=_end_sessions,
        batch=500,
    ),
    AddressData(
        "unconfirmed-addresses",
        _("Unconfirmed addresses of other accounts"),
        _unconfirmed_addresses,
        Effect.DELETED,
        _("Someone else entered the address without confirming it."),
        agency="",
        erase=_delete,
        batch=500,
    ),
    AddressData(
        "admin-log",
        _("Entries of the administration’s history"),
        _admin_log,
        Effect.ANONYMISED,
        _("The entries stay without the name."),
        values=("action_time", "action_flag", "object_repr"),
        stage=Stage.TRACES,
        agency="",
        erase=_empty_names,
        batch=500,
    ),
]
