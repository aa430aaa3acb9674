"""The portal's pages that are driven: loads the data where they are missing, signs in, counts queries; writes the pages as JSON.

A process of its own, with the portal's environment: `python -m bench.pages FILE CUSTOMERS REVIEWS POSTS`. Later issues add their pages
to `PAGES`.
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

from bench.drive import Page, Post

AGENCIES = 26
#: The biggest agency has so many customers, where there are enough.
BIGGEST = 100_000
#: The smaller one, to compare with, has about so many.
SMALLER = 1_000
OWNER = "owner1@scale.example"


@dataclass
class Place:
    """An agency, and what is looked for in it."""

    agency: Any
    cookie: str
    customers: int

    def path(self, name: str, *arguments: Any) -> str:
        from django.urls import reverse

        return reverse(name, args=arguments)

    def search(self, words: str) -> str:
        return f"{self.path('customers:list')}?q={quote(words)}"

    @property
    def deep_page(self) -> int:
        """The thousandth page, or one near the end of a shorter list."""
        return min(1000, self.agency.customers.active().count() * 9 // 10 // 25)

    def deep(self) -> str:
        """The address of that page, as one arrives at it by “Next”."""
        from django.test import RequestFactory

        from partnerportal.core.pagination import keyset_page

        before = keyset_page(
            RequestFactory().get("/"), self.agency.customers.active(), order_by=("-number",), size=25 * (self.deep_page - 1)
        )
        return self.path("customers:list") + before.next_url

    def contact_form(self) -> str:
        """“Contact them now”."""
        return self.path("requests_inbox:contact", self.agency.profile.slug)

    def network_deep(self) -> str:
        """The last page of the directory, by rating."""
        from django.test import RequestFactory

        from partnerportal.core.pagination import keyset_page
        from partnerportal.network.models import PartnerProfile

        profiles = PartnerProfile.objects.public().with_standing()
        before = keyset_page(RequestFactory().get("/"), profiles, order_by=("-standing", "pk"), size=profiles.count() - 1)
        return self.path("network:directory") + before.next_url

    def rare(self) -> str:
        """A word that few customers have: a made-up brand."""
        company = self.agency.customers.active().filter(company__regex=r"^[A-Z][a-z]{5,8} ", last_name="").order_by("number")[3]
        return str(company.company.split()[0])

    def customer(self) -> str:
        """The page of a customer with much to show."""
        from django.db.models import Count

        found = self.agency.customers.active().filter(number__lt=2000)
        return str(
            found.annotate(much=Count("tasks", distinct=True) + Count("domains", distinct=True)).order_by("-much")[0].get_absolute_url()
        )


Address = Callable[[Place], str]
#: Name, address, whether somebody is signed in, whether it is driven in the smaller agency, too.
PAGES: tuple[tuple[str, Address, bool, bool], ...] = (
    ("customers", lambda place: place.path("customers:list"), True, True),
    ("customers, page {deep_page}", Place.deep, True, True),
    ("search: rare word", lambda place: place.search(place.rare()), True, True),
    ("search: common word (gmbh)", lambda place: place.search("gmbh"), True, True),
    ("search: typing mistake (zimermann)", lambda place: place.search("zimermann"), True, True),
    ("customers by name", lambda place: f"{place.path('customers:list')}?sort=name", True, False),
    ("global search (zimmermann)", lambda place: f"{place.path('desk:search')}?q=zimmermann", True, False),
    ("customer's page", Place.customer, True, False),
    ("requests", lambda place: place.path("requests_inbox:list"), True, False),
    ("search in requests (website)", lambda place: f"{place.path('requests_inbox:list')}?q=website", True, False),
    ("contact form", Place.contact_form, False, False),
    ("dashboard", lambda place: place.path("desk:dashboard"), True, False),
    ("tasks", lambda place: place.path("customers:task_list"), True, False),
    ("domains", lambda place: place.path("customers:domain_list"), True, False),
    ("contracts", lambda place: place.path("customers:contract_list"), True, False),
    ("public profile", lambda place: place.agency.profile.get_absolute_url(), False, False),
    ("partner network", lambda place: place.path("network:directory"), False, False),
    ("partner network: words (onlineshops)", lambda place: f"{place.path('network:directory')}?q=onlineshops", False, False),
    (
        "partner network: filters, by name",
        lambda place: f"{place.path('network:directory')}?language=de&open=on&rating=4&sort=name",
        False,
        False,
    ),
    ("partner network, last page", Place.network_deep, False, False),
)


def main(file: str, customers: int, reviews: int, posts: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "partnerportal.settings"
    django.setup()
    from django.core.management import call_command

    from partnerportal.accounts.models import User
    from partnerportal.agencies.models import Agency

    if not Agency.objects.exists():
        share = min(0.8, BIGGEST / customers)
        call_command("seed_scale", agencies=AGENCIES, customers=customers, reviews=reviews, largest_share=share)
    elif not User.objects.filter(email=OWNER).exists():
        sys.exit("The database holds other data than the bench's: give it an empty one.")
    pages = _pages(posts)
    Path(file).write_text(json.dumps([asdict(page) for page in pages]))


def _pages(posts: int) -> list[Page]:
    from django.db.models import Count

    from partnerportal.accounts.models import User
    from partnerportal.agencies.models import Agency

    big = _place(User.objects.get(email=OWNER))
    sizes = Agency.objects.exclude(pk=big.agency.pk).annotate(size=Count("customers")).values_list("size", "pk")
    _distance, smaller = min((abs(size - SMALLER), pk) for size, pk in sizes)
    small = _place(User.objects.get(memberships__agency=smaller, memberships__role="owner"))
    pages = []
    for name, address, signed_in, both in PAGES:
        for place in (big, small) if both else (big,):
            title = name.format(deep_page=place.deep_page) + (f" · {place.customers:,} in the agency" if both else "")
            pages.append(_page(title, address(place), place.cookie if signed_in else ""))
    return [*pages, *_links(big, posts), _contact(big, posts)]


def _place(owner: Any) -> Place:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(owner)
    agency = owner.agencies.get()
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    return Place(agency, cookie, agency.customers.count())


def _page(name: str, path: str, cookie: str) -> Page:
    return Page(name, path, cookie, queries=_queries("get", path, cookie, 200))


def _queries(method: str, path: str, cookie: str, status: int, body: str = "") -> int:
    """How many queries the page takes, asked for in this process."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(enforce_csrf_checks=True, headers={"host": urlsplit(settings.SITE_URL).netloc, "cookie": cookie})
    form = {"data": body, "content_type": "application/x-www-form-urlencoded"} if body else {}
    with CaptureQueriesContext(connection) as queries:
        response = getattr(client, method)(path, **form)
    if response.status_code != status:
        sys.exit(f"{path} answered {response.status_code} instead of {status}")
    return len(queries)


