from django.db import migrations

# The rewrite of the table by 0002 left the planner without statistics about `is_waiting`, so that it took half of the requests to be
# waiting and didn't use their index. Autovacuum only notices changed rows.
ANALYZE = """
DO $$ BEGIN IF EXISTS (SELECT FROM requests_inbox_contactrequest) THEN ANALYZE requests_inbox_contactrequest; END IF; END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('requests_inbox', '0003_saved_replies'),
    ]

    operations = [migrations.RunSQL(ANALYZE, migrations.RunSQL.noop)]
