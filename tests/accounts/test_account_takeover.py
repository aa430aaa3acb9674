"""Protection against takeover of an account by an unlocked screen or a stolen password."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from zeal import zeal_ignore

from partnerportal.accounts.models import User
from partnerportal.accounts.services.accounts import UNUSABLE_PASSWORD
from partnerportal.outbox.models import OutgoingMail
from tests.accounts.test_reauthentication import REAUTHENTICATE, later
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.second_factors import code, with_app

EMAIL, SET, SESSIONS = "/accounts/email/", "/accounts/password/set/", "/accounts/sessions/"
#: Where clients change their address.
ADDRESS = "/my/data/address/"
THIEF = "thief@evil.example"

# allauth repeats queries for the user and each session.
pytestmark = pytest.mark.usefixtures("clean_cache")


def signed_in(user: User) -> Client:
    """Return a client that signed in with the user's password."""
    client = Client()
    assert client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    return client


def notifications(user: User) -> list[str]:
    return list(OutgoingMail.objects.filter(to_email=user.email).order_by("pk").values_list("kind", flat=True))


# --- Address and password ------------------------------------------------------------------------------------------------


@zeal_ignore()
def test_changing_the_address_requires_reauthentication(cast: Cast) -> None:
    stan = signed_in(cast.stan)
    later(stan)
    response = stan.post(EMAIL, {"email": THIEF, "action_add": ""})
    assert response.url == f"{REAUTHENTICATE}?next={EMAIL.replace('/', '%2F')}"
    assert not OutgoingMail.objects.exists()
    # allauth repeats the request after the reauthentication.
    stan.post(response.url, {"password": PASSWORD})
    assert OutgoingMail.objects.get().to_email == THIEF


@zeal_ignore()
def test_former_address_is_notified_of_the_new_one(cast: Cast) -> None:
    stan = signed_in(cast.stan)
    stan.post(EMAIL, {"email": "stan@new.example", "action_add": ""})
    link = next(word for word in OutgoingMail.objects.get().text.split() if "/accounts/confirm-email/" in word)
    stan.post("/" + link.split("/", 3)[3])
    assert User.objects.get(pk=cast.stan.pk).email == "stan@new.example"
    assert notifications(cast.stan) == ["account/email/email_changed"]
    mail = OutgoingMail.objects.get(to_email=cast.stan.email)
    assert "You now sign in with stan@new.example. This address can no longer be used to sign in" in mail.text


@pytest.mark.parametrize(("path", "fields"), [(ADDRESS, {"email": THIEF}), (SET, {"password1": PASSWORD, "password2": PASSWORD})])
def test_users_without_password_sign_in_again_for_changes(cast: Cast, path: str, fields: dict[str, str]) -> None:
    User.objects.filter(pk=cast.kim.pk).update(password=UNUSABLE_PASSWORD)
    kim = Client()
    kim.force_login(User.objects.get(pk=cast.kim.pk))
    later(kim)
    assert kim.post(path, fields).url == f"/accounts/login/code/?next={path}"
    assert kim.get("/my/").status_code == 302
    assert not OutgoingMail.objects.exists()
    assert User.objects.get(pk=cast.kim.pk).password == UNUSABLE_PASSWORD
    kim.force_login(User.objects.get(pk=cast.kim.pk))
    assert kim.post(path, fields).url == ("/accounts/password/change/" if path == SET else f"{path}confirm/")


def test_clients_change_their_address_only_on_their_own_page(cast: Cast) -> None:
    kim = Client()
    kim.force_login(cast.kim)
    for response in (kim.get(EMAIL), kim.post(EMAIL, {"email": THIEF, "action_add": ""})):
        assert response["Location"] == ADDRESS
    assert not OutgoingMail.objects.exists()
    assert list(EmailAddress.objects.filter(user=cast.kim).values_list("email", flat=True)) == [cast.kim.email]


@zeal_ignore()
def test_user_is_notified_of_a_new_password(cast: Cast) -> None:
    new = "another-long-password"
    signed_in(cast.stan).post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert notifications(cast.stan) == ["account/email/password_changed"]


# --- Other sessions ------------------------------------------------------------------------------------------------------


@zeal_ignore()
@pytest.mark.django_db(transaction=True)
def test_first_second_factor_ends_other_sessions(cast: Cast) -> None:
    thief, stan, max_ = signed_in(cast.stan), signed_in(cast.stan), signed_in(cast.max)
    secret = stan.get("/accounts/2fa/totp/activate/").context["form"].secret
    page = stan.post("/accounts/2fa/totp/activate/", {"code": code(secret)}, follow=True).content.decode()
    assert "You’ve been signed out of all other sessions." in page
    assert thief.get("/dashboard/").status_code == 302
    assert stan.get("/dashboard/").status_code == max_.get("/dashboard/").status_code == 200
    assert "mfa/email/totp_activated" in notifications(cast.stan)


@zeal_ignore()
@pytest.mark.parametrize("moved_by", ["a new password", "a new secret key"])
def test_session_stays_listed_when_its_key_changes(cast: Cast, settings: pytest.FixtureRequest, moved_by: str) -> None:
    elsewhere, here, new = signed_in(cast.stan), signed_in(cast.stan), "another-long-password"
    if moved_by == "a new password":
        elsewhere.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
        here.post("/accounts/login/", {"login": cast.stan.email, "password": new})
    else:
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]
    key = elsewhere.cookies["sessionid"].value
    assert elsewhere.get("/dashboard/").status_code == 200
    assert (elsewhere.cookies["sessionid"].value != key) == (moved_by == "a new secret key")
    assert here.get(SESSIONS).content.decode().count("127.0.0.1") == 2
    here.post(SESSIONS)
    assert elsewhere.get("/dashboard/").status_code == 302
    assert here.get("/dashboard/").status_code == 200


@zeal_ignore()
def test_new_secret_key_keeps_other_sessions(cast: Cast, settings: pytest.FixtureRequest) -> None:
    at_work = signed_in(cast.stan)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]
    at_home = signed_in(cast.stan)
    assert at_home.get(SESSIONS).status_code == 200
    assert at_work.get("/dashboard/").status_code == 200


# --- Second factor -------------------------------------------------------------------------------------------------------


@zeal_ignore()
def test_app_code_works_once(cast: Cast) -> None:
    secret = with_app(cast.stan)
    over_the_shoulder, stan = Client(), Client()
    for browser in (over_the_shoulder, stan):
        browser.post("/accounts/login/", {"login": cast.stan.email, "password": PASSWORD})
    shown = code(secret)
    assert stan.post("/accounts/2fa/authenticate/", {"code": shown}).url == "/"
    in_full_width = "".join(chr(0xFF10 + int(digit)) for digit in shown)
    for again in (shown, f"{shown[:3]} {shown[3:]}", in_full_width, f"0{shown}"):
        assert over_the_shoulder.post("/accounts/2fa/authenticate/", {"code": again}).status_code == 200
        assert over_the_shoulder.get("/dashboard/").status_code == 302