def _links(place: Place, posts: int) -> list[Page]:
    """The personal page, and reviews given on it."""
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    links = [reverse("reviews:review_form", args=[token]) for token in _open_links(place.agency, posts + 2)]
    # One visitor's cookie does for all, and is its own token: the form isn't bound to its link.
    response = Client(headers={"host": urlsplit(settings.SITE_URL).netloc}).get(links[0])
    token = response.cookies[settings.CSRF_COOKIE_NAME].value
    cookie = f"{settings.CSRF_COOKIE_NAME}={token}"
    answers = {"cooperation": 5, "quality": 4, "schedule": 5, "budget": 4, "text": "Gerne wieder.", "author": "Lea Brandt"}
    body = urlencode({**answers, "csrfmiddlewaretoken": token})
    queries = _queries("post", links[1], cookie, 302, body)
    return [
        _page("personal review page", links[0], ""),
        Page("posting a review", links[2], cookie, queries, status=302, posts=[Post(link, body) for link in links[2:]]),
    ]


def _contact(place: Place, posts: int) -> Page:
    """Messages of as many prospects, from as many addresses: the limits hold nobody back."""
    from django.conf import settings
    from django.test import Client

    from requests_inbox.forms.timestamps import MIN_SECONDS, new_timestamp

    path = place.contact_form()
    token = Client(headers={"host": urlsplit(settings.SITE_URL).netloc}).get(path).cookies[settings.CSRF_COOKIE_NAME].value
    cookie = f"{settings.CSRF_COOKIE_NAME}={token}"
    fields = {"name": "Lea Brandt", "message": "We need a website.", "consent": "on", "csrfmiddlewaretoken": token}
    run = secrets.token_hex(4)
    forms = [
        Post(
            path,
            urlencode({**fields, "email": f"prospect{number}@{run}.example", "stamp": new_timestamp()}),
            f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        )
        for number in range(posts + 1)
    ]
    time.sleep(MIN_SECONDS)
    queries = _queries("post", path, cookie, 302, forms[0].body)
    return Page("sending the contact form", path, cookie, queries, status=302, posts=forms[1:])


def _open_links(agency: Any, number: int) -> list[str]:
    """The tokens of so many new requests."""
    from reviews import tokens
    from reviews.models import ReviewRequest

    asked = agency.review_requests.filter(status="open", project=None).values("customer")
    pairs = []
    for customer in agency.customers.active().exclude(pk__in=asked).order_by("-number")[:number]:
        nonce = tokens.new_nonce()
        token = tokens.token_for(nonce)
        pairs.append((token, ReviewRequest(agency=agency, customer=customer, nonce=nonce, token_digest=tokens.hash_token(token))))
    ReviewRequest.objects.bulk_create([request for _token, request in pairs])
    return [token for token, _request in pairs]


if __name__ == "__main__":
    main(sys.argv[1], *(int(number) for number in sys.argv[2:5]))
