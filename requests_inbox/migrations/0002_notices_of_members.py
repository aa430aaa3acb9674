"""Whom new requests are told to is known by each membership, and by nothing else."""

from typing import Any

from django.db import migrations


def keep_what_was_chosen(apps: Any, schema_editor: Any) -> None:
    """Where an agency chose, the chosen go on being told, and the others not."""
    for settings in apps.get_model("requests_inbox", "InboxSettings").objects.all():
        chosen = set(settings.notified.values_list("pk", flat=True))
        for member in apps.get_model("agencies", "Membership").objects.filter(agency_id=settings.pk) if chosen else []:
            member.notices = ["requests", "access"] if member.pk in chosen else ["access"]
            member.save(update_fields=["notices"])


class Migration(migrations.Migration):
    dependencies = [("requests_inbox", "0001_initial"), ("agencies", "0002_team")]
    operations = [migrations.RunPython(keep_what_was_chosen, migrations.RunPython.noop)]
