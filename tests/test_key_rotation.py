"""Replacement of SECRET_KEY, with and without the former key in SECRET_KEY_FALLBACKS."""

import re
import time
from typing import Any

import pytest
import time_machine
from django.test import Client

from partnerportal.core.encryption import DecryptionError
from partnerportal.outbox.models import OutgoingMail
from reviews import tokens
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.agencies import OperatorFactory
from tests.factories.applications import ApplicationFactory
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import AccessRequestFactory
from tests.factories.outbox import MailFactory
from tests.factories.reviews import ReviewRequestFactory
from tests.factories.second_factors import code, with_app
from tests.factories.team import TeamInvitationFactory

OLD, NEW = "an old key that was used for some years …", "a new key that was made because of a leak …"

pytestmark = pytest.mark.usefixtures("clean_cache")


@pytest.fixture
def objects(cast: Cast, settings: Any) -> dict[str, Any]:
    """One of everything signed, encrypted or derived with the former key."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    customer = CustomerFactory(agency=cast.alder)
    staff = Client()
    staff.force_login(cast.stan)
    staff.get("/customers/")  # sets the cookie that identifies the user of recovered input
    Client().post("/accounts/password/reset/", {"email": cast.max.email})
    OperatorFactory(accepts_applications=True)
    visitor = Client()
    page = visitor.get("/partners/alder/contact/").content.decode()
    stamp = re.search(r'name="stamp" value="([^"]+)"', page)
    assert stamp
    return {
        "staff": staff,
        "mail": MailFactory(agency=cast.alder, text="Hello Lea"),
        "review": ReviewRequestFactory(customer=customer),
        "question": AccessRequestFactory(customer=customer, email=cast.kim.email),
        "invitation": TeamInvitationFactory(agency=cast.alder),
        "application": ApplicationFactory(status="unconfirmed"),
        "stop": f"/r/stop/{tokens.opt_out_token(customer.pk, customer.email)}/",
        "reset": re.search(r"/accounts/password/reset/key/\S+", OutgoingMail.objects.get(to_email=cast.max.email).text).group(),
        "two-factor": with_app(cast.alice),
        "visitor": visitor,
        "form": {"name": "Pia", "email": "pia@prospect.example", "message": "A shop", "consent": "on", "stamp": stamp[1]},
    }


def second_step(cast: Cast, secret: str) -> str:
    """Sign in Alice with her password and code, and return the response."""
    browser = Client()
    browser.post("/accounts/login/", {"login": cast.alice.email, "password": PASSWORD})
    return browser.post("/accounts/2fa/authenticate/", {"code": code(secret)}, follow=True).content.decode()


#: Types of personal links: reviews, access requests, team invitations, applications.
LINKS = ("review", "question", "invitation", "application")


def path(link: str | None) -> str:
    assert link
    return "/" + link.split("/", 3)[3]


def opened(links: list[str], cast: Cast) -> list[int]:
    """Return the status of each link. The second one requires Kim to be signed in."""
    kim = Client()
    kim.force_login(cast.kim)
    return [browser.get(link).status_code for browser, link in zip((Client(), kim, Client(), Client()), links, strict=True)]


def test_former_key_still_works_as_a_fallback(objects: dict[str, Any], cast: Cast, settings: Any) -> None:
    links = [path(objects[kind].link) for kind in LINKS]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert objects["staff"].get("/customers/").status_code == 200
    objects["staff"].cookies.pop("sessionid")
    objects["staff"].post("/customers/add/", {"company": "Kept"})
    assert objects["staff"].session["kept_input"]["person"] == cast.stan.pk
    objects["mail"].refresh_from_db()
    assert objects["mail"].text == "Hello Lea"
    # Existing links can be displayed and keep working. New ones use the new key.
    assert [path(objects[kind].link) for kind in LINKS] == links
    assert opened(links, cast) == [200] * 4
    assert Client().get(objects["stop"]).status_code == 200
    assert "Dashboard" in second_step(cast, objects["two-factor"])
    reset = Client()
    assert reset.get(objects["reset"], follow=True).context["form"].fields["password1"]
    with time_machine.travel(time.time() + 60):
        assert objects["visitor"].post("/partners/alder/contact/", objects["form"]).status_code == 302


def test_without_the_former_key_data_is_inaccessible_without_errors(objects: dict[str, Any], cast: Cast, settings: Any) -> None:
    links = [path(objects[kind].link) for kind in LINKS]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, []
    assert objects["staff"].get("/customers/").url == "/accounts/login/?next=/customers/"
    objects["mail"].refresh_from_db()
    with pytest.raises(DecryptionError):
        assert objects["mail"].text
    # Personal links still work, because they are found by digest, but can't be displayed.
    assert [objects[kind].link for kind in LINKS] == [None] * 4
    assert opened(links, cast) == [200] * 4
    assert Client().get(objects["stop"]).status_code == 404
    assert "password1" not in Client().get(objects["reset"], follow=True).content.decode()
    assert "Your two-factor authentication data can’t be read" in second_step(cast, objects["two-factor"])
    with time_machine.travel(time.time() + 60):
        response = objects["visitor"].post("/partners/alder/contact/", objects["form"])
    assert response.status_code == 200
    assert "Nothing is lost" in response.content.decode()
    signed_in = Client()
    signed_in.force_login(cast.stan)
    assert signed_in.get(f"/company/reviews/requests/{objects['review'].pk}/").status_code == 200
    assert signed_in.get("/company/mail/").status_code == 200
