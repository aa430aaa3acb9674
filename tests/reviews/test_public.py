"""`/partners/<slug>/reviews/<id>/`: the public page of a review, its link preview and its place in the sitemap."""

import re
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image

from partnerportal.agencies.models import Agency
from partnerportal.network.models import PartnerProfile
from partnerportal.outbox.models import OutgoingMail
from reviews.models import Review, ReviewRequest
from reviews.queries import public
from reviews.services.reports import dismiss_report, reinstate_review, uphold_report
from reviews.services.reviews import comment_on_review, edit_review, hide_review, report_review, unhide_review
from reviews.sitemaps import ReviewSitemap
from tests.cacheable import directives
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.review_states import a_review, in_state, reported
from tests.factories.reviews import ReviewFactory, same_rating

#: Above the keys of other tests, and divisible by the number of keys in a file of the sitemap.
FIRST_KEY = 5_000 * ReviewSitemap.limit

ACTIONS = ("Pin review to top", "Comment", "Hide review", "Report offensive review")


def path_of(review: Review, language: str = "") -> str:
    return f"{language and '/'}{language}/partners/alder/reviews/{review.pk}/"


def page_of(review: Review, client: Client | None = None, language: str = "") -> str:
    response = (client or Client()).get(path_of(review, language))
    assert response.status_code == 200
    return response.content.decode()


def meta(page: str, name: str) -> list[str]:
    return re.findall(rf'<meta (?:name|property)="{name}"\s+content="(.*?)">', page)


def test_it_shows_the_whole_review_and_the_agency(cast: Cast) -> None:
    project = ProjectFactory(customer__agency=cast.alder, title="Shop relaunch")
    rated = {"review_request__customer": project.customer, "review_request__project": project}
    review = a_review(cast.alder, text="They listened.\n\nThen they built.", author="Lea Brandt", **rated)
    comment_on_review(review, text="Thank you, Lea.", by=cast.alice)
    a_review(cast.alder)
    page = page_of(review)
    for words in ("Review of Alder Web", "Shop relaunch", "<p>They listened.</p>", "Lea Brandt", "Verified customer", "Thank you, Lea."):
        assert words in page
    for label in ("Cooperation", "Quality of service", "Schedule", "Budget"):
        assert f"<dt>{label}</dt>" in page
    assert re.search(r'href="/partners/alder/#reviews">\s*All 2 reviews', page)
    assert page.count('href="/partners/alder/contact/"') == 2
    assert path_of(review) == review.get_absolute_url()


def test_names_are_shown_as_their_authors_chose(cast: Cast) -> None:
    reviews = [a_review(cast.alder, author="Kim Peters", display_name_as=shown) for shown in ("initial", "anonymous")]
    pages = [page_of(review) for review in reviews]
    assert ["Kim P." in page for page in pages] == [True, False]
    assert not any("Peters" in page for page in pages)


def test_hidden_ones_say_so_without_words_author_or_stars(cast: Cast) -> None:
    project = ProjectFactory(customer__agency=cast.alder, title="Shop of Lea")
    rated = {"review_request__customer": project.customer, "review_request__project": project}
    review = a_review(cast.alder, text="They listened.", author="Lea Brandt", **rated, **same_rating(2))
    comment_on_review(review, text="Thank you.", by=cast.alice)
    a_review(cast.alder, **same_rating(5))
    project_page = page_of(review)
    hide_review(review, reason="other", by=cast.alice)
    page = page_of(review)
    for words in ("They listened", "Lea Brandt", "2.0 of 5", "Shop of Lea", "Thank you."):
        assert (words in project_page, words in page) == (True, False)
    assert "Alder Web has hidden this review’s text and author. Its stars still count." in page
    assert meta(page, "robots") == ["noindex"]
    assert (meta(page, "description"), meta(page, "og:description")) == ([], [])
    profile = Client().get("/partners/alder/").content.decode()
    image, of_profile = (meta(one, "og:image")[0].partition("?v=")[2] for one in (page, profile))
    assert image == of_profile
    unhide_review(review, by=cast.alice)
    assert meta(page_of(review), "robots") == []


