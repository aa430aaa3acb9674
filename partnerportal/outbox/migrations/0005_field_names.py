from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("outbox", "0004_wording")]

    operations = [
        migrations.RenameField("outgoingmail", "sealed_body", "encrypted_body"),
        migrations.RenameField("outgoingmail", "by_hand", "written_by_person"),
        migrations.RenameField("outgoingmail", "enqueued_at", "sent_to_broker_at"),
    ]
