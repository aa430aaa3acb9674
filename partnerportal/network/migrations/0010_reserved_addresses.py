from itertools import count

from django.db import migrations, models

RESERVED = "how-reviews-work"


def rename(apps, schema_editor):
    """Give a profile with the reserved address the next free one."""
    slugs = apps.get_model("network", "ProfileSlug").objects
    taken = set(slugs.filter(slug__startswith=RESERVED).values_list("slug", flat=True))
    free = next(slug for number in count(2) if (slug := f"{RESERVED}-{number}") not in taken)
    apps.get_model("network", "PartnerProfile").objects.filter(slug=RESERVED).update(slug=free)


class Migration(migrations.Migration):

    dependencies = [
        ('network', '0009_offers_feeds'),
    ]

    operations = [
        migrations.RunPython(rename, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='partnerprofile',
            constraint=models.CheckConstraint(condition=models.Q(('slug__in', ('how-reviews-work',)), _negated=True), name='profile_address_is_not_reserved'),
        ),
    ]
