"""Extend pending invitations to the end of the day that their e-mails name, in the agency's time zone."""

from django.db import migrations

from partnerportal.core.pending import extend_to_end_of_day


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0002_team"),
    ]

    operations = [
        migrations.RunSQL(extend_to_end_of_day("agencies_teaminvitation", status="pending"), migrations.RunSQL.noop),
    ]
