"""Contact requests, their messages, and who has seen them."""

from datetime import timedelta
from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.models import Customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.db_functions import FoldText
from partnerportal.core.fields import AddressField
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.search import SearchQuerySet, search_index
from partnerportal.core.validators import validate_one_line, validate_plain_text
from partnerportal.outbox.models import OutgoingMail

#: Every text in which something personal can stand; erasing the customer empties them all.
PERSONAL_FIELDS = ("name", "company", "email", "phone", "message", "sender_key")

_ALL_WORDS = Concat(
    "name", Value(" "), "company", Value(" "), "email", Value(" "), "phone", Value(" "), "message", output_field=models.TextField()
)  # fmt: skip


class ContactRequestQuerySet(SearchQuerySet):
    """Requests."""

    def new(self) -> Self:
        """Those that nobody has dealt with yet."""
        return self.filter(status=ContactRequest.Status.NEW)

    def waiting(self) -> Self:
        """New and open ones."""
        return self.filter(status__in=ContactRequest.UNSETTLED)

    def with_unread(self, user: User) -> Self:
        """Each with `is_unread`: something happened that `user` hasn't seen. Spam never counts."""
        seen = RequestSeen.objects.filter(request=OuterRef("pk"), user=user, seen_at__gte=OuterRef("changed_at"))
        return self.annotate(is_unread=~Q(status=ContactRequest.Status.SPAM) & ~Exists(seen))

    def past_their_term(self, keep_days: int) -> Self:
        """Closed ones and spam, for longer than `keep_days`; what belongs to a customer is never among them."""
        term = timezone.now() - timedelta(days=keep_days)
        return self.filter(status__in=[ContactRequest.Status.CLOSED, ContactRequest.Status.SPAM], customer=None, status_since__lt=term)


