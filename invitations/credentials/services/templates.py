"""Actions on the agency's list of needs."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invitations.credentials.models import MAX_TEMPLATES, NeedTemplate
from invitations.models.areas import Area
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import changed_data, record, record_all
from partnerportal.core.versions import EditConflict

#: Entries that an agency can start with: name, area, instructions.
SUGGESTIONS: list[tuple[Any, Area, Any]] = [
    (gettext_lazy("Registrar"), Area.DOMAINS, gettext_lazy("The account with which you manage your domain names.")),
    (gettext_lazy("Hosting"), Area.HOSTING, gettext_lazy("The account at the provider that runs your website.")),
    (gettext_lazy("Website (CMS)"), Area.HOSTING, gettext_lazy("A user with the role of an administrator.")),
    (gettext_lazy("E-mail administration"), Area.EMAIL, gettext_lazy("The account with which you add mailboxes.")),
    (gettext_lazy("Website statistics"), Area.HOSTING, gettext_lazy("Add us as a user who can read reports.")),
]


@transaction.atomic
def add_template(template: NeedTemplate, *, by: User) -> None:
    """Add a new entry, filled from its form.

    Raises:
        ValidationError: The name is taken, or the list has `MAX_TEMPLATES` entries.
    """
    _save(template)
    record("need_template.added", template, by=by)


@transaction.atomic
def change_template(template: NeedTemplate, *, changed: list[str], loaded: dict[str, Any], by: User) -> None:
    """Save the `changed` fields. `loaded` contains the stored values that the form compared its input with.

    Raises:
        EditConflict: A stored value differs from `loaded`.
        ValidationError: The name is taken.
        NeedTemplate.DoesNotExist: The entry was deleted in the meantime.
    """
    stored = NeedTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    if any(getattr(stored, name) != value for name, value in loaded.items()):
        raise EditConflict(stored)
    if changed:
        _save(template, update_fields=changed)
        record("need_template.changed", template, by=by, **changed_data(template, changed))


@transaction.atomic
def delete_template(template: NeedTemplate, *, by: User) -> None:
    """Delete an entry. Requests that were sent with it keep their copies.

    Raises:
        NeedTemplate.DoesNotExist: The entry was deleted in the meantime.
    """
    locked = NeedTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    record("need_template.deleted", locked, by=by)
    locked.delete()


@transaction.atomic
def add_suggestions(agency: Agency, *, language: str, address: str, by: User) -> int:
    """Add the suggestions whose name isn't taken, in one language, and return their number. `address` is the agency's.

    Raises:
        ValidationError: The list would have more than `MAX_TEMPLATES` entries.
    """
    # Locks the agency, so that a double click adds each suggestion once.
    Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    taken = {name.upper() for name in agency.need_templates.values_list("name", flat=True)}
    with translation.override(language):
        added = [
            NeedTemplate(agency=agency, name=str(name), area=area, address=address, instructions=str(instructions))
            for name, area, instructions in SUGGESTIONS
            if str(name).upper() not in taken
        ]
    if len(taken) + len(added) > MAX_TEMPLATES:
        raise _limit_error()
    NeedTemplate.objects.bulk_create(added)
    record_all("need_template.added", added, by=by)
    return len(added)


def _limit_error() -> ValidationError:
    return ValidationError(_("The list can have %(limit)d entries. Delete some first."), "limit", {"limit": MAX_TEMPLATES})


def _save(template: NeedTemplate, **options: Any) -> None:
    errors = {
        "need_template_name_once": ValidationError({"name": _("The list already has an entry with this name.")}, "unique"),
        "a list of needs has up to": _limit_error(),
    }
    try:
        with transaction.atomic():
            template.save(**options)
    except IntegrityError as error:
        for part, translated in errors.items():
            if part in str(error):
                raise translated from error
        raise
