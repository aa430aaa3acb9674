"""Signing in and out with e-mail and password."""

import pytest
from django.db import IntegrityError
from django.test import Client

from partnerportal.accounts.models import User
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = pytest.mark.usefixtures("clean_cache")
LOGIN = "/accounts/login/"


@pytest.mark.parametrize("typed", ["anna@people.example", "ANNA@People.Example"])
def test_sign_in_ignores_case_of_the_address(db: None, typed: str) -> None:
    UserFactory(email="anna@people.example")
    response = Client().post(LOGIN, {"login": typed, "password": PASSWORD})
    assert (response.status_code, response.url) == (302, "/")


def test_sign_in_redirects_to_dashboard_or_next_page(cast: Cast) -> None:
    credentials = {"login": "stan@alder.example", "password": PASSWORD}
    assert Client().post(LOGIN, credentials, follow=True).redirect_chain[-1][0] == "/dashboard/"
    wanted = Client().get("/customers/").url
    assert Client().post(wanted, credentials, follow=True).redirect_chain[-1][0] == "/customers/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_sign_in_does_not_redirect_to_other_sites(cast: Cast, target: str) -> None:
    response = Client().post(LOGIN, {"login": "stan@alder.example", "password": PASSWORD, "next": target})
    assert response.url == "/"


@pytest.mark.parametrize("login", ["stan@alder.example", "nobody@alder.example"])
def test_wrong_password_reveals_nothing_about_the_account(cast: Cast, login: str) -> None:
    response = Client().post(LOGIN, {"login": login, "password": "wrong"})
    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == ["The email address and/or password you specified are not correct."]


def test_sign_up_is_closed(db: None) -> None:
    data = {"email": "new@people.example", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", data)
    assert not User.objects.exists()


def test_sign_out_ends_the_session(alice: Client) -> None:
    assert alice.get("/accounts/logout/").status_code == 200
    assert alice.get("/dashboard/").status_code == 200
    alice.post("/accounts/logout/")
    assert alice.get("/dashboard/").status_code == 302


def test_reset_email_belongs_to_no_agency(cast: Cast) -> None:
    Client().post("/accounts/password/reset/", {"email": "stan@alder.example"})
    mail = OutgoingMail.objects.get()
    assert (mail.to_email, mail.agency) == ("stan@alder.example", None)
    assert "/accounts/password/reset/key/" in mail.text


def test_reset_for_unknown_address_sends_nothing(cast: Cast) -> None:
    known, unknown = (Client().post("/accounts/password/reset/", {"email": email}) for email in ("stan@alder.example", "x@alder.example"))
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert OutgoingMail.objects.count() == 1


def test_database_rejects_upper_case_addresses(db: None) -> None:
    with pytest.raises(IntegrityError, match="user_email_is_lower_case"):
        User.objects.create(email="Upper@people.example")


def test_admin_uses_the_same_sign_in_page(cast: Cast) -> None:
    response = Client().get("/admin/")
    assert response.url.startswith("/admin/login/")
    assert Client().get(response.url).url.startswith(LOGIN)
    for person, status in ((cast.ada, 200), (cast.alice, 302)):
        client = Client()
        client.force_login(person)
        assert client.get("/admin/").status_code == status