@pytest.mark.parametrize("state", ["removed", "withdrawn"])
@pytest.mark.parametrize("language", ["", "de"])
def test_removed_and_withdrawn_ones_are_gone(cast: Cast, alice: Client, state: str, language: str) -> None:
    review = in_state(state, cast.alder)
    for client in (Client(), alice):
        response = client.get(path_of(review, language))
        assert response.status_code == 410
        assert "Lea Brandt" not in response.content.decode()
        assert f'href="{language and "/"}{language}/partners/alder/"' in response.content.decode()
    assert Client().get(f"{path_of(review)}preview.png").status_code == 404


def test_only_its_agencys_registered_profile_has_it(cast: Cast) -> None:
    review = a_review(cast.alder)
    for path in (f"/partners/birch/reviews/{review.pk}/", "/partners/alder/reviews/999999/", f"/partners/alder/reviews/{10**30}/"):
        assert Client().get(path).status_code == Client().get(f"{path}preview.png").status_code == 404
    assert page_of(review)
    profile = Client().get("/partners/birch/")
    path = f"/partners/birch/reviews/{review.pk}/"
    assert Client().get(path, headers={"If-None-Match": profile["ETag"]}).status_code == 404
    PartnerProfile.objects.filter(slug="alder").update(status="draft")
    assert Client().get(path_of(review)).status_code == Client().get(f"{path_of(review)}preview.png").status_code == 404


def test_former_addresses_redirect(cast: Cast) -> None:
    review = a_review(cast.alder)
    PartnerProfile.objects.filter(slug="alder").update(slug="renamed")
    response = Client().get(f"{path_of(review, 'de')}?from=feed")
    assert (response.status_code, response["Location"]) == (301, f"/de/partners/renamed/reviews/{review.pk}/?from=feed")
    assert Client().get(f"{path_of(review)}preview.png").status_code == 200


def test_search_engines_and_link_previews_are_told_what_it_is(cast: Cast) -> None:
    review = a_review(cast.alder, text=f'Good & "quick".\n\nAnd {"friendly " * 40}', **same_rating(5))
    for language in ("", "en", "de"):
        page = page_of(review, language=language)
        assert f'<link rel="canonical" href="{settings.SITE_URL}{path_of(review, language)}">' in page
        alternates = dict(re.findall(r'<link rel="alternate" hreflang="(.*?)" href="(.*?)">', page))
        expected = {"en": "en", "de": "de", "x-default": ""}
        assert alternates == {code: f"{settings.SITE_URL}{path_of(review, prefix)}" for code, prefix in expected.items()}
        assert meta(page, "og:url") == [f"{settings.SITE_URL}{path_of(review, language)}"]
    page = page_of(review, language="en")
    assert "<title>Review of Alder Web · Partner Network</title>" in page
    assert meta(page, "og:title") == ["Review of Alder Web"]
    (description,) = meta(page, "description")
    assert description == meta(page, "og:description")[0]
    assert description.startswith("5.0 of 5 stars: Good &amp; &quot;quick&quot;. And friendly")
    assert description.endswith("friendly…")
    assert len(description) < 260
    assert meta(page, "robots") == []


def test_its_image_changes_with_it_and_names_no_author(cast: Cast) -> None:
    review = a_review(cast.alder, text="They listened.", author="Lea Brandt")

    def address() -> str:
        return meta(page_of(review, language="en"), "og:image")[0].removeprefix(settings.SITE_URL)

    first = address()
    assert first.startswith(f"{path_of(review, 'en')}preview.png?v=")
    response = Client().get(first)
    assert Image.open(BytesIO(response.content)).size == (1200, 630)
    assert (response["Content-Type"], response["Cross-Origin-Resource-Policy"]) == ("image/png", "cross-origin")
    # The words can be hidden or withdrawn, so caches keep no version of the image for longer.
    for path in (first, first.partition("?")[0]):
        assert Client().get(path)["Cache-Control"] == "public, max-age=60"
    edit_review(review, text="They listened.", author="Kim Peters", **same_rating(4) | {"cooperation": 5, "schedule": 3})
    assert address() == first
    seen = {first}
    for values in ({"text": "They listen."}, {"text": ""}, {"text": "x" * 5000}, {"created_at": review.created_at - timedelta(days=99)}):
        Review.objects.filter(pk=review.pk).update(**values)
        assert Client().get(address()).status_code == 200
        seen.add(address())
    assert len(seen) == 5


