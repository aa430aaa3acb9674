"""Members' notifications: defaults, choices, and their page."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from partnerportal.agencies.models import DigestItem, Membership, Mode, Notification, NotificationChoice, Role
from partnerportal.agencies.queries import members_notified_about
from tests.cast import Cast

PAGE = "/account/notices/"
DIGEST = {"wants_digest": "on", "digest_hour": "8", "digest_days": ["1", "2", "3", "4", "5"]}


def member_of(cast: Cast, user: Any) -> Membership:
    return cast.alder.memberships.get(user=user)


def choices(**modes: str) -> dict[str, Any]:
    """Return the form's data: the defaults of staff, except for some kinds."""
    return {kind.value: kind.default_mode(is_manager=False).value for kind in Notification} | DIGEST | modes


@pytest.mark.parametrize("role", Role)
def test_defaults_by_role(role: Role) -> None:
    modes = {kind: kind.default_mode(is_manager=Membership(role=role).is_manager) for kind in Notification}
    managers = role != Role.STAFF
    assert modes == {
        Notification.REQUESTS: Mode.NOW if managers else Mode.OFF,
        Notification.ACCESS: Mode.NOW,
        Notification.REVIEWS: Mode.DIGEST,
        Notification.LOW_REVIEWS: Mode.NOW if managers else Mode.DIGEST,
        Notification.TASKS: Mode.NOW,
        Notification.UNDELIVERABLE: Mode.NOW,
        Notification.DEADLINES: Mode.DIGEST,
        Notification.FILES: Mode.NOW,
        Notification.MESSAGES: Mode.NOW,
    }


def test_only_changed_choices_are_stored(stan: Client, cast: Cast) -> None:
    assert stan.post(PAGE, choices(reviews="now", tasks="off")).status_code == 302
    assert set(NotificationChoice.objects.values_list("kind", "mode")) == {("reviews", "now"), ("tasks", "off")}
    # A default that is chosen explicitly stays if the role changes.
    assert stan.post(PAGE, choices(tasks="off")).status_code == 302
    assert set(NotificationChoice.objects.values_list("kind", "mode")) == {("reviews", "digest"), ("tasks", "off")}


def test_members_choose_when_they_get_the_digest(stan: Client, cast: Cast) -> None:
    assert stan.post(PAGE, choices() | {"digest_hour": "17", "digest_days": ["1", "7"]}).status_code == 302
    member = member_of(cast, cast.stan)
    assert (member.wants_digest, member.digest_hour, member.digest_days) == (True, 17, [1, 7])
    DigestItem.objects.add([member], Notification.TASKS, 1)
    unchecked = {name: value for name, value in choices().items() if name not in {"wants_digest", "digest_days"}}
    assert stan.post(PAGE, unchecked).status_code == 302
    member = member_of(cast, cast.stan)
    assert (member.wants_digest, member.digest_hour, member.digest_days) == (False, 8, [1, 7])
    # Repeated days count once.
    assert stan.post(PAGE, choices() | {"digest_days": ["2", "1"] * 5}).status_code == 302
    assert member_of(cast, cast.stan).digest_days == [1, 2]
    assert stan.post(PAGE, unchecked).status_code == 302
    # Nothing is kept for a digest that isn't wanted.
    assert member.chosen_mode(Notification.DEADLINES) == Mode.DIGEST
    DigestItem.objects.add([member], Notification.DEADLINES, 2)
    assert not DigestItem.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"reviews": "sometimes"},
        {"digest_hour": "24"},
        {"digest_hour": "-1"},
        {"digest_days": []},
        {"digest_days": ["8"]},
        {"digest_days": ["1", "\x00"]},
    ],
    ids=str,
)
def test_wrong_input_changes_nothing(stan: Client, cast: Cast, wrong: dict[str, Any]) -> None:
    response = stan.post(PAGE, choices(tasks="off") | wrong)
    assert response.status_code == 200
    assert next(iter(wrong)) in response.context["form"].errors
    assert not NotificationChoice.objects.exists()
    assert member_of(cast, cast.stan).digest_days == [1, 2, 3, 4, 5]


def test_the_page_shows_the_choices(stan: Client, cast: Cast) -> None:
    member_of(cast, cast.stan).set_notification(Notification.REVIEWS, Mode.OFF)
    page = stan.get(PAGE).content.decode()
    assert page.count('role="radiogroup"') == len(Notification)
    assert page.count('type="radio"') == len(Notification) * len(Mode)
    checked = [tag for tag in page.split("<input") if 'name="reviews"' in tag and "checked" in tag]
    assert len(checked) == 1 and 'value="off"' in checked[0]


def test_members_to_notify(cast: Cast, django_assert_num_queries: Any) -> None:
    member_of(cast, cast.stan).set_notification(Notification.REQUESTS, Mode.DIGEST)
    with django_assert_num_queries(3):
        assert [member.user for member in members_notified_about(cast.alder, Notification.REQUESTS)] == [cast.alice, cast.max]
        assert [member.user for member in members_notified_about(cast.alder, Notification.REQUESTS, besides=cast.max)] == [cast.alice]
        [stan] = members_notified_about(cast.alder, Notification.REQUESTS, mode=Mode.DIGEST)
        assert (stan.user, stan.agency.name, stan.language, stan.time_zone) == (cast.stan, "Alder Web", "en", cast.alder.time_zone)
    cast.max.is_active = False
    cast.max.save()
    assert [member.user for member in members_notified_about(cast.alder, Notification.REQUESTS)] == [cast.alice]


def test_the_more_urgent_choice_applies_to_low_reviews(cast: Cast) -> None:
    member = member_of(cast, cast.stan)
    both = (Notification.REVIEWS, Notification.LOW_REVIEWS)
    for reviews, low, expected in (("off", "now", "now"), ("now", "off", "now"), ("digest", "off", "digest"), ("off", "off", "off")):
        member.set_notification(Notification.REVIEWS, Mode(reviews))
        member.set_notification(Notification.LOW_REVIEWS, Mode(low))
        assert member.notification_mode(*both) == expected
        assert member.is_notified_about(*both) == (expected == "now")


def test_earlier_choices_are_kept(cast: Cast) -> None:
    """The data migration, with the column that it reads."""
    migration = import_module("partnerportal.agencies.migrations.0005_notification_choices")

    class Old:
        """The models of that time."""

        @staticmethod
        def get_model(app: str, name: str) -> Any:
            return OldMemberships if name == "Membership" else apps.get_model(app, name)

    class OldMemberships:
        class objects:  # noqa: N801
            @staticmethod
            def filter(**_conditions: Any) -> Any:
                return OldMemberships.objects

            @staticmethod
            def values_list(*_fields: str) -> Any:
                return OldMemberships.objects

            @staticmethod
            def iterator() -> Any:
                return iter([(member_of(cast, cast.stan).pk, ["requests"]), (member_of(cast, cast.alice).pk, [])])

    migration.keep_choices(Old, connection.schema_editor())
    modes = {
        user: [member_of(cast, user).notification_mode(kind) for kind in (Notification.REQUESTS, Notification.ACCESS)]
        for user in (cast.stan, cast.alice, cast.max)
    }
    assert modes == {cast.stan: ["now", "off"], cast.alice: ["off", "off"], cast.max: ["now", "now"]}
