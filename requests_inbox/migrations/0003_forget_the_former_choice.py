"""In a transaction of its own: PostgreSQL drops no table that points to rows which the same transaction changed."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("requests_inbox", "0002_notices_of_members")]
    operations = [migrations.RemoveField("inboxsettings", "notified")]
