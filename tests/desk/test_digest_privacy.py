"""Who receives and reads the daily digest: unsubscribing, and erased customers."""

import re

from django.conf import settings as django_settings
from django.test import Client

from customers.models import Customer
from customers.services.customers import erase_customer
from partnerportal.agencies.models import DigestItem, Membership, Notification
from partnerportal.desk.digest.tokens import unsubscribe_link
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.desk.test_digest import LONG_AGO, NOW, members_of_long_ago, send, set_member, task  # noqa: F401  # one is a fixture for all tests

# --- Unsubscribing ----------------------------------------------------------------------------------------------------


def test_the_header_and_the_footer_unsubscribe(cast: Cast) -> None:
    task(cast, "Call", 0, assignee=cast.stan)
    [mail] = send()
    link = unsubscribe_link(set_member(cast.stan))
    assert link.startswith(django_settings.SITE_URL) and link in mail.text and link in mail.html
    assert mail.headers["List-Unsubscribe"] == f"<{link}>"
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_one_click_needs_neither_session_nor_token(cast: Cast) -> None:
    DigestItem.objects.create(membership=set_member(cast.stan), kind=Notification.TASKS, object_id=1)
    path = unsubscribe_link(set_member(cast.stan)).removeprefix(django_settings.SITE_URL)
    client = Client(enforce_csrf_checks=True)
    assert "Unsubscribe from the daily digest of Alder Web?" in " ".join(client.get(path).content.decode().split())
    # Scanners follow links, and some post to them.
    client.post(path)
    assert set_member(cast.stan).wants_digest
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not set_member(cast.stan).wants_digest
    assert not DigestItem.objects.exists()
    others = Membership.objects.exclude(user=cast.stan)
    assert all(others.values_list("wants_digest", flat=True))
    assert "You’ve unsubscribed" in client.get(path).content.decode()


def test_undo(cast: Cast) -> None:
    path = unsubscribe_link(set_member(cast.stan, wants_digest=False)).removeprefix(django_settings.SITE_URL)
    page = Client().get(path).content.decode()
    action = re.search(r'action="([^"]+/undo/)"', page)
    assert action
    Client().get(action[1])
    assert not set_member(cast.stan).wants_digest
    assert Client().post(action[1]).status_code == 302
    member = set_member(cast.stan)
    assert member.wants_digest and member.digest_from > LONG_AGO


def test_links_belong_to_one_member(cast: Cast) -> None:
    path = unsubscribe_link(set_member(cast.stan)).removeprefix(django_settings.SITE_URL)
    other = str(set_member(cast.alice).pk)
    forged = path.replace(f"/{set_member(cast.stan).pk}.", f"/{other}.")
    assert forged != path
    assert Client().post(forged, {"List-Unsubscribe": "One-Click"}).status_code == 404
    Membership.objects.filter(user=cast.stan).delete()
    assert Client().get(path).status_code == 404
    assert all(Membership.objects.values_list("wants_digest", flat=True))


# --- Privacy ----------------------------------------------------------------------------------------------------------


def test_only_the_recipient_can_read_it(cast: Cast) -> None:
    task(cast, "Call", 0, assignee=cast.stan)
    [mail] = send()
    assert (mail.agency_id, mail.customer_id) == (None, None)


def test_erasing_a_customer_deletes_digests_that_name_it(cast: Cast) -> None:
    erased, kept = (task(cast, title, 0, assignee=user).customer for title, user in (("Erased", cast.stan), ("Kept", cast.max)))
    Customer.objects.filter(pk=kept.pk).update(company="Kept AG")
    send()
    erase_customer(erased, by=cast.alice)
    assert list(OutgoingMail.objects.filter(kind="digest").values_list("to_email", flat=True)) == [cast.max.email]
    OutgoingMail.objects.filter(kind="digest").update(status="sent", sent_at=NOW)
    erase_customer(kept, by=cast.alice)
    assert not OutgoingMail.objects.filter(kind="digest").exists()
