"""Contact requests, their messages, and which members have read them."""

from datetime import timedelta
from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, ExpressionWrapper, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.models import Customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.core.addresses import address
from partnerportal.core.constraints import SameParent
from partnerportal.core.db_functions import FoldText
from partnerportal.core.fields import AddressField
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.search import SearchQuerySet, search_index
from partnerportal.core.validators import validate_one_line, validate_plain_text
from partnerportal.outbox.models import OutgoingMail

#: Text fields without personal data. Erasing the customer empties all other text fields.
IMPERSONAL_FIELDS = {"language", "submission", "status"}

_ALL_WORDS = Concat(
    "name", Value(" "), "company", Value(" "), "email", Value(" "), "phone", Value(" "), "message", output_field=models.TextField()
)  # fmt: skip


class RequestStatus(models.TextChoices):
    """Status of a request.

    new → open (claimed or answered); new, open → assigned (permanently), spam, closed; spam, closed → open.
    """

    NEW = "new", pgettext_lazy("request", "new")
    OPEN = "open", pgettext_lazy("request", "open")
    ASSIGNED = "assigned", pgettext_lazy("request", "assigned")
    SPAM = "spam", pgettext_lazy("request", "spam")
    CLOSED = "closed", pgettext_lazy("request", "closed")


#: Statuses in which a request can be assigned to a customer or closed.
UNDECIDED = (RequestStatus.NEW, RequestStatus.OPEN)
#: Statuses in which a request can be answered.
ANSWERABLE = (*UNDECIDED, RequestStatus.ASSIGNED)

#: Tab of the inbox with the requests that wait for a reply. The other tabs are statuses.
WAITING = "waiting"

#: Condition under which a request waits for a reply. Requests of erased customers have no message and can't be answered.
_WAITS = Q(status__in=["new", "open", "assigned"], first_reply_at__isnull=True, no_reply_needed_at__isnull=True) & ~Q(message="")


class ContactRequestQuerySet(SearchQuerySet):
    """Queryset of contact requests."""

    def waiting(self) -> Self:
        """Return requests that wait for a reply, whether or not they are claimed or assigned to a customer."""
        return self.filter(is_waiting=True)

    def on_tab(self, tab: str) -> Self:
        """Return the requests on a tab of the inbox: `WAITING`, a status, or all (empty)."""
        if tab == WAITING:
            return self.waiting()
        return self.filter(status=tab) if tab else self

    def undecided(self) -> Self:
        """Return new and open requests."""
        return self.filter(status__in=UNDECIDED)

    def with_unread(self, user: User) -> Self:
        """Annotate `is_unread`: whether there is activity that `user` hasn't seen. Spam is never unread."""
        seen = RequestSeen.objects.filter(request=OuterRef("pk"), user=user, seen_at__gte=OuterRef("last_activity_at"))
        return self.annotate(is_unread=~Q(status=RequestStatus.SPAM) & ~Exists(seen))

    def past_retention(self, retention_days: int) -> Self:
        """Return requests that have been closed or spam for more than `retention_days` days."""
        limit = timezone.now() - timedelta(days=retention_days)
        return self.filter(status__in=[RequestStatus.CLOSED, RequestStatus.SPAM], status_since__lt=limit)


