"""`/partners/<slug>/`, and registration in the Django admin."""

import base64
from functools import partial

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.test import Client

from partnerportal.audit.models import AuditEvent
from partnerportal.network.models import PartnerProfile
from partnerportal.network.services.profiles import decline_profile, register_profile, submit_profile
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.agencies import LogoFactory, ProfileFactory
from tests.factories.reviews import ReviewFactory, same_rating


@pytest.mark.parametrize("status", ["draft", "submitted", "declined"])
def test_an_unregistered_profile_is_404_and_in_no_list(db: None, status: str) -> None:
    profile = ProfileFactory(status=status, agency__name="Hidden Agency")
    assert Client().get(profile.get_absolute_url()).status_code == 404
    assert "Hidden Agency" not in Client().get("/partners/").content.decode()


def test_a_registered_profile_is_for_everybody(db: None) -> None:
    profile = ProfileFactory(agency__name="Seen Agency", tagline="We are seen.", description="One.\n\nTwo <b>.")
    page = Client().get(profile.get_absolute_url()).content.decode()
    for text in ("Seen Agency", "We are seen.", "Two &lt;b&gt;."):
        assert text in page
    assert "Seen Agency" in Client().get("/partners/").content.decode()


def test_stars_and_average_come_from_the_summary(cast: Cast) -> None:
    for stars in (5, 4):
        ReviewFactory(review_request__customer__agency=cast.alder, **same_rating(stars))
    response = Client().get("/partners/alder/")
    assert response.context["rating"].average == 4.5
    page = response.content.decode()
    assert "4.5" in page
    assert "2 reviews" in page
    assert "They did what they said." in page
    assert Client().get("/partners/birch/").context["rating"] is None


def test_reviews_of_another_agency_stay_there(cast: Cast) -> None:
    for agency, text in ((cast.alder, "About Alder only"), (cast.birch, "About Birch only")):
        ReviewFactory(review_request__customer__agency=agency, text=text)
    assert "About Alder only" in Client().get("/partners/alder/").content.decode()
    assert "About Birch only" not in Client().get("/partners/alder/").content.decode()
    assert "About Birch only" in Client().get("/partners/birch/").content.decode()


decline = partial(decline_profile, reason="Too short.")


@pytest.mark.parametrize(
    ("start", "step", "end"),
    [
        ("draft", submit_profile, "submitted"),
        ("declined", submit_profile, "submitted"),
        ("submitted", submit_profile, None),
        ("registered", submit_profile, None),
        ("submitted", register_profile, "registered"),
        ("draft", register_profile, None),
        ("declined", register_profile, None),
        ("registered", register_profile, None),
        ("submitted", decline, "declined"),
        ("draft", decline, None),
        ("declined", decline, None),
        ("registered", decline, None),
    ],
)
def test_each_step_of_a_profile(cast: Cast, start: str, step, end: str | None) -> None:
    profile = ProfileFactory(status=start)
    assert step(profile, by=cast.ada) is (end is not None)
    profile.refresh_from_db()
    assert profile.status == (end or start)
    assert AuditEvent.objects.filter(action=f"profile.{end}").count() == (1 if end else 0)


@pytest.mark.django_db(transaction=True)
def test_register_and_decline_at_once_one_wins(cast: Cast) -> None:
    profile, ada = ProfileFactory(status="submitted"), cast.ada
    results = at_once(2, lambda n: (register_profile if n else decline)(PartnerProfile.objects.get(pk=profile.pk), by=ada))
    assert sorted(results) == [False, True]
    assert AuditEvent.objects.filter(object_type="network.partnerprofile").count() == 1


def test_an_admin_registers_and_declines_in_the_administration(cast: Cast) -> None:
    first, second, draft = (ProfileFactory(status=status) for status in ("submitted", "submitted", "draft"))
    client = Client()
    client.force_login(cast.ada)
    for action, profiles in (("register", [first, draft]), ("decline", [second])):
        data = {"action": action, "_selected_action": [profile.pk for profile in profiles], "decline_reason": "Too short."}
        assert client.post("/admin/network/partnerprofile/", data, follow=True).status_code == 200
    assert [PartnerProfile.objects.get(pk=p.pk).status for p in (first, second, draft)] == ["registered", "declined", "draft"]
    event = AuditEvent.objects.get(action="profile.registered")
    assert (event.actor_label, event.source) == ("Ada Admin", "admin")


@pytest.mark.parametrize(("language", "shown"), [("en", "4.3 of 5"), ("de", "4,3 von 5")])
def test_ratings_are_shown_to_one_decimal_halves_up(cast: Cast, language: str, shown: str) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder, cooperation=5, quality=4, schedule=4, budget=4)
    page = Client(headers={"Accept-Language": language}).get("/partners/alder/").content.decode()
    assert page.count(shown) >= 2  # the agency's and the review's


def test_an_admin_reads_a_profile_and_types_nothing_past_the_audit(cast: Cast) -> None:
    logo, client = LogoFactory(profile__status="submitted"), Client()
    profile = logo.profile
    url = f"/admin/network/partnerprofile/{profile.pk}/change/"
    client.force_login(cast.ada)
    page = client.get(url).content.decode()
    assert profile.tagline in page
    assert f'<img src="{profile.logo_url}"' in page
    assert f'href="{profile.get_absolute_url()}"' not in page  # nothing is there as long as it isn't registered
    fields = {"agency": profile.agency_id, "slug": profile.slug, "tagline": "Typed", "status": "registered"}
    assert client.post(url, fields).status_code == 403
    before = profile.tagline
    profile.refresh_from_db()
    assert (profile.tagline, profile.status) == (before, "submitted")


@pytest.mark.parametrize("action", ["register", "decline"])
def test_who_may_only_look_decides_nothing(cast: Cast, action: str) -> None:
    viewer, profile, client = UserFactory(is_staff=True), ProfileFactory(status="submitted"), Client()
    viewer.user_permissions.add(Permission.objects.get(codename="view_partnerprofile"))
    client.force_login(viewer)
    client.post("/admin/network/partnerprofile/", {"action": action, "_selected_action": [profile.pk]})
    profile.refresh_from_db()
    assert profile.status == "submitted"


@pytest.mark.parametrize(
    "position",
    ['["\\u0000"]', '[["a"]]', "[{}]", "[null]", '["a", "b"]', "[1.5]", '"a"', pytest.param("[" * 3000, id="3000 lists in each other")],
)
def test_a_made_up_position_in_the_directory_is_404(cast: Cast, position: str) -> None:
    assert Client().get("/partners/", {"after": base64.urlsafe_b64encode(position.encode()).decode()}).status_code == 404


@pytest.mark.parametrize("wrong", [{"status": "famous"}, {"registered_at": None}])
def test_the_database_refuses_an_unknown_status_and_a_registration_without_its_time(cast: Cast, wrong: dict[str, str | None]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnerProfile.objects.filter(agency=cast.alder).update(**wrong)
