"""Concurrent edits of settings: saving keeps changes to other fields."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Mode, Notification, Role
from requests_inbox.models import InboxSettings
from tests.cast import Cast
from tests.factories.agencies import LanguageFactory, ServiceFactory


def opened(client: Client, path: str) -> dict[str, Any]:
    form = client.get(path).context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def test_account_settings(alice: Client, cast: Cast) -> None:
    path = reverse("accounts:settings")
    first, second = opened(alice, path), opened(alice, path)
    assert alice.post(path, first | {"language": "en", "time_zone": "Asia/Tokyo"}).status_code == 302
    assert alice.post(path, second | {"full_name": "Alice A."}).status_code == 302
    after = User.objects.get(pk=cast.alice.pk)
    assert (after.language, after.time_zone, after.full_name) == ("en", "Asia/Tokyo", "Alice A.")
    clash = alice.post(path, second | {"time_zone": "Asia/Seoul"})
    assert clash.status_code == 200
    assert "time_zone" in clash.context["form"].errors
    assert User.objects.get(pk=cast.alice.pk).time_zone == "Asia/Tokyo"


def test_notification_settings(alice: Client, cast: Cast) -> None:
    path = reverse("agencies:notifications")
    first, second = opened(alice, path), opened(alice, path)
    assert alice.post(path, first | {"access": "off", "digest_days": ["1", "2"], "digest_hour": "7"}).status_code == 302
    assert alice.post(path, second | {"requests": "digest", "digest_days": ["1", "2", "3", "4", "5", "6"]}).status_code == 302
    member = cast.alder.memberships.get(user=cast.alice)
    modes = member.notification_mode(Notification.ACCESS), member.notification_mode(Notification.REQUESTS)
    assert (*modes, member.digest_hour, member.digest_days) == (Mode.OFF, Mode.DIGEST, 7, [1, 2, 6])
    # The same setting changed in both tabs is a conflict.
    assert "access" in alice.post(path, second | {"access": "digest"}).context["form"].errors


def test_member_role(alice: Client, cast: Cast) -> None:
    member = cast.alder.memberships.get(user=cast.stan)
    path = reverse("agencies:change_role", args=[member.pk])
    first, second = opened(alice, path), opened(alice, path)
    assert alice.post(path, first | {"role": "manager"}).status_code == 302
    # Saving without changes keeps the role assigned elsewhere.
    assert alice.post(path, second).status_code == 302
    member.refresh_from_db()
    assert member.role == Role.MANAGER
    clash = alice.post(path, second | {"role": "owner"})
    assert clash.status_code == 200
    assert "Currently saved: Manager" in clash.content.decode()
    member.refresh_from_db()
    assert member.role == Role.MANAGER
    assert alice.post(path, {name: clash.context["form"][name].value() for name in second}).status_code == 302
    member.refresh_from_db()
    assert member.role == Role.OWNER


def test_inbox_settings(alice: Client, cast: Cast) -> None:
    path = reverse("requests_inbox:settings")
    stan, max_ = (cast.alder.memberships.get(user=user) for user in (cast.stan, cast.max))
    stan.set_notification(Notification.REQUESTS, Mode.NOW)
    first, second = opened(alice, path), opened(alice, path)
    assert alice.post(path, first | {"notified": [*first["notified"], max_.pk], "retention_days": "30"}).status_code == 302
    assert alice.post(path, second | {"notified": [pk for pk in second["notified"] if pk != stan.pk]}).status_code == 302
    recipients = {member.user for member in InboxSettings.notified_members(cast.alder)}
    assert cast.max in recipients
    assert cast.stan not in recipients
    assert InboxSettings.for_agency(cast.alder).retention_days == 30


def test_profile(alice: Client, cast: Cast) -> None:
    path = reverse("network:company")
    form = alice.get(path).context["form"]
    fields = {name: form[name].value() for name in form.fields if name not in {"logo", "remove_logo"}}
    fields = {name: [str(getattr(v, "pk", v)) for v in value] if isinstance(value, list) else value for name, value in fields.items()}
    sent = {name: "" if value is None else value for name, value in fields.items() if value is not False}
    assert alice.post(path, sent | {"tagline": "First tab", "team_size": "6-10"}).status_code == 302
    assert alice.post(path, sent | {"city": "Second tab"}).status_code == 302
    profile = cast.alder.profile
    profile.refresh_from_db()
    assert (profile.tagline, profile.city) == ("First tab", "Second tab")


DEEP = ["[" * 60_000, "[" * 100_000, '{"name":' + '{"a":' * 10_000, '{"name":' + '{"a":' * 50_000]
UNHASHABLE = [[{}], [[1]], {"a": {}}, [None], [{}, "1"], 5, None, True]


@pytest.mark.parametrize("shown", DEEP, ids=["deep-list", "deeper-list", "deep-object", "deeper-object"])
def test_deeply_nested_shown_values_are_rejected(alice: Client, cast: Cast, shown: str) -> None:
    path = reverse("accounts:settings")
    response = alice.post(path, opened(alice, path) | {"full_name": "Alice A.", "shown": shown})
    assert response.status_code == 200
    assert "full_name" in response.context["form"].errors
    assert User.objects.get(pk=cast.alice.pk).full_name == cast.alice.full_name


@pytest.mark.parametrize("value", UNHASHABLE, ids=json.dumps)
def test_shown_values_of_other_types_are_rejected(alice: Client, cast: Cast, value: Any) -> None:
    cast.alder.profile.services.add(ServiceFactory())
    cast.alder.profile.languages.add(LanguageFactory())
    cast.alder.memberships.get(user=cast.stan).set_notification(Notification.REQUESTS, Mode.NOW)
    for path, name in (
        (reverse("network:company"), "services"),
        (reverse("network:company"), "languages"),
        (reverse("agencies:notifications"), "digest_days"),
        (reverse("requests_inbox:settings"), "notified"),
    ):
        form = sent_by_page(alice, path)
        before = form[name]
        assert before, path
        shown = json.loads(form["shown"]) | {name: value}
        # An invalid value makes every difference a conflict.
        response = alice.post(path, form | {"shown": json.dumps(shown), name: []})
        assert response.status_code == 200, path
        assert name in response.context["form"].conflicts, path
        assert sent_by_page(alice, path)[name] == before, path


def sent_by_page(client: Client, path: str) -> dict[str, Any]:
    """Return the data that a browser submits for an unchanged form."""
    form = opened(client, path)
    fields = {name: [str(getattr(one, "pk", one)) for one in value] if isinstance(value, list) else value for name, value in form.items()}
    return {name: value for name, value in fields.items() if name not in {"logo", "remove_logo"}}


def test_longest_shown_list_is_accepted(alice: Client, cast: Cast) -> None:
    path = reverse("agencies:notifications")
    form = opened(alice, path)
    # As long as for a team of a thousand members.
    many = json.loads(form["shown"]) | {"others": [str(10_000_000 + number) for number in range(1_000)]}
    assert alice.post(path, form | {"access": "off", "shown": json.dumps(many)}).status_code == 302
    assert cast.alder.memberships.get(user=cast.alice).notification_mode(Notification.ACCESS) == Mode.OFF
