"""Helpers for tests of `/customers/import/`."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from customers.imports import runner
from customers.models import ImportJob

IMPORT = "/customers/import/"
HEADINGS = "Firma;Vorname;Nachname;E-Mail;Telefon;Ort;Land;Domains;Zuständig;Status"


def upload(client: Client, content: str | bytes, name: str = "clients.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, data, "text/csv")})


def uploaded(client: Client, content: str | bytes) -> ImportJob:
    response = upload(client, content)
    assert response.status_code == 302, response.context["form"].errors
    job = ImportJob.objects.latest("pk")
    assert response.url == f"{IMPORT}{job.pk}/columns/"
    return job


def columns_of(client: Client, job: ImportJob) -> dict[str, Any]:
    """Return the form data of the unchanged column form."""
    form = client.get(f"{IMPORT}{job.pk}/columns/").context["form"]
    return {field.name: value for field in form if (value := field.value()) not in (None, False)}


def do_the_work(job: ImportJob) -> ImportJob:
    """Process the job as a worker does."""
    if claimed := runner.claim(job.pk):
        for _batch in runner.run_batches(claimed):
            pass
    job.refresh_from_db()
    return job


def checked(client: Client, content: str | bytes, **columns: Any) -> ImportJob:
    job = uploaded(client, content)
    response = client.post(f"{IMPORT}{job.pk}/columns/", {**columns_of(client, job), **columns})
    assert response.status_code == 302, response.context["form"].errors
    assert response.url == f"{IMPORT}{job.pk}/"
    return do_the_work(job)


def imported(client: Client, content: str | bytes, **run: Any) -> ImportJob:
    job = checked(client, content)
    client.post(f"{IMPORT}{job.pk}/run/", run)
    return do_the_work(job)


def outcomes(job: ImportJob) -> list[tuple[int, str]]:
    return list(job.rows.order_by("line").values_list("line", "outcome"))


def csv_of(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    dialect = ";" if ";" in text.splitlines()[0] else ","
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect))


def steps(job: ImportJob) -> Iterator[None]:
    claimed = runner.claim(job.pk)
    assert claimed
    return runner.run_batches(claimed)
