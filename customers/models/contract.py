"""`Contract`: what a customer has signed, and until when it can be cancelled."""

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import DateField, F, Func, Q
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.models.customer import Customer
from customers.models.dates import sort_date, validate_plausible_date
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.search import SearchQuerySet, search_index, search_text
from partnerportal.core.validators import validate_one_line


class Contract(models.Model):
    """A contract with a price, a term and a notice period."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        CANCELLED = "cancelled", pgettext_lazy("contract", "Cancelled")
        ENDED = "ended", _("Ended")

    class Interval(models.TextChoices):
        ONCE = "once", _("one-time")
        MONTH = "month", _("per month")
        QUARTER = "quarter", _("per quarter")
        YEAR = "year", _("per year")

    class Currency(models.TextChoices):
        EUR = "EUR", "EUR"
        CHF = "CHF", "CHF"
        GBP = "GBP", "GBP"
        USD = "USD", "USD"

    class NoticeUnit(models.TextChoices):
        DAYS = "days", _("days")
        WEEKS = "weeks", _("weeks")
        MONTHS = "months", _("months")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="contracts")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="contracts")
    number = models.CharField(_("Contract number"), max_length=60, validators=[validate_one_line])
    product = models.CharField(_("Product"), max_length=200, blank=True, validators=[validate_one_line])
    price = models.DecimalField(_("Price"), max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)])
    currency = models.CharField(_("Currency"), max_length=3, choices=Currency, default=Currency.EUR)
    interval = models.CharField(_("Billing interval"), max_length=10, choices=Interval, default=Interval.MONTH)
    starts_on = models.DateField(_("Starts on"), null=True, blank=True, validators=[validate_plausible_date])
    ends_on = models.DateField(_("Ends on"), null=True, blank=True, validators=[validate_plausible_date])
    notice_count = models.PositiveSmallIntegerField(_("Notice period"), default=0)
    notice_unit = models.CharField(_("Unit"), max_length=10, choices=NoticeUnit, default=NoticeUnit.MONTHS)
    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.ACTIVE)
    #: The last day on which it can be cancelled: the end less the notice period (PostgreSQL's calendar: a month before 31 March is
    #: 28 or 29 February).
    cancel_by = models.GeneratedField(
        expression=Cast(
            F("ends_on")
            - Func(
                F("notice_count"),
                F("notice_unit"),
                template="(CASE WHEN notice_unit = 'months' THEN make_interval(months => notice_count::int) "
                "WHEN notice_unit = 'weeks' THEN make_interval(weeks => notice_count::int) "
                "ELSE make_interval(days => notice_count::int) END)",
                output_field=models.DurationField(),
            ),
            DateField(),
        ),
        output_field=DateField(),
        db_persist=True,
        verbose_name=_("Cancel by"),
    )
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    sort_date = sort_date("ends_on")
    search_text = search_text("number", "product")

    objects: ClassVar[SearchQuerySet] = SearchQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        constraints = [
            models.CheckConstraint(condition=~Q(number=""), name="contract_has_a_number"),
            models.CheckConstraint(condition=Q(price__isnull=True) | Q(price__gte=0), name="contract_price_not_negative"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(starts_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="contract_ends_after_its_start",
                violation_error_message=_("The end date can’t be before the start date."),
            ),
            models.CheckConstraint(condition=Q(notice_unit__in=["days", "weeks", "months"]), name="contract_notice_unit_is_known"),
            models.CheckConstraint(condition=Q(status__in=["active", "cancelled", "ended"]), name="contract_status_is_known"),
            SameParent(field="customer", parent="agency", name="contract_customer_same_agency"),
        ]
        indexes = [
            models.Index(fields=["agency", "sort_date", "id"], name="contract_by_end"),
            models.Index(fields=["agency", "sort_date", "id"], name="contract_active_by_end", condition=Q(status="active")),
            search_index("contract_search"),
        ]

    def __str__(self) -> str:
        return self.number
