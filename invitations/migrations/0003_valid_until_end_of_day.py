"""Pending links and invitations last until the end of the day that their e-mails name, in the agency's time zone."""

from django.db import migrations

from partnerportal.core.pending import extend_to_end_of_day


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0001_initial"),
        ("invitations", "0002_search"),
    ]

    operations = [
        migrations.RunSQL(extend_to_end_of_day("invitations_accessinvitation", status="pending"), migrations.RunSQL.noop),
        migrations.RunSQL(extend_to_end_of_day("invitations_accessrequest", status="pending"), migrations.RunSQL.noop),
    ]
