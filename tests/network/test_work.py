"""`/company/work/…`: work samples on the profile, and their pictures."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import Client
from PIL import Image

from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.core.versions import EditConflict
from partnerportal.network.models import PartnerProfile, WorkPicture, WorkSample
from partnerportal.network.services.work import add_work, change_work, move_work, process_work_picture, remove_work
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.agencies import WorkSampleFactory, picture

COMPANY, ADD, PROFILE = "/company/", "/company/work/add/", "/partners/alder/"
BIG = (1600, 1000)


def filled(**fields: Any) -> dict[str, Any]:
    return {"title": "A shop", "alt_text": "Home page of a shop", "picture": picture(size=BIG)} | fields


def edited(client: Client, sample: WorkSample, **fields: Any) -> dict[str, Any]:
    """Return the data of the sample's form with these changes."""
    form = client.get(f"/company/work/{sample.pk}/").context["form"]
    return {name: form[name].value() or "" for name in form.fields if name != "picture"} | fields


def titles(profile: PartnerProfile) -> list[str]:
    return [sample.title for sample in profile.work_samples.order_by("position")]


def errors(client: Client, **fields: Any) -> str:
    response = client.post(ADD, filled(**fields))
    return "" if response.status_code == 302 else str(response.context["form"].errors)


def test_a_sample_is_on_the_profile_at_once(alice: Client, cast: Cast) -> None:
    assert alice.post(ADD, filled(link="shop.example")).url == "/company/#work"
    page, sample = Client().get(PROFILE).content.decode(), WorkSample.objects.get()
    for text in ("Selected work", "A shop", 'href="https://shop.example"', 'alt="Home page of a shop"', sample.small_url, sample.large_url):
        assert text in page
    assert 'loading="lazy"' in page
    assert 'width="720"' in page
    assert AuditEvent.objects.get(action="profile.work_added").agency == cast.alder
    assert "A shop" in alice.get(COMPANY).content.decode()


def test_an_alternative_text_that_repeats_the_title_is_not_read_twice(cast: Cast) -> None:
    sample = WorkSampleFactory(profile=cast.alder.profile, title="A shop", alt_text="a shop")
    assert (sample.alt, 'alt="a shop"' in Client().get(PROFILE).content.decode()) == ("", False)


def test_a_profile_without_samples_has_no_such_section(cast: Cast) -> None:
    assert "Selected work" not in Client().get(PROFILE).content.decode()


def test_pictures_are_cropped_from_the_top_and_scaled_down(alice: Client, cast: Cast) -> None:
    tall = Image.new("RGB", (1200, 3000), "blue")
    tall.paste("red", (0, 0, 1200, 800))
    stream = BytesIO()
    tall.save(stream, "PNG")
    assert errors(alice, picture=ContentFile(stream.getvalue(), name="tall.png")) == ""
    sample = WorkSample.objects.get()
    for address, size in ((sample.small_url, (720, 480)), (sample.large_url, (1200, 800))):
        image = Image.open(BytesIO(Client().get(address).content))
        assert (image.format, image.size) == ("WEBP", size)
        red, _green, blue = image.convert("RGB").getpixel((size[0] // 2, size[1] - 10))
        assert red > 200 > 60 > blue


@pytest.mark.parametrize(
    ("size", "stored"),
    [((600, 400), (600, 400)), ((1000, 500), (750, 500)), ((700, 2000), (700, 467)), ((4000, 2000), (1200, 800))],
)
def test_small_pictures_are_not_enlarged(alice: Client, cast: Cast, size: tuple[int, int], stored: tuple[int, int]) -> None:
    assert errors(alice, picture=picture(size=size)) == ""
    assert Image.open(BytesIO(bytes(WorkPicture.objects.get().large))).size == stored


def test_transparent_pictures_are_put_on_white(alice: Client, cast: Cast) -> None:
    stream = BytesIO()
    Image.new("RGBA", BIG, (255, 0, 0, 0)).save(stream, "PNG")
    assert errors(alice, picture=ContentFile(stream.getvalue(), name="clear.png")) == ""
    assert min(Image.open(BytesIO(bytes(WorkPicture.objects.get().large))).convert("RGB").getpixel((9, 9))) > 250


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"picture": ""}, "Choose a picture."),
        ({"title": " "}, "Enter a title."),
        ({"title": "x" * 81}, "at most 80 characters"),
        ({"alt_text": ""}, "Describe the picture."),
        ({"link": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"link": "ftp://shop.example/"}, "Enter a valid URL."),
        ({"picture": picture(size=(599, 400))}, "at least 600 pixels wide"),
        ({"picture": picture(size=(900, 399))}, "at least 600 pixels wide"),
        ({"picture": picture(kind="GIF")}, "can’t be read"),
        ({"picture": ContentFile(b"<svg/>", name="a.svg")}, "can’t be read"),
        ({"picture": ContentFile(b"\x89PNG\r\n\x1a\n" + b"\0" * (5 * 1024 * 1024), name="a.png")}, "The limit is 5\xa0MB"),
    ],
)
def test_wrong_input_is_explained_and_kept(alice: Client, cast: Cast, fields: dict[str, Any], said: str) -> None:
    assert said in errors(alice, **fields)
    assert not WorkSample.objects.exists()