class ContactRequest(models.Model):
    """A message that a prospect sent to an agency with “Contact them now”."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="contact_requests")
    name = models.CharField(_("Name"), max_length=100, blank=True, validators=[validate_one_line])
    company = models.CharField(_("Company"), max_length=200, blank=True, validators=[validate_one_line])
    email = AddressField(_("E-mail"), blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True, validators=[validate_one_line])
    message = models.TextField(_("Message"), max_length=5000, blank=True, validators=[validate_plain_text])
    #: `sender_key(email)`: identifies the sender across requests.
    sender_key = models.CharField(max_length=254, blank=True, editable=False)
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    consented_at = models.DateTimeField(_("Consented"))
    #: Digest of the form's number and input, so that a double click creates one request.
    submission = models.CharField(max_length=64, unique=True, editable=False)

    status = models.CharField(_("Status"), max_length=10, choices=RequestStatus, default=RequestStatus.NEW)
    status_since = models.DateTimeField(_("Status changed"), default=timezone.now)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Assignee"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    customer = models.ForeignKey(
        Customer, verbose_name=_("Customer"), on_delete=models.RESTRICT, null=True, blank=True, related_name="contact_requests"
    )
    created_at = models.DateTimeField(_("Received"), default=timezone.now)
    #: Time of the last activity that marks the request as unread.
    last_activity_at = models.DateTimeField(default=timezone.now, editable=False)
    first_reply_at = models.DateTimeField(_("First response"), null=True, blank=True)
    #: Time at which a member marked the unanswered request as needing no reply.
    no_reply_needed_at = models.DateTimeField(_("No reply needed"), null=True, blank=True)
    #: Stored, so that every query and the partial index use the same condition.
    is_waiting = models.GeneratedField(
        expression=ExpressionWrapper(_WAITS, output_field=models.BooleanField()), output_field=models.BooleanField(), db_persist=True
    )

    #: Not `partnerportal.core.search.search_text()`, which combines fields of a single type.
    search_text = models.GeneratedField(expression=FoldText(_ALL_WORDS), output_field=models.TextField(), db_persist=True)

    objects: ClassVar[ContactRequestQuerySet] = ContactRequestQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("contact request")
        verbose_name_plural = _("contact requests")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RequestStatus.values), name="contact_request_status_is_known"),
            models.CheckConstraint(
                condition=Q(status="assigned", customer__isnull=False) | ~Q(status="assigned") & Q(customer__isnull=True),
                name="contact_request_assigned_has_its_customer",
            ),
            # Only assigned requests can be empty, because their customer may have been erased.
            models.CheckConstraint(
                condition=Q(status="assigned") | ~Q(name="") & ~Q(email="") & ~Q(message=""), name="contact_request_has_its_sender"
            ),
            models.CheckConstraint(
                condition=Q(first_reply_at__isnull=True) | Q(no_reply_needed_at__isnull=True),
                name="contact_request_answered_or_needs_no_reply",
            ),
            models.UniqueConstraint(fields=["id", "agency"], name="contact_request_same_agency_target"),
            SameParent(field="customer", parent="agency", name="contact_request_customer_same_agency"),
        ]
        indexes = [
            models.Index(fields=["agency", "status", "-id"], name="contact_request_by_status"),
            # For the badge and the lists, regardless of the number of other requests.
            models.Index(fields=["agency", "-id"], name="contact_request_waiting", condition=Q(is_waiting=True)),
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
                func=(
                    "RAISE EXCEPTION 'Contact request % permanently belongs to customer %.', OLD.id, OLD.customer_id "
                    "USING ERRCODE = 'integrity_constraint_violation';"
                ),
            ),
            pgtrigger.Trigger(
                name="answered_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__first_reply_at__isnull=False, new__first_reply_at__isnull=True),
                func=("RAISE EXCEPTION 'Contact request % has been answered.', OLD.id USING ERRCODE = 'integrity_constraint_violation';"),
            ),
            pgtrigger.Trigger(
                name="assigned_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__customer__isnull=False),
                func=(
                    "RAISE EXCEPTION 'Contact request % belongs to customer % and is not deleted.', OLD.id, OLD.customer_id "
                    "USING ERRCODE = 'integrity_constraint_violation';"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.display_name}"

    def get_absolute_url(self) -> str:
        return address("requests_inbox:detail", self.pk)

    @property
    def audit_label(self) -> str:
        """The object's label in audit events; it contains no personal data."""
        return self.reference

    @classmethod
    def personal_fields(cls) -> list[str]:
        """Return the names of the text fields that are emptied when the customer is erased."""
        texts = [field.name for field in cls._meta.fields if isinstance(field, models.CharField | models.TextField)]
        return [name for name in texts if name not in IMPERSONAL_FIELDS]

    @property
    def reference(self) -> str:
        """The request's number, such as R-17."""
        return f"R-{self.pk}"

    @property
    def thread(self) -> str:
        """Key of the request's e-mails in the outbox."""
        return f"contact_request:{self.pk}"

    @property
    def display_name(self) -> str:
        """Display name for lists: the company or the person; a placeholder once the customer is erased."""
        return self.company or self.name or str(_("Former customer"))

    @property
    def assignee_name(self) -> str:
        """The name of the assignee, or an empty string."""
        return self.assignee.get_full_name() if self.assignee else ""

    @property
    def response_time(self) -> timedelta | None:
        """Time until the first reply; None if there is none."""
        return self.first_reply_at - self.created_at if self.first_reply_at else None

    @property
    def waiting_time(self) -> timedelta | None:
        """Time for which the sender has been waiting for a reply; None if no reply is pending."""
        return timezone.now() - self.created_at if self.is_waiting else None

    @property
    def is_erased(self) -> bool:
        """Whether the customer was erased, and with it all personal data of the request."""
        return not self.message

    @property
    def is_undecided(self) -> bool:
        """Whether the request can still be assigned or closed."""
        return self.status in UNDECIDED

    @property
    def can_be_answered(self) -> bool:
        """Whether members can reply to the sender."""
        return not self.is_erased and self.status in ANSWERABLE

    @property
    def customer_fields(self) -> dict[str, str]:
        """The sender's data by names of customer form fields."""
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
    """Time at which a member last viewed a request."""

    request = models.ForeignKey(ContactRequest, verbose_name=_("Request"), on_delete=models.CASCADE, related_name="seen")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Person"), on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(_("Seen"))

    class Meta:
        verbose_name = _("request view")
        verbose_name_plural = _("request views")
        constraints = [models.UniqueConstraint(fields=["request", "user"], name="request_seen_once_per_person")]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.user_id}"


class MessageKind(models.TextChoices):
    """Whether a message is sent to the prospect or only visible to the team."""

    REPLY = "reply", _("Reply")
    NOTE = "note", _("Internal note")


class RequestMessage(models.Model):
    """A reply, which is sent by e-mail, or an internal note."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="+")
    request = models.ForeignKey(ContactRequest, verbose_name=_("Request"), on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(_("Kind"), max_length=10, choices=MessageKind)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Author"), on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField(_("Text"), max_length=10_000, validators=[validate_plain_text])
    #: The reply's e-mail. None for notes, and once the e-mail has been deleted.
    mail = models.ForeignKey(OutgoingMail, verbose_name=_("E-mail"), on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("Written"), auto_now_add=True)

    objects: ClassVar[TenantQuerySet["RequestMessage"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("request message")
        verbose_name_plural = _("request messages")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=MessageKind.values), name="request_message_kind_is_known"),
            models.CheckConstraint(condition=~Q(text=""), name="request_message_has_a_text"),
            models.CheckConstraint(condition=Q(kind="reply") | Q(mail__isnull=True), name="request_message_note_is_never_mailed"),
            SameParent(field="request", parent="agency", name="request_message_same_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def is_reply(self) -> bool:
        """Whether the message was sent to the prospect."""
        return self.kind == MessageKind.REPLY
