"""Keeps what saved views of the inbox show, which now opens with the requests that wait for a reply instead of the new ones."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("desk", "0002_calendar_feeds")]

    operations = [
        migrations.RunSQL(
            r"""
            UPDATE desk_savedview SET query = concat_ws('&', NULLIF(query, ''), 'state=new')
            WHERE list_name = 'requests' AND query !~ '(^|&)(q|state)='
            """,
            migrations.RunSQL.noop,
        )
    ]
