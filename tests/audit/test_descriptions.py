"""Descriptions and icons of audit events."""

from typing import Any

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import translation

from partnerportal.audit.descriptions import DESCRIPTIONS, register
from partnerportal.audit.models import AuditEvent

#: Example data by action. New actions whose description contains data must be added.
DATA: dict[str, dict[str, Any]] = {
    "customer.updated": {"fields": ["company", "email", "zip"]},
    "customer.merged": {"first": "K-1001", "second": "K-1007"},
    "customer.unmerged": {"first": "K-1001", "second": "K-1007"},
    "customer.not_a_duplicate": {"other": "K-1007"},
    "customer.maybe_a_duplicate": {"other": "K-1007"},
    "tag.renamed": {"before": "Shop"},
    "tag.merged": {"into": "Shop", "count": 3},
    "tag.deleted": {"count": 3},
    "custom_field.deleted": {"count": 3},
    "domain.renewed": {"until": "2027-03-01"},
    "domain.renewal_undone": {"until": "2027-03-01"},
    "contract.renewed": {"until": "2027-03-01"},
    "contract.renewal_undone": {"until": "2027-03-01"},
    "contact.changed": {"fields": ["phone"]},
    "domains.imported": {"imported": 3, "skipped": 2, "errors": 1},
    "project.changed": {"fields": ["title"]},
    "task.changed": {"fields": ["due_on", "assignee"], "people": {"assignee": "Ben Ott"}},
    "domain.changed": {"fields": ["expires_on"]},
    "contract.changed": {"fields": ["price"]},
    "request.handed_over": {"to": "Ben Ott"},
    "customers.imported": {"imported": 3, "skipped": 2, "errors": 1},
    "customers.exported": {"count": 3},
    "customers.bulk_changed": {"kind": "archive", "count": 3},
    "customers.bulk_undone": {"kind": "archive", "count": 3},
    "customers.export_downloaded": {"count": 3},
    "requests.deleted": {"count": 3},
    "saved_reply.changed": {"fields": ["text"]},
    "invitation.received": {"scope": "full", "areas": []},
    "invitation.connected": {"scope": "partial", "areas": ["domains", "email"]},
    "invitation.changed": {"scope": "partial", "areas": ["domains", "email"]},
    "invitation.end_changed": {"term": "month", "ends_on": "2027-03-01"},
    "invitation.end_known": {"term": "project", "ends_on": "2027-03-01"},
    "access_request.sent": {"scope": "full", "areas": []},
    "access_request.granted": {"scope": "partial", "areas": ["domains", "email"]},
    "need_template.changed": {"fields": ["name"]},
    "need.added": {"areas": ["domains", "email"]},
    **{
        action: {"area": "hosting"}
        for action in (
            "need.removed",
            "need.invited",
            "credential.handed_over",
            "credential.revealed",
            "credential.deleted",
            "credential.expired",
        )
    },
    **{f"approval.{step}": {"sha256": "0" * 64} for step in ("requested", "approved", "changes_requested")},
    **{f"review_round.{step}": {"count": 3} for step in ("started", "resumed", "paused", "stopped", "finished")},
    "review.hidden": {"reason": "outdated"},
    "review.reported": {"reason": "offensive"},
    "team.invited": {"role": "manager"},
    "team.joined": {"role": "staff"},
    "team.role_changed": {"role": "owner"},
    "profile.updated": {"changes": {"logo": ["", "abc"], "claim": ["", "Fast."], "name": ["Alder", "Elder"]}},
}


def named_event(action: str, data: dict[str, Any]) -> AuditEvent:
    event = AuditEvent(action=action, data=data)
    event.item_name = "Relaunch"
    return event


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
@pytest.mark.parametrize("action", sorted(DESCRIPTIONS))
def test_actions_are_described(action: str, language: str, caplog: pytest.LogCaptureFixture) -> None:
    event = AuditEvent(action=action, object_label="K-1001", data=DATA.get(action, {}))
    with translation.override(language):
        sentence = event.sentence
    assert sentence
    assert "%" not in sentence
    # The action name is only displayed for outdated events.
    assert action not in sentence
    assert not caplog.records


@pytest.mark.parametrize("action", sorted(DESCRIPTIONS))
def test_action_icons_exist(action: str) -> None:
    drawn = Template("{% load heroicons %}{% heroicon_outline name %}").render(Context({"name": AuditEvent(action=action).icon}))
    assert drawn.startswith("<svg")


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
@pytest.mark.parametrize("action", [action for action in sorted(DESCRIPTIONS) if DESCRIPTIONS[action].named])
def test_known_objects_are_named(action: str, language: str, caplog: pytest.LogCaptureFixture) -> None:
    event = AuditEvent(action=action, object_label="K-1001", data=DATA.get(action, {}))
    without_name = event.sentence
    event.item_name = "100 % %(item)s"
    with translation.override(language):
        assert "100 % %(item)s" in event.sentence
    assert "100 % %(item)s" not in without_name
    assert not caplog.records


def test_new_assignees_are_named() -> None:
    event = named_event("task.changed", DATA["task.changed"])
    assert event.sentence == "Task “Relaunch” updated: Due on and Assigned to (Ben Ott)"
    event.data = {"fields": ["assignee"], "people": {"assignee": ""}}
    assert event.sentence == "Task “Relaunch” updated: Assigned to (Unassigned)"


def test_old_events_without_fields_are_described() -> None:
    event = named_event("task.changed", {})
    assert event.sentence == "Task updated"
    assert AuditEvent(action="request.handed_over", object_label="R-2").sentence == "Request R-2 reassigned to another member"


def test_changed_fields_are_named_as_in_the_form() -> None:
    event = AuditEvent(action="customer.updated", data={"fields": ["company", "email", "zip"]})
    assert event.sentence == "Updated: Company, E-mail and ZIP"


def test_object_without_a_name() -> None:
    assert AuditEvent(action="customer.created").sentence == "Customer (no name) created"


def test_percent_signs_in_labels_are_not_placeholders() -> None:
    assert AuditEvent(action="customer.created", object_label="100 %(fields)s").sentence == "Customer 100 %(fields)s created"


@pytest.mark.parametrize("data", [{}, {"fields": ["a_field_of_the_past"]}, {"fields": None}])
def test_events_that_do_not_match_their_description_show_the_action(data: dict[str, Any]) -> None:
    assert AuditEvent(action="customer.updated", object_label="K-1001", data=data).sentence == "customer.updated K-1001"


def test_events_with_unknown_actions_show_the_action_and_an_icon() -> None:
    event = AuditEvent(action="fax.sent", object_label="K-1001")
    assert (event.sentence, event.icon) == ("fax.sent K-1001", "information-circle")


def test_actions_can_only_be_registered_once() -> None:
    with pytest.raises(ValueError, match=r"customer\.created"):
        register("customer.created", "Twice", icon="star")
