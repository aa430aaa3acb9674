"""Everything assigned to a customer in the one query that fetches the customer.

A customer's page shows six kinds of rows. PostgreSQL gathers each kind into an array of JSON objects; here they become
objects of their models again, so that a template can't tell the difference.
"""

from collections.abc import Callable
from typing import Any, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Model, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from customers.models.customers import Customer
from customers.models.items import Contract, Domain, Note, Project, Task
from partnerportal.accounts.models import User
from partnerportal.audit.descriptions import ItemNames

#: So many rows of a kind are shown on a customer's page; the lists across customers have them all.
MAX_ROWS = 200

#: How a person's name travels along with a row; becomes the relation of that name.
_PERSON = ("id", "full_name", "email")

#: What later apps show on a customer's page: the annotation's name, and what makes it. They register here, for this app can't know them.
extra_subqueries: dict[str, Callable[[], ArraySubquery]] = {}
#: Names of what later apps gathered so, for the events of a customer's timeline; each gets a customer out of `with_assigned`.
timeline_names: list[Callable[[Any], ItemNames]] = []


def rows_as_json(rows: QuerySet[Any], *, person: str = "", extra: tuple[str, ...] = ()) -> ArraySubquery:
    """The customer's first `MOST` of these rows, in their order, as JSON; with their `person` and the annotations named in `extra`."""
    values: dict[str, Any] = {field.attname: field.attname for field in _columns(rows.model)}
    values |= {f"{person}__{name}": f"{person}__{name}" for name in _PERSON if person}
    values |= {name: name for name in extra}
    return ArraySubquery(rows.filter(customer=OuterRef("pk")).values(json=JSONObject(**values))[:MAX_ROWS])


def rows_from_json(model: type[Model], rows: list[dict[str, Any]], *, person: str = "", extra: tuple[str, ...] = ()) -> list[Any]:
    """What `gathered` gave, as objects of `model`."""
    fields = _columns(model)
    things = []
    for row in rows:
        # Generated columns have values, too: as from_db, not as a constructor's arguments.
        thing: Any = model.from_db("default", [f.attname for f in fields], [_value(f, row[f.attname]) for f in fields])
        if person:
            known = row[f"{person}__id"] is not None
            setattr(thing, person, User(**{name: row[f"{person}__{name}"] for name in _PERSON}) if known else None)
        for name in extra:
            setattr(thing, name, row[name])
        things.append(thing)
    return things


def _related_model(relation: str) -> type[Model]:
    """The model of a later app that points to customers: this app reaches it by the relation, and doesn't import it."""
    model: Any = Customer._meta.get_field(relation).related_model
    return cast(type[Model], model)


def with_items(customers: QuerySet[Any]) -> QuerySet[Any]:
    """Customers with all that is assigned to them; `assigned_to` unpacks it. At most `MOST` of a kind."""
    found: QuerySet[Any] = customers.annotate(
        project_rows=rows_as_json(Project.objects.with_progress().order_by("sort_date", "pk"), extra=("task_count", "done_count")),
        task_rows=rows_as_json(
            Task.objects.order_by(F("done_at").desc(nulls_first=True), "sort_date", "priority", "pk"), person="assignee"
        ),
        domain_rows=rows_as_json(Domain.objects.order_by("sort_date", "name")),
        contract_rows=rows_as_json(Contract.objects.order_by("sort_date", "pk")),
        note_rows=rows_as_json(Note.objects.order_by("-pk"), person="author"),
        contact_request_rows=rows_as_json(_related_model("contact_requests")._default_manager.order_by("-pk"), person="assignee"),
        **{name: gather() for name, gather in extra_subqueries.items()},
    )
    return found


def items_of(customer: Any) -> dict[str, list[Any]]:
    """`projects`, `tasks`, `domains`, `contracts`, `team_notes`, `contact_requests` of a customer out of `with_assigned`."""
    projects = rows_from_json(Project, customer.project_rows, extra=("task_count", "done_count"))
    tasks = rows_from_json(Task, customer.task_rows, person="assignee")
    by_key = {project.pk: project for project in projects}
    for task in tasks:
        task.project = by_key.get(task.project_id)
    return {
        "projects": projects,
        "tasks": tasks,
        "domains": rows_from_json(Domain, customer.domain_rows),
        "contracts": rows_from_json(Contract, customer.contract_rows),
        "team_notes": rows_from_json(Note, customer.note_rows, person="author"),
        "contact_requests": rows_from_json(_related_model("contact_requests"), customer.contact_request_rows, person="assignee"),
    }


def _columns(model: type[Model]) -> list[Any]:
    """All but what is only searched in."""
    return [field for field in model._meta.concrete_fields if field.attname != "search_text"]


def _value(field: Any, value: Any) -> Any:
    """JSON knows no dates; a generated column is of the kind of its output."""
    return getattr(field, "output_field", field).to_python(value)
