from django.db import migrations

#: E-mails whose recipient is a member of their agency.
MARK = """
    UPDATE outbox_outgoingmail AS mail SET to_team = true
    FROM agencies_membership AS member JOIN accounts_user AS person ON person.id = member.user_id
    WHERE member.agency_id = mail.agency_id AND person.email = mail.to_email
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('outbox', '0002_search_and_retention'),
    ]

    operations = [migrations.RunSQL(MARK, migrations.RunSQL.noop)]
