"""Initial services and languages. Administrators change them in Django admin."""

from django.db import migrations

SERVICES = [
    ("Web design", "Webdesign"),
    ("Web development", "Webentwicklung"),
    ("Online shops", "Onlineshops"),
    ("Branding", "Markenauftritt"),
    ("Search engine optimisation", "Suchmaschinenoptimierung"),
    ("Online marketing", "Online-Marketing"),
    ("Social media", "Soziale Medien"),
    ("Copywriting", "Texte"),
    ("Photography and video", "Foto und Video"),
    ("Hosting and care", "Hosting und Pflege"),
    ("Accessibility", "Barrierefreiheit"),
    ("Apps", "Apps"),
]
LANGUAGES = [
    ("de", "German", "Deutsch"),
    ("en", "English", "Englisch"),
    ("fr", "French", "Französisch"),
    ("es", "Spanish", "Spanisch"),
    ("it", "Italian", "Italienisch"),
    ("nl", "Dutch", "Niederländisch"),
    ("pl", "Polish", "Polnisch"),
    ("pt", "Portuguese", "Portugiesisch"),
    ("tr", "Turkish", "Türkisch"),
    ("da", "Danish", "Dänisch"),
    ("sv", "Swedish", "Schwedisch"),
    ("cs", "Czech", "Tschechisch"),
    ("uk", "Ukrainian", "Ukrainisch"),
    ("ru", "Russian", "Russisch"),
    ("ar", "Arabic", "Arabisch"),
]


def add_lists(apps, schema_editor):
    service, language = apps.get_model("network", "Service"), apps.get_model("network", "SpokenLanguage")
    service.objects.bulk_create(service(name_en=en, name_de=de) for en, de in SERVICES)
    language.objects.bulk_create(language(code=code, name_en=en, name_de=de) for code, en, de in LANGUAGES)


class Migration(migrations.Migration):
    dependencies = [("network", "0001_initial")]

    operations = [migrations.RunPython(add_lists, migrations.RunPython.noop)]
