"""What an agency chose before each membership knew its notices is kept."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from partnerportal.agencies.models import Membership, Notification
from tests.cast import Cast


def migrate(name: str = "") -> MigrationExecutor:
    """To this migration; without a name to the newest, for the tests that come after."""
    executor = MigrationExecutor(connection)
    executor.migrate([("requests_inbox", name)] if name else executor.loader.graph.leaf_nodes("requests_inbox"))
    return MigrationExecutor(connection)


@pytest.mark.django_db(transaction=True)
def test_who_was_chosen_goes_on_being_told(cast: Cast) -> None:
    try:
        apps = migrate("0001_initial").loader.project_state([("requests_inbox", "0001_initial")]).apps
        settings = apps.get_model("requests_inbox", "InboxSettings")
        settings.objects.create(agency_id=cast.birch.pk)
        settings.objects.create(agency_id=cast.alder.pk).notified.add(cast.alder.memberships.get(user=cast.stan).pk)
    finally:
        migrate()
    told = {member.user: member.is_notified_about(Notification.REQUESTS) for member in Membership.objects.select_related("user")}
    assert told == {cast.alice: False, cast.max: False, cast.stan: True, cast.charlie: True}
    assert all(member.is_notified_about(Notification.ACCESS) for member in Membership.objects.all())
