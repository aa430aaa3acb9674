"""Each event reads as a sentence, with an icon that exists, in each language, however old it is."""

from typing import Any

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import translation

from partnerportal.audit.descriptions import DESCRIPTIONS, register
from partnerportal.audit.models import AuditEvent

#: What an event of the action carries, where it carries something. A new action that words its data belongs here.
DATA: dict[str, dict[str, Any]] = {
    "customer.updated": {"fields": ["company", "email", "zip"]},
    "project.changed": {"fields": ["title"]},
    "task.changed": {"fields": ["due_on", "assignee"], "people": {"assignee": "Ben Ott"}},
    "domain.changed": {"fields": ["expires_on"]},
    "contract.changed": {"fields": ["price"]},
    "request.handed_over": {"to": "Ben Ott"},
    "customers.imported": {"imported": 3, "skipped": 2, "errors": 1},
    "customers.exported": {"count": 3},
    "requests.deleted": {"count": 3},
    "invitation.received": {"scope": "full", "areas": []},
    "invitation.connected": {"scope": "partial", "areas": ["domains", "email"]},
    "invitation.changed": {"scope": "partial", "areas": ["domains", "email"]},
    "access_request.sent": {"scope": "full", "areas": []},
    "access_request.granted": {"scope": "partial", "areas": ["domains", "email"]},
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
def test_each_action_reads_as_a_sentence(action: str, language: str, caplog: pytest.LogCaptureFixture) -> None:
    event = AuditEvent(action=action, object_label="K-1001", data=DATA.get(action, {}))
    with translation.override(language):
        sentence = event.sentence
    assert sentence
    assert "%" not in sentence
    # The plain name is for events of the past alone.
    assert action not in sentence
    assert not caplog.records


@pytest.mark.parametrize("action", sorted(DESCRIPTIONS))
def test_each_action_has_an_icon_that_exists(action: str) -> None:
    drawn = Template("{% load heroicons %}{% heroicon_outline name %}").render(Context({"name": AuditEvent(action=action).icon}))
    assert drawn.startswith("<svg")


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
@pytest.mark.parametrize("action", [action for action in sorted(DESCRIPTIONS) if DESCRIPTIONS[action].named])
def test_a_known_object_is_named(action: str, language: str, caplog: pytest.LogCaptureFixture) -> None:
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


def test_an_event_from_before_fields_were_recorded_reads_without_them() -> None:
    event = named_event("task.changed", {})
    assert event.sentence == "Task updated"
    assert AuditEvent(action="request.handed_over", object_label="R-2").sentence == "Request R-2 reassigned to another member"


def test_changed_fields_are_named_as_in_the_form() -> None:
    event = AuditEvent(action="customer.updated", data={"fields": ["company", "email", "zip"]})
    assert event.sentence == "Updated: Company, E-mail and ZIP"


def test_an_object_without_a_name_is_called_so() -> None:
    assert AuditEvent(action="customer.created").sentence == "Customer (no name) created"


def test_a_label_with_a_percent_sign_is_only_a_label() -> None:
    assert AuditEvent(action="customer.created", object_label="100 %(fields)s").sentence == "Customer 100 %(fields)s created"


@pytest.mark.parametrize("data", [{}, {"fields": ["a_field_of_the_past"]}, {"fields": None}])
def test_an_event_that_does_not_fit_its_wording_any_more_shows_its_plain_name(data: dict[str, Any]) -> None:
    assert AuditEvent(action="customer.updated", object_label="K-1001", data=data).sentence == "customer.updated K-1001"


def test_an_event_of_an_app_that_is_gone_shows_its_plain_name_and_an_icon() -> None:
    event = AuditEvent(action="fax.sent", object_label="K-1001")
    assert (event.sentence, event.icon) == ("fax.sent K-1001", "information-circle")


def test_no_two_apps_word_the_same_action() -> None:
    with pytest.raises(ValueError, match=r"customer\.created"):
        register("customer.created", "Twice", icon="star")
