"""Calendar feeds, which a calendar program reads by a secret address."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency, Membership
from partnerportal.core.constraints import SameParent
from partnerportal.core.personal_links import PersonalLink
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.tokens import LinkTokenGenerator, hash_token


class Whose(models.TextChoices):
    """Whose dates a feed contains."""

    MINE = "mine", _("My dates")
    ALL = "all", _("Dates of the whole team")


class CalendarFeedQuerySet(TenantQuerySet["CalendarFeed"]):
    def with_token(self, token: str) -> Self:
        """Return the feed with this token, if any."""
        return self.filter(token_digest=hash_token(token))

    def working(self) -> Self:
        """Return the feeds of members who may open the portal: active, and with a second factor if it is required."""
        members = Membership.objects.with_second_factor().filter(user__is_active=True)
        return self.filter(member__in=members.filter(Q(agency__second_factor_required=False) | Q(has_second_factor=True)))


class CalendarFeed(PersonalLink):
    """A member's calendar feed of an agency. It ends with the membership."""

    token_generator = LinkTokenGenerator("desk.calendar-feed")
    url_name = "desk:calendar_feed"

    Whose = Whose

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="+")
    member = models.OneToOneField(Membership, verbose_name=_("Member"), on_delete=models.CASCADE, related_name="calendar_feed")
    whose = models.CharField(_("Contents"), max_length=10, choices=Whose, default=Whose.MINE)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)

    objects: ClassVar[CalendarFeedQuerySet] = CalendarFeedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        constraints = [
            models.CheckConstraint(condition=Q(whose__in=Whose.values), name="calendar_feed_whose_is_known"),
            SameParent(field="member", parent="agency", name="calendar_feed_member_same_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.member} · {self.get_whose_display()}"

    @property
    def audit_label(self) -> str:
        """The object's label in audit events: the member, whose feed it is."""
        return str(self.member.user)

    @property
    def subscribe_link(self) -> str | None:
        """The link that opens the device's calendar program, or None if no known key recovers the token."""
        link = self.link
        return f"webcal{link[link.index(':') :]}" if link else None
