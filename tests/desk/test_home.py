"""Start page, menu, dashboard, error pages and health checks."""

import re
import tomllib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from django.utils.formats import date_format

from customers.models import Task
from partnerportal.agencies.models import Role
from partnerportal.desk.menu import Item
from partnerportal.embedded.environment import BASE_DIR
from reviews.models import Review
from tests.cast import Cast
from tests.factories.agencies import LogoFactory, MembershipFactory
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory


def test_the_start_page_depends_on_the_user(alice: Client, cast: Cast) -> None:
    assert alice.get("/").url == "/dashboard/"
    assert Client().get("/").url == "/partners/"
    kim = Client()
    kim.force_login(cast.kim)
    assert kim.get("/").url == "/my/"
    ada = Client()
    ada.force_login(cast.ada)
    assert ada.get("/").url == "/partners/"


def test_public_pages_link_administrators_to_the_admin(cast: Cast) -> None:
    ada = Client()
    ada.force_login(cast.ada)
    page = ada.get("/partners/").content.decode()
    assert '<a class="site-link" href="/admin/">Administration</a>' in page
    assert "Go to portal" not in page


def test_post_only_urls_explain_themselves(alice: Client, cast: Cast) -> None:
    review = ReviewFactory(review_request__customer__agency=cast.alder)
    response = alice.get(f"/company/reviews/{review.pk}/pin/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "This address only works through a button" in response.content.decode()


@pytest.mark.parametrize("path", ["/partners/alder/contact/", "/accounts/login/"])
def test_unsupported_form_encodings_are_bad_requests(cast: Cast, path: str) -> None:
    assert cast.alder.profile.is_registered
    response = Client().post(path, "name=+AGE-", content_type="application/x-www-form-urlencoded; charset=utf-7")
    assert response.status_code == 400
    assert b"<h1>" in response.content


def test_the_menu_marks_the_active_item_and_counts_new_objects(alice: Client, cast: Cast) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder)
    ReviewFactory(review_request__customer__agency=cast.birch)
    response = alice.get("/customers/add/")
    menu = response.context["menu"]
    flat = {item.url: item for entry in menu for item in (entry, *entry.children)}
    assert [url for url, item in flat.items() if item.active] == ["/customers/add/"]
    assert flat["/company/reviews/"].badge == 1
    assert "1 new review" in response.content.decode()


def flat(items: list[Item]) -> list[Item]:
    return [entry for item in items for entry in (item, *flat(item.children))]


def test_the_menu_links_to_requesting_a_review(alice: Client, cast: Cast) -> None:
    page = alice.get("/company/reviews/request/")
    (company,) = [item for item in page.context["menu"] if item.label == "My Company"]
    (reviews,) = [item for item in company.children if item.label == "Reviews"]
    assert [(item.label, item.url) for item in reviews.children] == [("Request review", "/company/reviews/request/")]
    assert re.search(r'href="/company/reviews/request/"\s+aria-current="page"', page.content.decode())
    for where, active in {"/company/reviews/request/": True, "/company/reviews/requests/": False, "/company/reviews/": False}.items():
        marked = [item.url for item in flat(alice.get(where).context["menu"]) if item.active]
        assert marked == [where if active else "/company/reviews/"]


@pytest.mark.parametrize("role", Role)
def test_every_role_can_open_all_menu_items(cast: Cast, role: Role) -> None:
    member = Client()
    member.force_login(MembershipFactory(agency=cast.alder, role=role).user)
    urls = [item.url for item in flat(member.get("/dashboard/").context["menu"]) if item.url]
    assert "/company/reviews/request/" in urls
    assert {url: member.get(url).status_code for url in urls} == dict.fromkeys(urls, 200)


def test_the_dashboard_shows_open_items(alice: Client, cast: Cast) -> None:
    ProjectFactory(customer__agency=cast.alder, title="Due soon", due_on="2020-01-01", status="active")
    ProjectFactory(customer__agency=cast.alder, title="Long done", due_on="2020-01-01", status="done")
    ProjectFactory(customer__agency=cast.birch, title="Foreign", due_on="2020-01-01", status="active")
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    ReviewFactory(review_request__customer__agency=cast.alder, author="Happy Author")
    page = alice.get("/dashboard/").content.decode()
    for text in ("Hello, Alice", "Due soon", review_request.customer.company, "Happy Author"):
        assert text in page
    assert "Long done" not in page
    assert "Foreign" not in page


def test_health_checks(db: None) -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (200, {"database": True, "broker": True})


