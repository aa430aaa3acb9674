"""The cast of most tests.

Agency Alder: Alice owns it, Max manages it, Stan is staff. Charlie owns agency Birch and has no access to Alder.
Kim is a client without any membership. Ada is an admin.
"""

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pgtrigger
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.test import Client
from psycopg.sql import SQL, Identifier, Literal
from time_machine import escape_hatch

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, Role
from partnerportal.network.models import OfferedService, PartnerProfile, Service
from partnerportal.network.services.search import update_search_texts
from tests.factories.accounts import UserFactory, saved
from tests.factories.agencies import ProfileFactory, ServiceFactory


@dataclass
class Cast:
    """All users and agencies of the cast."""

    alder: Agency = field(init=False)
    birch: Agency = field(init=False)
    alice: User = field(init=False)
    max: User = field(init=False)
    stan: User = field(init=False)
    charlie: User = field(init=False)

    def __post_init__(self) -> None:
        self.alder, self.birch = Agency.objects.bulk_create([Agency(name="Alder Web"), Agency(name="Birch Digital")])
        profiles = ProfileFactory.build(agency=self.alder, slug="alder"), ProfileFactory.build(agency=self.birch, slug="birch")
        services = Service.objects.bulk_create(ServiceFactory.build() for _ in profiles)
        PartnerProfile.objects.bulk_create(profiles)
        OfferedService.objects.bulk_create(OfferedService(profile=one, service=two) for one, two in zip(profiles, services, strict=True))
        update_search_texts(PartnerProfile.objects.all())
        members = [
            (self.alder, "alice@alder.example", "Alice Alder", Role.OWNER),
            (self.alder, "max@alder.example", "Max Meyer", Role.MANAGER),
            (self.alder, "stan@alder.example", "Stan Stein", Role.STAFF),
            (self.birch, "charlie@birch.example", "Charlie Birch", Role.OWNER),
        ]
        people = saved(*(UserFactory.build(email=email, full_name=name) for _, email, name, _ in members))
        Membership.objects.bulk_create(
            Membership(agency=agency, user=user, role=role) for (agency, _, _, role), user in zip(members, people, strict=True)
        )
        self.alice, self.max, self.stan, self.charlie = people

    @cached_property
    def kim(self) -> User:
        return UserFactory(email="kim@client.example", full_name="Kim Client")

    @cached_property
    def ada(self) -> User:
        return UserFactory(email="ada@portal.example", full_name="Ada Admin", is_staff=True, is_superuser=True)


#: Tables that Django fills after migrating. Recreating their rows would take longer than most tests.
TABLES_OF_DJANGO = {"django_migrations", "django_content_type", "auth_permission"}
#: Tables of a cast. Triggers fill other tables.
MODELS: tuple[type[Model], ...] = (User, EmailAddress, Agency, Membership, PartnerProfile, OfferedService)


#: Seconds after which a stored session is replaced, because a long run of the tests would outlast its last authentication.
MAX_SESSION_AGE = 300


class StoredCast:
    """A cast as one SQL statement, because most tests begin with a cast and most of those with a session.

    Each copy has the same primary keys and session keys. Sequences continue after them.
    """

    def __init__(self) -> None:
        with transaction.atomic():
            services = set(Service.objects.values_list("pk", flat=True))
            cast = Cast()
            self._cast = pickle.dumps(cast)
            offered = Service.objects.exclude(pk__in=services)
            self._statement = "; ".join([inserted(offered), *(inserted(model._default_manager.all()) for model in MODELS)])
            self._sessions: dict[str, tuple[str, str]] = {}
            self._signed_in_at: dict[str, float] = {}
            for user in (cast.alice, cast.max, cast.stan, cast.charlie):
                self._store_session(user)
            transaction.set_rollback(True)

    def _store_session(self, user: User) -> None:
        """Store the key of a new session, and the statement that inserts it."""
        with transaction.atomic():
            client = Client()
            client.force_login(user)
            key = client.cookies[settings.SESSION_COOKIE_NAME].value
            self._sessions[user.email] = key, inserted(Session.objects.filter(pk=key))
            self._signed_in_at[user.email] = time.time()
            transaction.set_rollback(True)

    def copy(self) -> Cast:
        """Insert the rows, and return the cast."""
        with connection.cursor() as cursor:
            cursor.execute(self._statement)
        copy: Cast = pickle.loads(self._cast)  # noqa: S301
        return copy

    def sign_in(self, user: User) -> Client:
        """Return a client with the session of a user of the copied cast."""
        if time.time() - self._signed_in_at[user.email] > MAX_SESSION_AGE and not escape_hatch.is_travelling():
            self._store_session(user)
        client, (key, statement) = Client(), self._sessions[user.email]
        client.cookies[settings.SESSION_COOKIE_NAME] = key
        with connection.cursor() as cursor:
            cursor.execute(f"{statement}; UPDATE accounts_user SET last_login = now() WHERE id = {user.pk}")  # noqa: S608
        return client


class StoredRows:
    """All rows after a cast was given other objects, as one SQL statement, for tests that need the same ones.

    Sequences continue after the primary keys of the rows. Each test process fills its database once.
    """

    def __init__(self, fill: Callable[[Cast], dict[str, str]]) -> None:
        self._fill = fill
        self._statement = ""

    def copy_to(self, cast: Cast) -> dict[str, str]:
        """Fill the database, which contains only the cast, and return the result of `fill`."""
        if self._statement:
            # The statement also inserts what triggers would insert.
            with pgtrigger.ignore(), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(self._statement)
            stored: dict[str, Any] = pickle.loads(self._cast)  # noqa: S301
            vars(cast).update(stored)
        else:
            self._addresses = self._fill(cast)
            self._cast = pickle.dumps(vars(cast))
            models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy]
            rows = [model._base_manager.all() for model in models if model._meta.db_table not in TABLES_OF_DJANGO]
            filled = [some for some in rows if some.exists()]
            deleted = [f"DELETE FROM {some.model._meta.db_table}" for some in filled]  # noqa: S608
            self._statement = "; ".join([*deleted, *map(inserted, filled)])
        return self._addresses


def inserted(rows: QuerySet[Any]) -> str:
    """Return the statement that inserts these rows, of which PostgreSQL converts the texts to the types of the columns."""
    columns = [field.column for field in rows.model._meta.local_concrete_fields if not field.generated]
    names, table = SQL(", ").join(map(Identifier, columns)), Identifier(rows.model._meta.db_table)
    texts = SQL(", ").join(SQL("{}::text").format(Identifier(column)) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(SQL("SELECT {} FROM {} WHERE {} = ANY(%s)").format(texts, table, Identifier(columns[0])), [[row.pk for row in rows]])
        values = SQL(", ").join(SQL("({})").format(SQL(", ").join(map(Literal, row))) for row in cursor.fetchall())
        return SQL("INSERT INTO {} ({}) VALUES {}").format(table, names, values).as_string(cursor.connection)
