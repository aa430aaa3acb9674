"""Computes the tints of the logos that are already stored."""

from io import BytesIO
from typing import Any

from django.db import migrations
from PIL import Image, UnidentifiedImageError

from partnerportal.network.tints import tint_of


def add_tints(apps: Any, _schema_editor: Any) -> None:
    """Read the logos one by one, because together they can exceed the memory."""
    profiles = apps.get_model("network", "PartnerProfile").objects
    for logo in apps.get_model("network", "ProfileLogo").objects.iterator(chunk_size=20):
        try:
            with Image.open(BytesIO(bytes(logo.content)), formats=("WEBP",)) as image:
                profiles.filter(pk=logo.pk).update(tint=tint_of(image))
        except UnidentifiedImageError:
            continue


class Migration(migrations.Migration):
    dependencies = [("network", "0004_tint")]

    operations = [migrations.RunPython(add_tints, migrations.RunPython.noop)]
