"""Search for pairs of possible duplicates in all customers of an agency.

It never compares all customers with each other: each batch stores what customers can have in common (`CustomerKey`), and
one query joins equal keys. A key of more than `MAX_SHARED` customers, such as a switchboard number, makes no pairs.
Each batch is one transaction that locks the search, so that a worker continues where a killed one stopped.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, JSONObject, Now
from django.utils import timezone
from kombu.exceptions import OperationalError

from customers.merging.models import SCORES, CustomerKey, CustomerPair, PairReason, PairSearch, SearchStatus
from customers.models import Contact, Customer, Domain
from customers.queries.duplicates import MAX_SHARED, folded_name, phone_key, phone_significant, website_domain
from partnerportal.agencies.models import Agency
from partnerportal.core.countries import without_accents
from partnerportal.core.email_addresses import canonical_address

logger = logging.getLogger(__name__)

#: Number of customers in each batch.
BATCH_SIZE = 2000
#: Maximum number of pairs that are stored, the most likely ones.
MAX_PAIRS = 10_000
#: Number of times that a stalled search is enqueued again before it fails.
MAX_ATTEMPTS = 5

_FIND = """
    WITH shared AS (
        SELECT reason, key FROM customers_customerkey WHERE agency_id = %(agency)s
        GROUP BY reason, key HAVING COUNT(DISTINCT customer_id) BETWEEN 2 AND %(max_shared)s
    ), found AS (
        SELECT DISTINCT one.customer_id AS first_id, other.customer_id AS second_id, reason
        FROM shared
        JOIN customers_customerkey one USING (reason, key)
        JOIN customers_customerkey other USING (reason, key)
        WHERE one.agency_id = %(agency)s AND other.agency_id = %(agency)s AND one.customer_id < other.customer_id
        AND (right(one.digits, length(other.digits)) = other.digits OR right(other.digits, length(one.digits)) = one.digits)
    ), pairs AS (
        SELECT first_id, second_id, SUM(score) AS score, array_agg(reason ORDER BY score DESC) AS reasons
        FROM found JOIN unnest(%(reasons)s::text[], %(scores)s::int[]) AS scores (reason, score) USING (reason)
        GROUP BY first_id, second_id ORDER BY score DESC, first_id, second_id LIMIT %(max_pairs)s
    )
    INSERT INTO customers_customerpair (agency_id, first_id, second_id, score, reasons, search)
    SELECT %(agency)s, first_id, second_id, score, reasons, %(search)s FROM pairs
    JOIN customers_customer one ON one.id = first_id JOIN customers_customer other ON other.id = second_id
    WHERE one.status IN ('active', 'archived') AND other.status IN ('active', 'archived')
    ON CONFLICT (first_id, second_id)
    DO UPDATE SET score = EXCLUDED.score, reasons = EXCLUDED.reasons, search = EXCLUDED.search
"""


@transaction.atomic
def start_search(agency: Agency) -> PairSearch:
    """Let a worker search the agency's customers. Return the running search if there is one."""
    search, is_new = PairSearch.objects.select_for_update().get_or_create(agency=agency)
    if search.is_running and not is_new:
        return search
    CustomerKey.objects.filter(agency=agency).delete()
    search.status, search.number, search.last_number, search.attempts = SearchStatus.RUNNING, search.number + 1, 0, 0
    search.progress, search.progress_total = 0, _sources(agency).count()
    search.started_at, search.finished_at, search.heard_at = timezone.now(), None, timezone.now()
    search.save()
    transaction.on_commit(lambda: enqueue(search.pk), robust=True)
    return search


def enqueue(search_id: int) -> None:
    """Enqueue the worker's task. If the broker is unavailable, a sweep finds the search."""
    try:
        current_app.send_task("customers.work_pairs", (search_id,), retry=False, expires=settings.IMPORT_LEASE)
    except OperationalError as error:
        logger.warning("Broker unavailable; search %s stays queued: %s", search_id, error)


