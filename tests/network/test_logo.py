"""Validation, re-encoding and caching of logos."""

import struct
import zlib
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from partnerportal.network.models import PartnerProfile, ProfileLogo
from partnerportal.network.services.pictures import MAX_SCANS, read_picture
from tests.cast import Cast
from tests.factories.agencies import LogoFactory, picture
from tests.network.test_company import COMPANY, form_of


def upload(client: Client, file: ContentFile) -> str:
    """Return the form's errors about the logo; empty if it was accepted."""
    response = client.post(COMPANY, form_of(client) | {"logo": file})
    return "" if response.status_code == 302 else str(response.context["form"].errors["logo"])


def stored() -> Image.Image:
    return Image.open(BytesIO(bytes(ProfileLogo.objects.get().content)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("name", ["logo.png", "logo.exe", "../../etc/passwd", "x" * 90])
def test_a_picture_is_taken_whatever_its_name_and_fitted(alice: Client, cast: Cast, kind: str, name: str) -> None:
    file = picture(size=(1200, 600), kind=kind)
    file.name = name
    assert upload(alice, file) == ""
    assert (stored().format, stored().size) == ("WEBP", (512, 256))


def test_a_small_one_stays_small_and_a_see_through_one_see_through(alice: Client, cast: Cast) -> None:
    stream = BytesIO()
    Image.new("RGBA", (40, 30), (255, 0, 0, 0)).save(stream, "PNG")
    assert upload(alice, ContentFile(stream.getvalue(), name="logo.png")) == ""
    assert (stored().size, stored().mode) == ((40, 30), "RGBA")


def test_nothing_that_the_file_knew_is_kept(alice: Client, cast: Cast) -> None:
    image, exif = Image.new("RGB", (80, 40), "blue"), Image.Exif()
    exif[0x010E] = "Taken at home"
    exif[0x0112] = 6  # rotated by 90 degrees
    stream = BytesIO()
    image.save(stream, "JPEG", exif=exif, comment=b"secret comment")
    assert upload(alice, ContentFile(stream.getvalue() + b"<script>appended</script>", name="logo.jpg")) == ""
    content = bytes(ProfileLogo.objects.get().content)
    for trace in (b"home", b"secret", b"script"):
        assert trace not in content
    assert not stored().getexif()
    assert stored().size == (40, 80)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A small PNG that claims to have a huge number of pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


GOOD = picture(size=(300, 300)).read()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "can’t be read", id="svg"),
        *(pytest.param(picture(kind=kind).read(), "can’t be read", id=kind) for kind in ("GIF", "BMP", "TIFF", "ICO", "EPS")),
        pytest.param(b"MZ\x90\x00", "can’t be read", id="program"),
        pytest.param(b"%PDF-1.7", "can’t be read", id="pdf"),
        pytest.param(GOOD[: len(GOOD) // 2], "can’t be read", id="half a picture"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\xff" * 500, "can’t be read", id="only the beginning of one"),
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * (2 * 1024 * 1024), "too large", id="2 MB and more"),
        pytest.param(bomb(5001, 5000), "This image is too large. The limit is 5000 × 5000 pixels.", id="a little over the limit"),
        pytest.param(bomb(12_000, 12_000), "", id="a bomb that pillow warns of"),
        pytest.param(bomb(60_000, 60_000), "can’t be read", id="a bomb that pillow refuses"),
        pytest.param(bomb(0, 10), "can’t be read", id="no pixels"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_logo_is_told_so(alice: Client, cast: Cast, content: bytes, said: str) -> None:
    error = upload(alice, ContentFile(content, name="logo.png"))
    assert error
    assert said in error
    assert not ProfileLogo.objects.exists()


def test_jpeg_with_many_scans_is_refused(alice: Client, cast: Cast) -> None:
    """Each scan is decoded at full size: some hundred kB could occupy a thread for a minute."""
    stream = BytesIO()
    Image.effect_noise((200, 200), 50).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    scan = data[data.rindex(b"\xff\xda") : data.rindex(b"\xff\xd9")]
    assert 2 < data.count(b"\xff\xda") < MAX_SCANS
    read_picture(BytesIO(data), max_bytes=len(data), side=100)
    many = data[:-2] + scan * MAX_SCANS + data[-2:]
    with pytest.raises(ValidationError, match="can’t be read as an image"):
        read_picture(BytesIO(many), max_bytes=len(many), side=100)


def test_it_is_served_for_a_year(cast: Cast) -> None:
    LogoFactory(profile=cast.alder.profile)
    response = Client().get(cast.alder.profile.logo_url)
    assert response.status_code == 200
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert not response.cookies
    assert Image.open(BytesIO(response.content)).size == (64, 64)
    assert cast.alder.profile.logo_url in Client().get("/partners/").content.decode()


def test_a_new_logo_has_a_new_address_and_the_old_one_leads_to_it(alice: Client, cast: Cast) -> None:
    assert upload(alice, picture(colour="red")) == ""
    old = PartnerProfile.objects.get(slug="alder").logo_url
    assert upload(alice, picture(colour="green")) == ""
    new = PartnerProfile.objects.get(slug="alder").logo_url
    assert new != old
    assert Client().get(old).url == new
    assert ProfileLogo.objects.count() == 1


def test_it_can_be_removed(alice: Client, cast: Cast) -> None:
    upload(alice, picture())
    url = PartnerProfile.objects.get(slug="alder").logo_url
    assert alice.post(COMPANY, form_of(alice) | {"remove_logo": "on"}).status_code == 302
    assert not ProfileLogo.objects.exists()
    assert Client().get(url).status_code == 404
    assert 'class="logo' not in Client().get("/partners/alder/").content.decode()


def test_an_unregistered_profiles_logo_is_for_its_people_and_admins(stan: Client, charlie: Client, cast: Cast) -> None:
    LogoFactory(profile=cast.alder.profile)
    PartnerProfile.objects.filter(slug="alder").update(status="draft")
    url, admin = cast.alder.profile.logo_url, Client()
    admin.force_login(cast.ada)
    assert [client.get(url).status_code for client in (stan, admin, charlie, Client())] == [200, 200, 404, 404]
    assert "private" in stan.get(url)["Cache-Control"]
    assert Client().get("/partners/nobody/logo/abc/").status_code == 404