def test_a_profile_has_at_most_three_and_each_picture_once(alice: Client, cast: Cast) -> None:
    assert errors(alice, title="One") == ""
    assert "already shows this picture" in errors(alice, title="Twice")
    for colour in ("blue", "green"):
        assert errors(alice, title=colour, picture=picture(size=BIG, colour=colour)) == ""
    assert "up to three work samples" in errors(alice, picture=picture(size=BIG, colour="white"))
    assert titles(cast.alder.profile) == ["One", "blue", "green"]
    assert ADD not in alice.get(COMPANY).content.decode()


def test_an_edit_can_keep_or_replace_the_picture(alice: Client, cast: Cast) -> None:
    sample = WorkSampleFactory(profile=cast.alder.profile)
    path, old = f"/company/work/{sample.pk}/", sample.small_url
    assert alice.post(path, edited(alice, sample, title="Renamed")).status_code == 302
    assert Client().get(old).status_code == 200
    assert alice.post(path, edited(alice, sample, picture=picture(size=BIG, colour="blue"))).status_code == 302
    sample.refresh_from_db()
    assert (sample.title, Client().get(old).status_code) == ("Renamed", 404)
    assert Client().get(sample.small_url).status_code == 200
    assert AuditEvent.objects.filter(action="profile.work_changed").count() == 2
    assert alice.post(path, edited(alice, sample)).status_code == 302
    assert AuditEvent.objects.filter(action="profile.work_changed").count() == 2


def test_two_people_edit_a_sample(alice: Client, cast: Cast) -> None:
    sample = WorkSampleFactory(profile=cast.alder.profile, title="Old")
    path = f"/company/work/{sample.pk}/"
    mine = edited(alice, sample, title="Mine")
    other_field = edited(alice, sample, link="https://other.example")
    assert alice.post(path, edited(alice, sample, title="Theirs")).status_code == 302
    # Another field is merged, the same field is a conflict.
    assert alice.post(path, other_field).status_code == 302
    sample.refresh_from_db()
    assert (sample.title, sample.link) == ("Theirs", "https://other.example")
    page = alice.post(path, mine)
    assert "Currently saved: Theirs" in page.content.decode()
    form = page.context["form"]
    assert alice.post(path, {name: form[name].value() or "" for name in form.fields if name != "picture"}).status_code == 302
    sample.refresh_from_db()
    assert sample.title == "Mine"


def test_a_change_between_form_and_save_is_noticed(cast: Cast) -> None:
    sample = WorkSampleFactory(profile=cast.alder.profile, title="Old")
    with pytest.raises(EditConflict):
        change_work(sample, changed=["title"], loaded={"title": "Older"}, picture=None, by=cast.alice)
    WorkSample.objects.all().delete()
    with pytest.raises(WorkSample.DoesNotExist):
        change_work(sample, changed=["title"], loaded={}, picture=None, by=cast.alice)


def test_removing_one_moves_the_others_up(alice: Client, cast: Cast) -> None:
    first, *_others = (WorkSampleFactory(profile=cast.alder.profile, title=title) for title in ("A", "B", "C"))
    address = first.small_url
    assert alice.post(f"/company/work/{first.pk}/remove/").status_code == 302
    assert list(cast.alder.profile.work_samples.values_list("title", "position")) == [("B", 1), ("C", 2)]
    assert Client().get(address).status_code == 404
    assert WorkPicture.objects.count() == 2
    assert alice.post(f"/company/work/{first.pk}/remove/").status_code == 404
    assert AuditEvent.objects.filter(action="profile.work_removed").count() == 1


