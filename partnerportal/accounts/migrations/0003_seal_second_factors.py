"""Encrypt the secrets of second factors."""

from django.db import migrations

from partnerportal.core.encryption import Encryptor

SECRETS = Encryptor("partnerportal.accounts.second_factor")
FIELDS = {"totp": "secret", "recovery_codes": "seed"}


def seal(apps, schema_editor):
    _change(apps, lambda text: SECRETS.encrypt(text).decode())


def unseal(apps, schema_editor):
    _change(apps, lambda text: SECRETS.decrypt(text.encode()))


def _change(apps, how):
    for authenticator in apps.get_model("mfa", "Authenticator").objects.filter(type__in=FIELDS).iterator():
        field = FIELDS[authenticator.type]
        authenticator.data[field] = how(authenticator.data[field])
        authenticator.save(update_fields=["data"])


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_language_time_zone'),
        ('mfa', '0003_authenticator_type_uniq'),
    ]

    operations = [migrations.RunPython(seal, unseal)]
