"""`/partners/`: search, filters and order of the directory."""

import re
from typing import Any

import pytest
from django.test import Client

from partnerportal.network.models import PartnerProfile, Service
from partnerportal.network.services.profiles import save_profile
from reviews.services.reviews import hide_review, pin_review
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.agencies import LanguageFactory, ProfileFactory, ServiceFactory
from tests.factories.customers import CustomerFactory
from tests.factories.review_states import a_review
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory, same_rating

pytestmark = pytest.mark.django_db


def found(**filters: Any) -> list[str]:
    """Return the slugs on the first page of the directory."""
    response = Client().get("/partners/", filters)
    assert response.status_code == 200
    return [profile.slug for profile in response.context["page"].items]


def rate(profile: PartnerProfile, *all_stars: int) -> None:
    for stars in all_stars:
        customer = CustomerFactory(agency=profile.agency)
        ratings = same_rating(stars)
        ReviewFactory(review_request=ReviewRequestFactory(customer=customer), **ratings)


@pytest.fixture
def three() -> None:
    """Three agencies that differ in all searchable fields."""
    shops, film = ServiceFactory(name_en="Webshops", name_de="Webläden"), ServiceFactory(name_en="Film", name_de="Filme")
    german, dutch = LanguageFactory(code="x-de", name_en="Low German"), LanguageFactory(code="x-nl", name_en="Flemish")
    for slug, name, tagline, description, city, services, languages, is_open in (
        ("groesse", "Größe & Süd", "We build.", "Für Mühlen und Bäckereien.", "Görlitz", [shops], [german], True),
        ("lindqvist", "Studio Lindqvist", "Ruhig und genau.", "Galleries.", "Köln", [film], [german, dutch], False),
        ("zeta", "Zeta", "Fast.", "Anything with a plug.", "Bad Köstritz", [shops, film], [], True),
    ):
        profile = ProfileFactory(
            slug=slug, agency__name=name, tagline=tagline, description=description, city=city, services=services, open_for_clients=is_open
        )
        profile.languages.set(languages)


@pytest.mark.parametrize(
    ("words", "slugs"),
    [
        ("groesse", {"groesse"}),
        ("GRÖSSE", {"groesse"}),
        ("grosse", {"groesse"}),
        ("lindq", {"lindqvist"}),
        ("ruhig", {"lindqvist"}),
        ("baeckerei", {"groesse"}),
        ("bäckerei görlitz", {"groesse"}),
        ("shops", {"groesse", "zeta"}),
        ("webläden", {"groesse", "zeta"}),
        ("shops film", {"zeta"}),
        ("koln", {"lindqvist"}),
        ("lindquvist", {"lindqvist"}),  # a typing mistake
        ("nothing like it", set()),
        ("%", set()),
        ("\x00", set()),
        ("x" * 500, set()),
    ],
)
def test_it_finds_by_name_claim_description_services_and_city(three: None, words: str, slugs: set[str]) -> None:
    assert set(found(q=words)) == slugs


@pytest.mark.parametrize(
    ("filters", "slugs"),
    [
        ({"place": "köln"}, {"lindqvist"}),
        ({"place": "Gorl"}, {"groesse"}),
        ({"place": "stritz"}, set()),
        ({"language": "x-nl"}, {"lindqvist"}),
        ({"language": "x-de"}, {"groesse", "lindqvist"}),
        ({"open": "on"}, {"groesse", "zeta"}),
        ({"open": "on", "q": "film"}, {"zeta"}),
        ({"language": "x-de", "open": "on"}, {"groesse"}),
        ({"rating": "4"}, set()),
        # Invalid values are ignored.
        ({"language": "klingon", "service": "x", "rating": "99", "sort": "age", "open": ""}, {"groesse", "lindqvist", "zeta"}),
    ],
)
def test_it_narrows(three: None, filters: dict[str, str], slugs: set[str]) -> None:
    assert set(found(**filters)) == slugs


def test_it_narrows_to_a_service(three: None) -> None:
    assert set(found(service=Service.objects.get(name_en="Film").pk)) == {"lindqvist", "zeta"}


def test_nobody_is_found_who_is_not_registered(three: None) -> None:
    PartnerProfile.objects.filter(slug="zeta").update(status="submitted")
    assert "zeta" not in found()
    assert found(q="zeta") == []
    assert "zeta" not in found(q="film", open="on", sort="rating")


