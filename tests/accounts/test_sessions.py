"""The end of sessions, and the deletion of what is stored about them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.accounts.services import sessions
from partnerportal.accounts.tasks import delete_ended_sessions
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.test_plans import nodes, plan_of

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}, REMOTE_ADDR="192.0.2.7")
    assert answer.status_code == 302
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/dashboard/").status_code == 200


def stored() -> tuple[int, int]:
    """Return the numbers of sessions and of entries in the lists of sessions."""
    return Session.objects.count(), UserSession.objects.count()


@pytest.fixture
def in_days() -> Any:
    """Function that moves the time to this number of days from now."""
    return lambda days: time_machine.travel(timezone.now() + timedelta(days=days), tick=True)


def test_a_session_ends_after_its_days_and_is_deleted(cast: Cast, in_days: Callable[[float], Any]) -> None:
    stan = signed_in(cast.stan)
    with in_days(13.9):
        assert is_signed_in(stan)
        assert delete_ended_sessions() == 0
    with in_days(14.1):
        assert not is_signed_in(stan)
        signed_in(cast.alice)
        assert delete_ended_sessions() == 1
        assert UserSession.objects.get().user == cast.alice
        assert stored() == (1, 1)


def test_use_does_not_prolong_a_session(cast: Cast, in_days: Callable[[float], Any]) -> None:
    stan = signed_in(cast.stan)
    for days in (5, 13):
        with in_days(days):
            # Saves the session.
            stan.post("/accounts/reauthenticate/", {"password": PASSWORD})
            session = stan.session
            session["note"] = days
            session.save()
            assert is_signed_in(stan)
    with in_days(14.1):
        assert not is_signed_in(stan)


def test_a_new_sign_in_begins_a_new_session(cast: Cast, in_days: Callable[[float], Any]) -> None:
    stan = signed_in(cast.stan)
    with in_days(10):
        stan.post("/accounts/logout/")
        stan.post("/accounts/login/", {"login": cast.stan.email, "password": PASSWORD})
    with in_days(20):
        assert delete_ended_sessions() == 0
        assert is_signed_in(stan)


def test_the_cookie_ends_with_the_session(cast: Cast, settings: Any, in_days: Callable[[float], Any]) -> None:
    stan = signed_in(cast.stan)
    assert int(stan.cookies["sessionid"]["max-age"]) == pytest.approx(14 * 86400, abs=5)
    with in_days(4):
        stan.post("/accounts/reauthenticate/", {"password": PASSWORD})
        assert int(stan.cookies["sessionid"]["max-age"]) == pytest.approx(10 * 86400, abs=60)


def test_a_shorter_period_ends_earlier_sessions(cast: Cast, settings: Any, in_days: Callable[[float], Any]) -> None:
    stan, alice = signed_in(cast.stan), None
    with in_days(3):
        alice = signed_in(cast.alice)
        settings.SESSION_DAYS = 2
        assert delete_ended_sessions() == 1
        assert (is_signed_in(stan), is_signed_in(alice)) == (False, True)
        assert stored() == (1, 1)


def test_signing_out_deletes_address_and_browser_immediately(cast: Cast) -> None:
    stan = signed_in(cast.stan)
    assert stored() == (1, 1)
    stan.post("/accounts/logout/")
    assert stored() == (0, 0)


def test_a_password_change_keeps_the_session_and_its_entry(cast: Cast) -> None:
    stan = signed_in(cast.stan)
    new = "another-long-password"
    stan.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert is_signed_in(stan)
    assert UserSession.objects.get().session_key == stan.session.session_key


def test_entries_without_a_session_are_deleted(cast: Cast, in_days: Callable[[float], Any]) -> None:
    signed_in(cast.stan)
    Session.objects.all().delete()
    assert delete_ended_sessions() == 0
    with in_days(14.1):
        assert delete_ended_sessions() == 1
    assert stored() == (0, 0)


def test_sessions_of_visitors_are_deleted_too(in_days: Callable[[float], Any], cast: Cast) -> None:
    client = Client()
    client.post("/accounts/login/code/", {"email": cast.kim.email})
    assert Session.objects.count() == 1
    with in_days(14.1):
        assert delete_ended_sessions() == 1
    assert stored() == (0, 0)


def test_sessions_are_deleted_in_batches(cast: Cast, in_days: Callable[[float], Any]) -> None:
    for _number in range(3):
        signed_in(cast.stan)
    with in_days(14.1):
        assert [sessions.delete_expired(2) for _ in range(3)] == [2, 1, 0]
    assert stored() == (0, 0)


@pytest.mark.parametrize(
    ("delete", "index"), [(sessions.delete_expired, "django_session_expire_date"), (sessions.delete_old, "accounts_sessions_by_age")]
)
def test_ended_sessions_are_found_with_an_index(cast: Cast, delete: Callable[[int], int], index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
    with CaptureQueriesContext(connection) as queries:
        delete(50)
    select = next(query["sql"] for query in queries if query["sql"].startswith("SELECT"))
    assert any(str(node.get("Index Name")).startswith(index) for node in nodes(plan_of(select.replace("%", "%%"), None)))


def test_the_task_is_scheduled() -> None:
    entry = django_settings.CELERY_BEAT_SCHEDULE["delete-ended-sessions"]
    assert entry["task"] == delete_ended_sessions.name
