"""Customers that were there before get their derived columns: any write makes the trigger fill them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_contract_domain_note_task_search")]

    operations = [migrations.RunSQL("UPDATE customers_customer SET search_text = ''", migrations.RunSQL.noop)]