def test_a_new_name_of_agency_or_service_is_found_at_once(three: None) -> None:
    profile = PartnerProfile.objects.get(slug="zeta")
    profile.agency.name = "Überall"
    profile.agency.save()
    assert (found(q="uberall"), found(q="ueberall"), found(q="zeta")) == (["zeta"], ["zeta"], [])
    assert found(sort="name") == ["groesse", "lindqvist", "zeta"]
    shops, film = Service.objects.get(name_en="Webshops"), Service.objects.get(name_en="Film")
    ada = UserFactory(is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(ada)
    browser.post(f"/admin/network/service/{film.pk}/change/", {"name_en": "Moving pictures", "name_de": "Filme", "is_active": "on"})
    assert set(found(q="moving pict")) == {"lindqvist", "zeta"}
    for services, slugs in (([shops], ["lindqvist"]), ([shops, film], ["lindqvist", "zeta"])):
        profile.refresh_from_db()
        save_profile(profile.agency, values={"services": services}, version=profile.version, by=ada)
        assert sorted(found(q="moving pict")) == slugs


def test_a_new_name_that_differs_only_in_umlauts_is_found_at_once(three: None) -> None:
    agency = PartnerProfile.objects.get(slug="zeta").agency
    for name, slugs in (("Muhlen", ["groesse"]), ("Mühlen", ["groesse", "zeta"]), ("Muhlen", ["groesse"])):
        agency.name = name
        agency.save()
        assert sorted(found(q="muehlen")) == slugs


def test_services_in_use_can_not_be_deleted(three: None) -> None:
    unused, film = ServiceFactory(name_en="Radio", name_de="Radio"), Service.objects.get(name_en="Film")
    browser = Client()
    browser.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = browser.post(f"/admin/network/service/{film.pk}/delete/", {"post": "yes"}).content.decode()
    assert all(name in page for name in ("Studio Lindqvist", "Zeta"))
    both = {"action": "delete_selected", "_selected_action": [unused.pk, film.pk], "post": "yes"}
    assert "Studio Lindqvist" in browser.post("/admin/network/service/", both).content.decode()
    assert set(found(q="film")) == {"lindqvist", "zeta"}
    assert Service.objects.filter(pk__in=[unused.pk, film.pk]).count() == 2
    browser.post(f"/admin/network/service/{unused.pk}/delete/", {"post": "yes"})
    assert not Service.objects.filter(pk=unused.pk).exists()


def test_one_review_of_five_stars_stands_below_many_of_nearly_five() -> None:
    many, one, none, poor = (ProfileFactory(slug=slug) for slug in ("many", "one", "none", "poor"))
    rate(many, *[5] * 9, 4)
    rate(one, 5)
    rate(poor, 1, 2)
    assert found() == found(sort="rating") == ["many", "one", "none", "poor"]
    # The page shows the plain average.
    page = Client().get("/partners/").content.decode()
    for figure in ("4.9 of 5", "10 reviews", "5.0 of 5", "1 review", "1.5 of 5", "No reviews yet"):
        assert figure in page
    assert none.rating is None


@pytest.mark.parametrize(("least", "slugs"), [("4.5", ["nearly"]), ("4", ["nearly", "four"]), ("3", ["nearly", "four", "half"])])
def test_the_least_rating_is_that_which_is_shown(least: str, slugs: list[str]) -> None:
    for slug, stars in (("nearly", (5, 4)), ("four", (4,)), ("half", (3, 4)), ("two", (2,)), ("none", ())):
        rate(ProfileFactory(slug=slug), *stars)
    assert set(found(rating=least)) == set(slugs)


def test_the_best_match_comes_first_whatever_its_rating() -> None:
    named = ProfileFactory(slug="named", agency__name="Hafen", tagline="Something else.")
    rate(ProfileFactory(slug="mentions", agency__name="Zwo", description="Not far from the hafen of Hamburg. " * 9), 5, 5, 5)
    rate(named, 1)
    assert found(q="hafen") == ["named", "mentions"]
    assert found(q="hafen", sort="rating") == ["mentions", "named"]


@pytest.mark.parametrize("filters", [{}, {"sort": "name"}, {"sort": "rating"}, {"q": "webdesign"}, {"q": "webdesign", "sort": "name"}])
def test_paging_shows_each_once_forth_and_back(filters: dict[str, str]) -> None:
    for number in range(55):
        profile = ProfileFactory(slug=f"agency-{number}", agency__name=f"Agency {number % 7}", tagline="Webdesign " * (number % 3 + 1))
        if number % 11 == 0:
            rate(profile, number % 5 + 1)
    client, seen, address = Client(), [], "/partners/?" + "&".join(f"{name}={value}" for name, value in filters.items())
    pages = []
    while address:
        pages.append(address)
        page = client.get(address).context["page"]
        seen += [profile.slug for profile in page.items]
        address = f"/partners/{page.next_url}" if page.next_url else ""
    assert len(pages) == 3
    assert sorted(seen) == sorted(f"agency-{number}" for number in range(55))
    # Links to other pages keep the filters.
    assert all(f"{name}={value}" in address for name, value in filters.items() for address in pages)
    back = client.get(f"/partners/{client.get(pages[2]).context['page'].previous_url}").context["page"]
    assert [profile.slug for profile in back.items] == seen[24:48]


def test_a_card_quotes_the_first_pinned_review_with_text(cast: Cast) -> None:
    silent, quoted, other = (a_review(cast.alder, text=words) for words in ("", "They kept every promise.", "Not pinned."))
    a_review(cast.birch, text="Not pinned, either.")
    for review in (silent, quoted):
        pin_review(review, by=cast.max)
    page = Client().get("/partners/").content.decode()
    assert "“They kept every promise.”" in page
    assert "Not pinned" not in page
    hide_review(quoted, reason="outdated", by=cast.max)
    assert "They kept every promise." not in Client().get("/partners/").content.decode()
    assert other.is_public


def test_the_whole_directory_explains_the_reviews(cast: Cast) -> None:
    heading = "Where reviews come from"
    assert heading in Client().get("/partners/").content.decode()
    assert heading not in Client().get("/partners/", {"q": "alder"}).content.decode()


@pytest.mark.parametrize("address", ["/partners/", "/partners/alder/", "/partners/alder/contact/", "/accounts/login/"])
def test_the_footer_links_the_operators_imprint_and_privacy_policy(cast: Cast, settings: Any, address: str) -> None:
    plain = Client().get(address).content.decode()
    assert "Imprint" not in plain
    settings.IMPRINT_URL, settings.PRIVACY_URL = "https://operator.example/imprint", "https://operator.example/privacy"
    page = Client().get(address).content.decode()
    for url in (settings.IMPRINT_URL, settings.PRIVACY_URL):
        assert f'href="{url}"' in page


def test_an_empty_answer_says_what_to_do(cast: Cast) -> None:
    page = Client().get("/partners/", {"q": "nothing like it"}).content.decode()
    assert "No agencies found" in page
    assert "Show all agencies" in page
    PartnerProfile.objects.update(status="draft")
    page = Client().get("/partners/").content.decode()
    assert "No agencies yet" in page


def test_the_form_keeps_what_was_chosen(three: None) -> None:
    page = Client().get("/partners/", {"q": 'a"b', "place": "<i>", "language": "x-de", "sort": "name"}).content.decode()
    assert 'value="a&#34;b"' in page
    assert 'value="&lt;i&gt;"' in page
    assert '<option value="x-de" selected>' in page
    assert "<i>" not in page


def test_the_lists_are_in_the_readers_language(three: None) -> None:
    german = Client(headers={"Accept-Language": "de"}).get("/partners/").content.decode()
    assert "Webläden" in german
    assert "Webshops" not in german


def test_what_admins_retired_can_not_be_chosen(three: None) -> None:
    Service.objects.filter(name_en="Film").update(is_active=False)
    form = Client().get("/partners/").context["filters"]
    assert "Film" not in dict(form.fields["service"].choices).values()
    assert "Webshops" in dict(form.fields["service"].choices).values()


def test_each_search_and_language_has_a_form_of_its_own(three: None) -> None:
    paths = ["/partners/?q=shop", "/partners/", "/partners/?q=else&open=on", "/de/partners/?q=shop", "/partners/?q=shop"]
    forms = [re.search(r'<form class="directory-search".*?</form>', Client().get(path).content.decode(), re.S) for path in paths]
    shown = [form[0] for form in forms if form]
    assert len(shown) == len(paths)
    assert shown[0] == shown[4]
    assert len({*shown}) == 4
    assert ['value="shop"' in form for form in shown] == [True, False, False, True, True]
    assert ["checked" in form for form in shown] == [False, False, True, False, False]


def test_a_new_service_is_offered_at_once(three: None) -> None:
    assert b"Sound design" not in Client().get("/partners/").content
    ServiceFactory(name_en="Sound design")
    assert b"Sound design" in Client().get("/partners/").content