def test_samples_can_be_moved(alice: Client, cast: Cast) -> None:
    first, second, third = (WorkSampleFactory(profile=cast.alder.profile, title=title) for title in ("A", "B", "C"))

    def move(sample: WorkSample, direction: str) -> str:
        assert alice.post(f"/company/work/{sample.pk}/move/", {"direction": direction}).status_code == 302
        return "".join(titles(cast.alder.profile))

    assert move(third, "up") == "ACB"
    assert move(first, "down") == "CAB"
    assert move(third, "up") == "CAB"
    assert move(second, "down") == "CAB"
    assert move(second, "sideways") == "CAB"
    assert AuditEvent.objects.filter(action="profile.work_moved").count() == 2


def test_staff_see_the_samples_but_cannot_change_them(stan: Client, cast: Cast) -> None:
    WorkSampleFactory(profile=cast.alder.profile, title="A shop")
    page = stan.get(COMPANY).content.decode()
    assert "A shop" in page
    assert "/company/work/" not in page


def test_an_agency_without_a_profile_is_sent_back(alice: Client, cast: Cast) -> None:
    PartnerProfile.objects.filter(agency=cast.alder).delete()
    assert "Save your profile first." in alice.get(ADD, follow=True).content.decode()


def test_pictures_are_cached_for_a_year(cast: Cast) -> None:
    sample = WorkSampleFactory(profile=cast.alder.profile)
    response = Client().get(sample.small_url)
    assert (response["Content-Type"], response["Cache-Control"]) == ("image/webp", "public, max-age=31536000, immutable")
    assert not response.cookies
    for part, other in (("alder", "birch"), ("small", "digest"), ("small", "pk"), (sample.digest, "0")):
        assert Client().get(sample.small_url.replace(part, other)).status_code == 404


def test_an_unregistered_profiles_pictures_are_for_its_people_and_admins(stan: Client, charlie: Client, cast: Cast) -> None:
    sample, admin = WorkSampleFactory(profile=cast.alder.profile), Client()
    PartnerProfile.objects.filter(slug="alder").update(status="draft")
    admin.force_login(cast.ada)
    answers = [client.get(sample.small_url) for client in (stan, admin, charlie, Client())]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 404]
    assert "private" in answers[0]["Cache-Control"]
    assert sample.small_url in admin.get(f"/admin/network/partnerprofile/{cast.alder.profile.pk}/change/").content.decode()


def test_a_change_dates_the_profile_in_the_sitemap(cast: Cast) -> None:
    before = PartnerProfile.objects.get(slug="alder").updated_at
    WorkSampleFactory(profile=cast.alder.profile)
    remove_work(WorkSample.objects.get(), by=cast.alice)
    assert PartnerProfile.objects.get(slug="alder").updated_at > before


def test_the_database_enforces_the_positions(cast: Cast) -> None:
    sample = WorkSampleFactory(profile=cast.alder.profile)
    for position in (0, 4):
        with pytest.raises(IntegrityError), transaction.atomic():
            WorkSample.objects.filter(pk=sample.pk).update(position=position)
    WorkSampleFactory(profile=cast.alder.profile)
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkSample.objects.update(digest="same")
    WorkSample.objects.update(position=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        # Deferred until the end of a transaction.
        connection.check_constraints()
    WorkSample.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_concurrent_additions_stay_within_the_limit(cast: Cast) -> None:
    profile = cast.alder.profile
    pictures = [process_work_picture(picture(size=(600, 400), colour=colour)) for colour in ("red", "green", "blue", "white", "black")]

    def add(number: int) -> None:
        add_work(WorkSample(title=str(number), alt_text="x"), profile=profile, picture=pictures[number], by=cast.alice)

    results = at_once(len(pictures), add)
    assert sum(isinstance(result, Exception) for result in results) == 2
    assert list(profile.work_samples.values_list("position", flat=True)) == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_concurrent_moves_and_removals_leave_no_gap(cast: Cast) -> None:
    first, _second, third = (WorkSampleFactory(profile=cast.alder.profile) for _ in range(3))
    actions = (
        lambda: move_work(third, up=True, by=cast.alice),
        lambda: remove_work(first, by=cast.alice),
        lambda: move_work(first, up=False, by=cast.alice),
        lambda: remove_work(first, by=cast.alice),
    )
    results = at_once(len(actions), lambda index: actions[index]())
    assert not [result for result in results if isinstance(result, Exception)]
    assert list(WorkSample.objects.values_list("position", flat=True)) == [1, 2]


def test_the_samples_of_a_deleted_agency_are_deleted(cast: Cast) -> None:
    WorkSampleFactory(profile=cast.alder.profile)
    WorkSample.objects.update(position=F("position"))
    Agency.objects.get(pk=cast.alder.pk).profile.delete()
    assert not WorkPicture.objects.exists()
