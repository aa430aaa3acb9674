from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("audit", "0002_wording")]

    operations = [migrations.RenameField("auditevent", "at", "created_at")]
