from django.db import migrations


class Migration(migrations.Migration):
    """Indexes allauth's list of sessions, from which old entries are deleted."""

    dependencies = [
        ("accounts", "0002_closed"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX accounts_sessions_by_age ON usersessions_usersession (last_seen_at)",
            "DROP INDEX accounts_sessions_by_age",
        )
    ]
