"""Tests of rejecting invitations and ending access."""

import pytest
from django.test import Client
from django.utils import timezone

from invitations.models import AccessInvitation
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.invitations import ConnectedFactory, InvitationFactory
from tests.smtp import Sink

MESSAGE = "Sorry, <b>no time</b>.\nPerhaps in May: https://other.example"


@pytest.fixture
def invitation(cast: Cast) -> AccessInvitation:
    return InvitationFactory(agency=cast.alder, client=cast.kim, name="Kim Client")


def test_preview_equals_the_sent_email(stan: Client, invitation: AccessInvitation) -> None:
    path = f"/invitations/{invitation.pk}/reject/"
    shown = stan.get(path).context["preview"]
    assert "Message from Alder Web" not in shown.text
    shown = stan.post(path, {"message": MESSAGE, "preview": "1"}).context["preview"]
    assert not OutgoingMail.objects.exists()
    response = stan.post(path, {"message": MESSAGE}, follow=True)
    assert "rejected. They’ve been notified by e-mail." in response.content.decode()
    mail = OutgoingMail.objects.get()
    assert (mail.subject, mail.text, mail.html) == (shown.subject, shown.text, shown.html)
    assert "Message from Alder Web:\n\n> Sorry, <b>no time</b>.\n> Perhaps in May: https://other.example\n" in mail.text
    assert "Sorry, &lt;b&gt;no time&lt;/b&gt;.<br>Perhaps in May: https://other.example" in mail.html
    assert 'href="https://other' not in mail.html
    invitation.refresh_from_db()
    assert (invitation.status, invitation.reason) == ("rejected", MESSAGE)


@pytest.mark.parametrize("status", ["rejected", "withdrawn", "expired"])
def test_unconnected_invitation_shows_no_ended_access(stan: Client, invitation: AccessInvitation, status: str) -> None:
    AccessInvitation.objects.filter(pk=invitation.pk).update(status=status, ended_at=timezone.now(), reason="Not now.")
    page = " ".join(stan.get(f"/invitations/{invitation.pk}/").content.decode().split())
    assert f"{status.capitalize()} on <time" in page
    assert "<span>until" not in page and "<span>Full access</span>" not in page
    assert "Message to the client:" in page


def test_ended_access_shows_when_it_ended(stan: Client, cast: Cast) -> None:
    ended = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    AccessInvitation.objects.filter(pk=ended.pk).update(status="disconnected", ended_at=timezone.now())
    page = " ".join(stan.get(f"/invitations/{ended.pk}/").content.decode().split())
    assert "<span>Full access</span> <span>until <time" in page


@pytest.mark.parametrize("message", ["x" * 10_000, "\x07"])
def test_invalid_messages_are_rejected(stan: Client, invitation: AccessInvitation, message: str) -> None:
    response = stan.post(f"/invitations/{invitation.pk}/reject/", {"message": message})
    assert response.status_code == 200
    assert response.context["form"].errors["message"]
    invitation.refresh_from_db()
    assert invitation.status == "pending"


def test_rejection_is_in_the_clients_language(stan: Client, invitation: AccessInvitation) -> None:
    AccessInvitation.objects.update(language="de")
    stan.post(f"/invitations/{invitation.pk}/reject/", {"message": ""})
    mail = OutgoingMail.objects.get()
    assert mail.subject == "Ihre Einladung an Alder Web"
    assert mail.text.startswith("Guten Tag Kim Client,")


def test_ending_access_sends_the_reason_to_the_client(stan: Client, cast: Cast) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    assert "kim@client.example" in stan.get(f"/invitations/{invitation.pk}/disconnect/").content.decode()
    stan.post(f"/invitations/{invitation.pk}/disconnect/", {"reason": "The project is done."})
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email) == ("access_disconnected", "kim@client.example")
    assert "> The project is done." in mail.text
    page = " ".join(stan.get(invitation.customer.get_absolute_url()).content.decode().split())
    assert "Access from Kim Client ended" in page
    assert "Previously given by Kim Client" in page
    assert page.count("not granted:") == 5


@pytest.mark.django_db(transaction=True)
def test_rejection_reaches_the_client(celery_worker: object, smtp_sink: Sink, cast: Cast, invitation: AccessInvitation) -> None:
    client = Client()
    client.force_login(cast.stan)
    client.post(f"/invitations/{invitation.pk}/reject/", {"message": MESSAGE})
    mail = smtp_sink.wait_for("kim@client.example")
    assert "> Sorry, <b>no time</b>." in mail.part("plain")
    assert "&lt;b&gt;no time" in mail.part("html")


def test_reject_button_in_lists_is_named_like_its_page(stan: Client, cast: Cast) -> None:
    invitation = InvitationFactory(agency=cast.alder)
    for where in ("/invitations/", "/customers/"):
        page = " ".join(stan.get(where).content.decode().split())
        assert f'href="/invitations/{invitation.pk}/reject/"> Reject invitation <span' in page
