"""Opt-outs from an agency's review e-mails."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from customers.models import Contact, Customer
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.outbox.models import OutgoingMail
from reviews import tokens
from reviews.mails import REVIEW_EMAIL_KINDS
from reviews.models import ReviewOptOut
from reviews.services.requests import lock_customer


@dataclass(frozen=True)
class OptOut:
    """What an unsubscribe link identifies: a customer and the digest of the address the e-mail was sent to."""

    customer: Customer
    digest: str

    @property
    def is_opted_out(self) -> bool:
        """Whether the address is opted out."""
        return self.customer.agency.review_opt_outs.filter(address_digest__in=self.digests).exists()

    @property
    def digests(self) -> set[str]:
        """Digests of the address, also under former keys if a contact still has it."""
        for email in (self.customer.email, *self._other_addresses):
            known = set(tokens.address_digests(email))
            if self.digest in known:
                return known
        return {self.digest}

    @property
    def _other_addresses(self) -> Iterator[str]:
        """The addresses of the other contacts, loaded if the primary contact has another address."""
        yield from Contact.with_removed.filter(customer=self.customer, is_primary=False).values_list("email", flat=True)


def read_opt_out(token: str) -> OptOut | None:
    """Return what the token of an unsubscribe link identifies; None if it is invalid."""
    read = tokens.read_opt_out_token(token)
    customer = read and Customer.objects.select_related("agency__profile").filter(pk=read[0]).first()
    return OptOut(customer, read[1]) if read and customer else None


@transaction.atomic
def opt_out(target: OptOut) -> None:
    """Opt the address out and delete its queued review e-mails. Does nothing if it is opted out already."""
    customer = lock_customer(target.customer)
    if target.is_opted_out:
        return
    ReviewOptOut.objects.get_or_create(agency=customer.agency, address_digest=target.digest)
    queued = OutgoingMail.objects.filter(customer_id=customer.pk, kind__in=REVIEW_EMAIL_KINDS, status=OutgoingMail.Status.QUEUED)
    for mail in queued.select_for_update(skip_locked=True):
        if target.digest in tokens.address_digests(mail.to_email):
            mail.delete()
    record("review_mails.stopped", customer, by=None, source=AuditEvent.Source.LINK)


@transaction.atomic
def opt_in(target: OptOut) -> None:
    """Undo an opt-out."""
    customer = lock_customer(target.customer)
    deleted, _models = customer.agency.review_opt_outs.filter(address_digest__in=target.digests).delete()
    if deleted:
        record("review_mails.allowed", customer, by=None, source=AuditEvent.Source.LINK)


def delete_opt_out(customer: Customer) -> None:
    """Delete the opt-outs of an erased customer's contacts, unless another customer has the same address."""
    for email in set(Contact.with_removed.filter(customer=customer).exclude(email="").values_list("email", flat=True)):
        others = customer.agency.customers.with_address(email).exclude(pk=customer.pk)
        if not others.exists():
            customer.agency.review_opt_outs.for_email(email).delete()