def test_version_is_shown_to_administrators_only(alice: Client, cast: Cast) -> None:
    ada = Client()
    ada.force_login(cast.ada)
    version = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    assert ada.get("/healthz").json() == {"status": "ok", "version": version}
    assert f"Version {version}" in ada.get("/admin/").content.decode()
    for other in (alice, Client()):
        assert other.get("/healthz").json() == {"status": "ok"}


def test_health_check_reads_no_database_without_a_session(db: None, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        Client().get("/healthz")


def test_readyz_fails_without_the_broker(db: None, settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (503, {"database": True, "broker": False})


def test_the_dashboard_excludes_other_agencies(alice: Client, cast: Cast) -> None:
    ProjectFactory(customer__agency=cast.birch, due_on="2020-01-01", status="active")
    ReviewRequestFactory(customer__agency=cast.birch)
    ReviewFactory(review_request__customer__agency=cast.birch)
    shown = alice.get("/dashboard/").context["dashboard"]
    assert (shown.sections, shown.reviews, shown.review_count, shown.review_requests, shown.review_request_count) == ([], [], 0, [], 0)


def test_the_dashboard_excludes_expired_requests(alice: Client, cast: Cast) -> None:
    ReviewRequestFactory(customer__agency=cast.alder, expires_at=timezone.now() - timedelta(seconds=1))
    shown = alice.get("/dashboard/").context["dashboard"]
    assert (shown.sections, shown.review_requests, shown.review_request_count) == ([], [], 0)


def test_a_review_is_new_for_seven_days(alice: Client, cast: Cast) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder)

    def badge_and_section() -> tuple[int | None, int]:
        context = alice.get("/dashboard/").context
        badges = [item.badge for entry in context["menu"] for item in entry.children if item.url == "/company/reviews/"]
        return badges[0], context["dashboard"].review_count

    Review.objects.update(created_at=timezone.now() - timedelta(days=6, hours=23))
    assert badge_and_section() == (1, 1)
    Review.objects.update(created_at=timezone.now() - timedelta(days=7, hours=1))
    # Instead of 0, there is no badge.
    assert badge_and_section() == (None, 0)


def test_dashboard_dates_use_the_agencys_time_zone(alice: Client, cast: Cast) -> None:
    cast.alder.time_zone = "Pacific/Kiritimati"
    cast.alder.save()
    # 14 hours ahead of UTC, where the next day has begun.
    noon = datetime(2099, 6, 1, 12, tzinfo=UTC)
    ReviewRequestFactory(customer__agency=cast.alder, expires_at=noon)
    with translation.override("en"):
        there, here = (date_format(day, "SHORT_DATE_FORMAT") for day in (noon.date() + timedelta(days=1), noon.date()))
    page = alice.get("/dashboard/").content.decode()
    assert f"expires {there}" in page
    assert here not in page


@pytest.mark.parametrize(("language", "shown"), [("en", "4.3 ★"), ("de", "4,3 ★")])
def test_dashboard_ratings_are_rounded_as_on_the_profile(cast: Cast, language: str, shown: str) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder, cooperation=5, quality=4, schedule=4, budget=4)
    browser = Client(headers={"Accept-Language": language})
    browser.force_login(cast.alice)
    assert shown in browser.get("/dashboard/").content.decode()


def test_undecodable_forms_are_bad_requests(cast: Cast) -> None:
    # Django reads the form again for the error page's CSRF token.
    client, path = Client(enforce_csrf_checks=True, raise_request_exception=False), "/partners/alder/contact/"
    client.get(path)
    response = client.post(path, "name=Kim", content_type="application/x-www-form-urlencoded; charset=utf-16")
    assert response.status_code == 400
    assert "We couldn’t process that request" in response.content.decode()


def test_the_menu_shows_the_agencys_logo_or_its_initials(alice: Client, cast: Cast) -> None:
    assert "sidebar-logo" not in alice.get("/dashboard/").content.decode()
    assert '<span class="avatar sidebar-monogram" aria-hidden="true">AW</span>' in alice.get("/dashboard/").content.decode()
    logo = LogoFactory(profile=cast.alder.profile)
    page = alice.get("/dashboard/").content.decode()
    assert f'src="{logo.profile.logo_url}"' in page
    assert "sidebar-monogram" not in page


def test_badges_stop_at_99(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    tasks = Task.objects.bulk_create(Task(agency=cast.alder, customer=customer, title="Call", due_on="2020-01-01") for _ in range(100))

    def badge() -> tuple[Any, str]:
        menu = stan.get("/dashboard/").context["menu"]
        return next((item.badge, item.badge_label) for item in menu if item.url == "/tasks/")

    assert badge() == ("99+", "99+ tasks due")
    tasks[0].delete()
    assert badge() == (99, "99 tasks due")
