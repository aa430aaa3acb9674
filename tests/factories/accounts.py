"""Factories of users."""

from functools import lru_cache

import factory
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from partnerportal.accounts.models import User

#: Password of all test users.
PASSWORD = "a-long-password-of-tests"


@lru_cache
def hashed(password):
    """Hash a password, once per test run because Argon2 is slow."""
    return make_password(password)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    full_name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@people.example")

    @classmethod
    def _build(cls, model_class, *args, **kwargs):
        return model_class(password=hashed(kwargs.pop("password", PASSWORD)), **kwargs)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        [user] = saved(cls._build(model_class, **kwargs))
        return user


def saved(*users):
    """Save built users and their confirmed e-mail addresses in two queries."""
    User.objects.bulk_create(users)
    EmailAddress.objects.bulk_create(EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users)
    return users
