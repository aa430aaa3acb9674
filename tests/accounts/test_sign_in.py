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
def test_the_address_signs_in_whatever_its_case(db: None, typed: str) -> None:
    UserFactory(email="anna@people.example")
    response = Client().post(LOGIN, {"login": typed, "password": PASSWORD})
    assert (response.status_code, response.url) == (302, "/")


def test_staff_land_on_the_dashboard_or_where_they_wanted_to_go(cast: Cast) -> None:
    credentials = {"login": "stan@alder.example", "password": PASSWORD}
    assert Client().post(LOGIN, credentials, follow=True).redirect_chain[-1][0] == "/dashboard/"
    wanted = Client().get("/customers/").url
    assert Client().post(wanted, credentials, follow=True).redirect_chain[-1][0] == "/customers/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_it_leads_to_no_other_site(cast: Cast, target: str) -> None:
    response = Client().post(LOGIN, {"login": "stan@alder.example", "password": PASSWORD, "next": target})
    assert response.url == "/"


@pytest.mark.parametrize("login", ["stan@alder.example", "nobody@alder.example"])
def test_a_wrong_password_tells_nothing_about_the_account(cast: Cast, login: str) -> None:
    response = Client().post(LOGIN, {"login": login, "password": "wrong"})
    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == ["The email address and/or password you specified are not correct."]


def test_there_is_no_open_sign_up(db: None) -> None:
    data = {"email": "new@people.example", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", data)
    assert not User.objects.exists()


def test_signing_out_ends_the_session(alice: Client) -> None:
    assert alice.get("/accounts/logout/").status_code == 200
    assert alice.get("/dashboard/").status_code == 200
    alice.post("/accounts/logout/")
    assert alice.get("/dashboard/").status_code == 302


def test_a_reset_goes_through_the_outbox_and_no_agency_can_read_it(cast: Cast) -> None:
    Client().post("/accounts/password/reset/", {"email": "stan@alder.example"})
    mail = OutgoingMail.objects.get()
    assert (mail.to_email, mail.agency) == ("stan@alder.example", None)
    assert "/accounts/password/reset/key/" in mail.text


def test_a_reset_for_nobody_looks_the_same_and_sends_nothing(cast: Cast) -> None:
    known, unknown = (Client().post("/accounts/password/reset/", {"email": email}) for email in ("stan@alder.example", "x@alder.example"))
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert OutgoingMail.objects.count() == 1


def test_the_database_keeps_one_account_for_an_address(db: None) -> None:
    with pytest.raises(IntegrityError, match="user_email_is_lower_case"):
        User.objects.create(email="Upper@people.example")


def test_the_admin_signs_in_through_the_same_page(cast: Cast) -> None:
    response = Client().get("/admin/")
    assert response.url.startswith("/admin/login/")
    assert Client().get(response.url).url.startswith(LOGIN)
    for person, status in ((cast.ada, 200), (cast.alice, 302)):
        client = Client()
        client.force_login(person)
        assert client.get("/admin/").status_code == status
