"""Opt-outs of customers from an agency's e-mails about deadlines."""

from dataclasses import dataclass

from django.db import transaction

from customers.deadlines.mails import CUSTOMER_KIND
from customers.deadlines.tokens import OPT_OUTS
from customers.models import Contact, Customer, DeadlineOptOut
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.outbox.models import OutgoingMail


@dataclass(frozen=True)
class OptOut:
    """What an unsubscribe link identifies: a customer and the digest of the address the e-mail was sent to."""

    customer: Customer
    digest: str

    @property
    def is_opted_out(self) -> bool:
        """Whether the address is opted out."""
        return self.customer.agency.deadline_opt_outs.filter(address_digest__in=self.digests).exists()

    @property
    def digests(self) -> set[str]:
        """Digests of the address, also under former keys if a contact still has it."""
        for email in Contact.with_removed.filter(customer=self.customer).exclude(email="").values_list("email", flat=True):
            known = set(OPT_OUTS.digests(email))
            if self.digest in known:
                return known
        return {self.digest}


def read_opt_out(token: str) -> OptOut | None:
    """Return what the token of an unsubscribe link identifies; None if it is invalid."""
    read = OPT_OUTS.read(token)
    customer = read and Customer.objects.select_related("agency__profile").filter(pk=read[0]).first()
    return OptOut(customer, read[1]) if read and customer else None


@transaction.atomic
def opt_out(target: OptOut) -> None:
    """Opt the address out and delete its queued e-mails. Does nothing if it is opted out already."""
    customer = _lock(target.customer)
    if target.is_opted_out:
        return
    DeadlineOptOut.objects.get_or_create(agency=customer.agency, address_digest=target.digest)
    queued = OutgoingMail.objects.filter(customer_id=customer.pk, kind=CUSTOMER_KIND, status=OutgoingMail.Status.QUEUED)
    for mail in queued.select_for_update(skip_locked=True):
        if target.digest in OPT_OUTS.digests(mail.to_email):
            mail.delete()
    record("deadline_mails.stopped", customer, by=None, source=AuditEvent.Source.LINK)


@transaction.atomic
def opt_in(target: OptOut) -> None:
    """Undo an opt-out."""
    customer = _lock(target.customer)
    deleted, _models = customer.agency.deadline_opt_outs.filter(address_digest__in=target.digests).delete()
    if deleted:
        record("deadline_mails.allowed", customer, by=None, source=AuditEvent.Source.LINK)


def delete_opt_outs(customer: Customer) -> None:
    """Delete the opt-outs of an erased customer's contacts, unless another customer has the same address."""
    for email in set(Contact.with_removed.filter(customer=customer).exclude(email="").values_list("email", flat=True)):
        if not customer.agency.customers.with_address(email).exclude(pk=customer.pk).exists():
            customer.agency.deadline_opt_outs.for_email(email).delete()


def _lock(customer: Customer) -> Customer:
    locked: Customer = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("agency").get(pk=customer.pk)
    return locked
