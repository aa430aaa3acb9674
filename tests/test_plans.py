"""Plans of the slowest queries: each uses an index of the agency, and none sorts or reads a large table.

The tests of each search check its own index, which needs more rows.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from customers.forms.definition_filters import value_conditions
from customers.forms.filters import (
    ContractFilter,
    CustomerFilter,
    DomainFilter,
    ItemFilter,
    ProjectFilter,
    TaskFilter,
    items_of,
    items_total,
)
from customers.merging import pairs
from customers.merging.models import SCORES, CustomerKey
from customers.models import SOON_DAYS, Contract, Customer, CustomerTag, CustomerWord, CustomField, Domain, Project, Tag, Task
from customers.models.words import _SIMILAR
from customers.queries import lists
from customers.queries.customers import customers_of
from customers.queries.definitions import Definitions, definitions_of
from customers.queries.lists import examined_totals, matching
from partnerportal.agencies.models import Agency
from partnerportal.core.db_functions import CappedCount
from partnerportal.core.search import fuzzy_threshold
from partnerportal.desk.sections import dated_keys
from reviews.models import ReviewRequest
from reviews.queries.stats import agency_with_stats
from tests.cast import Cast

#: Customers of the agency; the other one has as many.
ROWS = 600
#: Maximum number of rows that a sort may read.
MAX_SORTED = 100


@pytest.fixture
def full(cast: Cast) -> Agency:
    """An agency with rows of each type, and statistics about them."""
    today = timezone.localdate()
    for agency in (cast.alder, cast.birch):
        names = (f"{'Müller' if n % 20 == 0 else f'Firm {n * 7919}'} GmbH" for n in range(ROWS))
        customers = Customer.objects.bulk_create(Customer(agency=agency, number=2000 + n, company=name) for n, name in enumerate(names))
        for model, fields in (
            (Task, {"title": "Call", "due_on": today}),
            (Project, {"title": "Website", "due_on": today}),
            (Contract, {"number": "V-1", "ends_on": today}),
            # Otherwise, the index of all contracts would be as good as that of active ones.
            (Contract, {"number": "V-0", "ends_on": today, "status": "ended"}),
            (Domain, {"expires_on": today}),
        ):
            rows = (model(agency=agency, customer=customer, **fields) for customer in customers)
            model.objects.bulk_create(rows if model is not Domain else _named(rows))
        ReviewRequest.objects.bulk_create(_requests(agency, customers))
    with connection.cursor() as cursor:
        # As if the tables were as large as in practice, and scattered on the disk.
        tables = ", ".join(model._meta.db_table for model in (Customer, CustomerWord, Task, Project, Contract, Domain, ReviewRequest))
        cursor.execute(f"ANALYZE {tables}; SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
        # Each search would read the words that are not sorted yet, also those of rows that other tests rolled back.
        cursor.execute(
            "SELECT gin_clean_pending_list(indexrelid) FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname LIKE '%\\_search'"
        )
    return cast.alder


def _named(domains: Iterator[Any]) -> Iterator[Any]:
    for number, domain in enumerate(domains):
        domain.name = domain.unicode_name = f"d{number}.example"
        yield domain


def _requests(agency: Agency, customers: list[Customer]) -> Iterator[ReviewRequest]:
    for number, customer in enumerate(customers):
        expiry = timezone.now() + timedelta(days=number % 90 - 80)
        yield ReviewRequest(
            agency=agency, customer=customer, nonce=f"{agency.pk}-{number}", token_digest=f"{agency.pk}-{number}", expires_at=expiry
        )


def plan_of(sql: str, params: Any) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
        (plans,) = cursor.fetchone()
    plan: dict[str, Any] = (json.loads(plans) if isinstance(plans, str) else plans)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def check(plan: dict[str, Any], *indexes: str) -> None:
    """Assert that the plan uses one of these indexes, reads no large table and sorts few rows."""
    found = list(nodes(plan))
    assert [node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"] == []
    assert [node for node in found if "Sort" in node["Node Type"] and node["Plans"][0]["Actual Rows"] > MAX_SORTED] == []
    used = {node.get("Index Name") for node in found}
    assert used & set(indexes), used


def queries(agency: Agency) -> dict[str, tuple[QuerySet[Any], tuple[str, ...]]]:
    customers, today = Customer.objects.for_agency(agency), timezone.localdate()
    dates = {"today": today, "week_end": today + timedelta(days=6), "horizon": today + timedelta(days=SOON_DAYS)}
    given = {"agency": agency.pk, "user": agency.members.first().pk, "yesterday": today, **dates}

    def totals(kind: type[ItemFilter], **chosen: str) -> QuerySet[Any]:
        return items_total.build(kind, chosen.items(), **given)

    return {
        "customers": (customers.active().order_by("-number")[:26], ("customer_by_number", "customer_number_once_per_agency")),
        "customers by name": (customers.not_erased().order_by("sort_name", "number")[:26], ("customer_by_name",)),
        "tasks": (Task.objects.filter(agency=agency, done_at=None).order_by("sort_date", "pk")[:26], ("task_open_by_due_date",)),
        "a member's tasks": (
            Task.objects.filter(agency=agency, done_at=None, assignee=agency.members.first()).order_by("sort_date", "pk")[:26],
            ("task_open_of_assignee",),
        ),
        "projects of any status": (
            items_of(ProjectFilter, {"status": "all", "when": ""}.items(), given).order_by("sort_date", "pk")[:26],
            ("project_of_any_status",),
        ),
        "open projects": (
            items_of(ProjectFilter, {"status": "open", "when": "soon"}.items(), given).order_by("sort_date", "pk")[:26],
            ("project_open_by_due_date", "project_of_any_status"),
        ),
        "domains that expire soon": (
            items_of(DomainFilter, {"when": "soon", "renewal": ""}.items(), given).order_by("sort_date", "pk")[:26],
            ("domain_by_expiry",),
        ),
        "number of tasks": (totals(TaskFilter, state="open", whose="", when=""), ("task_open_by_due_date",)),
        "number of projects": (totals(ProjectFilter, status="open", when=""), ("project_open_by_due_date", "project_of_any_status")),
        "number of contracts": (totals(ContractFilter, status="active", when=""), ("contract_active_by_end",)),
        "tasks with a common word": (
            matching(Task.objects.filter(agency=agency, done_at=None), ["gmbh"], agency, None).order_by("sort_date", "pk")[:26],
            ("task_open_by_due_date",),
        ),
        "task search": (matching(Task.objects.filter(agency=agency, done_at=None), ["backup"], agency), ("task_search",)),
        "domains": (Domain.objects.filter(agency=agency).order_by("sort_date", "pk")[:26], ("domain_by_expiry",)),
        "expiring domains": (
            Domain.objects.filter(agency=agency, auto_renew=False, sort_date__lte=today).order_by("sort_date")[:5],
            ("domain_to_renew",),
        ),
        "contracts": (
            Contract.objects.filter(agency=agency, status="active").order_by("sort_date", "pk")[:26],
            ("contract_active_by_end", "contract_by_end"),
        ),
        "customers with open tasks": (
            customers.active().filter(pk__in=Task.objects.filter(agency=agency, done_at=None).values("customer")).order_by("-number")[:26],
            ("customer_by_number", "customer_number_once_per_agency"),
        ),
        "dashboard of a manager": (
            dated_keys.build("manager", 7, "overdue", "week", agency=agency.pk, user=1, today=today, sunday=today, horizon=today),
            ("task_open_by_due_date",),
        ),
        "number of tasks with a frequent word": (
            Agency.objects.filter(pk=agency.pk).values_list(
                examined_totals(items_of(TaskFilter, {"state": "open", "whose": "", "when": ""}.items(), given), ["gmbh"], today, today)
            ),
            ("task_open_by_due_date",),
        ),
        "pending review requests": (
            ReviewRequest.objects.pending().filter(agency=agency).order_by("expires_at")[:5],
            ("review_request_pending",),
        ),
        "review statistics": (
            agency_with_stats.build(agency=agency.pk, first=today - timedelta(days=365), now=timezone.now()),
            ("review_request_pending",),
        ),
    }


def test_the_dashboard_reads_the_rows_of_each_section_once(full: Agency) -> None:
    today = timezone.localdate()
    rows = dated_keys.build("", 7, "overdue", "week", agency=full.pk, user=1, today=today, sunday=today, horizon=today)
    plan = plan_of(*rows.query.sql_with_params())
    read = [node.get("Relation Name") for node in nodes(plan)]
    assert {model: read.count(model._meta.db_table) for model in (Task, Project, Domain, Contract)} == dict.fromkeys(
        (Task, Project, Domain, Contract), 2
    )


def test_the_slowest_queries_use_indexes_that_begin_with_the_agency(full: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    # Fewer than the rows.
    monkeypatch.setattr(lists, "COUNT_LIMIT", MAX_SORTED)
    monkeypatch.setattr(lists, "EXAMINED", MAX_SORTED - 1)
    for name, (queryset, indexes) in queries(full).items():
        sql, params = queryset.query.sql_with_params()
        try:
            check(plan_of(sql, params), *indexes)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    with connection.cursor() as cursor:
        # In a table this small, the planner prefers the unique index, which only narrows by agency.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE customers_customerword DROP CONSTRAINT customer_word_once_per_agency")
    with fuzzy_threshold():
        plan = plan_of(_SIMILAR, [["mueler"], full.pk, 5])
    check(plan, "customer_word_search")


#: An address with each filter of the customers list, besides those of tags and custom fields.
FILTERS = {
    "q": "q=firm+7919",
    "status": "status=archived",
    "kind": "kind=person",
    "city": "city=Köln",
    "responsible": "responsible={user}",
    "open_tasks": "open_tasks=on",
}
#: Condition of each kind of custom field.
CONDITIONS = {"text": "=word", "link": "=yes", "date": "_from=2026-01-01", "number": "_to=20", "choice": "=rare"}


def test_every_filter_of_customers_reads_only_those_of_the_agency(full: Agency) -> None:
    fields = [
        CustomField.objects.create(
            agency=full, name=kind, kind=kind, position=place, choices=[["rare", "Rare"]] if kind == "choice" else []
        )
        for place, kind in enumerate(CustomField.Kind.values, start=1)
    ]
    own = {f"field_{field.key}": f"field_{field.key}{CONDITIONS[field.kind]}" for field in fields}
    team = list(full.members.all())
    every = CustomerFilter(QueryDict(), agency=full, user=team[0], team=team).fields
    # None of these narrows the list.
    assert {name.removesuffix("_from").removesuffix("_to") for name in every} - {"sort", "columns"} == {*FILTERS, *own}
    for query in (*FILTERS.values(), *own.values()):
        filters = CustomerFilter(QueryDict(query.format(user=team[0].pk)), agency=full, user=team[0], team=team)
        assert not filters.errors
        assert filters.is_set, query
        rows = filters.exact_matches()
        for queryset in (rows.order_by("-number")[:26], Agency.objects.values_list(CappedCount(rows, 99))):
            found = [node for node in nodes(plan_of(*queryset.query.sql_with_params())) if node.get("Relation Name") != "agencies_agency"]
            assert [node for node in found if node["Node Type"] == "Seq Scan"] == [], query
            read = [node["Actual Rows"] for node in found if node.get("Relation Name") == "customers_customer"]
            assert max(read, default=0) <= ROWS, query


def test_search_for_pairs_never_compares_all_customers(full: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    # Groups of three have the same e-mail address; all have the same website and, in groups, the same name.
    for number, customer in enumerate(Customer.objects.filter(agency=full).order_by("pk")):
        Customer.objects.filter(pk=customer.pk).update(email=f"c{number // 3}@c.example", website="https://shared.example")
    plans: list[dict[str, Any]] = []

    def explained(search: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE customers_customerkey")
        values = {"max_shared": pairs.MAX_SHARED, "max_pairs": 10, "reasons": list(SCORES), "scores": list(SCORES.values())}
        plans.append(plan_of(pairs._FIND, {"agency": full.pk, "search": search.number, **values}))
        plans[0]["Keys"] = CustomerKey.objects.filter(agency=full).count()

    monkeypatch.setattr(pairs, "_store_pairs", explained)
    monkeypatch.setattr(pairs, "enqueue", lambda _pk: None)
    for _batch in pairs.run_batches(pairs.start_search(full).pk):
        pass
    (plan,) = plans
    found = list(nodes(plan))
    assert [node for node in found if node["Node Type"] == "Seq Scan"] == []
    compared = [
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0))
        for node in found
    ]
    # All with all would be more than 100,000.
    assert plan["Keys"] >= 3 * ROWS
    assert max(compared) <= plan["Keys"] * len(SCORES)


@pytest.fixture
def defined(full: Agency) -> Definitions:
    """Tags and custom fields of the agency: half of its customers have the first tag, and few the second and the value “rare”."""
    common, rare = Tag.objects.bulk_create(Tag(agency=full, name=name) for name in ("Common", "Rare"))
    choices = [["rare", "Rare"], ["usual", "Usual"]]
    package = CustomField.objects.create(agency=full, name="Package", kind="choice", choices=choices, position=1)
    pages = CustomField.objects.create(agency=full, name="Pages", kind="number", position=2)
    customers = list(Customer.objects.filter(agency=full).order_by("number"))
    pairs = [(customer, common) for customer in customers[::2]] + [(customer, rare) for customer in customers[::100]]
    CustomerTag.objects.bulk_create(CustomerTag(agency=full, customer=customer, tag=tag) for customer, tag in pairs)
    for place, customer in enumerate(customers):
        customer.custom_values = {package.key: "usual" if place % 100 else "rare", pages.key: place}
    Customer.objects.bulk_update(customers, ["custom_values"], batch_size=100)
    with connection.cursor() as cursor:
        # Moves what was just written from the index's list of pending entries into the index.
        cursor.execute("SELECT gin_clean_pending_list('customer_by_custom_value')")
        cursor.execute("ANALYZE customers_customer, customers_customertag, customers_tag")
    return definitions_of(full)


def indexes_by_agency() -> set[str]:
    """Return the indexes of customers whose first column is the agency."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]"
            " WHERE indrelid = 'customers_customer'::regclass AND attname = 'agency_id'"
        )
        return {name for (name,) in cursor.fetchall()}


