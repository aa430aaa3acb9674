"""Loads the data if necessary, counts queries, and writes the portal's measured pages as JSON.

Runs as `python -m bench.pages FILE CUSTOMERS REVIEWS POSTS` in the portal's environment.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "partnerportal.settings"
django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import Count
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.drive import Page, Post
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.core.pagination import keyset_page
from partnerportal.core.stamped_forms import MIN_FORM_AGE, new_stamp
from partnerportal.core.tokens import hash_token, new_nonce
from partnerportal.embedded.console import echo
from partnerportal.network.models import PartnerProfile
from reviews.models import CATEGORIES, ReviewRequest
from reviews.tokens import REVIEW_LINKS

AGENCIES = 26
#: Number of customers of the largest agency.
LARGEST = 100_000
#: Approximate number of customers of the smaller agency.
SMALLER = 1_000
OWNER = "owner1@scale.example"


@dataclass
class Subject:
    """An agency whose pages are measured."""

    agency: Any
    cookie: str
    customers: int

    def path(self, name: str, *arguments: Any) -> str:
        return reverse(name, args=arguments)

    def search(self, words: str) -> str:
        return f"{self.path('customers:list')}?q={quote(words)}"

    @property
    def deep_page(self) -> int:
        """Number of a page near the end of the list, at most 1000."""
        return min(1000, self.agency.customers.active().count() * 9 // 10 // 25)

    def deep(self) -> str:
        """Return the path of that page."""
        before = keyset_page(
            RequestFactory().get("/"), self.agency.customers.active(), order_by=("-number",), size=25 * (self.deep_page - 1)
        )
        return self.path("customers:list") + before.next_url

    def contact_form(self) -> str:
        return self.path("requests_inbox:contact", self.agency.profile.slug)

    def feed(self) -> str:
        """Return the path of the agency's feed, and turn it on."""
        PartnerProfile.objects.filter(agency=self.agency, offers_feeds=False).update(offers_feeds=True)
        return self.path("reviews:feed_atom", self.agency.profile.slug)

    def review(self) -> str:
        """Return the path of the public page of the agency's newest review with words."""
        return str(self.agency.reviews.published().exclude(text="").order_by("-pk")[0].get_absolute_url())

    def network_deep(self) -> str:
        """Return the path of the last page of the directory, by rating."""
        profiles = PartnerProfile.objects.public().with_ranking_score()
        before = keyset_page(RequestFactory().get("/"), profiles, order_by=("-ranking_score", "pk"), size=profiles.count() - 1)
        return self.path("network:directory") + before.next_url

    def rare(self) -> str:
        """Return an invented brand that few customers have in their name."""
        companies = self.agency.customers.active().filter(company__regex=r"^[A-Z][a-z]{5,8} ", last_name="").order_by("number")
        # A small agency may have none.
        company = companies.values_list("company", flat=True)[3:4]
        return next(iter(company), "Nexora Web").split()[0]

    def customer(self) -> str:
        """Return the path of a customer with many items."""
        item_count = Count("tasks", distinct=True) + Count("domains", distinct=True)
        customers = self.agency.customers.active().filter(number__lt=2000).annotate(item_count=item_count)
        return str(customers.order_by("-item_count")[0].get_absolute_url())


GetPath = Callable[[Subject], str]
#: Name, path, whether a user is signed in, and whether the page is also measured in the smaller agency.
PAGES: tuple[tuple[str, GetPath, bool, bool], ...] = (
    ("customers", lambda subject: subject.path("customers:list"), True, True),
    ("customers, page {deep_page}", Subject.deep, True, True),
    ("search: rare word", lambda subject: subject.search(subject.rare()), True, True),
    ("search: common word (gmbh)", lambda subject: subject.search("gmbh"), True, True),
    ("search: typing mistake (zimermann)", lambda subject: subject.search("zimermann"), True, True),
    ("customers by name", lambda subject: f"{subject.path('customers:list')}?sort=name", True, False),
    ("global search (zimmermann)", lambda subject: f"{subject.path('desk:search')}?q=zimmermann", True, False),
    ("customer's page", Subject.customer, True, False),
    ("Add Customer", lambda subject: subject.path("customers:add"), True, False),
    ("requests", lambda subject: subject.path("requests_inbox:list"), True, False),
    ("search in requests (website)", lambda subject: f"{subject.path('requests_inbox:list')}?q=website", True, False),
    ("contact form", Subject.contact_form, False, False),
    ("dashboard", lambda subject: subject.path("desk:dashboard"), True, False),
    ("tasks", lambda subject: subject.path("customers:task_list"), True, False),
    ("domains", lambda subject: subject.path("customers:domain_list"), True, False),
    ("contracts", lambda subject: subject.path("customers:contract_list"), True, False),
    ("reviews", lambda subject: subject.path("reviews:list"), True, False),
    ("requesting a review", lambda subject: subject.path("reviews:request"), True, False),
    ("badge", lambda subject: subject.path("reviews:badge_svg", subject.agency.profile.slug), False, False),
    ("feed", Subject.feed, False, False),
    ("review page public", Subject.review, False, False),
    ("public profile", lambda subject: subject.agency.profile.get_absolute_url(), False, False),
    ("partner network", lambda subject: subject.path("network:directory"), False, False),
    ("partner network: words (onlineshops)", lambda subject: f"{subject.path('network:directory')}?q=onlineshops", False, False),
    (
        "partner network: filters, by name",
        lambda subject: f"{subject.path('network:directory')}?language=de&open=on&rating=4&sort=name",
        False,
        False,
    ),
    ("partner network, last page", Subject.network_deep, False, False),
)


#: Pages whose answer 304 is measured, too.
REVALIDATED = ("public profile", "partner network")


