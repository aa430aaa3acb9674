"""Factory of agencies' applications."""

import factory
from django.utils import timezone

from partnerportal.network.models import AgencyApplication
from tests.factories.agencies import AgencyFactory


class ApplicationFactory(factory.django.DjangoModelFactory):
    """An application whose address is confirmed. With another `status`, it went through the steps to it."""

    class Meta:
        model = AgencyApplication

    name = "Cedar Digital"
    website = "https://cedar.example/"
    city = "Leipzig"
    contact_name = "Cora Cedar"
    email = factory.Sequence(lambda n: f"cora{n}@cedar.example")
    description = "We build shops for craft businesses."
    submission = factory.Sequence(lambda n: f"{n:064}")
    status = "confirmed"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        status = kwargs.pop("status")
        application = super()._create(model_class, *args, **kwargs)
        now, steps = timezone.now(), {}
        if status != "unconfirmed":
            steps["confirmed"] = {"confirmed_at": now}
        if status == "rejected":
            steps[status] = {"decided_at": now, "reason": "Outside our region"}
        if status == "approved":
            steps[status] = {"decided_at": now, "agency": AgencyFactory(name=application.name)}
        for step, values in steps.items():
            model_class.objects.filter(pk=application.pk).update(status=step, **values)
        application.refresh_from_db()
        return application
