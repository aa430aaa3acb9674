"""“Reject invitation” and ending an access: the mail is shown first, and is what is sent."""

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
def given(cast: Cast) -> AccessInvitation:
    return InvitationFactory(agency=cast.alder, client=cast.kim, name="Kim Client")


def test_the_preview_is_the_mail(stan: Client, given: AccessInvitation) -> None:
    path = f"/invitations/{given.pk}/reject/"
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
    given.refresh_from_db()
    assert (given.status, given.reason) == ("rejected", MESSAGE.replace("\n", "\n"))


@pytest.mark.parametrize("status", ["rejected", "withdrawn", "expired"])
def test_an_invitation_that_gave_no_access_has_none_that_ended(stan: Client, given: AccessInvitation, status: str) -> None:
    AccessInvitation.objects.filter(pk=given.pk).update(status=status, ended_at=timezone.now(), reason="Not now.")
    page = " ".join(stan.get(f"/invitations/{given.pk}/").content.decode().split())
    assert f"{status.capitalize()} on <time" in page
    assert "· until" not in page and "Full access ·" not in page
    assert "Message to the client:" in page


def test_access_that_was_connected_ended_at_a_time(stan: Client, cast: Cast) -> None:
    ended = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    AccessInvitation.objects.filter(pk=ended.pk).update(status="disconnected", ended_at=timezone.now())
    page = " ".join(stan.get(f"/invitations/{ended.pk}/").content.decode().split())
    assert "Full access · until <time" in page


@pytest.mark.parametrize("message", ["x" * 10_000, "\x07"])
def test_what_can_not_be_mailed_is_refused_with_a_reason(stan: Client, given: AccessInvitation, message: str) -> None:
    response = stan.post(f"/invitations/{given.pk}/reject/", {"message": message})
    assert response.status_code == 200
    assert response.context["form"].errors["message"]
    given.refresh_from_db()
    assert given.status == "pending"


def test_it_speaks_the_clients_language(stan: Client, given: AccessInvitation) -> None:
    AccessInvitation.objects.update(language="de")
    stan.post(f"/invitations/{given.pk}/reject/", {"message": ""})
    mail = OutgoingMail.objects.get()
    assert mail.subject == "Ihre Einladung an Alder Web"
    assert mail.text.startswith("Guten Tag Kim Client,")


def test_ending_tells_the_client_with_the_reason(stan: Client, cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    assert "kim@client.example" in stan.get(f"/invitations/{given.pk}/disconnect/").content.decode()
    stan.post(f"/invitations/{given.pk}/disconnect/", {"reason": "The project is done."})
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email) == ("access_disconnected", "kim@client.example")
    assert "> The project is done." in mail.text
    page = " ".join(stan.get(given.customer.get_absolute_url()).content.decode().split())
    assert "Access from Kim Client ended" in page
    assert "Previously given by Kim Client" in page
    assert page.count("not granted:") == 5


@pytest.mark.django_db(transaction=True)
def test_it_reaches_the_client(celery_worker: object, smtp_sink: Sink, cast: Cast, given: AccessInvitation) -> None:
    client = Client()
    client.force_login(cast.stan)
    client.post(f"/invitations/{given.pk}/reject/", {"message": MESSAGE})
    mail = smtp_sink.wait_for("kim@client.example")
    assert "> Sorry, <b>no time</b>." in mail.part("plain")
    assert "&lt;b&gt;no time" in mail.part("html")


def test_the_button_in_the_list_is_named_as_its_page(stan: Client, cast: Cast) -> None:
    invitation = InvitationFactory(agency=cast.alder)
    for where in ("/invitations/", "/customers/"):
        page = " ".join(stan.get(where).content.decode().split())
        assert f'href="/invitations/{invitation.pk}/reject/"> Reject invitation <span' in page
