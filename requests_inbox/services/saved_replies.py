"""Actions on saved replies, and their insertion into a reply."""

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from customers.models import Contact, Customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import changed_data, record
from partnerportal.core.language_addresses import language_url
from partnerportal.core.versions import EditConflict
from requests_inbox.models import ContactRequest, SavedReply
from requests_inbox.models.placeholders import fill
from requests_inbox.models.saved_replies import MAX_SAVED_REPLIES

#: Titles before a name. “Frau Müller” has no first name.
_TITLES = re.compile(r"^(?:(?:dr|prof|dipl|mag|ing|herr|frau|mr|mrs|ms|mx)\b[.\s-]*)+", re.IGNORECASE)


@transaction.atomic
def add_saved_reply(reply: SavedReply, *, by: User) -> None:
    """Add a new saved reply, filled from its form.

    Raises:
        ValidationError: The title is taken, or the agency has `MAX_SAVED_REPLIES` saved replies.
    """
    _save(reply)
    record("saved_reply.added", reply, by=by)


@transaction.atomic
def change_saved_reply(reply: SavedReply, *, changed: list[str], loaded: dict[str, Any], by: User) -> None:
    """Save the `changed` fields. `loaded` contains the stored values that the form compared its input with.

    Raises:
        EditConflict: A stored value differs from `loaded`.
        ValidationError: The title is taken.
        SavedReply.DoesNotExist: The saved reply was deleted in the meantime.
    """
    stored = SavedReply.objects.select_for_update(of=("self",)).get(pk=reply.pk)
    if any(getattr(stored, name) != value for name, value in loaded.items()):
        raise EditConflict(stored)
    if changed:
        _save(reply, update_fields=changed)
        record("saved_reply.changed", reply, by=by, **changed_data(reply, changed))


@transaction.atomic
def delete_saved_reply(reply: SavedReply, *, by: User) -> None:
    """Delete a saved reply. Replies that were sent with it stay as they are.

    Raises:
        SavedReply.DoesNotExist: The saved reply was deleted in the meantime.
    """
    locked = SavedReply.objects.select_for_update(of=("self",)).get(pk=reply.pk)
    record("saved_reply.deleted", locked, by=by)
    locked.delete()


def fill_for(saved: SavedReply, request: ContactRequest, *, by: User) -> str:
    """Return the text of a saved reply for a request that `by` answers."""
    values = person_values(request, saved.language) | agency_values(request.agency, saved.language, by=by)
    return fill(saved.text, values)


def sample_values(language: str) -> dict[str, str]:
    """Return values of placeholders about a person, for previews."""
    with translation.override(language):
        name = _("Kim Miller")
        return {
            "name": name,
            "first_name": _first_name(name),
            "salutation": _("Ms Miller"),
            "company": _("Miller Ltd"),
        }


def agency_values(agency: Agency, language: str, *, by: User) -> dict[str, str]:
    """Return the values of placeholders about the agency and the member who replies."""
    profile = getattr(agency, "profile", None)
    link = language_url("network:profile", profile.slug, language=language) if profile and profile.is_registered else ""
    return {"agency": agency.name, "my_name": by.get_full_name(), "profile_link": f"{settings.SITE_URL}{link}" if link else ""}


def person_values(request: ContactRequest, language: str) -> dict[str, str]:
    """Return the values of placeholders about the sender, from the customer's contact with this address if there is one."""
    company = request.company or (request.customer.company if request.customer else "")
    contact = _contact_of(request)
    if contact is None:
        return {"name": request.name, "first_name": _first_name(request.name), "salutation": request.name, "company": company}
    salutation = contact.person_name
    if contact.salutation in (Customer.Salutation.MS, Customer.Salutation.MR):
        with translation.override(language):
            salutation = f"{contact.get_salutation_display()} {contact.last_name}"
    return {"name": contact.person_name, "first_name": contact.first_name, "salutation": salutation, "company": company}


def _contact_of(request: ContactRequest) -> Contact | None:
    """Return the customer's contact who wrote the request. Several people can share an address, so the last name decides."""
    contacts = Contact.objects.filter(customer=request.customer_id).with_address(request.email).exclude(last_name="").in_order()
    found = contacts if request.customer_id else contacts.none()
    return next((contact for contact in found if contact.last_name.casefold() in request.name.casefold()), None)


def _first_name(name: str) -> str:
    """Return all words of a name but its titles and the last name; a single word without a title counts as the first name."""
    words = _TITLES.sub("", name).split()
    if len(words) > 1:
        return " ".join(words[:-1])
    return name if words == name.split() else ""


def _save(reply: SavedReply, **options: Any) -> None:
    errors = {
        "saved_reply_once_per_language": ValidationError(
            {"title": _("There is already a saved reply with this title in this language.")}, "unique"
        ),
        "an agency has up to": ValidationError(
            _("An agency can have %(limit)d saved replies. Delete some first."), "limit", {"limit": MAX_SAVED_REPLIES}
        ),
    }
    try:
        with transaction.atomic():
            reply.save(**options)
    except IntegrityError as error:
        for part, translated in errors.items():
            if part in str(error):
                raise translated from error
        raise
