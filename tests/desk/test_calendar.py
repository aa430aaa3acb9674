"""The member's calendar settings (`/account/calendar/`)."""

import re

from django.test import Client

from partnerportal.audit.models import AuditEvent
from partnerportal.desk.calendar.models import CalendarFeed
from tests.cast import Cast

PATH = "/account/calendar/"


def page_of(client: Client) -> str:
    return client.get(PATH).content.decode()


def link_in(page: str) -> str:
    (link,) = re.findall(r'value="(http[^"]+/calendar\.ics)"', page)
    return link


def actions() -> list[str]:
    return list(AuditEvent.objects.filter(action__startswith="calendar.").order_by("pk").values_list("action", flat=True))


def test_without_a_feed_the_page_offers_one(stan: Client) -> None:
    page = page_of(stan)
    assert "Create link" in page
    assert "calendar.ics" not in page
    assert "Turn off" not in page
    # Opening the page creates nothing.
    assert not CalendarFeed.objects.exists()


def test_a_link_is_created_and_shown_again(stan: Client, cast: Cast) -> None:
    page = stan.post(PATH, {"whose": "mine"}, follow=True).content.decode()
    assert "Calendar link created." in page
    link = link_in(page)
    assert link == link_in(page_of(stan))
    assert f'href="webcal://{link.partition("://")[2]}"' in page
    assert Client().get("/" + link.split("/", 3)[3]).status_code == 200
    assert actions() == ["calendar.created"]
    event = AuditEvent.objects.get(action="calendar.created")
    assert (event.agency, event.actor_id, event.sentence) == (cast.alder, cast.stan.pk, "Calendar feed of Stan Stein created")


def test_the_contents_change_without_another_link(stan: Client) -> None:
    stan.post(PATH, {"whose": "mine"})
    link = link_in(page_of(stan))
    stan.post(PATH, {"whose": "all"})
    stan.post(PATH, {"whose": "all"})
    assert CalendarFeed.objects.get().whose == "all"
    assert link_in(page_of(stan)) == link
    assert actions() == ["calendar.created", "calendar.changed"]


def test_unknown_contents_are_rejected(stan: Client) -> None:
    response = stan.post(PATH, {"whose": "everyone"})
    assert response.status_code == 200
    assert "Select a valid choice" in response.content.decode()
    assert not CalendarFeed.objects.exists()


def test_a_link_is_replaced(stan: Client) -> None:
    stan.post(PATH, {"whose": "all"})
    before = link_in(page_of(stan))
    page = stan.post(f"{PATH}replace/", follow=True).content.decode()
    assert "Calendar link replaced. The previous one no longer works." in page
    after = link_in(page)
    assert after != before
    assert [Client().get("/" + link.split("/", 3)[3]).status_code for link in (before, after)] == [404, 200]
    assert CalendarFeed.objects.get().whose == "all"
    assert actions() == ["calendar.created", "calendar.replaced"]


def test_a_feed_is_turned_off(stan: Client) -> None:
    stan.post(PATH, {"whose": "all"})
    link = link_in(page_of(stan))
    page = stan.post(f"{PATH}end/", follow=True).content.decode()
    assert "Calendar turned off. Its link no longer works." in page
    assert "Create link" in page
    assert Client().get("/" + link.split("/", 3)[3]).status_code == 404
    assert actions() == ["calendar.created", "calendar.ended"]


def test_without_a_feed_nothing_is_replaced_or_turned_off(stan: Client) -> None:
    for action in ("replace", "end"):
        response = stan.post(f"{PATH}{action}/", follow=True)
        assert "alert" not in response.content.decode().partition("<main")[2]
    assert actions() == []


def test_both_actions_ask_first(stan: Client) -> None:
    stan.post(PATH, {"whose": "all"})
    page = page_of(stan)
    for action in ("Replace link", "Turn off"):
        assert f'data-confirm-action="{action}"' in page


def test_members_have_their_own_links(stan: Client, alice: Client) -> None:
    for client in (stan, alice):
        client.post(PATH, {"whose": "all"})
    assert link_in(page_of(stan)) != link_in(page_of(alice))
    stan.post(f"{PATH}end/")
    assert link_in(page_of(alice))


def test_a_lost_key_is_explained(stan: Client, settings: object) -> None:
    stan.post(PATH, {"whose": "all"})
    CalendarFeed.objects.update(nonce="0" * 32)
    page = page_of(stan)
    assert "the portal can no longer show it" in page
    assert "webcal:" not in page
    stan.post(f"{PATH}replace/")
    assert link_in(page_of(stan))
