"""“Stop”: somebody wants no more mails from an agency that ask for a review; and changes their mind."""

from dataclasses import dataclass

from django.db import transaction

from customers.models import Customer
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.outbox.models import OutgoingMail
from reviews import tokens
from reviews.mails import REVIEW_EMAIL_KINDS
from reviews.models import ReviewOptOut


@dataclass(frozen=True)
class OptOut:
    """What a mail's stop address stands for: a customer's agency, and the address that the mail went to."""

    customer: Customer
    digest: str

    @property
    def is_opted_out(self) -> bool:
        """Whether the address gets no more of these mails."""
        return self.customer.agency.review_opt_outs.filter(address_digest__in=self.digests).exists()

    @property
    def digests(self) -> set[str]:
        """The address's digests, under former keys, too, as long as it is still the customer's."""
        known = set(tokens.address_digests(self.customer.email))
        return known if self.digest in known else {self.digest}


def read_opt_out(token: str) -> OptOut | None:
    """What the token in a stop address stands for; None if it isn't one of ours."""
    read = tokens.read_opt_out_token(token)
    customer = read and Customer.objects.select_related("agency__profile").filter(pk=read[0]).first()
    return OptOut(customer, read[1]) if read and customer else None


@transaction.atomic
def opt_out(stop: OptOut) -> None:
    """No more review mails to this address; what waits in the outbox goes nowhere. Said twice, nothing happens."""
    # Whoever asks or reminds at this moment waits, and then hears it.
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("agency").get(pk=stop.customer.pk)
    if stop.is_opted_out:
        return
    ReviewOptOut.objects.get_or_create(agency=customer.agency, address_digest=stop.digest)
    queued = OutgoingMail.objects.filter(customer_id=customer.pk, kind__in=REVIEW_EMAIL_KINDS, status=OutgoingMail.Status.QUEUED)
    for mail in queued.select_for_update(skip_locked=True):
        if stop.digest in tokens.address_digests(mail.to_email):
            mail.delete()
    record("review_mails.stopped", customer, by=None, source=AuditEvent.Source.LINK)


@transaction.atomic
def opt_in(stop: OptOut) -> None:
    """They may come again."""
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("agency").get(pk=stop.customer.pk)
    deleted, _models = customer.agency.review_opt_outs.filter(address_digest__in=stop.digests).delete()
    if deleted:
        record("review_mails.allowed", customer, by=None, source=AuditEvent.Source.LINK)


def delete_opt_out(customer: Customer) -> None:
    """The customer is about to be erased, and the digest of their address with them, unless another customer has that address, too."""
    others = customer.agency.customers.with_address(customer.email).exclude(pk=customer.pk)
    if customer.email and not others.exists():
        customer.agency.review_opt_outs.for_email(customer.email).delete()