def test_filters_by_tags_and_custom_fields_use_indexes(full: Agency, defined: Definitions) -> None:
    common, rare = defined.tags
    package, pages = defined.fields
    in_order = ("customer_by_number", "customer_number_once_per_agency")
    of_tag = ("customer_tag_once", *in_order)

    def tagged(mode: str, *tags: Tag) -> QuerySet[Customer]:
        values = {f"tag_{number}": tag.pk for number, tag in enumerate(tags)}
        return customers_of(full.pk, "active", "", f"tags_{mode}", **values)

    def having(**chosen: str) -> QuerySet[Customer]:
        names = {
            name.replace("package", f"field_{package.key}").replace("pages", f"field_{pages.key}"): text for name, text in chosen.items()
        }
        return Customer.objects.for_agency(full).active().filter(value_conditions(names, defined))

    filters = {
        "a common tag": (tagged("any", common), of_tag),
        "a rare tag": (tagged("any", rare), of_tag),
        "any of two tags": (tagged("any", common, rare), of_tag),
        "both tags": (tagged("all", common, rare), of_tag),
        "neither tag": (tagged("none", common, rare), in_order),
        "a rare choice": (having(package="rare"), ("customer_by_custom_value",)),
        "a common choice": (having(package="usual"), ("customer_by_custom_value", *in_order)),
        # A range has no index of its own: any that begins with the agency finds the customers to compare.
        "a range": (having(pages_from="10", pages_to="20"), indexes_by_agency()),
    }
    for name, (customers, indexes) in filters.items():
        sql, params = customers.order_by("-number")[:26].query.sql_with_params()
        plan = plan_of(sql, params)
        found = list(nodes(plan))
        assert [node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"] == [], name
        assert {node.get("Index Name") for node in found} & set(indexes), name
        # At most the customers of this agency are read. Index entries of their earlier versions count as rows of a bitmap.
        assert max(node["Actual Rows"] for node in found if node["Node Type"] != "Bitmap Index Scan") <= ROWS, name
