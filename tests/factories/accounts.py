"""People."""

from functools import lru_cache

import factory
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from partnerportal.accounts.models import User

#: Password of everybody in the tests.
PASSWORD = "a-long-password-of-tests"


@lru_cache
def hashed(password):
    """Argon2 takes its time on purpose; once is enough."""
    return make_password(password)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    full_name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@people.example")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        user = model_class.objects.create(password=hashed(kwargs.pop("password", PASSWORD)), **kwargs)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user