def main(file: str, customers: int, reviews: int, posts: int) -> None:
    if not Agency.objects.exists():
        share = min(0.8, LARGEST / customers)
        call_command("seed_scale", agencies=AGENCIES, customers=customers, reviews=reviews, largest_share=share)
    elif not User.objects.filter(email=OWNER).exists():
        sys.exit("The database contains other data. Use an empty one.")
    pages = _pages(posts)
    Path(file).write_text(json.dumps([asdict(page) for page in pages]))


def _pages(posts: int) -> list[Page]:
    big = _subject(User.objects.get(email=OWNER))
    sizes = Agency.objects.exclude(pk=big.agency.pk).annotate(size=Count("customers")).values_list("size", "pk")
    _distance, smaller = min((abs(size - SMALLER), pk) for size, pk in sizes)
    small = _subject(User.objects.get(memberships__agency=smaller, memberships__role="owner"))
    pages = []
    for name, get_path, signed_in, both in PAGES:
        for subject in (big, small) if both else (big,):
            title = name.format(deep_page=subject.deep_page) + (f" · {subject.customers:,} in the agency" if both else "")
            pages.append(_page(title, get_path(subject), subject.cookie if signed_in else ""))
            if name in REVALIDATED:
                pages += _revalidated(pages[-1])
    return [*pages, *_links(big, posts), _contact(big, posts)]


def _subject(owner: Any) -> Subject:
    client = Client()
    client.force_login(owner)
    agency = owner.agencies.get()
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    return Subject(agency, cookie, agency.customers.count())


def _page(name: str, path: str, cookie: str) -> Page:
    return Page(name, path, cookie, queries=_queries("get", path, cookie, 200))


def _revalidated(page: Page) -> list[Page]:
    """Return the page as requested by a browser that has it in its cache. Empty if it has no ETag."""
    etag = Client(headers={"host": urlsplit(settings.SITE_URL).netloc}).get(page.path).headers.get("ETag")
    if not etag:
        echo(f"“{page.name}, 304” isn’t measured: {page.path} has no ETag.", error=True)
        return []
    queries = _queries("get", page.path, "", 304, etag=etag)
    return [Page(f"{page.name}, 304", page.path, queries=queries, status=304, revalidated=True)]


def _queries(method: str, path: str, cookie: str, status: int, body: str = "", etag: str = "") -> int:
    """Return the number of queries of a request."""
    headers = {"host": urlsplit(settings.SITE_URL).netloc, "cookie": cookie, **({"if-none-match": etag} if etag else {})}
    client = Client(enforce_csrf_checks=True, headers=headers)
    form = {"data": body, "content_type": "application/x-www-form-urlencoded"} if body else {}
    with CaptureQueriesContext(connection) as queries:
        response = getattr(client, method)(path, **form)
    if response.status_code != status:
        sys.exit(f"{path} answered {response.status_code} instead of {status}")
    return len(queries)


def _links(subject: Subject, posts: int) -> list[Page]:
    """Return the personal review page and its submissions."""
    links = [reverse("reviews:review_form", args=[token]) for token in _open_links(subject.agency, posts + 2)]
    # CSRF cookies are also valid as tokens, and not bound to a link.
    response = Client(headers={"host": urlsplit(settings.SITE_URL).netloc}).get(links[0])
    token = response.cookies[settings.CSRF_COOKIE_NAME].value
    cookie = f"{settings.CSRF_COOKIE_NAME}={token}"
    answers = {**dict.fromkeys(CATEGORIES, 4), "text": "Gerne wieder.", "author": "Lea Brandt"}
    body = urlencode({**answers, "csrfmiddlewaretoken": token})
    queries = _queries("post", links[1], cookie, 302, body)
    forms = [Post(link, body, _address(number)) for number, link in enumerate(links[2:])]
    return [
        _page("personal review page", links[0], ""),
        Page(
            "posting a review",
            links[2],
            cookie,
            queries,
            status=302,
            posts=forms,
        ),
    ]


def _contact(subject: Subject, posts: int) -> Page:
    """Return submissions of the contact form from different prospects and IP addresses."""
    path = subject.contact_form()
    token = Client(headers={"host": urlsplit(settings.SITE_URL).netloc}).get(path).cookies[settings.CSRF_COOKIE_NAME].value
    cookie = f"{settings.CSRF_COOKIE_NAME}={token}"
    fields = {"name": "Lea Brandt", "message": "We need a website.", "consent": "on", "csrfmiddlewaretoken": token}
    run = secrets.token_hex(4)
    forms = [
        Post(
            path,
            urlencode({**fields, "email": f"prospect{number}@{run}.example", "stamp": new_stamp()}),
            _address(number),
        )
        for number in range(posts + 1)
    ]
    time.sleep(MIN_FORM_AGE)
    queries = _queries("post", path, cookie, 302, forms[0].body)
    return Page("sending the contact form", path, cookie, queries, status=302, posts=forms[1:])


def _address(number: int) -> str:
    """Return an IP address of its own for each submission, because of the rate limits."""
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def _open_links(agency: Any, number: int) -> list[str]:
    """Create review requests, and return their tokens."""
    requested = agency.review_requests.filter(status="open", project=None).values("customer")
    pairs = []
    for customer in agency.customers.active().exclude(pk__in=requested).order_by("-number")[:number]:
        nonce = new_nonce()
        token = REVIEW_LINKS.token_for(nonce)
        pairs.append((token, ReviewRequest(agency=agency, customer=customer, nonce=nonce, token_digest=hash_token(token))))
    ReviewRequest.objects.bulk_create([request for _token, request in pairs])
    return [token for token, _request in pairs]


if __name__ == "__main__":
    main(sys.argv[1], *(int(number) for number in sys.argv[2:5]))
