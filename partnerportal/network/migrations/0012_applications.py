from itertools import count

import django.db.models.deletion
import django.utils.timezone
import partnerportal.core.tokens
import partnerportal.core.validators
import partnerportal.network.applications.models
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

RESERVED = "apply"


def rename(apps, schema_editor):
    """Give a profile with the reserved address the next free one."""
    slugs = apps.get_model("network", "ProfileSlug").objects
    taken = set(slugs.filter(slug__startswith=RESERVED).values_list("slug", flat=True))
    free = next(slug for number in count(2) if (slug := f"{RESERVED}-{number}") not in taken)
    apps.get_model("network", "PartnerProfile").objects.filter(slug=RESERVED).update(slug=free)


class Migration(migrations.Migration):

    dependencies = [
        ('agencies', '0008_shared_space'),
        ('network', '0011_operator'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AgencyApplication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('nonce', models.CharField(default=partnerportal.core.tokens.new_nonce, editable=False, max_length=32)),
                ('token_digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('name', models.CharField(max_length=120, validators=[partnerportal.core.validators.validate_one_line], verbose_name='Agency')),
                ('website', models.URLField(max_length=300, verbose_name='Website')),
                ('city', models.CharField(max_length=120, validators=[partnerportal.core.validators.validate_one_line], verbose_name='City')),
                ('contact_name', models.CharField(max_length=100, validators=[partnerportal.core.validators.validate_one_line], verbose_name='Contact name')),
                ('email', models.EmailField(max_length=254, verbose_name='E-mail')),
                ('description', models.TextField(max_length=2000, validators=[partnerportal.core.validators.validate_plain_text], verbose_name='Description')),
                ('language', models.CharField(choices=[('en', 'English'), ('de', 'German')], default='en', max_length=5, verbose_name='Language')),
                ('terms_agreed_at', models.DateTimeField(blank=True, null=True, verbose_name='Agreed to the terms')),
                ('submission', models.CharField(editable=False, max_length=64, unique=True)),
                ('status', models.CharField(choices=[('unconfirmed', 'address not confirmed'), ('confirmed', 'awaiting decision'), ('approved', 'approved'), ('rejected', 'rejected')], default='unconfirmed', max_length=12, verbose_name='Status')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='Received')),
                ('confirm_until', models.DateTimeField(default=partnerportal.network.applications.models.end_of_confirmation, verbose_name='Can be confirmed until')),
                ('letters', models.PositiveSmallIntegerField(default=1, verbose_name='Confirmation e-mails')),
                ('mailed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True, verbose_name='Address confirmed')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='Decided')),
                ('reason', models.TextField(blank=True, max_length=2000, validators=[partnerportal.core.validators.validate_plain_text], verbose_name='Reason for the decision')),
            ],
            options={
                'verbose_name': 'agency application',
                'verbose_name_plural': 'agency applications',
            },
        ),
        migrations.RunPython(rename, migrations.RunPython.noop),
        migrations.RemoveConstraint(
            model_name='partnerprofile',
            name='profile_address_is_not_reserved',
        ),
        migrations.AddField(
            model_name='operator',
            name='accepts_applications',
            field=models.BooleanField(db_default=False, default=False, verbose_name='Agencies can apply'),
        ),
        migrations.AddConstraint(
            model_name='partnerprofile',
            constraint=models.CheckConstraint(condition=models.Q(('slug__in', ('how-reviews-work', 'apply')), _negated=True), name='profile_address_is_not_reserved'),
        ),
        migrations.AddField(
            model_name='agencyapplication',
            name='agency',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='application', to='agencies.agency', verbose_name='Created agency'),
        ),
        migrations.AddField(
            model_name='agencyapplication',
            name='decided_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Decided by'),
        ),
        migrations.AddIndex(
            model_name='agencyapplication',
            index=models.Index(condition=models.Q(('status', 'confirmed')), fields=['confirmed_at', 'id'], name='application_queue'),
        ),
        migrations.AddIndex(
            model_name='agencyapplication',
            index=models.Index(condition=models.Q(('status', 'unconfirmed')), fields=['confirm_until'], name='application_unconfirmed'),
        ),
        migrations.AddIndex(
            model_name='agencyapplication',
            index=models.Index(condition=models.Q(('decided_at__isnull', False)), fields=['decided_at'], name='application_decided'),
        ),
        migrations.AddIndex(
            model_name='agencyapplication',
            index=models.Index(fields=['email'], name='application_by_email'),
        ),
        migrations.AddConstraint(
            model_name='agencyapplication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at', None), ('status', 'unconfirmed')), models.Q(models.Q(('status', 'unconfirmed'), _negated=True), ('confirmed_at__isnull', False)), _connector='OR'), name='application_confirmed_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='agencyapplication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('status__in', ['unconfirmed', 'confirmed'])), models.Q(('decided_at__isnull', False), ('status__in', ['approved', 'rejected'])), _connector='OR'), name='application_decided_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='agencyapplication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('agency__isnull', False), ('status', 'approved')), models.Q(models.Q(('status', 'approved'), _negated=True), ('agency', None)), _connector='OR'), name='application_approved_has_its_agency'),
        ),
        migrations.AddConstraint(
            model_name='agencyapplication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'rejected'), models.Q(('reason', ''), _negated=True)), models.Q(models.Q(('status', 'rejected'), _negated=True), ('reason', '')), _connector='OR'), name='application_rejected_has_its_reason'),
        ),
        migrations.AddConstraint(
            model_name='agencyapplication',
            constraint=models.CheckConstraint(condition=models.Q(('letters__lte', 4)), name='application_letters_are_limited'),
        ),
        migrations.AddConstraint(
            model_name='agencyapplication',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed_at', None), ('confirmed_at__lte', models.F('confirm_until')), _connector='OR'), name='application_confirmed_in_time'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='agencyapplication',
            trigger=pgtrigger.compiler.Trigger(name='steps', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{unconfirmed:confirmed,confirmed:approved,confirmed:rejected}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='4341e0277ac201faeb1241382c40e9bf82858ec6', operation='UPDATE', pgid='pgtrigger_steps_3efac', table='network_agencyapplication', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='agencyapplication',
            trigger=pgtrigger.compiler.Trigger(name='begins', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NOT (NEW."status" = \'unconfirmed\'))', func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;", hash='90e37a45c2a8fc23a60055e6e013730415ff0535', operation='INSERT', pgid='pgtrigger_begins_7cc5c', table='network_agencyapplication', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='agencyapplication',
            trigger=pgtrigger.compiler.Trigger(name='input_never_changes', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."website" IS DISTINCT FROM (NEW."website") OR OLD."city" IS DISTINCT FROM (NEW."city") OR OLD."contact_name" IS DISTINCT FROM (NEW."contact_name") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."description" IS DISTINCT FROM (NEW."description") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."terms_agreed_at" IS DISTINCT FROM (NEW."terms_agreed_at") OR OLD."submission" IS DISTINCT FROM (NEW."submission") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='01e936d6dd9010f854d478b5ec2226251c16b630', operation='UPDATE', pgid='pgtrigger_input_never_changes_086dd', table='network_agencyapplication', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='agencyapplication',
            trigger=pgtrigger.compiler.Trigger(name='is_decided_once', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."decided_at" IS NOT NULL AND (OLD."decided_at" IS DISTINCT FROM (NEW."decided_at") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."agency_id" IS DISTINCT FROM (NEW."agency_id")))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='933413997a7cedddc0ed22b46cfee90f8a26f236', operation='UPDATE', pgid='pgtrigger_is_decided_once_460bf', table='network_agencyapplication', when='BEFORE')),
        ),
    ]
