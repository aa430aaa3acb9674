"""Factories of saved views and pins."""

import factory

from partnerportal.agencies.models import Membership
from partnerportal.desk.models import SavedView, ViewPin


class SavedViewFactory(factory.django.DjangoModelFactory):
    """A private view of the agency's first member, in the next free slot."""

    class Meta:
        model = SavedView

    agency = factory.SelfAttribute("owner.agency")
    owner = factory.LazyAttribute(lambda view: Membership.objects.order_by("pk")[0])
    list_name = "customers"
    name = factory.Sequence(lambda n: f"View {n}")
    query = "status=archived"
    slot = factory.LazyAttribute(
        lambda view: view.owner and SavedView.objects.filter(owner=view.owner, list_name=view.list_name).count() + 1
    )


class ViewPinFactory(factory.django.DjangoModelFactory):
    """A pin of a view in its owner's menu, in the next place."""

    class Meta:
        model = ViewPin

    view = factory.SubFactory(SavedViewFactory)
    agency = factory.SelfAttribute("view.agency")
    member = factory.SelfAttribute("view.owner")
    list_name = factory.SelfAttribute("view.list_name")
    position = factory.LazyAttribute(lambda pin: ViewPin.objects.filter(member=pin.member, list_name=pin.list_name).count() + 1)
