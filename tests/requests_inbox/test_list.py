"""`/requests/`: tabs, search, filter and unread requests."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from requests_inbox.models import ContactRequest
from requests_inbox.services.requests import close_request, mark_spam, reassign_request
from tests.cast import Cast
from tests.factories.requests import ContactRequestFactory


def listed(client: Client, query: str = "") -> list[ContactRequest]:
    return client.get(f"/requests/{query}").context["page"].items


def test_each_status_has_a_tab(stan: Client, cast: Cast) -> None:
    new, opened, spam, closed = (ContactRequestFactory(agency=cast.alder) for _ in range(4))
    ContactRequestFactory(agency=cast.birch)
    reassign_request(opened, to=cast.stan, by=cast.stan)
    mark_spam(spam, by=cast.stan)
    close_request(closed, by=cast.stan)
    # The inbox opens with what waits for a reply.
    assert listed(stan) == [opened, new]
    for state, expected in {
        "waiting": [opened, new],
        "new": [new],
        "open": [opened],
        "spam": [spam],
        "closed": [closed],
        "assigned": [],
    }.items():
        assert listed(stan, f"?state={state}") == expected
    # Invalid values, such as those in old bookmarks, are ignored.
    assert listed(stan, "?state=nonsense&whose=x") == [opened, new]


@pytest.mark.parametrize("q", ["muhle", "MÜHLE", "ute groß", "ute@muehle.ex", "555 7788", "wholemeal", "wolemeal flour"])
def test_search_covers_all_texts_and_statuses(stan: Client, cast: Cast, q: str) -> None:
    fields = {"company": "Mühle am Bach", "email": "ute@muehle.example", "phone": "+49 555 7788", "message": "We sell wholemeal flour."}
    request = ContactRequestFactory(agency=cast.alder, **fields)
    ContactRequestFactory(agency=cast.alder, name="Jo Klee", company="Bakery", message="Bread.")
    ContactRequestFactory(agency=cast.birch, **fields)
    close_request(request, by=cast.stan)
    assert listed(stan, f"?q={q.replace(' ', '+')}") == [request]
    assert listed(stan, f"?q={q.replace(' ', '+')}&state=new") == []


@pytest.mark.parametrize("q", ["%00", "%25", "x" * 300, "%E2%80%AE", "'"])
def test_any_search_query_is_accepted(stan: Client, q: str) -> None:
    assert stan.get(f"/requests/?q={q}").status_code == 200


def test_filter_by_assignee(stan: Client, alice: Client, cast: Cast) -> None:
    mine, free = ContactRequestFactory(agency=cast.alder), ContactRequestFactory(agency=cast.alder)
    reassign_request(mine, to=cast.stan, by=cast.stan)
    assert listed(stan, "?state=open&whose=mine") == [mine]
    assert listed(alice, "?state=open&whose=mine") == []
    assert listed(stan, "?whose=nobody") == [free]


def test_unread_is_tracked_for_each_member(stan: Client, alice: Client, cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder)
    assert [r.is_unread for r in listed(stan) + listed(alice)] == [True, True]
    # A GET request changes nothing; the page posts that it was read.
    stan.get(request.get_absolute_url())
    assert [r.is_unread for r in listed(stan)] == [True]
    assert stan.post(f"{request.get_absolute_url()}seen/", headers={"HX-Request": "true"}).status_code == 204
    assert [r.is_unread for r in listed(stan) + listed(alice)] == [False, True]
    reassign_request(request, to=cast.stan, by=cast.alice)
    assert [r.is_unread for r in listed(stan, "?state=open") + listed(alice, "?state=open")] == [True, False]


def test_spam_is_never_unread(stan: Client, cast: Cast) -> None:
    mark_spam(ContactRequestFactory(agency=cast.alder), by=cast.alice)
    assert [r.is_unread for r in listed(stan, "?state=spam")] == [False]


def test_the_menu_counts_requests_without_a_reply(stan: Client, cast: Cast) -> None:
    for _ in range(3):
        ContactRequestFactory(agency=cast.alder)
    ContactRequestFactory(agency=cast.birch)
    mark_spam(ContactRequestFactory(agency=cast.alder), by=cast.alice)
    assert "3 requests waiting for a reply" in stan.get("/dashboard/").content.decode()


def test_the_response_time_is_the_median(stan: Client, cast: Cast) -> None:
    for hours in (1, 3, 500):
        received_at = timezone.now() - timedelta(days=25)
        ContactRequestFactory(agency=cast.alder, created_at=received_at, first_reply_at=received_at + timedelta(hours=hours))
    page = stan.get("/requests/?state=new").content.decode()
    assert "Time to first response (median, last 90 days): 3\xa0hours" in page
    assert "after 1\xa0hour" in page


def test_agencies_outside_the_network_see_why_there_are_no_requests(stan: Client, cast: Cast) -> None:
    assert "No one is waiting for a reply" in stan.get("/requests/").content.decode()
    assert "No new requests" in stan.get("/requests/?state=new").content.decode()
    cast.alder.profile.delete()
    for tab in ("waiting", "new"):
        page = stan.get(f"/requests/?state={tab}").content.decode()
        assert "You can’t receive requests yet" in page
        assert 'href="/company/"' in page


def test_pagination(stan: Client, cast: Cast) -> None:
    requests = [ContactRequestFactory(agency=cast.alder) for _ in range(27)]
    first = stan.get("/requests/").context["page"]
    second = stan.get(f"/requests/{first.next_url}").context["page"]
    assert first.items + second.items == requests[::-1]


def test_dashboard_and_global_search_contain_requests(stan: Client, cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder, company="Zwetschgenhof")
    spam = ContactRequestFactory(agency=cast.alder, company="Zwetschgenspam")
    mark_spam(spam, by=cast.alice)
    assert "Zwetschgenhof" in stan.get("/dashboard/").content.decode()
    page = stan.get("/search/?q=zwetschgen").content.decode()
    assert request.get_absolute_url() in page
    assert "Zwetschgenspam" not in page


def test_the_tabs_come_first_and_say_the_status_once(stan: Client, cast: Cast) -> None:
    ContactRequestFactory(agency=cast.alder, company="Mühle")
    page = stan.get("/requests/").content.decode().partition("<main")[2]
    assert page.index('id="inbox-tabs"') < page.index("data-filters") < page.index('id="list-count"') < page.index("Mühle")
    assert '<span class="pill' not in page
    # A search covers all statuses, so its rows name them.
    assert '<span class="pill' in stan.get("/requests/?q=mühle").content.decode().partition("<main")[2]
