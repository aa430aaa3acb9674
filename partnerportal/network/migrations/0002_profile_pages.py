"""What profiles say, the lists they choose from, logos, and every address a profile had; triggers keep what profiles are found by."""

import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import partnerportal.network.models.profiles
import partnerportal.core.validators
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agencies', '0001_initial'),
        # portal_fold and the trigram index's operators.
        ('customers', '0002_extensions'),
        ('network', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='OfferedService',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': 'offered service',
                'verbose_name_plural': 'offered services',
            },
        ),
        migrations.CreateModel(
            name='ProfileLogo',
            fields=[
                ('profile', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='logo', serialize=False, to='network.partnerprofile', verbose_name='Partner profile')),
                ('digest', models.CharField(max_length=32, verbose_name='Content hash')),
                ('content', models.BinaryField()),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='Changed')),
            ],
            options={
                'verbose_name': 'logo',
                'verbose_name_plural': 'logos',
            },
        ),
        migrations.CreateModel(
            name='ProfileSlug',
            fields=[
                ('slug', models.SlugField(max_length=80, primary_key=True, serialize=False, verbose_name='Address')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='Since')),
            ],
            options={
                'verbose_name': 'address of a profile',
                'verbose_name_plural': 'addresses of profiles',
            },
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name_en', models.CharField(max_length=80, unique=True, validators=[partnerportal.core.validators.validate_one_line], verbose_name='Name in English')),
                ('name_de', models.CharField(max_length=80, unique=True, validators=[partnerportal.core.validators.validate_one_line], verbose_name='Name in German')),
                ('is_active', models.BooleanField(default=True, help_text='Can be chosen in profiles and in the directory.', verbose_name='offered')),
            ],
            options={
                'verbose_name': 'service',
                'verbose_name_plural': 'services',
            },
        ),
        migrations.CreateModel(
            name='SpokenLanguage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name_en', models.CharField(max_length=80, unique=True, validators=[partnerportal.core.validators.validate_one_line], verbose_name='Name in English')),
                ('name_de', models.CharField(max_length=80, unique=True, validators=[partnerportal.core.validators.validate_one_line], verbose_name='Name in German')),
                ('is_active', models.BooleanField(default=True, help_text='Can be chosen in profiles and in the directory.', verbose_name='offered')),
                ('code', models.CharField(help_text='As in BCP 47: de, en, pt-BR', max_length=8, unique=True, verbose_name='Code')),
            ],
            options={
                'verbose_name': 'spoken language',
                'verbose_name_plural': 'spoken languages',
            },
        ),
        migrations.CreateModel(
            name='NamedAgency',
            fields=[
            ],
            options={
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('agencies.agency',),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='city_key',
            field=models.TextField(default='', editable=False),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='contact_email',
            field=models.EmailField(blank=True, max_length=254, verbose_name='Contact e-mail'),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='contact_name',
            field=models.CharField(blank=True, max_length=100, validators=[partnerportal.core.validators.validate_one_line], verbose_name='Contact name'),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='decline_reason',
            field=models.TextField(blank=True, max_length=2000, validators=[partnerportal.core.validators.validate_plain_text], verbose_name='Why it was declined'),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='founded',
            field=models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1800), partnerportal.network.models.profiles.validate_not_in_future], verbose_name='Founded in'),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='lead_text',
            field=models.TextField(default='', editable=False),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='logo_digest',
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='open_for_clients',
            field=models.BooleanField(default=True, verbose_name='Open for new clients'),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='privacy_url',
            field=models.URLField(blank=True, max_length=300, verbose_name='Privacy policy'),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='search_text',
            field=models.TextField(default='', editable=False),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='sort_name',
            field=models.TextField(default='', editable=False),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='team_size',
            field=models.CharField(blank=True, choices=[('1', '1 person'), ('2-5', '2 to 5 people'), ('6-10', '6 to 10 people'), ('11-25', '11 to 25 people'), ('26-50', '26 to 50 people'), ('51+', 'more than 50 people')], max_length=5, verbose_name='Team'),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='updated_at',
            field=models.DateTimeField(auto_now=True, verbose_name='Changed'),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='version',
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='partnerprofile',
            trigger=pgtrigger.compiler.Trigger(name='derived_columns', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE agency_name text; services text; lead text;', func="\n            SELECT name INTO agency_name FROM agencies_agency WHERE id = NEW.agency_id;\n            SELECT string_agg(s.name_en || ' ' || s.name_de, ' ') INTO services\n            FROM network_service s JOIN network_offeredservice o ON o.service_id = s.id WHERE o.profile_id = NEW.id;\n            lead := concat_ws(' ', agency_name, NEW.claim, NEW.city, services);\n            lead := concat_ws(' ', lead, NULLIF(replace(replace(replace(replace(replace(replace(lead, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue'), lead));\n            NEW.sort_name := portal_fold(agency_name);\n            NEW.city_key := portal_fold(NEW.city);\n            NEW.lead_text := portal_fold(lead);\n            NEW.search_text := portal_fold(concat_ws(' ', lead, NEW.description,\n                                                     NULLIF(replace(replace(replace(replace(replace(replace(NEW.description, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue'), NEW.description)));\n            RETURN NEW;\n            ", hash='9429262f756ddda1b4c1c264e24e5fb37766c8b3', operation='INSERT OR UPDATE', pgid='pgtrigger_derived_columns_45209', table='network_partnerprofile', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='partnerprofile',
            trigger=pgtrigger.compiler.Trigger(name='keeps_its_slugs', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            INSERT INTO network_profileslug (slug, profile_id, created_at) VALUES (NEW.slug, NEW.id, now()) ON CONFLICT (slug) DO NOTHING;\n            IF NOT EXISTS (SELECT FROM network_profileslug WHERE slug = NEW.slug AND profile_id = NEW.id) THEN\n                RAISE unique_violation USING MESSAGE = 'this address belongs to another profile', CONSTRAINT = 'profile_slug_of_another';\n            END IF;\n            RETURN NULL;\n            ", hash='f6eff9a55eee9d2922d2a87a9e59ede516d8dddc', operation='INSERT OR UPDATE OF "slug"', pgid='pgtrigger_keeps_its_slugs_535c4', table='network_partnerprofile', when='AFTER')),
        ),
        migrations.AddField(
            model_name='offeredservice',
            name='profile',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='network.partnerprofile', verbose_name='Partner profile'),
        ),
        migrations.AddField(
            model_name='profileslug',
            name='profile',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='slugs', to='network.partnerprofile', verbose_name='Partner profile'),
        ),
        migrations.AddField(
            model_name='offeredservice',
            name='service',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='network.service', verbose_name='Service'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='service',
            trigger=pgtrigger.compiler.Trigger(name='search_update', sql=pgtrigger.compiler.UpsertTriggerSql(func="UPDATE network_partnerprofile SET search_text = '' WHERE id IN (SELECT o.profile_id FROM network_offeredservice o JOIN new_rows n ON n.id = o.service_id); RETURN NULL;", hash='28f76a56f2cec2b3228c14e19e746b4a2e959a08', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_search_update_41540', referencing='REFERENCING NEW TABLE AS new_rows ', table='network_service', when='AFTER')),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='services',
            field=models.ManyToManyField(blank=True, related_name='profiles', through='network.OfferedService', to='network.service', verbose_name='Services'),
        ),
        migrations.AddField(
            model_name='partnerprofile',
            name='languages',
            field=models.ManyToManyField(blank=True, related_name='profiles', to='network.spokenlanguage', verbose_name='Languages'),
        ),
        migrations.AddIndex(
            model_name='partnerprofile',
            index=models.Index(condition=models.Q(('status', 'registered')), fields=['sort_name', 'id'], name='profile_by_name'),
        ),
        migrations.AddIndex(
            model_name='partnerprofile',
            index=models.Index(django.contrib.postgres.indexes.OpClass('city_key', 'text_pattern_ops'), name='profile_by_city'),
        ),
        migrations.AddIndex(
            model_name='partnerprofile',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass('search_text', 'gin_trgm_ops'), name='profile_search'),
        ),
        migrations.AddIndex(
            model_name='partnerprofile',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass('lead_text', 'gin_trgm_ops'), name='profile_search_alike'),
        ),
        migrations.AddConstraint(
            model_name='partnerprofile',
            constraint=models.CheckConstraint(condition=models.Q(('decline_reason', ''), ('status', 'declined'), _connector='OR'), name='profile_reason_only_if_declined'),
        ),
        migrations.AddConstraint(
            model_name='partnerprofile',
            constraint=models.CheckConstraint(condition=models.Q(('team_size__in', ['', '1', '2-5', '6-10', '11-25', '26-50', '51+'])), name='profile_team_size_is_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='namedagency',
            trigger=pgtrigger.compiler.Trigger(name='search_update', sql=pgtrigger.compiler.UpsertTriggerSql(func="UPDATE network_partnerprofile SET search_text = '' WHERE agency_id IN (SELECT n.id FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE o.name <> n.name); RETURN NULL;", hash='32b42f6ab4d917cde30b0e0b6a9cfb593bd16b53', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_search_update_f599d', referencing='REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ', table='agencies_agency', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='profileslug',
            trigger=pgtrigger.compiler.Trigger(name='never_changes', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='37a3d74eb3b23b6f8dbafb0806a506a14ede04b9', operation='UPDATE', pgid='pgtrigger_never_changes_e7164', table='network_profileslug', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='offeredservice',
            constraint=models.UniqueConstraint(fields=('profile', 'service'), name='service_offered_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='offeredservice',
            trigger=pgtrigger.compiler.Trigger(name='search_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func="UPDATE network_partnerprofile SET search_text = '' WHERE id IN (SELECT profile_id FROM new_rows); RETURN NULL;", hash='5be34a96a69643f7cdc33a8026fa3957d74b4d21', level='STATEMENT', operation='INSERT', pgid='pgtrigger_search_insert_344b4', referencing='REFERENCING NEW TABLE AS new_rows ', table='network_offeredservice', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='offeredservice',
            trigger=pgtrigger.compiler.Trigger(name='search_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func="UPDATE network_partnerprofile SET search_text = '' WHERE id IN (SELECT profile_id FROM old_rows); RETURN NULL;", hash='b8e1bc572363177f8f2113abb04c0a29bd4e6a4c', level='STATEMENT', operation='DELETE', pgid='pgtrigger_search_delete_41617', referencing='REFERENCING OLD TABLE AS old_rows ', table='network_offeredservice', when='AFTER')),
        ),
    ]
