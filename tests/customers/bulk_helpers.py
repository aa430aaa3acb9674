"""Bulk actions as a member does them, with the pages between."""

from typing import Any

from django.test import Client

from customers.bulk import runner
from customers.models import BulkJob
from tests.customers.test_two_tabs import sent_by

BULK = "/customers/bulk/"


def opened(client: Client, action: str, selection: dict[str, Any]) -> Any:
    """Return the response to the form below the list."""
    return client.get(f"{BULK}start/", {"action": action, **selection})


def previewed(client: Client, action: str, selection: dict[str, Any], fields: dict[str, Any] | None = None) -> Any:
    """Return the page with the numbers."""
    page = opened(client, action, selection)
    if page.status_code == 200 and not page.context["preview"]:
        page = client.post(page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"], sent_by(page.context["form"]) | (fields or {}))
    return page


def confirmed(client: Client, page: Any, **more: Any) -> Any:
    """Return the response to the button of the preview."""
    data = {field.html_name: field.value() for field in page.context["form"]}
    data = {name: "" if value is None else value for name, value in data.items()}
    return client.post(
        page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"],
        data | {"changed": str(page.context["preview"].changed), "confirm": "1"},
        **more,
    )


def started(client: Client, action: str, selection: dict[str, Any], fields: dict[str, Any] | None = None) -> BulkJob:
    """Start an action, and return its job."""
    response = confirmed(client, previewed(client, action, selection, fields))
    assert response.status_code == 302, response.context["form"].errors
    return BulkJob.objects.latest("pk")


def processed(job: BulkJob) -> BulkJob:
    """Do the worker's work."""
    for _batch in runner.batches(job.pk):
        pass
    job.refresh_from_db()
    return job


def undone(client: Client, job: BulkJob) -> BulkJob:
    assert client.post(f"{BULK}{job.pk}/undo/").status_code == 302
    return processed(job)


def references(*customers: Any) -> dict[str, Any]:
    """Return the selection of these customers."""
    return {"c": [customer.reference for customer in customers]}
