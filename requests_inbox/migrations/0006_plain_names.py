from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("requests_inbox", "0005_wording")]

    operations = [
        migrations.RenameField("contactrequest", "handler", "assignee"),
        migrations.RenameField("contactrequest", "changed_at", "last_activity_at"),
        migrations.RenameField("sender", "turned_away", "blocked_count"),
        # Renaming a column also renames it in its constraints, but not in the constraints of the migration's state.
        migrations.RemoveConstraint("sender", "sender_standing_is_known"),
        migrations.RenameField("sender", "standing", "status"),
        migrations.AddConstraint(
            "sender",
            models.CheckConstraint(condition=models.Q(("status__in", ["fine", "spam", "blocked"])), name="sender_standing_is_known"),
        ),
        migrations.RemoveConstraint("inboxsettings", "inbox_settings_keep_days_are_sane"),
        migrations.RenameField("inboxsettings", "keep_days", "retention_days"),
        migrations.AddConstraint(
            "inboxsettings",
            models.CheckConstraint(
                condition=models.Q(("retention_days__gte", 1), ("retention_days__lte", 3650)), name="inbox_settings_keep_days_are_sane"
            ),
        ),
    ]