def test_members_of_its_agency_find_its_actions(cast: Cast, alice: Client, stan: Client, charlie: Client) -> None:
    review = a_review(cast.alder)
    page = page_of(review, alice)
    assert [action in page for action in ACTIONS] == [True] * 4
    assert f'href="/company/reviews/{review.pk}/"' in page
    assert [action in page_of(review, stan) for action in ACTIONS] == [False] * 4
    assert f'href="/company/reviews/{review.pk}/"' in page_of(review, stan)
    for other in (charlie, Client()):
        page = page_of(review, other)
        assert [action in page for action in ACTIONS] == [False] * 4
        assert "/company/" not in page
    response = alice.post(f"/company/reviews/{review.pk}/hide/", {"reason": "other", "next": path_of(review)})
    assert response.url == path_of(review)
    shown = page_of(review, alice)
    assert "They did what they said." in shown
    assert "Unhide" in shown
    assert "They did what they said." in page_of(review, stan)
    assert "They did what they said." not in page_of(review, charlie)
    # Members who must set up a second factor first are visitors.
    Agency.objects.filter(pk=cast.alder.pk).update(second_factor_required=True)
    page = page_of(review, alice)
    assert "They did what they said." not in page
    assert "Unhide" not in page


def test_only_pages_for_everyone_are_shared(cast: Cast, alice: Client, charlie: Client) -> None:
    review = a_review(cast.alder)
    response = Client().get(path_of(review))
    assert directives(response) == {"public": "", "max-age": "30", "stale-while-revalidate": "30"}
    assert "Cookie" in response["Vary"]
    for client in (alice, charlie):
        own = client.get(path_of(review), headers={"If-None-Match": response["ETag"]})
        assert own.status_code == 200
        assert set(directives(own)) == {"private", "no-cache"}
        assert "ETag" not in own
    assert Client().get(path_of(review), headers={"If-None-Match": response["ETag"]}).status_code == 304
    comment_on_review(review, text="Thank you.", by=cast.alice)
    assert "Thank you." in Client().get(path_of(review), headers={"If-None-Match": response["ETag"]}).content.decode()
    in_state("pinned", cast.alder)
    hidden = Client().get(path_of(review))
    hide_review(review, reason="other", by=cast.alice)
    assert Client().get(path_of(review), headers={"If-None-Match": hidden["ETag"]}).status_code == 200


def test_pages_link_to_it(cast: Cast, stan: Client) -> None:
    shown, hidden, removed = a_review(cast.alder), in_state("hidden", cast.alder), in_state("removed", cast.alder)
    for language in ("", "/de"):
        profile = Client().get(f"{language}/partners/alder/").content.decode()
        assert re.findall(r'href="([^"]*/reviews/\d+/)"', profile) == [f"{language}{path_of(shown)}"]
    for page in (stan.get("/company/reviews/?show=all"), *(stan.get(f"/company/reviews/{one.pk}/") for one in (shown, hidden, removed))):
        assert page.status_code == 200
    pages = {one: stan.get(f"/company/reviews/{one.pk}/").content.decode() for one in (shown, hidden, removed)}
    assert [f'href="{path_of(one)}"' in page for one, page in pages.items()] == [True, True, False]
    listed = stan.get("/company/reviews/").content.decode()
    assert f'href="{path_of(shown)}">Show on profile</a>' in listed
    assert path_of(removed) not in listed
    personal = Client().get(str(shown.request.link).removeprefix(settings.SITE_URL)).content.decode()
    assert f'href="{path_of(shown)}"' in personal
    PartnerProfile.objects.filter(slug="alder").update(status="draft")
    personal = Client().get(str(shown.request.link).removeprefix(settings.SITE_URL)).content.decode()
    for page in (stan.get("/company/reviews/").content.decode(), stan.get("/company/preview/").content.decode(), personal):
        assert path_of(shown) not in page


def test_emails_link_to_it_while_it_exists(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email="kim@client.example", language="en")
    review = ReviewFactory(review_request__customer=customer, **same_rating(1))
    public, own = (f"{settings.SITE_URL}{path}" for path in (path_of(review), f"/company/reviews/{review.pk}/"))

    def links() -> dict[str, tuple[bool, bool]]:
        """Return for each new e-mail whether it links to the public page and to the one in the portal."""
        found = {mail.kind: (public in mail.text, own in mail.text) for mail in OutgoingMail.objects.all()}
        OutgoingMail.objects.all().delete()
        return found

    assert links()["review_new"] == (True, True)
    assert cast.ada.is_staff
    report = report_review(review, reason="offensive", details="It is.", by=cast.max)
    assert links()["review_reported"] == (True, False)
    dismiss_report(report, reason="It is true.", by=cast.ada)
    assert links()["report_decided"] == (True, True)
    report = reported(review)
    uphold_report(report, reason="It does.", by=cast.ada)
    found = links()
    assert (found["report_decided"], found["review_decided"]) == ((False, True), (False, False))
    reinstate_review(report, reason="It is true.", by=cast.ada)
    found = links()
    assert (found["report_decided"], found["review_decided"]) == ((True, True), (True, False))
    PartnerProfile.objects.filter(slug="alder").update(status="draft")
    comment_on_review(Review.objects.get(pk=review.pk), text="Thank you.", by=cast.alice)
    assert links()["review_comment"] == (False, False)


