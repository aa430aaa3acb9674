"""What agencies store about the owner of an e-mail address as their customer or contact, and its erasure.

A customer who is a person is erased like by their agency. A company stays: only its contact is erased, because the company's
projects, domains and contracts aren't data of this person.
"""

from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from customers.deadlines.models import DeadlineOptOut
from customers.imports.services import purge_imports
from customers.models import PERSONAL_FIELDS, Contact, Customer, ImportJob
from customers.models.triggers import PERSON
from customers.services.contacts import make_primary
from customers.services.customers import copy_erasure_hooks, erase_customer, lock_copies
from partnerportal.accounts.address_data import AddressData, Effect, Person, Stage
from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.outbox.models import OutgoingMail


def _customers(person: Person) -> QuerySet[Customer]:
    primary = Contact.objects.filter(person.has("email"), is_primary=True)
    return Customer.objects.filter(pk__in=primary.values("customer")).select_related("agency", "merged_into")


def _contacts(person: Person) -> QuerySet[Contact]:
    return Contact.with_removed.filter(person.has("email"), is_primary=False).select_related("customer")


def _erase_customers(rows: QuerySet[Customer], person: Person, by: User) -> None:
    for customer in rows:
        # A merged customer is erased with the one that it belongs to.
        whole = customer.merged_into or customer
        if whole.kind == Customer.Kind.PERSON and _customers(person).filter(pk=whole.pk).exists():
            erase_customer(whole, by=by)
        else:
            _erase_primary_contact(customer, person, by)


def _erase_primary_contact(customer: Customer, person: Person, by: User) -> None:
    """Replace a customer's primary contact by another one, or empty it."""
    lock_copies(customer.agency_id)
    locked = Customer.objects.select_for_update(of=("self",)).select_related("agency").get(pk=customer.pk)
    _erase_copies(locked, by)
    former = locked.contacts.get(is_primary=True)
    successor = locked.contacts.exclude(person.has("email")).exclude(pk=former.pk).in_order().first()
    if successor and (successor.last_name or locked.kind == Customer.Kind.COMPANY):
        make_primary(successor, by=by)
        Contact.objects.filter(pk=former.pk).delete()
        return
    blank = dict.fromkeys(set(PERSON) - {"language"}, "")
    if locked.kind == Customer.Kind.PERSON:
        # Merged into a company. The database requires a name.
        blank |= dict.fromkeys(set(PERSONAL_FIELDS) - {"kind"}, "") | {"last_name": gettext("Former customer")}
    Customer.objects.filter(pk=locked.pk).update(**blank, version=F("version") + 1)
    record("customer.updated", locked, by=by, fields=[name for name in PERSON if name != "language"])


def _erase_contacts(rows: QuerySet[Contact], _person: Person, by: User) -> None:
    for contact in rows:
        lock_copies(contact.agency_id)
        locked = Customer.objects.select_for_update(of=("self",)).select_related("agency").get(pk=contact.customer_id)
        _erase_copies(locked, by)
        if contact.removed_at is None:
            record("contact.removed", contact, by=by)
        contact.delete()


def _erase_copies(locked: Customer, by: User) -> None:
    for erase in copy_erasure_hooks:
        erase(locked, by)
    # Their encrypted bodies can name the person. What they notify of is in the portal.
    OutgoingMail.objects.filter(customer_id=locked.pk, to_team=True).delete()


def _imports(person: Person) -> QuerySet[ImportJob]:
    rows = ImportJob.rows.rel.related_model.objects.filter(job=OuterRef("pk"))  # type: ignore[attr-defined]
    found = rows.annotate(texts=Cast("cells", TextField()), fields=Cast("values", TextField()))
    chunks = ImportJob.chunks.rel.related_model.objects.filter(job=OuterRef("pk"))  # type: ignore[attr-defined]
    escaped = Lower(Func(F("data"), Value("escape"), function="encode", output_field=TextField()))
    in_file = Exists(chunks.annotate(content=escaped).filter(person.quoted_in("content")))
    return ImportJob.objects.filter(
        Q(Exists(found.filter(person.quoted_in("texts") | person.quoted_in("fields")))) | Q(in_file), purged_at=None
    )


def _purge_imports(rows: QuerySet[ImportJob], _person: Person, by: User) -> None:
    for agency_id in set(rows.values_list("agency", flat=True)):
        lock_copies(agency_id)
        purge_imports(agency_id, by=by)


def _opt_outs(person: Person) -> QuerySet[DeadlineOptOut]:
    return DeadlineOptOut.objects.for_email(person.email)


SECTIONS = [
    AddressData(
        "customers",
        _("Customers"),
        _customers,
        Effect.DELETED,
        _(
            "A person is erased as a customer with all their data. A company stays, and loses this person as its contact; "
            "another contact becomes primary."
        ),
        values=(
            "reference", "kind", "company", "salutation", "first_name", "last_name", "email", "phone", "website", "street", "zip", "city",
            "country", "language", "notes", "status", "created_at", "updated_at",
        ),
        stage=Stage.CONTACTS,
        erase=_erase_customers,
    ),
    AddressData(
        "contacts",
        _("Other contacts of customers"),
        _contacts,
        Effect.DELETED,
        _("The contact is deleted. The customer stays."),
        values=("role", "salutation", "first_name", "last_name", "email", "phone", "language", "created_at", "removed_at"),
        stage=Stage.CONTACTS,
        erase=_erase_contacts,
    ),
    AddressData(
        "imports",
        _("Imports"),
        _imports,
        Effect.DELETED,
        _("The stored files and rows of all imports of the agency are deleted. Imported customers stay."),
        values=("created_at", "status"),
        stage=Stage.CONTACTS,
        erase=_purge_imports,
        batch=500,
    ),
    AddressData(
        "deadline-opt-outs",
        _("Opt-outs of deadline reminders"),
        _opt_outs,
        Effect.KEPT,
        _("Stored as a keyed digest of the address, so that the agency sends no reminders if it adds the person again."),
        values=("created_at",),
        survives=True,
    ),
]  # fmt: skip
