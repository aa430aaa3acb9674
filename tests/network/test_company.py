"""`/company/`: editing, submitting and registering a profile."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from partnerportal.audit.models import AuditEvent
from partnerportal.network.models import PartnerProfile, ProfileSlug
from partnerportal.network.services.profiles import SlugTaken, decline_profile, register_profile, save_profile, submit_profile
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.agencies import AgencyFactory, LanguageFactory, MembershipFactory, ProfileFactory, ServiceFactory, picture

COMPANY = "/company/"


@pytest.fixture
def manager(cast: Cast) -> Client:
    """Client signed in as Max, manager of Alder."""
    client = Client()
    client.force_login(cast.max)
    return client


def form_of(client: Client) -> dict[str, Any]:
    """Return the form data of the unchanged form."""
    form = client.get(COMPANY).context["form"]
    values = {name: form[name].value() for name in form.fields if name not in {"logo", "remove_logo"}}
    values = {name: [str(getattr(v, "pk", v)) for v in value] if isinstance(value, list) else value for name, value in values.items()}
    if not values["open_for_clients"]:
        del values["open_for_clients"]
    return {name: "" if value is None else value for name, value in values.items()}


def alder() -> PartnerProfile:
    return PartnerProfile.objects.select_related("agency").get(agency__memberships__user__email="max@alder.example")


def test_all_of_it_is_saved_and_public_at_once(manager: Client, cast: Cast) -> None:
    service, language = ServiceFactory(name_en="Shops"), LanguageFactory(name_en="Frisian")
    typed = {
        "name": "Alder & Söhne",
        "tagline": "We <3 the web.",
        "description": "One.\n\nTwo.",
        "services": [service.pk],
        "languages": [language.pk],
        "city": "Görlitz",
        "website": "alder.example",
        "founded": "2011",
        "team_size": "6-10",
        "contact_name": "Alice",
        "contact_email": "hello@alder.example",
        "privacy_url": "https://alder.example/privacy/",
        "logo": picture(),
    }
    sent = form_of(manager) | typed
    del sent["open_for_clients"]
    assert manager.post(COMPANY, sent, follow=True).redirect_chain == [(COMPANY, 302)]
    page = Client().get("/partners/alder/").content.decode()
    for word in ("Alder &amp; Söhne", "We &lt;3 the web.", "<p>Two.</p>", "Shops", "Frisian", "Görlitz", "2011", "6 to 10 people"):
        assert word in page
    for word in ("https://alder.example", "not at the moment", alder().logo_url):
        assert word in page
    assert "hello@alder.example" not in page


def test_the_audit_says_what_changed_from_what_to_what(manager: Client, cast: Cast) -> None:
    service = ServiceFactory(name_en="Shops")
    manager.post(COMPANY, form_of(manager) | {"tagline": "New claim.", "services": [service.pk], "name": "Elder Web"})
    event = AuditEvent.objects.get(action="profile.updated")
    changes = event.data["changes"]
    assert changes.keys() == {"tagline", "services", "name"}
    assert changes["tagline"] == ["We build websites.", "New claim."]
    assert changes["services"][1] == ["Shops"]
    assert changes["name"] == ["Alder Web", "Elder Web"]
    assert (event.actor_label, event.agency_id) == ("Max Meyer", cast.alder.pk)
    assert "Tagline" in manager.get(COMPANY).content.decode()
    assert "Profile updated: Name, Tagline and Services" in manager.get(COMPANY).content.decode()


def test_saving_without_a_change_changes_nothing(manager: Client, cast: Cast) -> None:
    before = alder()
    assert manager.post(COMPANY, form_of(manager)).status_code == 302
    assert (alder().version, alder().updated_at) == (before.version, before.updated_at)
    assert not AuditEvent.objects.filter(action="profile.updated").exists()


def test_staff_reads_but_changes_nothing(stan: Client, cast: Cast) -> None:
    page = stan.get(COMPANY)
    assert all(field.disabled for field in page.context["form"].fields.values())
    assert ">Save<" not in page.content.decode()
    assert 'value="Save"' not in page.content.decode()
    main = page.content.decode().partition("<main")[2].partition("</main>")[0]
    assert "We build websites." in main
    assert "<textarea" not in main
    assert "<input" not in main
    assert stan.post(COMPANY, {"tagline": "Me"}).status_code == 403
    assert alder().tagline == "We build websites."


def test_an_agency_without_a_profile_makes_it_here(db: None) -> None:
    ProfileFactory(slug="muellers-web")
    agency = AgencyFactory(name="Muellers Web")
    client = Client()
    client.force_login(MembershipFactory(agency=agency).user)
    assert client.get("/company/preview/").status_code == 302
    assert client.post("/company/submit/").status_code == 404
    form = form_of(client)
    assert form["slug"] == "muellers-web-2"
    assert not PartnerProfile.objects.filter(agency=agency).exists()
    assert client.post(COMPANY, form | {"tagline": "Here we are."}).status_code == 302
    profile = PartnerProfile.objects.get(agency=agency)
    assert (profile.tagline, profile.status, profile.version) == ("Here we are.", "draft", 1)


def test_the_later_of_two_editors_sees_both_versions_and_decides(alice: Client, manager: Client, cast: Cast) -> None:
    first, second = form_of(alice), form_of(manager)
    assert alice.post(COMPANY, first | {"tagline": "Alice’s claim."}).status_code == 302
    response = manager.post(COMPANY, second | {"tagline": "Max’s claim.", "city": "Bonn"})
    assert response.status_code == 200
    page = response.content.decode()
    assert "Someone else changed this profile" in page
    assert "Currently saved: Alice’s claim." in page
    assert 'value="Max’s claim."' in page
    assert (alder().tagline, alder().city) == ("Alice’s claim.", "Hamburg")
    hidden = {name: response.context["form"][name].value() for name in ("version", "shown")}
    again = second | {"tagline": "Max’s claim.", "city": "Bonn"} | hidden
    assert manager.post(COMPANY, again).status_code == 302
    assert (alder().tagline, alder().city) == ("Max’s claim.", "Bonn")


@pytest.mark.parametrize("version", ["", "0", "-1", "x"])
def test_a_form_without_its_version_overwrites_nothing(manager: Client, cast: Cast, version: str) -> None:
    assert manager.post(COMPANY, form_of(manager) | {"tagline": "Other", "version": version}).status_code == 200
    assert alder().tagline == "We build websites."


@pytest.mark.django_db(transaction=True)
def test_ten_editors_at_once_one_wins(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.max)
    form = form_of(client)

    def save(n: int) -> int:
        browser = Client()
        browser.force_login(cast.max)
        return browser.post(COMPANY, form | {"tagline": f"Claim {n}"}).status_code

    assert sorted(at_once(10, save)) == [200] * 9 + [302]
    assert alder().version == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_profile(cast: Cast) -> None:
    agency, user = AgencyFactory(), cast.ada
    results = at_once(4, lambda n: save_profile(agency, values={"slug": "twice", "tagline": f"Claim {n}"}, version=0, by=user))
    assert sum(isinstance(result, PartnerProfile) for result in results) == 1
    assert PartnerProfile.objects.filter(agency=agency).count() == 1


@pytest.mark.parametrize("name", ["tagline", "description", "services", "city", "contact_email", "privacy_url"])
def test_a_registered_profile_keeps_what_it_needs(manager: Client, cast: Cast, name: str) -> None:
    response = manager.post(COMPANY, form_of(manager) | {name: []})
    assert name in response.context["form"].errors
    PartnerProfile.objects.filter(agency=cast.alder).update(status="draft")
    assert manager.post(COMPANY, form_of(manager) | {name: []}).status_code == 302


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Two\nlines"),
        ("tagline", "x" * 161),
        ("tagline", "nul\x00"),
        ("description", "x" * 5001),
        ("services", ["999999"]),
        ("services", ["x"]),
        ("languages", ["999999"]),
        ("website", "javascript:alert(1)"),
        ("founded", "1066"),
        ("founded", "3000"),
        ("founded", "long ago"),
        ("team_size", "many"),
        ("contact_email", "nobody"),
        ("privacy_url", "nowhere"),
        ("slug", "a b"),
        ("slug", ""),
        ("name", ""),
    ],
)
def test_what_can_not_be_is_told_at_its_field_and_saves_nothing(manager: Client, cast: Cast, name: str, value: Any) -> None:
    response = manager.post(COMPANY, form_of(manager) | {name: value})
    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {name}
    assert alder().version == 1


def test_a_retired_service_stays_where_it_was_chosen_and_is_offered_to_nobody_else(manager: Client, charlie: Client, cast: Cast) -> None:
    retired = ServiceFactory(name_en="Flash animations")
    alder().services.set([retired])
    retired.is_active = False
    retired.save()
    assert manager.post(COMPANY, form_of(manager) | {"tagline": "Still here."}).status_code == 302
    assert list(alder().services.all()) == [retired]
    assert "Flash animations" not in charlie.get(COMPANY).content.decode()
    assert charlie.post(COMPANY, form_of(charlie) | {"services": [retired.pk]}).context["form"].errors.keys() == {"services"}


def test_what_was_typed_outlives_the_session(manager: Client, cast: Cast) -> None:
    form = form_of(manager) | {"tagline": "Typed for an hour."}
    manager.get(COMPANY)
    manager.cookies.pop("sessionid")
    assert manager.post(COMPANY, form).status_code == 302
    manager.post("/accounts/login/", {"login": "max@alder.example", "password": "a-long-password-of-tests"})
    assert manager.get(COMPANY).context["form"]["tagline"].value() == "Typed for an hour."
    assert alder().tagline == "We build websites."


# --- Addresses ---------------------------------------------------------------------------------------------------------


def test_a_changed_address_redirects_for_good(manager: Client, cast: Cast) -> None:
    for slug in ("elder", "Older"):
        assert manager.post(COMPANY, form_of(manager) | {"slug": slug}).status_code == 302
    for old in ("alder", "elder"):
        response = Client().get(f"/partners/{old}/")
        assert (response.status_code, response.url) == (301, "/partners/older/")
    assert Client().get("/partners/older/").status_code == 200
    # A profile can return to its own former address.
    assert manager.post(COMPANY, form_of(manager) | {"slug": "alder"}).status_code == 302
    assert Client().get("/partners/older/").url == "/partners/alder/"


@pytest.mark.parametrize("slug", ["alder", "elder", "ALDER"])
def test_nobody_gets_an_address_that_is_or_was_anothers(manager: Client, charlie: Client, cast: Cast, slug: str) -> None:
    manager.post(COMPANY, form_of(manager) | {"slug": "elder"})
    assert charlie.post(COMPANY, form_of(charlie) | {"slug": slug}).context["form"].errors.keys() == {"slug"}
    with pytest.raises(SlugTaken):
        save_profile(cast.birch, values={"slug": slug.lower()}, version=1, by=cast.charlie)
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnerProfile.objects.filter(agency=cast.birch).update(slug=slug.lower())
    assert ProfileSlug.objects.get(slug="alder").profile == alder()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_an_address_at_once_one_gets_it(cast: Cast) -> None:
    agencies = [(cast.alder, cast.alice), (cast.birch, cast.charlie)]
    results = at_once(2, lambda n: save_profile(agencies[n][0], values={"slug": "wanted"}, version=1, by=agencies[n][1]))
    assert sorted(type(result).__name__ for result in results) == ["PartnerProfile", "SlugTaken"]
    assert Client().get("/partners/wanted/").status_code == 200


def test_no_address_ever_changes_hands_in_the_database(cast: Cast) -> None:
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        ProfileSlug.objects.filter(slug="alder").update(profile=cast.birch.profile)


# --- Registration ------------------------------------------------------------------------------------------------------


def test_an_incomplete_profile_is_not_submitted_and_the_list_says_why(manager: Client, cast: Cast) -> None:
    PartnerProfile.objects.filter(agency=cast.alder).update(status="draft", privacy_url="", city="")
    page = manager.get(COMPANY)
    assert {point.field for point in page.context["missing"] if point.required} == {"privacy_url", "city"}
    assert 'href="#id_privacy_url"' in page.content.decode()
    assert "Submit for registration" not in page.content.decode()
    assert "Your profile is incomplete" in manager.post("/company/submit/", follow=True).content.decode()
    assert alder().status == "draft"


def test_submitted_declined_mended_registered(manager: Client, cast: Cast) -> None:
    PartnerProfile.objects.filter(agency=cast.alder).update(status="draft", registered_at=None)
    assert "Submit for registration" in manager.get(COMPANY).content.decode()
    manager.post("/company/submit/")
    assert alder().status == "submitted"
    assert "Your profile has already been submitted" in manager.post("/company/submit/", follow=True).content.decode()
    decline_profile(alder(), reason="The <claim> is too short.", by=cast.ada)
    page = manager.get(COMPANY).content.decode()
    assert "The &lt;claim&gt; is too short." in page
    assert "Submit for registration" in page
    manager.post("/company/submit/")
    assert alder().decline_reason == ""
    register_profile(alder(), by=cast.ada)
    assert Client().get("/partners/alder/").status_code == 200
    assert "Submit for registration" not in manager.get(COMPANY).content.decode()


@pytest.mark.parametrize(("language", "subject"), [("en", "Alder Web is now in the partner network"), ("de", "Alder Web")])
def test_owners_and_managers_are_told_in_their_language(cast: Cast, language: str, subject: str) -> None:
    cast.alder.language = language
    cast.alder.save()
    PartnerProfile.objects.filter(agency=cast.alder).update(status="submitted")
    register_profile(alder(), by=cast.ada)
    mails = OutgoingMail.objects.filter(kind="profile_registered")
    assert sorted(mails.values_list("to_email", flat=True)) == ["alice@alder.example", "max@alder.example"]
    for mail in mails:
        assert subject in mail.subject
        assert "/partners/alder/" in mail.text
        assert ("Guten Tag" if language == "de" else "Hello") in mail.text


def test_a_decline_carries_its_reason(cast: Cast) -> None:
    PartnerProfile.objects.filter(agency=cast.alder).update(status="submitted")
    decline_profile(alder(), reason="No <imprint>.\n\nAnd no claim.", by=cast.ada)
    mail = OutgoingMail.objects.get(kind="profile_declined", to_email="max@alder.example")
    assert "> No <imprint>.\n>\n> And no claim." in mail.text
    assert "&lt;imprint&gt;" in mail.html
    assert "/company/" in mail.text
    assert AuditEvent.objects.get(action="profile.declined").data == {"reason": "No <imprint>.\n\nAnd no claim."}


def test_what_was_decided_already_sends_nothing(cast: Cast) -> None:
    assert not register_profile(alder(), by=cast.ada)
    assert not decline_profile(alder(), reason="Late.", by=cast.ada)
    assert not submit_profile(alder(), by=cast.max)
    assert not OutgoingMail.objects.exists()


def test_an_admin_gives_a_reason_before_a_profile_is_declined(cast: Cast) -> None:
    PartnerProfile.objects.filter(agency=cast.alder).update(status="submitted")
    client = Client()
    client.force_login(cast.ada)
    chosen = {"action": "decline", "_selected_action": [alder().pk]}
    for reason in ({}, {"decline_reason": " "}):
        page = client.post("/admin/network/partnerprofile/", chosen | reason)
        assert page.status_code == 200
        assert "Alder Web" in page.content.decode()
        assert alder().status == "submitted"
    client.post("/admin/network/partnerprofile/", chosen | {"decline_reason": "Too short."})
    assert (alder().status, alder().decline_reason) == ("declined", "Too short.")


@pytest.mark.parametrize(("status", "said"), [("draft", "It isn’t public yet."), ("registered", "public within a minute")])
def test_the_page_says_who_sees_the_profile(manager: Client, cast: Cast, status: str, said: str) -> None:
    if status == "draft":
        PartnerProfile.objects.filter(agency=cast.alder).update(status="draft", registered_at=None)
    assert said in manager.get(COMPANY).content.decode()


@pytest.mark.parametrize("status", ["draft", "submitted", "declined", "registered"])
def test_who_can_not_edit_is_promised_nothing_about_editing(manager: Client, stan: Client, cast: Cast, status: str) -> None:
    cast.alder.profile.logo_digest = "0" * 32
    cast.alder.profile.status, cast.alder.profile.registered_at = status, timezone.now() if status == "registered" else None
    cast.alder.profile.decline_reason = "Too short." if status == "declined" else ""
    cast.alder.profile.save()
    promises = ["public within a minute", "Fill it in", "You can keep editing", "Make the requested changes", "Remove logo", 'type="file"']
    manager_reads, stan_reads = manager.get(COMPANY).content.decode(), stan.get(COMPANY).content.decode()
    assert "Only managers and owners can edit the profile." in stan_reads
    assert [promise for promise in promises if promise in stan_reads] == []
    assert [promise for promise in promises if promise in manager_reads][1:] == ["Remove logo", 'type="file"']


def test_visitors_see_a_change_within_the_minute_that_is_promised(cast: Cast) -> None:
    assert "max-age=30" in Client().get(f"/partners/{cast.alder.profile.slug}/")["Cache-Control"]


def test_the_preview_is_for_the_own_people(stan: Client, charlie: Client, cast: Cast) -> None:
    PartnerProfile.objects.filter(agency=cast.alder).update(status="draft", tagline="Not yet public.")
    response = stan.get("/company/preview/")
    page = response.content.decode()
    assert "Not yet public." in page
    assert "This is a preview." in page
    # Administrators can read it before they register it.
    assert "Only your team and the portal administrators see it until your profile is registered." in page
    assert '<meta name="robots" content="noindex">' in page
    assert "no-store" in response["Cache-Control"]
    assert "Not yet public." not in charlie.get("/company/preview/").content.decode()
    assert Client().get("/partners/alder/").status_code == 404
