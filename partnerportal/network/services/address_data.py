"""The profiles that show an e-mail address."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.address_data import AddressData, Effect, Person
from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.network.models import PartnerProfile


def _profiles(person: Person) -> QuerySet[PartnerProfile]:
    return PartnerProfile.objects.filter(person.has("contact_email")).select_related("agency")


def _remove_address(rows: QuerySet[PartnerProfile], _person: Person, by: User) -> None:
    for profile in rows.select_for_update(of=("self",)):
        profile.contact_email = profile.contact_name = ""
        profile.version += 1
        profile.save(update_fields=["contact_email", "contact_name", "version", "updated_at"])
        record("profile.updated", profile, by=by, changes={"contact_email": ["", ""], "contact_name": ["", ""]})


SECTIONS = [
    AddressData(
        "profiles",
        _("Contact addresses of agencies"),
        _profiles,
        Effect.DELETED,
        _("The profile no longer shows the address and the name beside it. The agency can enter others."),
        values=("contact_name", "contact_email"),
        erase=_remove_address,
    )
]
