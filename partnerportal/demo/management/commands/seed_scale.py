"""`manage.py seed_scale`: load any amount of realistic random data with COPY."""

import secrets
import time
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from customers.models import Contract, Customer, Domain, Note, NumberSequence, Project, Task
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, Mode, Notification, NotificationChoice, Role
from partnerportal.audit.models import AuditEvent
from partnerportal.core.tokens import hash_token
from partnerportal.demo import seed_generator
from partnerportal.demo.bulk_load import Table, trigger_disabled, without_constraints
from partnerportal.demo.seed_definitions import add_fields, add_tags
from partnerportal.demo.seed_profiles import seed_profiles
from requests_inbox.models import ContactRequest
from reviews.models import Review, ReviewRequest
from reviews.tokens import REVIEW_LINKS

#: Number of customers that are generated and copied at a time.
BATCH_SIZE = 20_000
#: Models by their name in `seed_generator.COLUMNS`, in loading order. Domains come first because the
#: trigger on customers then finds them and no customer is updated afterwards.
MODELS = {
    "domains": Domain,
    "customers": Customer,
    "projects": Project,
    "contracts": Contract,
    "tasks": Task,
    "notes": Note,
    "requests": ReviewRequest,
    "reviews": Review,
}
#: Members of each agency: name of the account, and role.
TEAM = (("owner", Role.OWNER), ("manager", Role.MANAGER), ("staff", Role.STAFF))
#: What the members who have changed their notifications chose.
CHOICES = {Notification.REVIEWS: Mode.NOW, Notification.TASKS: Mode.DIGEST, Notification.ACCESS: Mode.OFF}
MAIL_HOST = "scale.example"


