"""What members are notified about by e-mail, and when."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

#: Days on which the digest is sent by default, as ISO weekdays (1 is Monday).
WORKING_DAYS = (1, 2, 3, 4, 5)
#: Hour at which the digest is sent by default, in the member's time zone.
DIGEST_HOUR = 8


class Mode(models.TextChoices):
    """When members are notified, the most urgent first."""

    NOW = "now", _("Immediately")
    DIGEST = "digest", pgettext_lazy("notifications", "Digest")
    OFF = "off", pgettext_lazy("notifications", "Off")

    @property
    def urgency(self) -> int:
        """Position among all modes. 0 is the most urgent."""
        return list(Mode).index(self)


class Notification(models.TextChoices):
    """Kinds of notifications that members receive by e-mail."""

    REQUESTS = "requests", _("New requests")
    ACCESS = "access", _("Access given, changed or revoked by clients")
    REVIEWS = "reviews", _("New reviews")
    LOW_REVIEWS = "low_reviews", _("New reviews with three stars or fewer")
    TASKS = "tasks", _("Tasks assigned to me")
    UNDELIVERABLE = "undeliverable", _("Undeliverable review requests")
    DEADLINES = "deadlines", _("Deadlines")
    FILES = "files", _("Files from clients and their decisions about approvals")
    MESSAGES = "messages", _("Messages from clients")

    @property
    def description(self) -> Promise:
        """Which of these events concern a member, as shown in the settings."""
        return DESCRIPTIONS[self]

    def default_mode(self, *, is_manager: bool) -> Mode:
        """Return the mode of members who haven't chosen one."""
        return DEFAULT_MODES[self][0 if is_manager else 1]


DESCRIPTIONS: dict[Notification, Promise] = {
    Notification.REQUESTS: _("If no one on the team is notified, owners and managers are."),
    Notification.ACCESS: _("For the customers assigned to you. If everyone turns this off, one member is still notified."),
    Notification.REVIEWS: _("All reviews of your agency."),
    Notification.LOW_REVIEWS: _("The more urgent choice for reviews applies. You get one e-mail for each."),
    Notification.TASKS: _("When a colleague assigns you a task."),
    Notification.UNDELIVERABLE: _("Requests that you sent. Owners and managers also get those of former colleagues."),
    Notification.DEADLINES: _("Domains, contracts and access that end, for the customers assigned to you."),
    Notification.FILES: _("For the customers assigned to you. Owners and managers also get those of customers without anyone."),
    Notification.MESSAGES: _("For the customers assigned to you. Owners and managers are notified of those without an account manager."),
}

#: Default modes: of owners and managers, and of staff.
DEFAULT_MODES: dict[Notification, tuple[Mode, Mode]] = {
    Notification.REQUESTS: (Mode.NOW, Mode.OFF),
    Notification.ACCESS: (Mode.NOW, Mode.NOW),
    Notification.REVIEWS: (Mode.DIGEST, Mode.DIGEST),
    Notification.LOW_REVIEWS: (Mode.NOW, Mode.DIGEST),
    Notification.TASKS: (Mode.NOW, Mode.NOW),
    Notification.UNDELIVERABLE: (Mode.NOW, Mode.NOW),
    Notification.DEADLINES: (Mode.DIGEST, Mode.DIGEST),
    Notification.FILES: (Mode.NOW, Mode.NOW),
    Notification.MESSAGES: (Mode.NOW, Mode.NOW),
}


class InternalKind(models.TextChoices):
    """Kinds of digest items that members don't choose, because another kind's choice applies."""

    ACCESS_REQUESTS = "access_requests", _("Access requests")
    APPROVALS = "approvals", _("Approvals")

    @property
    def chosen_as(self) -> Notification:
        """The kind whose mode applies."""
        return CHOSEN_AS[self]


#: They are kinds of their own, because their objects have other models.
CHOSEN_AS: dict[InternalKind, Notification] = {
    InternalKind.ACCESS_REQUESTS: Notification.ACCESS,
    InternalKind.APPROVALS: Notification.FILES,
}


class NotificationChoice(models.Model):
    """A member's choice for one kind of notification. Without one, the default of the role applies."""

    membership = models.ForeignKey(
        "agencies.Membership", verbose_name=_("membership"), on_delete=models.CASCADE, related_name="notification_choices"
    )
    kind = models.CharField(_("Notification"), max_length=20, choices=Notification)
    mode = models.CharField(_("When"), max_length=10, choices=Mode)

    objects: ClassVar[models.Manager["NotificationChoice"]] = models.Manager()

    class Meta:
        verbose_name = _("notification setting")
        verbose_name_plural = _("notification settings")
        constraints = [
            models.UniqueConstraint(fields=["membership", "kind"], name="notification_choice_once_per_kind"),
            models.CheckConstraint(condition=Q(kind__in=Notification.values), name="notification_choice_kind_is_known"),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="notification_choice_mode_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_mode_display()}"


class DigestItemQuerySet(models.QuerySet["DigestItem"]):
    def add(self, members: Iterable[Any], kind: Notification | InternalKind, *object_ids: int) -> None:
        """Put objects into the next digest of those members who chose the digest for this kind."""
        chosen = kind.chosen_as if isinstance(kind, InternalKind) else kind
        items = [
            DigestItem(membership_id=member.pk, kind=kind, object_id=object_id)
            for member in members
            if member.is_notified_about(chosen, mode=Mode.DIGEST)
            for object_id in object_ids
        ]
        if items:
            self.bulk_create(items, ignore_conflicts=True, batch_size=1000)


class DigestItem(models.Model):
    """An event that a member's next digest mentions. It refers to an object, whose present state the digest shows."""

    membership = models.ForeignKey(
        "agencies.Membership", verbose_name=_("membership"), on_delete=models.CASCADE, related_name="digest_items"
    )
    kind = models.CharField(_("Notification"), max_length=20, choices=[*Notification.choices, *InternalKind.choices])
    #: Primary key of the object; its model depends on the kind.
    object_id = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)

    objects: ClassVar[DigestItemQuerySet] = DigestItemQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("digest item")
        verbose_name_plural = _("digest items")
        constraints = [
            models.UniqueConstraint(fields=["membership", "kind", "object_id"], name="digest_item_once"),
            models.CheckConstraint(condition=Q(kind__in=[*Notification.values, *InternalKind.values]), name="digest_item_kind_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.object_id}"
