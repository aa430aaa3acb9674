"""Work of an export: each batch of customers is one part of the file, written in a transaction that locks the job."""

import codecs
from collections.abc import Iterator

from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from customers.exports.models import ExportStatus
from customers.forms.filters import CustomerFilter
from customers.imports.columns import EXPORT_HEADINGS
from customers.imports.csv_output import csv_part
from customers.models import ExportJob, ExportPart
from customers.queries.export import export_batches


def write_parts(job_id: int) -> Iterator[None]:
    """Write the file of an export, pausing after each committed part."""
    while _write_part(job_id):
        yield


@transaction.atomic
def _write_part(job_id: int) -> bool:
    """Write the next part. Return False if the export is finished or deleted, or if another worker writes it.

    A killed worker's part is rolled back, and the next worker continues after the last committed one.
    """
    jobs = ExportJob.objects.select_for_update(skip_locked=True, of=("self",)).select_related("agency", "started_by")
    job = jobs.filter(pk=job_id, status=ExportStatus.RUNNING).first()
    if job is None:
        return False
    team = list(job.agency.members.all())
    filters = CustomerFilter(QueryDict(job.query), agency=job.agency, user=job.started_by, team=team)
    if filters.errors:
        # For example, the account manager has left the team. Without the filter, the file would contain more customers.
        job.status = ExportStatus.FAILED
        job.save(update_fields=["status"])
        return False
    customers, _count, _is_more = filters.customers()
    job.last_number, rows = next(export_batches(job.agency, customers, extra=job.extra, after=job.last_number), (job.last_number, []))
    if not job.parts:
        _append(job, codecs.BOM_UTF8 + csv_part([[*EXPORT_HEADINGS, *(heading for _key, heading in job.extra)]], delimiter=job.delimiter))
    if rows:
        _append(job, csv_part(rows, delimiter=job.delimiter))
    else:
        job.status = ExportStatus.READY
    job.progress += len(rows)
    job.heard_at, job.attempts = timezone.now(), 0
    job.save()
    return bool(rows)


def _append(job: ExportJob, data: bytes) -> None:
    ExportPart.objects.create(job=job, number=job.parts, data=data)
    job.parts += 1
    job.size += len(data)