def sweep() -> int:
    """Enqueue searches that no worker continues, and return their number. They fail after `MAX_ATTEMPTS` without progress."""
    stalled = PairSearch.objects.filter(status=SearchStatus.RUNNING, heard_at__lte=Now() - timedelta(seconds=settings.IMPORT_LEASE))
    if failed := stalled.filter(attempts__gte=MAX_ATTEMPTS).update(status=SearchStatus.FAILED):
        logger.error("%s searches for duplicates failed.", failed)
    keys = list(stalled.values_list("pk", flat=True))
    PairSearch.objects.filter(pk__in=keys).update(heard_at=Now(), attempts=F("attempts") + 1)
    for key in keys:
        enqueue(key)
    return len(keys)


def search_changed() -> int:
    """Start a search for each agency with customers that were changed since its last one, and return their number."""
    changed = Customer.objects.filter(agency=OuterRef("pk")).filter(
        Q(agency__pair_search=None) | Q(updated_at__gte=F("agency__pair_search__started_at"))
    )
    agencies = Agency.objects.filter(Exists(changed)).exclude(pair_search__status=SearchStatus.RUNNING)
    return len([start_search(agency) for agency in agencies.order_by("pk")])


def run_batches(search_id: int) -> Iterator[None]:
    """Search, pausing after each committed batch."""
    while _run_batch(search_id):
        yield


@transaction.atomic
def _run_batch(search_id: int) -> bool:
    """Store the keys of the next customers, or the pairs after the last ones. Return False if there is nothing left to do."""
    searches = PairSearch.objects.select_for_update(skip_locked=True, of=("self",)).select_related("agency")
    search = searches.filter(pk=search_id, status=SearchStatus.RUNNING).first()
    if search is None:
        return False
    batch = list(_sources(search.agency).filter(number__gt=search.last_number).order_by("number")[:BATCH_SIZE])
    if batch:
        CustomerKey.objects.bulk_create(key for row in batch for key in _keys(search.agency_id, *row[1:]))
        search.last_number = batch[-1][0]
        search.progress += len(batch)
    else:
        _store_pairs(search)
        search.status, search.finished_at = SearchStatus.DONE, timezone.now()
    search.heard_at, search.attempts = timezone.now(), 0
    search.save()
    return bool(batch)


def _sources(agency: Agency) -> Any:
    """Return the values from which keys are derived. Those of merged customers count for the customer they were merged into."""
    names = Domain.objects.filter(customer=OuterRef("pk")).order_by().values("name")
    customers = agency.customers.exclude(status=Customer.Status.ERASED)
    people = Contact.objects.filter(customer=OuterRef("pk")).order_by().values(found=JSONObject(email="email", phone="phone"))
    fields = ("website", "city", "kind", "company", "first_name", "last_name")
    return customers.values_list("number", Coalesce("merged_into_id", "pk"), ArraySubquery(names), ArraySubquery(people), *fields)


def _keys(
    agency: int, customer: int, domains: list[str], people: list[dict[str, str]], website: str, city: str, *name: str
) -> Iterator[CustomerKey]:
    """Yield what a customer can have in common with others."""
    called, hosts = folded_name(*name), {domain.removeprefix("www.") for domain in [*domains, website_domain(website)]}
    in_city = f"{called}\n{without_accents(city.strip())}" if called and city.strip() else ""
    numbers = {phone_significant(person["phone"]): person["phone"] for person in people}
    values = [
        *((PairReason.EMAIL, address, "") for address in {canonical_address(person["email"]) for person in people}),
        *((PairReason.PHONE, phone_key(phone), digits[:40]) for digits, phone in numbers.items()),
        *((PairReason.DOMAIN, host, "") for host in hosts),
        (PairReason.NAME, called, ""),
        (PairReason.NAME_AND_CITY, in_city, ""),
    ]
    for reason, value, digits in values:
        if value:
            yield CustomerKey(agency_id=agency, customer_id=customer, reason=reason, key=_hashed(value), digits=digits)


def _store_pairs(search: PairSearch) -> None:
    values: dict[str, Any] = {
        "agency": search.agency_id,
        "search": search.number,
        "max_shared": MAX_SHARED,
        "max_pairs": MAX_PAIRS,
        "reasons": list(SCORES),
        "scores": list(SCORES.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customerkey")
        cursor.execute(_FIND, values)
    CustomerPair.objects.filter(agency=search.agency_id, dismissed_at=None).exclude(search=search.number).delete()
    CustomerKey.objects.filter(agency=search.agency_id).delete()


def _hashed(value: str) -> UUID:
    return UUID(bytes=blake2b(value.encode(), digest_size=16).digest())
