"""The logo in the header of e-mails: it is added on delivery."""

from io import BytesIO
from typing import Any

import pytest
from django.db.models.functions import Now
from PIL import Image

from partnerportal.network.models import PartnerProfile, ProfileLogo
from partnerportal.network.services.logos import process_logo
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_letter, resend
from partnerportal.outbox.tasks import send
from tests.cast import Cast
from tests.email_html import EmailHTML
from tests.factories.agencies import LogoFactory, picture
from tests.smtp import Arrived, Sink


def letter(cast: Cast, **more: Any) -> OutgoingMail:
    fields = {"kind": "x", "to": "lea@clients.example", "subject": "Hi", "agency": cast.alder, "from_name": "Alder Web"}
    return queue_letter(Letter(**{**fields, **more}))


def deliver(smtp: Sink, mail: OutgoingMail) -> Arrived:
    OutgoingMail.objects.filter(pk=mail.pk).update(next_attempt_at=Now())
    send(mail.pk)
    mail.refresh_from_db()
    assert mail.status == "sent", mail.last_error
    return smtp.mails[-1]


def upload(cast: Cast, **options: Any) -> None:
    """Replace the logo of the agency."""
    new = process_logo(picture(**options))
    ProfileLogo.objects.filter(profile=cast.alder.profile).update(digest=new.digest, content=new.content)
    PartnerProfile.objects.filter(pk=cast.alder.profile.pk).update(logo_digest=new.digest)


def images(arrived: Arrived) -> list[Image.Image]:
    return [Image.open(BytesIO(part.get_content())) for part in arrived.message.walk() if part.get_content_maintype() == "image"]


def has_initials_only(arrived: Arrived) -> bool:
    page = EmailHTML(arrived.part("html"))
    return not images(arrived) and "cid:" not in arrived.part("html") and [text for text, _ in page.visible()][:2] == ["AW", "Alder Web"]


@pytest.mark.parametrize(("size", "shown"), [((64, 64), (32, 32)), ((900, 900), (48, 48)), ((1000, 200), (160, 32)), ((1, 500), (1, 48))])
def test_agencys_email_shows_its_logo(smtp: Sink, cast: Cast, size: tuple[int, int], shown: tuple[int, int]) -> None:
    LogoFactory(profile=cast.alder.profile)
    upload(cast, size=size)
    arrived = deliver(smtp, letter(cast))
    assert [part.get_content_type() for part in arrived.message.walk()] == [
        "multipart/related", "multipart/alternative", "text/plain", "text/html", "image/png",
    ]  # fmt: skip
    (part,) = [part for part in arrived.message.walk() if part.get_content_type() == "image/png"]
    (image,) = images(arrived)
    page = EmailHTML(arrived.part("html"))
    (shows,) = page.all("img")
    assert f"<{shows.attributes['src'].removeprefix('cid:')}>" == part["Content-ID"]
    assert part.get_content_disposition() == "inline"
    assert (int(shows.attributes["width"]), int(shows.attributes["height"])) == shown
    assert image.width <= max(2, 2 * shown[0]) and image.height <= 2 * shown[1]
    assert page.visible()[0][0] == "Alder Web"
    assert shows.attributes["alt"] == ""


def test_transparent_logo_stands_on_white(smtp: Sink, cast: Cast) -> None:
    LogoFactory(profile=cast.alder.profile)
    stream = BytesIO()
    Image.new("RGBA", (640, 64), (0, 0, 0, 0)).save(stream, "PNG")
    new = process_logo(BytesIO(stream.getvalue()))
    ProfileLogo.objects.filter(profile=cast.alder.profile).update(digest=new.digest, content=new.content)
    PartnerProfile.objects.filter(pk=cast.alder.profile.pk).update(logo_digest=new.digest)
    (image,) = images(deliver(smtp, letter(cast)))
    assert (image.mode, image.size, image.getpixel((10, 10))) == ("RGB", (320, 53), (255, 255, 255))


def test_logo_is_the_one_at_the_time_of_delivery(smtp: Sink, cast: Cast) -> None:
    LogoFactory(profile=cast.alder.profile)
    waiting, other = letter(cast), letter(cast)
    (red,) = images(deliver(smtp, other))
    assert red.convert("RGB").getpixel((5, 5))[0] > 240
    upload(cast, colour="blue")
    (blue,) = images(deliver(smtp, waiting))
    assert blue.convert("RGB").getpixel((5, 5))[2] > 240


@pytest.mark.parametrize("change", ["deleted", "no longer public", "broken", "missing"])
def test_email_is_sent_without_a_logo_that_is_gone(smtp: Sink, cast: Cast, change: str) -> None:
    LogoFactory(profile=cast.alder.profile)
    mail = letter(cast)
    profile = PartnerProfile.objects.filter(pk=cast.alder.profile.pk)
    if change == "deleted":
        profile.update(logo_digest="")
        ProfileLogo.objects.all().delete()
    elif change == "no longer public":
        profile.update(status="declined")
    elif change == "broken":
        profile.update(logo_digest="0" * 32)
        ProfileLogo.objects.update(digest="0" * 32, content=b"no image")
    else:
        profile.update(logo_digest="1" * 32)
    arrived = deliver(smtp, mail)
    assert has_initials_only(arrived)
    assert arrived.message.get_content_type() == "multipart/alternative"


def test_portals_own_emails_show_no_agencys_logo(smtp: Sink, cast: Cast) -> None:
    LogoFactory(profile=cast.alder.profile)
    for more in ({"from_name": ""}, {"agency": None}, {"agency": cast.birch}):
        assert images(deliver(smtp, letter(cast, **more))) == []


def test_comment_typed_by_a_user_is_not_replaced(smtp: Sink, cast: Cast) -> None:
    LogoFactory(profile=cast.alder.profile)
    arrived = deliver(smtp, letter(cast, body="<!--logo-->x<!--/logo-->"))
    assert "&lt;!--logo--&gt;x&lt;!--/logo--&gt;" in arrived.part("html")
    assert len(images(arrived)) == 1


def test_retry_and_resend_keep_the_logo_and_the_texts(smtp: Sink, cast: Cast) -> None:
    LogoFactory(profile=cast.alder.profile)
    mail = letter(cast, body="Gern.")
    stored = bytes(OutgoingMail.objects.get(pk=mail.pk).encrypted_body)
    smtp.refuse("BODY", "451 4.7.1 Try later", times=1)
    send(mail.pk)
    first = deliver(smtp, mail)
    assert first.message["Message-ID"] == mail.message_id
    resend(mail, by=cast.ada)
    second = deliver(smtp, OutgoingMail.objects.latest("pk"))
    assert [len(images(arrived)) for arrived in (first, second)] == [1, 1]
    assert first.part("plain") == second.part("plain") == mail.text
    assert bytes(OutgoingMail.objects.get(pk=mail.pk).encrypted_body) == stored
