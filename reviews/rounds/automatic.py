"""Automatic requests, some days after the completion of a project: switch, cancel, send."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import DatabaseError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from customers.models import Customer, Project
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Role
from partnerportal.agencies.queries import active_members
from partnerportal.audit.services import record
from reviews.models import AutomaticRequest, AutomaticRequests
from reviews.rounds.hours import is_open
from reviews.rounds.models import Outcome
from reviews.rounds.queries import automatic_projects, with_request_reason
from reviews.rounds.runner import ask
from reviews.rounds.services import may_send
from reviews.services.requests import lock_customer

logger = logging.getLogger(__name__)


@transaction.atomic
def switch(agency: Agency, *, is_on: bool, days: int, by: User) -> None:
    """Switch automatic requests on or off. Only projects completed from then on are rated."""
    AutomaticRequests.objects.get_or_create(agency=agency)
    setting = _lock(agency)
    was_on = setting.enabled_at is not None
    setting.days = days
    if is_on != was_on:
        setting.enabled_at, setting.enabled_by = (timezone.now(), by) if is_on else (None, None)
        record("automatic_requests.enabled" if is_on else "automatic_requests.disabled", agency, by=by)
    setting.save()


@transaction.atomic
def cancel(project: Project, *, by: User) -> bool:
    """Cancel the automatic request for a project. Return False if none is upcoming."""
    _lock(project.agency)
    if not automatic_projects(project.agency).filter(pk=project.pk, automatic_request=None).exists():
        return False
    AutomaticRequest.objects.create(project=project, outcome=Outcome.EXCLUDED)
    record("automatic_request.cancelled", project, by=by)
    return True


@transaction.atomic
def restore(project: Project, *, by: User) -> bool:
    """Let a cancelled request be sent after all. Return False if it isn't cancelled."""
    _lock(project.agency)
    deleted, _models = AutomaticRequest.objects.filter(project=project, outcome=Outcome.EXCLUDED).delete()
    if deleted:
        record("automatic_request.restored", project, by=by)
    return bool(deleted)


def send_due(now: datetime | None = None) -> Iterator[Outcome]:
    """Send the due requests of all agencies in their working hours, pausing after each with its result."""
    now = now or timezone.now()
    for setting in AutomaticRequests.objects.exclude(enabled_at=None).select_related("agency").order_by("pk"):
        if not is_open(now, setting.agency.time_zone):
            continue
        due = automatic_projects(setting.agency).filter(automatic_request=None, completed_at__lte=now - timedelta(days=setting.days))
        for key in due.order_by("completed_at", "pk").values_list("pk", flat=True).iterator():
            try:
                outcome = _send(setting.agency, key)
            except DatabaseError:
                logger.exception("The automatic review request for project %s failed.", key)
                continue
            if outcome:
                yield outcome


def enqueue() -> None:
    """Enqueue the task that sends due requests. If the broker is unavailable, the next hour's sends them."""
    try:
        current_app.send_task("reviews.send_automatic", retry=False, expires=60 * 60)
    except OperationalError as error:
        logger.warning("Broker unavailable; automatic review requests wait for the next run: %s", error)


def sender_of(agency: Agency, user: User | None) -> User | None:
    """Return the member in whose name requests are sent: this one, or if they are no longer a manager, the oldest manager."""
    if may_send(agency, user):
        return user
    return next((member.user for member in active_members(agency) if member.has_role(Role.MANAGER)), None)


@transaction.atomic
def _send(agency: Agency, project_id: int) -> Outcome | None:
    """Send one request, or record why it is left out. Return None if it is no longer due."""
    # Concurrent runs take turns.
    setting = _lock(agency)
    agency = setting.agency
    due = automatic_projects(agency).filter(automatic_request=None, completed_at__lte=timezone.now() - timedelta(days=setting.days))
    project = due.select_related("customer").filter(pk=project_id).first()
    by = sender_of(agency, setting.enabled_by)
    if project is None or by is None:
        return None
    customer = lock_customer(project.customer)
    if not due.filter(pk=project_id, customer=customer).exists():
        return None  # The project was rated, opened again or moved to another customer before its customer was locked.
    judged: Any = with_request_reason(Customer.objects.filter(pk=customer.pk)).get()
    outcome = Outcome(judged.reason) if judged.reason else ask(customer, project, by=by)
    AutomaticRequest.objects.create(project=project, outcome=outcome)
    return outcome


def _lock(agency: Agency) -> AutomaticRequests:
    return AutomaticRequests.objects.select_for_update(of=("self",)).select_related("agency", "enabled_by").get(agency=agency)
