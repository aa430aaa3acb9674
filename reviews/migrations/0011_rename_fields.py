"""Rename fields and drop labels that no page shows.

PostgreSQL renames the columns inside constraints, so those change only in the migration state.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0010_wording"),
    ]

    operations = [
        migrations.RenameField("review", "hidden_for", "hidden_reason"),
        migrations.RenameField("review", "pin", "pin_position"),
        migrations.RenameField("review", "shown_as", "display_name_as"),
        migrations.RenameField("reviewrequest", "asked_anyway", "requested_anyway"),
        migrations.RenameField("reviewreport", "reinstated_for", "reinstatement_reason"),
        migrations.RenameField("ratingsummary", "shown", "average_rounded"),
        migrations.RenameField("ratingsummary", "standing", "ranking_score"),
        migrations.AlterConstraint(
            "review",
            "review_shown_as_is_known",
            models.CheckConstraint(
                condition=models.Q(display_name_as__in=["full", "initial", "company", "anonymous"]), name="review_shown_as_is_known"
            ),
        ),
        migrations.AlterConstraint(
            "review",
            "review_pinned_from_1_to_5",
            models.CheckConstraint(
                condition=models.Q(pin_position=None) | models.Q(pin_position__range=(1, 5)), name="review_pinned_from_1_to_5"
            ),
        ),
        migrations.AlterConstraint(
            "review",
            "review_pinned_once_each_place",
            models.UniqueConstraint(
                fields=["agency", "pin_position"], condition=models.Q(pin_position__isnull=False), name="review_pinned_once_each_place"
            ),
        ),
        migrations.AlterConstraint(
            "review",
            "review_pinned_is_public",
            models.CheckConstraint(
                condition=models.Q(pin_position=None) | models.Q(hidden_at=None, removed_at=None, withdrawn_at=None),
                name="review_pinned_is_public",
            ),
        ),
        migrations.AlterConstraint(
            "review",
            "review_hidden_for_a_reason",
            models.CheckConstraint(
                condition=models.Q(hidden_at=None, hidden_reason="")
                | models.Q(hidden_at__isnull=False) & ~models.Q(hidden_reason=""),
                name="review_hidden_for_a_reason",
            ),
        ),
        migrations.AlterField("ratingsummary", "cooperation_sum", models.IntegerField(default=0)),
        migrations.AlterField("ratingsummary", "quality_sum", models.IntegerField(default=0)),
        migrations.AlterField("ratingsummary", "schedule_sum", models.IntegerField(default=0)),
        migrations.AlterField("ratingsummary", "budget_sum", models.IntegerField(default=0)),
        migrations.AlterField("ratingsummary", "stars_1", models.IntegerField(default=0)),
        migrations.AlterField("ratingsummary", "stars_2", models.IntegerField(default=0)),
        migrations.AlterField("ratingsummary", "stars_3", models.IntegerField(default=0)),
        migrations.AlterField("ratingsummary", "stars_4", models.IntegerField(default=0)),
        migrations.AlterField("ratingsummary", "stars_5", models.IntegerField(default=0)),
    ]
