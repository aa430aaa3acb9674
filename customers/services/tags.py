"""Actions on tags, and on the tags of customers."""

from collections.abc import Collection, Iterable

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from customers.models import Customer, CustomerTag, Tag
from customers.models.tags import MAX_TAGS, TagColor
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record, record_all


@transaction.atomic
def create_tag(agency: Agency, *, name: str, color: str = "", by: User | None) -> Tag:
    """Create a tag. Without a color, it gets the one that the fewest tags have.

    Raises:
        ValidationError: The name is invalid or taken, or the agency has `MAX_TAGS` tags.
    """
    tag = Tag(agency=agency, name=name, color=color or rarest_color(agency))
    _save(tag)
    record("tag.created", tag, by=by)
    return tag


@transaction.atomic
def change_tag(tag: Tag, *, name: str, color: str, by: User) -> bool:
    """Change the name and the color of a tag. Return False if neither differs.

    Raises:
        ValidationError: The name is invalid or taken.
        Tag.DoesNotExist: The tag was deleted in the meantime.
    """
    stored = Tag.objects.select_for_update(of=("self",), no_key=True).get(pk=tag.pk)
    if (stored.name, stored.color) == (name, color):
        return False
    before, stored.name, stored.color = stored.name, name, color
    _save(stored)
    if before == name:
        record("tag.recolored", stored, by=by)
    else:
        record("tag.renamed", stored, by=by, before=before)
    return True


@transaction.atomic
def merge_tags(tag: Tag, *, into: Tag, by: User) -> int:
    """Give the customers of a tag another tag of the agency instead, and delete the first. Return the number of customers.

    Raises:
        Tag.DoesNotExist: One of the tags was deleted in the meantime.
    """
    # In the order of the keys, so that two merges wait for each other instead of deadlocking.
    locked = Tag.objects.filter(agency=tag.agency_id).select_for_update(of=("self",)).order_by("pk").in_bulk([tag.pk, into.pk])
    if len(locked) < 2:
        raise Tag.DoesNotExist
    count = CustomerTag.objects.filter(tag=tag.pk).count()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_customertag (agency_id, customer_id, tag_id)"
            " SELECT agency_id, customer_id, %s FROM customers_customertag WHERE tag_id = %s ON CONFLICT DO NOTHING",
            [into.pk, tag.pk],
        )
    record("tag.merged", locked[tag.pk], by=by, into=locked[into.pk].name, count=count)
    _delete(locked[tag.pk])
    return count


@transaction.atomic
def delete_tag(tag: Tag, *, by: User) -> int:
    """Delete a tag, also from its customers. Return their number.

    Raises:
        Tag.DoesNotExist: The tag was deleted in the meantime.
    """
    locked = Tag.objects.select_for_update(of=("self",)).get(pk=tag.pk)
    count = CustomerTag.objects.filter(tag=tag.pk).count()
    record("tag.deleted", locked, by=by, count=count)
    _delete(locked)
    return count


@transaction.atomic
def stored_tags(agency: Agency, tags: Iterable[Tag], *, by: User) -> list[Tag]:
    """Return tags, of which those without a key are created unless the agency has one with this name.

    Raises:
        ValidationError: A name is invalid, or there would be too many tags.
    """
    tags = list(tags)
    known = known_tags(agency) if any(tag.pk is None for tag in tags) else {}
    found = []
    for tag in tags:
        stored = tag if tag.pk else known.get(tag.name.upper()) or create_tag(agency, name=tag.name, by=by)
        found.append(stored)
    return found


def known_tags(agency: Agency) -> dict[str, Tag]:
    """Return the agency's tags by their name in upper case."""
    return {tag.name.upper(): tag for tag in Tag.objects.filter(agency=agency)}


@transaction.atomic
def change_customer_tags(
    agency: Agency, customers: Iterable[int], *, add: Collection[Tag] = (), remove: Collection[Tag] = (), by: User
) -> list[int]:
    """Add tags to customers and remove others from them. Return the keys of the customers that this changed.

    New tags are created. Erased and unknown customers, and tags that were deleted in the meantime, are skipped.

    Raises:
        ValidationError: A new tag can't be created.
    """
    rows = Customer.objects.filter(agency=agency, pk__in=customers).not_erased()
    locked = {customer.pk: customer for customer in rows.select_for_update(of=("self",), no_key=True).order_by("pk")}
    changed = _remove(locked, remove) | _add(agency, locked, stored_tags(agency, add, by=by))
    Customer.objects.filter(pk__in=changed).update(version=F("version") + 1, updated_at=Now())
    record_all("customer.updated", [locked[pk] for pk in sorted(changed)], by=by, fields=["tags"])
    return sorted(changed)


def set_customer_tags(customer: Customer, tags: Collection[Tag], *, by: User) -> None:
    """Replace the tags of a customer that the current transaction has locked or created. New tags are created.

    Raises:
        ValidationError: A new tag can't be created.
    """
    tags = stored_tags(customer.agency, tags, by=by)
    stored = set(CustomerTag.objects.filter(customer=customer).values_list("tag_id", flat=True))
    wanted = {tag.pk for tag in tags}
    CustomerTag.objects.filter(customer=customer, tag__in=stored - wanted).delete()
    _add(customer.agency, {customer.pk: customer}, [tag for tag in tags if tag.pk not in stored])


def _add(agency: Agency, customers: dict[int, Customer], tags: Collection[Tag]) -> set[int]:
    if not (tags and customers):
        return set()
    # The lock makes a deletion of these tags wait.
    keys = list(Tag.objects.filter(agency=agency, pk__in=[tag.pk for tag in tags]).select_for_update(no_key=True).order_by("pk"))
    stored = set(CustomerTag.objects.filter(tag__in=keys, customer__in=customers).values_list("customer_id", "tag_id"))
    new = [(pk, tag.pk) for pk in customers for tag in keys if (pk, tag.pk) not in stored]
    CustomerTag.objects.bulk_create(CustomerTag(agency=agency, customer_id=pk, tag_id=tag) for pk, tag in new)
    return {pk for pk, _tag in new}


def _remove(customers: dict[int, Customer], tags: Collection[Tag]) -> set[int]:
    if not (tags and customers):
        return set()
    rows = CustomerTag.objects.filter(customer__in=customers, tag__in=[tag.pk for tag in tags])
    found = set(rows.values_list("customer_id", flat=True))
    rows.delete()
    return found


def rarest_color(agency: Agency) -> str:
    """Return the color that the fewest tags of the agency have."""
    used = list(Tag.objects.filter(agency=agency).values_list("color", flat=True))
    return min(TagColor.values, key=used.count)


def _save(tag: Tag) -> None:
    tag.clean_fields(exclude=["agency"])
    errors = {
        "tag_once_per_agency": ValidationError({"name": _("There is already a tag with this name.")}, "unique"),
        "an agency has up to": ValidationError(
            _("An agency can have %(limit)d tags. Merge or delete some first."), "limit", {"limit": MAX_TAGS}
        ),
    }
    try:
        with transaction.atomic():
            tag.save()
    except IntegrityError as error:
        for part, translated in errors.items():
            if part in str(error):
                raise translated from error
        raise


def _delete(tag: Tag) -> None:
    CustomerTag.objects.filter(tag=tag.pk).delete()
    tag.delete()
