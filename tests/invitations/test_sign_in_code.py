"""Tests of client accounts, which are created by signing in with a code."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.accounts.tasks import purge_unconfirmed
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.invitations import AccessRequestFactory, InvitationFactory
from tests.factories.second_factors import with_app

GIVE = "/partners/alder/access/"
CODE = "/accounts/login/code/"
CONFIRM = "/accounts/login/code/confirm/"

pytestmark = pytest.mark.usefixtures("clean_cache")


def ask(client: Client, email: str, target: str = GIVE):
    return client.post(CODE, {"email": email, **({"next": target} if target else {})})


def mailed_code() -> str:
    return re.search(r"^[A-Z]{4}-[A-Z]{4}$", OutgoingMail.objects.latest("pk").text, re.M).group()


@pytest.mark.parametrize("path", [GIVE, "/my/", "/a/sometoken/"])
def test_client_pages_redirect_to_sign_in_by_code(cast: Cast, path: str) -> None:
    assert Client().get(path).url == f"{CODE}?next={path}"


def test_sign_in_page_shows_the_reason(cast: Cast) -> None:
    access_request = AccessRequestFactory(customer__agency=cast.alder)
    page = Client().get(GIVE, follow=True).content.decode()
    assert "Sign in to give Alder Web access." in page
    page = Client().get(urlsplit(access_request.link).path, follow=True).content.decode()
    assert "Alder Web is requesting access." in page
    assert access_request.email not in page


@pytest.mark.parametrize("target", ["/a/nothing/", "/partners/nobody/access/", "/my/", "/dashboard/", "//[", "\x00"])
def test_sign_in_page_shows_no_reason_for_other_targets(cast: Cast, target: str) -> None:
    response = Client().get(CODE, {"next": target})
    assert response.status_code == 200
    assert "<strong>" not in response.content.decode()
    assert Client().get("/accounts/login/", {"next": target}).status_code == 200


def test_code_creates_an_account_and_returns_to_the_form(cast: Cast) -> None:
    client = Client()
    response = ask(client, "New@Client.example")
    assert response.url == f"{CONFIRM}?next=%2Fpartners%2Falder%2Faccess%2F"
    mail = OutgoingMail.objects.get()
    assert (mail.to_email.lower(), mail.agency) == ("new@client.example", None)
    response = client.post(CONFIRM, {"code": mailed_code(), "next": GIVE})
    assert response.url == GIVE
    assert client.get(GIVE).status_code == 200
    user = User.objects.get(email="new@client.example")
    assert not user.has_usable_password()
    assert not user.memberships.exists()
    assert user.emailaddress_set.get().verified


@pytest.mark.parametrize(
    "target", ["", "/dashboard/", "/customers/", "/partners/alder/", "/admin/", "https://evil.example/my/x", "/nothing/", "\x00"]
)
def test_codes_create_accounts_only_for_client_pages(cast: Cast, target: str) -> None:
    before = User.objects.count()
    response = ask(Client(), "new@client.example", target)
    assert response.status_code == 302
    assert User.objects.count() == before
    assert not OutgoingMail.objects.exists()


def test_sign_up_with_a_password_is_not_possible(cast: Cast) -> None:
    password = "a-long-password-of-tests"
    Client().post(f"/accounts/signup/?next={GIVE}", {"email": "new@client.example", "password1": password, "password2": password})
    assert not User.objects.filter(email="new@client.example").exists()


@pytest.mark.parametrize("target", ["", GIVE])
def test_responses_do_not_reveal_whether_an_account_exists(cast: Cast, target: str) -> None:
    pages = []
    for email in (cast.kim.email, "new@client.example"):
        client = Client()
        response = ask(client, email, target)
        page = client.get(response.url).content.decode().replace(email, "…")
        pages.append((response.status_code, response.url, re.sub(r'csrfmiddlewaretoken" value="\w+"', "", page)))
    assert pages[0] == pages[1]


def test_deactivated_account_gets_no_code(cast: Cast) -> None:
    UserFactory(email="off@client.example", is_active=False)
    ask(Client(), "off@client.example")
    assert not OutgoingMail.objects.exists()
    assert not User.objects.get(email="off@client.example").is_active


def test_code_attempts_and_requests_are_limited(cast: Cast, settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}  # disables allauth's limits
    client = Client()
    ask(client, cast.kim.email)
    for _ in range(3):
        response = client.post(CONFIRM, {"code": "BBBB-BBBB", "next": GIVE})
    assert response.status_code == 302
    assert client.get("/my/").status_code == 302
    cache.clear()
    mails = OutgoingMail.objects.count()
    for _ in range(5):
        ask(Client(), cast.kim.email)
    assert OutgoingMail.objects.count() == mails + 3


def test_form_input_survives_an_expired_session(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.kim)
    client.get(GIVE)
    client.cookies.pop("sessionid")
    response = client.post(GIVE, {"scope": "partial", "areas": ["email"], "name": "Kim", "message": "Half a page of text"})
    assert response.url == f"{CODE}?next={GIVE}"
    ask(client, cast.kim.email)
    client.post(CONFIRM, {"code": mailed_code(), "next": GIVE})
    page = client.get(GIVE).content.decode()
    assert "Half a page of text" in page
    assert "Your input has been kept" in page


def test_unconfirmed_accounts_are_deleted(cast: Cast) -> None:
    ask(Client(), "typo@client.example")
    old = timezone.now() - timedelta(days=2)
    User.objects.filter(email="typo@client.example").update(date_joined=old)
    ask(Client(), "today@client.example")
    waiting = InvitationFactory(agency=cast.alder).client
    User.objects.filter(pk__in=[waiting.pk, cast.kim.pk, cast.stan.pk]).update(date_joined=old)
    purge_unconfirmed()
    assert not User.objects.filter(email="typo@client.example").exists()
    assert User.objects.filter(pk__in=[waiting.pk, cast.kim.pk, cast.stan.pk]).count() == 3
    assert User.objects.filter(email="today@client.example").exists()


def test_second_factor_is_required_after_the_code(cast: Cast) -> None:
    with_app(cast.stan)
    client = Client()
    ask(client, cast.stan.email)
    response = client.post(CONFIRM, {"code": mailed_code(), "next": GIVE})
    assert response.url.startswith("/accounts/2fa/authenticate/")
    assert client.get("/dashboard/").status_code == 302


def test_overlong_address_is_rejected(cast: Cast) -> None:
    response = ask(Client(), f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 30}.example")
    assert response.status_code == 200
    assert response.context["form"].errors["email"]


@pytest.mark.parametrize(
    "spelled", [("kim@münchen.example", "kim@xn--mnchen-3ya.example"), ("kim@straße.example", "kim@xn--strae-oqa.example")]
)
@pytest.mark.parametrize("first", [0, 1])
def test_both_spellings_of_a_domain_belong_to_one_account(cast: Cast, spelled: tuple[str, str], first: int) -> None:
    entered, other = spelled[first], spelled[1 - first]
    access_request = AccessRequestFactory(customer__agency=cast.alder, email=other)
    for address in (entered, other.title()):
        client = Client()
        ask(client, address, "/my/")
        client.post(f"{CONFIRM}?next=/my/", {"code": mailed_code()})
        assert client.get("/my/").status_code == 200, address
        assert OutgoingMail.objects.filter(kind__contains="login_code").latest("pk").to_email == entered
        assert access_request in client.get("/my/").context["access_requests"]
    assert User.objects.filter(email__in=spelled).count() == 1
    assert not User.objects.filter(email="kim@strasse.example").exists()


def test_password_and_reset_work_with_both_spellings(cast: Cast) -> None:
    UserFactory(email="lea@straße.example", password="a sentence is a good one")
    for address in ("lea@straße.example", "Lea <LEA@xn--strae-oqa.example>"):
        client = Client()
        client.post("/accounts/login/", {"login": address, "password": "a sentence is a good one"})
        assert "_auth_user_id" in client.session, address
        Client().post("/accounts/password/reset/", {"email": address})
        assert OutgoingMail.objects.latest("pk").to_email == "lea@straße.example"
    assert OutgoingMail.objects.filter(to_email="lea@straße.example", kind__contains="password").count() == 2
