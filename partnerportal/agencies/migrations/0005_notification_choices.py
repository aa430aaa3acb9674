from django.db import migrations

#: The kinds that members could turn on and off.
KINDS = ("requests", "access")


def keep_choices(apps, schema_editor):
    """Store what members had turned on and off. Members who hadn't keep the defaults."""
    choice = apps.get_model("agencies", "NotificationChoice")
    chosen = apps.get_model("agencies", "Membership").objects.filter(notices__isnull=False)
    choice.objects.bulk_create(
        (
            choice(membership_id=pk, kind=kind, mode="now" if kind in notices else "off")
            for pk, notices in chosen.values_list("pk", "notices").iterator()
            for kind in KINDS
        ),
        batch_size=1000,
    )


def restore_choices(apps, schema_editor):
    """Store the kinds of which members are notified immediately, as before."""
    notices = {}
    choice = apps.get_model("agencies", "NotificationChoice")
    for pk, kind, mode in choice.objects.filter(kind__in=KINDS).values_list("membership", "kind", "mode"):
        notices.setdefault(pk, {})[kind] = mode
    membership = apps.get_model("agencies", "Membership")
    for pk, modes in notices.items():
        role = membership.objects.values_list("role", flat=True).get(pk=pk)
        defaults = {"requests": "off" if role == "staff" else "now", "access": "now"}
        membership.objects.filter(pk=pk).update(notices=[kind for kind in KINDS if modes.get(kind, defaults[kind]) == "now"])


class Migration(migrations.Migration):

    dependencies = [
        ("agencies", "0004_notifications"),
    ]

    operations = [
        migrations.RunPython(keep_choices, restore_choices),
        migrations.RemoveField(model_name="membership", name="notices"),
    ]
