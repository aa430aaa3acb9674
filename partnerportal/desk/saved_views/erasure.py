"""What an erasure removes from saved views."""

import re
from urllib.parse import parse_qsl, urlencode

from django.utils import translation
from django.utils.translation import gettext as _

from customers.models import Contact, Customer
from customers.queries.duplicates import phone_key
from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.core.countries import without_accents
from partnerportal.core.email_addresses import address_variants
from partnerportal.desk.saved_views.models import SavedView
from partnerportal.desk.saved_views.services import free_name

#: Parameters of a list that filter nothing.
_DISPLAY = {"sort", "columns"}


def erase_from_views(customer: Customer, by: User) -> None:
    """Remove filters and names of the agency's views that identify a customer.

    A view without any other filter is deleted. Registered as an erasure hook, which runs in the transaction that
    has locked the agency and the customer.
    """
    identifies = _Identity(customer).is_in
    for view in SavedView.objects.select_for_update(of=("self",)).filter(agency=customer.agency_id).order_by("pk"):
        filters = parse_qsl(view.query)
        kept = [(name, value) for name, value in filters if not identifies(value)]
        is_named = identifies(view.name)
        if len(kept) == len(filters) and not is_named:
            continue
        if len(kept) < len(filters) and {name for name, _value in kept} <= _DISPLAY:
            action = "view.deleted"
            view.delete()
        else:
            action = "view.changed"
            view.query = urlencode(kept)
            view.name = _neutral_name(view) if is_named else view.name
            view.save(update_fields=["query", "name"])
        if view.is_shared and view.deleted_at is None:
            record(action, view, by=by)


def _neutral_name(view: SavedView) -> str:
    with translation.override(view.agency.language):
        view.name = _("Saved view")
    return free_name(view, SavedView.objects.filter(agency=view.agency_id, owner=view.owner_id))


class _Identity:
    """E-mail addresses, phone numbers, domains and full names of a customer and its contacts."""

    def __init__(self, customer: Customer) -> None:
        contacts = Contact.with_removed.filter(customer=customer)
        addresses = {variant.casefold() for contact in contacts if contact.email for variant in address_variants(contact.email)}
        domains = {name for names in customer.domains.values_list("name", "unicode_name") for name in names}
        self._texts = addresses | domains
        self._phones = {phone_key(contact.phone) for contact in contacts} - {""}
        names = [(contact.first_name, contact.last_name) for contact in contacts if contact.first_name and contact.last_name]
        spellings = [_words(f"{one} {other}") for first, last in names for one, other in ((first, last), (last, first))]
        self._names = {name for name in [*spellings, _words(customer.company)] if name.strip()}

    def is_in(self, text: str) -> bool:
        """Return whether a text identifies the customer. A last name isn't enough, because others can have it too."""
        folded, digits, words = text.casefold(), re.sub(r"\D", "", text), _words(text)
        return (
            any(part in folded for part in self._texts)
            or any(phone in digits for phone in self._phones)
            or any(name in words or (words.count(" ") > 2 and words in name) for name in self._names)
        )


def _words(text: str) -> str:
    """Return the words of a text without differences in case, accents and punctuation, each between two spaces."""
    words = re.findall(r"\w+", without_accents(text).casefold())
    return f" {' '.join(words)} "
