"""Saved views of lists, and the places of pinned ones in the menu."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency, Membership, Role
from partnerportal.core.constraints import SameParent
from partnerportal.core.db_functions import FoldText
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.search import SearchQuerySet
from partnerportal.core.validators import validate_one_line

#: Maximum number of views that a member can have of each list.
MAX_VIEWS = 20
#: Maximum number of views of each list that a member can pin.
MAX_PINNED = 5
#: Maximum length of a stored query string.
MAX_QUERY = 2000


class ListName(models.TextChoices):
    """Lists that have saved views."""

    CUSTOMERS = "customers", _("Customers")
    REQUESTS = "requests", _("Requests")
    TASKS = "tasks", _("Tasks")


class SavedViewQuerySet(TenantQuerySet["SavedView"]):
    def existing(self) -> Self:
        """Return the views that haven't been deleted."""
        return self.filter(deleted_at__isnull=True)

    def visible_to(self, member: Any) -> Self:
        """Return the existing views that a member owns or that are shared."""
        return self.existing().filter(Q(is_shared=True) | Q(owner=member))


class SearchableViewQuerySet(SearchQuerySet):
    def visible_to(self, member: Any) -> Self:
        """Return the existing views that a member owns or that are shared."""
        return self.filter(pk__in=SavedView.objects.visible_to(member).values("pk"))


class SearchableViews(models.Manager["SavedView"]):
    """Views that the global search finds by their names."""

    def get_queryset(self) -> SearchableViewQuerySet:
        views: SearchableViewQuerySet = SearchableViewQuerySet(self.model, using=self._db).annotate(search_text=FoldText("name"))
        return views


class SavedView(models.Model):
    """A name for a query string of a list. Shared views of former members belong to the agency alone."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="saved_views")
    owner = models.ForeignKey(
        Membership, verbose_name=_("Owner"), on_delete=models.CASCADE, null=True, blank=True, related_name="saved_views"
    )
    list_name = models.CharField(_("List"), max_length=10, choices=ListName)
    name = models.CharField(_("Name"), max_length=60, validators=[validate_one_line])
    #: Normalized query string, without the position on a page; see `ListFilter.normalized_query`.
    query = models.CharField(max_length=MAX_QUERY, blank=True)
    is_shared = models.BooleanField(_("Share with the team"), default=False)
    #: Number among the owner's views of the list, which limits how many there are.
    slot = models.PositiveSmallIntegerField(null=True, editable=False)
    #: Deleted views can be restored for an hour.
    deleted_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("Saved"), auto_now_add=True)

    objects: ClassVar[SavedViewQuerySet] = SavedViewQuerySet.as_manager()  # type: ignore[assignment]
    searchable = SearchableViews()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(fields=["id", "agency"], name="saved_view_agency_target"),
            models.UniqueConstraint(fields=["id", "list_name"], name="saved_view_list_target"),
            SameParent(field="owner", parent="agency", name="saved_view_owner_same_agency"),
            models.CheckConstraint(condition=Q(list_name__in=ListName.values), name="saved_view_list_is_known"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_a_name"),
            models.CheckConstraint(condition=Q(is_shared=True) | Q(owner__isnull=False), name="saved_view_private_has_its_owner"),
            models.CheckConstraint(
                condition=Q(owner=None, slot=None) | Q(owner__isnull=False, slot__isnull=False, slot__range=(1, MAX_VIEWS)),
                name="saved_view_slot_from_1_to_20",
            ),
            models.UniqueConstraint(fields=["owner", "list_name", "slot"], name="saved_view_slot_once"),
            models.UniqueConstraint(
                "owner", "list_name", Lower("name"), condition=Q(deleted_at=None), name="saved_view_name_once_per_owner"
            ),
            models.UniqueConstraint(
                "agency", "list_name", Lower("name"), condition=Q(owner=None, deleted_at=None), name="saved_view_name_once_per_agency"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_label(self) -> str:
        """The object's label in audit events. Its name can contain personal data."""
        return str(self.get_list_name_display())

    def may_be_edited_by(self, member: Membership) -> bool:
        """Return whether the member owns the view, or manages a team that it is shared with."""
        return may_edit(self, member)


def may_edit(view: Any, member: Membership) -> bool:
    """Return whether the member owns a view (or a row of it), or manages a team that it is shared with."""
    return view.owner_id == member.pk or (view.is_shared and member.has_role(Role.MANAGER))


class ViewPin(models.Model):
    """The place of a view in a member's menu."""

    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="pinned_views")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="pins")
    list_name = models.CharField(max_length=10, choices=ListName)
    position = models.PositiveSmallIntegerField()

    objects: ClassVar[TenantQuerySet["ViewPin"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            SameParent(field="member", parent="agency", name="view_pin_member_same_agency"),
            SameParent(field="view", parent="agency", name="view_pin_view_same_agency"),
            SameParent(field="view", parent="list_name", name="view_pin_same_list"),
            models.UniqueConstraint(fields=["member", "view"], name="view_pin_once"),
            models.CheckConstraint(condition=Q(position__range=(1, MAX_PINNED)), name="view_pin_from_1_to_5"),
            # Deferred, so that two pins can swap their places.
            models.UniqueConstraint(
                fields=["member", "list_name", "position"], name="view_pin_once_each_place", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.list_name} {self.position}"
