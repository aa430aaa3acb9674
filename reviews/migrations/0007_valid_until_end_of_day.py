"""Pending links and invitations last until the end of the day that their e-mails name, in the agency's time zone."""

from django.db import migrations

from partnerportal.core.pending import extend_to_end_of_day


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0001_initial"),
        ("reviews", "0006_profile_changes"),
    ]

    operations = [
        migrations.RunSQL(extend_to_end_of_day("reviews_reviewrequest", status="open"), migrations.RunSQL.noop),
    ]
