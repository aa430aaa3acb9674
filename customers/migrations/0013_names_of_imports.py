from django.db import migrations

import partnerportal.core.constraints


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0012_wording"),
    ]

    operations = [
        migrations.RenameField("importjob", "by", "started_by"),
        migrations.RenameField("importjob", "import_twins", "import_duplicates"),
        migrations.RenameField("importrow", "twin_line", "duplicate_line"),
        # PostgreSQL renames the column inside the foreign key, so only the state changes.
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveConstraint("importrow", "import_twin_same_agency")]),
        migrations.RenameField("importrow", "twin", "duplicate_of"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddConstraint(
                    "importrow",
                    partnerportal.core.constraints.SameParent(
                        field="duplicate_of", name="import_twin_same_agency", parent="agency"
                    ),
                ),
            ]
        ),
    ]
