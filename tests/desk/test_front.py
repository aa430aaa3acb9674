"""The front door, the menu, the dashboard, and what machines ask."""

from django.test import Client

from tests.cast import Cast
from tests.factories.customers import ProjectFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory


def test_the_front_door_leads_everybody_to_their_work(alice: Client, cast: Cast) -> None:
    assert alice.get("/").url == "/dashboard/"
    assert Client().get("/").url == "/partners/"
    kim = Client()
    kim.force_login(cast.kim)
    assert kim.get("/").url == "/partners/"


def test_the_menu_marks_the_open_page_and_counts_what_is_new(alice: Client, cast: Cast) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder)
    ReviewFactory(review_request__customer__agency=cast.birch)
    response = alice.get("/customers/add/")
    menu = response.context["menu"]
    flat = {item.url: item for entry in menu for item in (entry, *entry.children)}
    assert [url for url, item in flat.items() if item.active] == ["/customers/add/"]
    assert flat["/company/reviews/"].badge == 1
    assert "1 new review" in response.content.decode()


def test_the_dashboard_shows_what_waits(alice: Client, cast: Cast) -> None:
    ProjectFactory(customer__agency=cast.alder, title="Due soon", due_on="2020-01-01", status="active")
    ProjectFactory(customer__agency=cast.alder, title="Long done", due_on="2020-01-01", status="done")
    ProjectFactory(customer__agency=cast.birch, title="Foreign", due_on="2020-01-01", status="active")
    asked = ReviewRequestFactory(customer__agency=cast.alder)
    ReviewFactory(review_request__customer__agency=cast.alder, author="Happy Author")
    page = alice.get("/dashboard/").content.decode()
    for text in ("Hello Alice", "Due soon", asked.customer.company, "Happy Author"):
        assert text in page
    assert "Long done" not in page
    assert "Foreign" not in page


def test_an_empty_dashboard_says_so(alice: Client) -> None:
    page = alice.get("/dashboard/").content.decode()
    assert "No project is due" in page


def test_alive_and_ready(db: None) -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (200, {"database": True, "broker": True})


def test_not_ready_without_the_broker(db: None, settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (503, {"database": True, "broker": False})