def sitemap(query: str = "") -> dict[str, str]:
    """Return addresses in the sitemap of reviews, with their dates."""
    response = Client().get(f"/sitemap-reviews.xml{query}")
    assert response.status_code == 200
    found = re.findall(r"<loc>(.*?)</loc><lastmod>(.*?)</lastmod>", response.content.decode())
    return {address.removeprefix(settings.SITE_URL): moment for address, moment in found}


def test_the_sitemap_names_public_reviews(cast: Cast) -> None:
    shown = a_review(cast.alder)
    for state in ("hidden", "removed", "withdrawn"):
        in_state(state, cast.alder)
    PartnerProfile.objects.filter(slug="birch").update(status="draft")
    a_review(cast.birch)
    assert set(sitemap()) == {path_of(shown, language) for language in ("", "en", "de")}
    before = sitemap()[path_of(shown)]
    assert datetime.fromisoformat(before) == shown.created_at
    Review.objects.filter(pk=shown.pk).update(created_at=shown.created_at - timedelta(days=9))
    assert sitemap()[path_of(shown)] < before
    comment_on_review(shown, text="Thank you.", by=cast.alice)
    assert sitemap()[path_of(shown)] >= before
    alternates = re.findall(r'hreflang="([^"]+)"', Client().get("/sitemap-reviews.xml").content.decode())
    assert set(alternates) == {"en", "de", "x-default"}


def test_each_file_of_the_sitemap_has_its_own_reviews(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReviewSitemap, "limit", 2)
    reviews = [a_review(cast.alder) for _ in range(5)]
    index = Client().get("/sitemap.xml").content.decode()
    files = re.findall(r"<loc>[^<]*/sitemap-reviews\.xml(\?p=\d+)?</loc>", index)
    assert len(files) == len(set(files)) == (reviews[-1].pk - 1) // 2 + 1
    listed = [address for file in files for address in sitemap(file)]
    assert sorted(listed) == sorted(path_of(review, language) for review in reviews for language in ("", "en", "de"))
    for page in ("0", "-1", "x", str(len(files) + 1)):
        assert Client().get(f"/sitemap-reviews.xml?p={page}").status_code == 404


def plan_of(rows: Any) -> str:
    with connection.cursor() as cursor:
        # The tables are smaller than in practice.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        return str(rows.explain())


def fill(cast: Cast) -> None:
    """Add reviews of which a file of the sitemap contains few, to new tables without rows that other tests rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE reviews_reviewrequest CASCADE")
    customer: Any = CustomerFactory(agency=cast.alder)
    requests = ReviewRequest.objects.bulk_create(
        ReviewRequest(agency=cast.alder, customer=customer, token_digest=str(n), status="answered", answered_at=timezone.now())
        for n in range(300)
    )
    Review.objects.bulk_create(
        Review(pk=FIRST_KEY + n * ReviewSitemap.limit, agency=cast.alder, request=request, author="Lea", **same_rating(5))
        for n, request in enumerate(requests)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ANALYZE reviews_review, reviews_reviewrequest")


def test_a_page_and_a_file_of_the_sitemap_read_only_their_reviews(cast: Cast) -> None:
    fill(cast)
    review = a_review(cast.alder)
    page = ReviewSitemap().paginator.page(FIRST_KEY // ReviewSitemap.limit + 100)
    assert len(page.object_list) == 1
    for rows in (public.reviews_of.build(agency=cast.alder.pk, pk=review.pk), page.object_list):
        plan = plan_of(rows)
        assert re.search(r"on reviews_review [^\n]*\n\s*Index Cond: [^\n]*\bid\b", plan), plan
        assert "Seq Scan" not in plan