class ContactRequest(models.Model):
    """What a prospect wrote by “Contact them now”.

    new → open (somebody took it or answered); new | open → assigned (to a customer, for good), spam, closed; spam | closed → open.
    """

    class Status(models.TextChoices):
        NEW = "new", pgettext_lazy("request", "new")
        OPEN = "open", pgettext_lazy("request", "open")
        ASSIGNED = "assigned", pgettext_lazy("request", "assigned")
        SPAM = "spam", pgettext_lazy("request", "spam")
        CLOSED = "closed", pgettext_lazy("request", "closed")

    #: What still has to be decided.
    UNSETTLED = (Status.NEW, Status.OPEN)

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="contact_requests")
    name = models.CharField(_("Name"), max_length=100, blank=True, validators=[validate_one_line])
    company = models.CharField(_("Company"), max_length=200, blank=True, validators=[validate_one_line])
    email = AddressField(_("E-mail"), blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True, validators=[validate_one_line])
    message = models.TextField(_("Message"), max_length=5000, blank=True, validators=[validate_plain_text])
    #: The address as `sender_key` has it: who writes again is the same sender.
    sender_key = models.CharField(max_length=254, blank=True, editable=False)
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    consented_at = models.DateTimeField(_("Consented"))
    #: Digest of the form's number and of what was sent with it: a double click is one request, a second message another.
    submission = models.CharField(max_length=64, unique=True, editable=False)

    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.NEW)
    status_since = models.DateTimeField(_("Status changed"), default=timezone.now)
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Assignee"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    customer = models.ForeignKey(
        Customer, verbose_name=_("Customer"), on_delete=models.RESTRICT, null=True, blank=True, related_name="contact_requests"
    )
    created_at = models.DateTimeField(_("Received"), default=timezone.now)
    #: When last something happened that the team should see.
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    first_reply_at = models.DateTimeField(_("First response"), null=True, blank=True)

    #: Not by `partnerportal.search.search_text`: these are texts of several kinds.
    search_text = models.GeneratedField(expression=FoldText(_ALL_WORDS), output_field=models.TextField(), db_persist=True)

    objects: ClassVar[ContactRequestQuerySet] = ContactRequestQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("contact request")
        verbose_name_plural = _("contact requests")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["new", "open", "assigned", "spam", "closed"]), name="contact_request_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status="assigned", customer__isnull=False) | ~Q(status="assigned") & Q(customer__isnull=True),
                name="contact_request_assigned_has_its_customer",
            ),
            # Emptied only where the customer it belongs to was erased.
            models.CheckConstraint(
                condition=Q(status="assigned") | ~Q(name="") & ~Q(email="") & ~Q(message=""), name="contact_request_has_its_sender"
            ),
            models.UniqueConstraint(fields=["id", "agency"], name="contact_request_same_agency_target"),
            SameParent(field="customer", parent="agency", name="contact_request_customer_same_agency"),
        ]
        indexes = [
            models.Index(fields=["agency", "status", "-id"], name="contact_request_by_status"),
            # The newest few of two states at once, however many of the others there are.
            models.Index(fields=["agency", "-id"], name="contact_request_waiting", condition=Q(status__in=["new", "open"])),
            models.Index(fields=["agency", "created_at"], name="contact_request_answered", condition=Q(first_reply_at__isnull=False)),
            models.Index(fields=["agency", "sender_key"], name="contact_request_by_sender"),
            models.Index(fields=["agency", "status_since"], name="contact_request_to_delete", condition=Q(status__in=["closed", "spam"])),
            search_index("contact_request_search"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="assigned_for_good",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__customer__isnull=False, old__customer__df=pgtrigger.F("new__customer")),
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    "RAISE EXCEPTION 'Contact request % belongs to customer % for good.', OLD.id, OLD.customer_id "
                    "USING ERRCODE = 'integrity_constraint_violation';"
                ),
            ),
            pgtrigger.Trigger(
                name="assigned_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__customer__isnull=False),
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    "RAISE EXCEPTION 'Contact request % belongs to customer % and is not deleted.', OLD.id, OLD.customer_id "
                    "USING ERRCODE = 'integrity_constraint_violation';"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.display_name}"

    def get_absolute_url(self) -> str:
        return reverse("requests_inbox:detail", args=[self.pk])

    @property
    def audit_label(self) -> str:
        """The object's label in audit events; it contains no personal data."""
        return self.reference

    @property
    def reference(self) -> str:
        """What the audit calls it: R-17."""
        return f"R-{self.pk}"

    @property
    def thread(self) -> str:
        """What its mails are found by."""
        return f"contact_request:{self.pk}"

    @property
    def display_name(self) -> str:
        """How lists call it: the company, or the person; nobody any more where the customer was erased."""
        return self.company or self.name or str(_("Former customer"))

    @property
    def answered_after(self) -> timedelta | None:
        """How long the sender waited for the first answer; None as long as there is none."""
        return self.first_reply_at - self.created_at if self.first_reply_at else None

    @property
    def waiting_for(self) -> timedelta | None:
        """How long the sender has been waiting; None where nobody waits any more."""
        return timezone.now() - self.created_at if self.is_unsettled and not self.first_reply_at else None

    @property
    def is_erased(self) -> bool:
        """Whether its customer was erased, and with it all that was personal here."""
        return not self.message

    @property
    def is_unsettled(self) -> bool:
        """Whether it can still be assigned, closed, called spam."""
        return self.status in self.UNSETTLED

    @property
    def can_be_answered(self) -> bool:
        """Whether there is somebody to write to, and reason to."""
        return not self.is_erased and self.status in (*self.UNSETTLED, self.Status.ASSIGNED)

    @property
    def customer_fields(self) -> dict[str, str]:
        """What it tells about its sender, by the names of a customer form's fields."""
        first, _space, last = self.name.strip().rpartition(" ")
        return {
            "kind": Customer.Kind.COMPANY if self.company else Customer.Kind.PERSON,
            "company": self.company,
            "first_name": first,
            "last_name": last,
            "email": self.email,
            "phone": self.phone,
            "language": self.language,
        }


class RequestSeen(models.Model):
    """When a member last looked at a request."""

    request = models.ForeignKey(ContactRequest, verbose_name=_("Request"), on_delete=models.CASCADE, related_name="seen")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Person"), on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(_("Seen"))

    class Meta:
        verbose_name = _("request view")
        verbose_name_plural = _("request views")
        constraints = [models.UniqueConstraint(fields=["request", "user"], name="request_seen_once_per_person")]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.user_id}"


class RequestMessage(models.Model):
    """A reply, which goes out by mail, or a note, which only the team sees."""

    class Kind(models.TextChoices):
        REPLY = "reply", _("Reply")
        NOTE = "note", _("Internal note")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="+")
    request = models.ForeignKey(ContactRequest, verbose_name=_("Request"), on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(_("Kind"), max_length=10, choices=Kind)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Author"), on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField(_("Text"), max_length=10_000, validators=[validate_plain_text])
    #: How the delivery goes. None for notes, and once the mail is gone.
    mail = models.ForeignKey(OutgoingMail, verbose_name=_("E-mail"), on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("Written"), auto_now_add=True)

    objects: ClassVar[TenantQuerySet["RequestMessage"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("request message")
        verbose_name_plural = _("request messages")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["reply", "note"]), name="request_message_kind_is_known"),
            models.CheckConstraint(condition=~Q(text=""), name="request_message_has_a_text"),
            models.CheckConstraint(condition=Q(kind="reply") | Q(mail__isnull=True), name="request_message_note_is_never_mailed"),
            SameParent(field="request", parent="agency", name="request_message_same_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def is_reply(self) -> bool:
        """Whether it went to the sender; a note never does."""
        return self.kind == self.Kind.REPLY
