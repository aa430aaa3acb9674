"""`@agency_view(role=…)`, tested with a page for each role."""

from collections.abc import Callable

import pytest
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from django.urls import path

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.urls import urlpatterns as portal
from tests.cast import Cast
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.urls(__name__)


def page_for(role: Role) -> Callable[..., HttpResponseBase]:
    @agency_view(role=role)
    def page(request: AgencyRequest) -> HttpResponse:
        return HttpResponse(f"{request.user} works for {request.agency}")

    return page


urlpatterns = [*portal, *(path(f"for/{role}/", page_for(role)) for role in Role)]


@pytest.mark.parametrize(
    ("person", "opened"),
    [("stan", ["staff"]), ("max", ["staff", "manager"]), ("alice", ["staff", "manager", "owner"]), ("kim", []), ("ada", [])],
)
@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_views_require_the_role_or_a_higher_one(cast: Cast, person: str, opened: list[str], method: str) -> None:
    client = Client()
    client.force_login(getattr(cast, person))
    answers = {role: getattr(client, method)(f"/for/{role}/").status_code for role in Role.values}
    assert answers == {role: 200 if role in opened else 403 for role in Role.values}


def test_403_page_explains_missing_membership(cast: Cast) -> None:
    # A removed member has no owner to ask.
    kim, stan = Client(), Client()
    kim.force_login(cast.kim)
    stan.force_login(cast.stan)
    assert "kim@client.example, but this account isn’t part of an agency" in kim.get("/dashboard/").content.decode()
    assert "ask an owner of your agency" in stan.get("/company/team/invite/").content.decode()


def test_role_applies_to_the_selected_agency(cast: Cast) -> None:
    # Owning Birch gives Stan no permissions at Alder, where he is staff.
    cast.birch.memberships.create(user=cast.stan, role=Role.OWNER)
    client = Client()
    client.force_login(cast.stan)
    assert client.get("/for/owner/").status_code == 403
    client.post("/company/switch/", {"agency": cast.birch.pk})
    assert client.get("/for/owner/").content.decode() == "Stan Stein works for Birch Digital"


def test_sign_in_does_not_redirect_to_post_only_views(cast: Cast) -> None:
    browser = Client()
    response = browser.post("/company/switch/", {"agency": cast.alder.pk})
    response = browser.post(response.url, {"login": "stan@alder.example", "password": PASSWORD}, follow=True)
    assert (response.status_code, response.redirect_chain[-1][0]) == (200, "/dashboard/")
