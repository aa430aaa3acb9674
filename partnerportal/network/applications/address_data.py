"""The applications from an e-mail address, and their erasure."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.address_data import AddressData, Effect, Person
from partnerportal.accounts.models import User
from partnerportal.network.applications.models import INPUT_FIELDS, AgencyApplication


def _applications(person: Person) -> QuerySet[AgencyApplication]:
    return AgencyApplication.objects.filter(person.has("email"))


def _delete(rows: QuerySet[AgencyApplication], _person: Person, _by: User) -> None:
    rows.delete()


SECTIONS = [
    AddressData(
        "agency-applications",
        _("Applications of agencies"),
        _applications,
        Effect.DELETED,
        _("Deleted with the decision. The agency that an approval created stays."),
        values=(*INPUT_FIELDS, "status", "reason", "created_at", "terms_agreed_at", "confirmed_at", "decided_at"),
        agency="",
        erase=_delete,
        batch=50,
    )
]
