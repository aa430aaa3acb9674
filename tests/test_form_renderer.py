"""Forms have the same HTML with the portal's renderer as with Django's default one."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.forms.renderers import get_default_renderer
from django.test import Client
from django.utils import timezone

from partnerportal.core.form_renderer import FormRenderer
from tests.cast import Cast
from tests.test_queries import contact_request_page, fill, first_customer, open_link, removal, request_detail, used_link, wizard_end

#: Pages with forms, and whether they are opened by a member.
PAGES: list[tuple[Any, bool]] = [
    ("/customers/", True),
    ("/customers/add/", True),
    (lambda cast: first_customer(cast) + "edit/", True),
    (lambda cast: first_customer(cast) + "erase/", True),
    (lambda cast: first_customer(cast) + "tasks/add/", True),
    (lambda cast: first_customer(cast) + "projects/add/", True),
    (lambda cast: first_customer(cast) + "domains/add/", True),
    (lambda cast: first_customer(cast) + "contracts/add/", True),
    (lambda cast: first_customer(cast) + "notes/add/", True),
    ("/customers/import/", True),
    ("/customers/export/", True),
    ("/tasks/", True),
    ("/contracts/", True),
    ("/requests/?q=mill", True),
    ("/requests/settings/", True),
    (contact_request_page, True),
    (lambda cast: contact_request_page(cast) + "add-customer/", True),
    ("/company/", True),
    ("/company/team/invite/", True),
    (removal, True),
    ("/company/reviews/", True),
    (lambda cast: f"/company/reviews/{cast.alder.reviews.order_by('pk')[0].pk}/hide/", True),
    (lambda cast: f"/company/reviews/{cast.alder.reviews.order_by('-pk')[0].pk}/report/", True),
    ("/company/reviews/request/", True),
    (wizard_end, True),
    (request_detail, True),
    ("/account/", True),
    ("/account/notices/", True),
    ("/partners/?language=en&open=on&rating=3", False),
    ("/partners/alder/contact/", False),
    ("/de/partners/alder/contact/", False),
    (open_link, False),
    (lambda cast: used_link(cast) + "edit/", False),
    ("/accounts/login/", False),
    ("/accounts/password/reset/", False),
]
#: What differs from response to response.
_RANDOM = re.compile(r'(?<=value=")[\w:.=-]{40,}(?=")|(?<="form_number" value=")[\w-]+')


class Elements(HTMLParser):
    """The tags with their attributes and the texts without white space."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, sorted((name, (value or "").strip()) for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if words := data.split():
            self.found.append(" ".join(words))


def elements(client: Client, path: str) -> list[Any]:
    response = client.get(path)
    assert response.status_code == 200, path
    return Elements(_RANDOM.sub("…", response.content.decode())).found


def submitted(client: Client, path: str) -> list[Any]:
    """Return the page after a form without any input was submitted."""
    return Elements(_RANDOM.sub("…", client.post(path, {}).content.decode())).found


def test_each_form_is_the_same(cast: Cast, alice: Client, settings: Any) -> None:
    fill(cast, 1)
    pages = [(page(cast) if callable(page) else page, alice if by_member else Client()) for page, by_member in PAGES]
    rendered = {}
    with time_machine.travel(timezone.now(), tick=False):
        for renderer in (settings.FORM_RENDERER, "django.forms.renderers.DjangoTemplates"):
            settings.FORM_RENDERER = renderer
            rendered[renderer] = {path: elements(client, path) for path, client in pages}
            for path in ("/customers/add/", "/company/team/invite/", "/partners/alder/contact/", "/accounts/login/", open_link(cast)):
                rendered[renderer][f"POST {path}"] = submitted(alice if path.startswith("/c") else Client(), path)
    ours, default = rendered.values()
    assert len({str(found) for found in ours.values()}) > len(PAGES) - 3
    for path, found in default.items():
        assert ours[path] == found, path


def test_only_missing_templates_are_rendered_by_django() -> None:
    renderer = get_default_renderer()
    assert isinstance(renderer, FormRenderer)
    for name in ("django/forms/widgets/select.html", "django/forms/widgets/input.html", "django/forms/errors/list/ul.html"):
        assert type(renderer.get_template(name)).__module__ == "django.template.backends.jinja2"
    assert type(renderer.get_template("admin/widgets/split_datetime.html")).__module__ == "django.template.backends.django"


@pytest.mark.parametrize("text", ['"><script>alert(1)</script>', "Tom & Jerry’s “<b>”", "{{ 7 * 7 }} {% if %}"])
def test_values_are_escaped(alice: Client, text: str) -> None:
    page = alice.get("/customers/", {"q": text, "city": text}).content.decode()
    assert "<script>alert" not in page
    tags = [found for found in Elements(page).found if isinstance(found, tuple)]
    typed = [dict(attributes).get("value") for _tag, attributes in tags if {("name", "q"), ("name", "city")} & set(attributes)]
    # The search of the whole portal is empty. The form of the columns repeats both.
    assert typed.count(text) == 4
