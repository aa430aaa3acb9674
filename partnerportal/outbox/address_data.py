"""What the outbox stores about the owner of an e-mail address."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.address_data import AddressData, Effect, Person, Stage
from partnerportal.accounts.models import User
from partnerportal.outbox.models import DeletedMail, OutgoingMail


def _mails(person: Person) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(person.has("to_email") | person.has("reply_to"))


def _conversations(person: Person) -> QuerySet[DeletedMail]:
    return DeletedMail.objects.filter(person.has("to_email"))


def _delete(rows: QuerySet[Any], _person: Person, _by: User) -> None:
    # Without the bodies, which Django would otherwise load. Waits for a worker that is sending one.
    rows.only("pk").delete()


SECTIONS = [
    AddressData(
        "emails",
        _("Outgoing e-mails"),
        _mails,
        Effect.DELETED,
        _("E-mails to the address, and notifications with it as the address for replies. Queued ones are no longer sent."),
        values=("created_at", "sent_at", "status", "kind", "subject"),
        stage=Stage.TRACES,
        erase=_delete,
        batch=500,
    ),
    AddressData(
        "deleted-emails",
        _("References to deleted e-mails"),
        _conversations,
        Effect.DELETED,
        _("The address and Message-ID of e-mails that were deleted after their retention period."),
        values=("message_id",),
        stage=Stage.TRACES,
        agency="",
        erase=_delete,
        batch=500,
    ),
]