class Command(BaseCommand):
    help = (
        "Load any number of random agencies, customers and reviews into an empty database, for load tests. Accounts are "
        "owner1@scale.example, manager1@…, staff1@…, owner2@… The first agency is the largest."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--agencies", type=int, default=20)
        parser.add_argument("--customers", type=int, default=10_000, help="total for all agencies")
        parser.add_argument("--reviews", type=int, default=10_000, help="total for all agencies")
        parser.add_argument("--largest-share", type=float, default=0.1, help="the largest agency’s share of the customers (default: 0.1)")
        parser.add_argument("--seed", type=int, default=1, help="seed of the random generator, for reproducible data")
        parser.add_argument("--password", help="password for all accounts (default: generated and printed)")
        parser.add_argument("--force", action="store_true", help="load even if the database is not empty")

    def handle(self, *args: Any, **options: Any) -> None:
        agencies, customers, reviews = options["agencies"], options["customers"], options["reviews"]
        if agencies < 1 or customers < 0 or reviews < 0 or not 0 < options["largest_share"] <= 1:
            raise CommandError(
                "--agencies must be at least 1, counts must not be negative, and --largest-share must be above 0 and at most 1."
            )
        if reviews and not customers:
            raise CommandError("--reviews requires --customers.")
        if not options["force"] and (User.objects.exists() or Agency.objects.exists()):
            raise CommandError(
                f"The database “{connection.settings_dict['NAME']}” is not empty, and generated customers can’t be told apart from real "
                "ones. Nothing was loaded. Use --force to load them anyway."
            )
        password = options["password"] or secrets.token_urlsafe(12)
        started = time.monotonic()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
            first_number = Agency.objects.count() + 1
            people = self._agencies(first_number, seed_generator.agency_sizes(agencies, customers, options["largest_share"]), password)
            rows = self._load(people, reviews=reviews, seed=options["seed"])
        with connection.cursor() as cursor:
            # Query plans depend on current statistics.
            cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)")
        seconds = time.monotonic() - started
        self.stdout.write(f"{rows:,} rows in {seconds:.0f} s: {rows / seconds:,.0f} per second, including indexes and checks.")
        self.stdout.write(f"Sign in as owner{first_number}@{MAIL_HOST} … owner{first_number + agencies - 1}@{MAIL_HOST}")
        if not options["password"]:
            self.stdout.write(f"Password for all accounts: {password}")

    def _agencies(self, first_number: int, sizes: list[int], password: str) -> list[seed_generator.SeededAgency]:
        """Create agencies of these sizes with their teams and public profiles."""
        # Hashed once because Argon2 is slow by design.
        hashed = make_password(password)
        numbers = range(first_number, first_number + len(sizes))
        agencies = Agency.objects.bulk_create(Agency(name=seed_generator.agency_name(number), language="de") for number in numbers)
        users = User.objects.bulk_create(
            User(email=f"{name}{number}@{MAIL_HOST}", full_name=f"{name.capitalize()} {number}", password=hashed)
            for number in numbers
            for name, _role in TEAM
        )
        EmailAddress.objects.bulk_create(EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users)
        teams = [users[start : start + len(TEAM)] for start in range(0, len(users), len(TEAM))]
        memberships = Membership.objects.bulk_create(
            # A few members have turned off their digest.
            Membership(agency=agency, user=user, role=role, wants_digest=bool(user.pk % 5))
            for agency, team in zip(agencies, teams, strict=True)
            for user, (_name, role) in zip(team, TEAM, strict=True)
        )
        NotificationChoice.objects.bulk_create(
            NotificationChoice(membership=membership, kind=kind, mode=mode)
            for membership in memberships[:: len(TEAM) + 1]
            for kind, mode in CHOICES.items()
        )
        seed_profiles(dict(zip(numbers, agencies, strict=True)), host=MAIL_HOST)
        return [
            seed_generator.SeededAgency(agency.pk, tuple(user.pk for user in team), size, agency.time_zone)
            for agency, team, size in zip(agencies, teams, sizes, strict=True)
        ]

    def _load(self, agencies: list[seed_generator.SeededAgency], *, reviews: int, seed: int) -> int:
        """Load customers and everything that belongs to them. Return the number of rows."""
        tables = {name: Table(model, seed_generator.COLUMNS[name]) for name, model in MODELS.items()}
        customers = sum(agency.customers for agency in agencies)
        # The trigger on customers needs this index to find their domains. The trigger on domains is
        # disabled because the customers don't exist yet.
        keep = [_index_on(Domain, "customer_id")]
        with without_constraints([table.name for table in tables.values()], keep=keep), trigger_disabled(Domain, "search_insert"):
            next_ids = {name: tables[name].next_key() for name in ("customers", "projects", "requests")}
            first_customer = next_ids["customers"]
            generator = seed_generator.DataGenerator(
                agencies,
                reviews=reviews,
                now=timezone.now(),
                seed=seed,
                next_ids=next_ids,
                digest=lambda nonce: hash_token(REVIEW_LINKS.token_for(nonce)),
                fields=add_fields(agencies[0].pk),
            )
            loaded, started = 0, time.monotonic()
            for batch in generator.batches(BATCH_SIZE):
                for name, table in tables.items():
                    table.load(batch[name])
                loaded += len(batch["customers"])
                rate = sum(table.count for table in tables.values()) / (time.monotonic() - started)
                self.stdout.write(f"{loaded:,} of {customers:,} customers, {rate:,.0f} rows a second")
            for name, next_id in next_ids.items():
                tables[name].advance_sequence(next_id)
            self.stdout.write("Creating indexes and checking foreign keys …")
        NumberSequence.objects.bulk_create(NumberSequence(agency_id=agency.pk, next_number=agency.next_number) for agency in agencies)
        counts = {name: table.count for name, table in tables.items()}
        counts["tags"] = add_tags([agency.pk for agency in agencies], first_customer=first_customer)
        counts["events"] = self._events(first_customer)
        counts["contacts"] = self._contact_requests(first_customer)
        for name, count in counts.items():
            self.stdout.write(f"  {name:10} {count:>12,}")
        return sum(counts.values())

    def _events(self, first_customer: int) -> int:
        """Insert an event for each new customer and each review. Return their number."""
        columns = "created_at, agency_id, action, actor_id, actor_label, object_type, object_id, object_label, customer_id, data, source"
        created = """
            SELECT c.created_at, c.agency_id, 'customer.created', u.id, u.full_name, 'customers.customer', c.id, 'K-' || c.number, c.id,
                   '{}', 'web'
            FROM customers_customer c
            JOIN agencies_membership m ON m.agency_id = c.agency_id AND m.role = 'owner'
            JOIN accounts_user u ON u.id = m.user_id
            WHERE c.id >= %s ORDER BY c.id
        """
        reviewed = """
            SELECT r.created_at, r.agency_id, 'review.submitted', NULL, '', 'reviews.review', r.id, 'K-' || c.number, c.id, '{}', 'link'
            FROM reviews_review r
            JOIN reviews_reviewrequest q ON q.id = r.request_id
            JOIN customers_customer c ON c.id = q.customer_id
            WHERE c.id >= %s ORDER BY r.id
        """
        inserted = 0
        with connection.cursor() as cursor:
            for rows in (created, reviewed):
                cursor.execute(f"INSERT INTO {AuditEvent._meta.db_table} ({columns}) {rows}", [first_customer])  # constants
                inserted += cursor.rowcount
        return inserted

    def _contact_requests(self, first_customer: int) -> int:
        """Insert contact requests: a fifth of the new customers sent one, others are closed, spam or open.

        Most were answered, some need no reply, and a few wait for one.
        """
        columns = (
            "agency_id, customer_id, name, company, email, phone, message, sender_key, language, status, submission, "
            "created_at, consented_at, last_activity_at, status_since, first_reply_at, no_reply_needed_at"
        )
        rows = """
            SELECT agency_id, CASE WHEN status = 'assigned' THEN id END, name, company, email, phone, message, lower(email), language,
                   status, 'scale ' || id, created_at, created_at, created_at, created_at,
                   CASE WHEN reply = 'sent' THEN created_at + mod(id, 50) * interval '1 hour' END,
                   CASE WHEN reply = 'not needed' THEN created_at + interval '1 hour' END
            FROM (
                SELECT id, agency_id, company, phone, language, created_at - interval '1 day' AS created_at,
                       COALESCE(NULLIF(trim(first_name || ' ' || last_name), ''), company) AS name,
                       COALESCE(NULLIF(email, ''), 'prospect' || id || '@scale.example') AS email,
                       (ARRAY['We need a website by summer.', 'Können Sie unseren Shop übernehmen?'])[1 + mod(id, 2)]
                       || ' ' || city AS message,
                       CASE WHEN mod(id, 20) < 4 THEN 'assigned' WHEN mod(id, 20) = 4 THEN 'closed' WHEN mod(id, 20) = 5 THEN 'spam'
                            WHEN mod(id, 1000) = 6 THEN 'new' WHEN mod(id, 1000) = 7 THEN 'open' END AS status,
                       -- Some wait for a reply even though they are claimed or have a customer.
                       CASE WHEN mod(id, 20) = 5 OR mod(id, 1000) IN (6, 401) OR mod(id, 2000) = 7 THEN 'waiting'
                            WHEN mod(id, 40) = 4 OR mod(id, 100) = 2 THEN 'not needed' ELSE 'sent' END AS reply
                FROM customers_customer WHERE id >= %s
            ) AS prospects WHERE status IS NOT NULL ORDER BY created_at
        """
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {ContactRequest._meta.db_table} ({columns}) {rows}", [first_customer])  # constants
            return int(cursor.rowcount)


def _index_on(model: Any, column: str) -> str:
    """Return the name of the index on this column alone."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        for name, constraint in connection.introspection.get_constraints(cursor, table).items():
            if constraint["index"] and constraint["columns"] == [column]:
                return str(name)
    raise LookupError(f"no index on {table}.{column}")
