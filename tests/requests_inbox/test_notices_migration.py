"""Migration of the notified members from the inbox settings to the memberships."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from partnerportal.agencies.models import Membership, Notification
from tests.cast import Cast


def migrate(name: str = "") -> MigrationExecutor:
    """Migrate to this migration, or to the newest one without a name."""
    executor = MigrationExecutor(connection)
    executor.migrate([("requests_inbox", name)] if name else executor.loader.graph.leaf_nodes("requests_inbox"))
    return MigrationExecutor(connection)


@pytest.mark.django_db(transaction=True)
def test_selected_members_are_still_notified(cast: Cast) -> None:
    try:
        apps = migrate("0001_initial").loader.project_state([("requests_inbox", "0001_initial")]).apps
        settings = apps.get_model("requests_inbox", "InboxSettings")
        settings.objects.create(agency_id=cast.birch.pk)
        settings.objects.create(agency_id=cast.alder.pk).notified.add(cast.alder.memberships.get(user=cast.stan).pk)
    finally:
        migrate()
    notified = {member.user: member.is_notified_about(Notification.REQUESTS) for member in Membership.objects.select_related("user")}
    assert notified == {cast.alice: False, cast.max: False, cast.stan: True, cast.charlie: True}
    assert all(member.is_notified_about(Notification.ACCESS) for member in Membership.objects.all())
