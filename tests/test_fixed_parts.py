"""Parts of pages that are rendered once, and the indentation that pages leave out."""

import re

from django.template import Context, Template
from django.test import Client
from django.utils import translation
from django.utils.safestring import mark_safe

from tests.cast import Cast
from tests.factories.customers import TaskFactory


def test_fixed_parts_are_rendered_once_for_each_language_and_value() -> None:
    rendered: list[str] = []

    class Word:
        def __str__(self) -> str:
            rendered.append(translation.get_language() or "")
            return "word"

    template, word = Template("{% load i18n %}{% fixed word=word n=n %}{{ word }} {{ n }} {% translate 'Search' %}{% endfixed %}"), Word()
    for _ in range(2):
        assert template.render(Context({"word": word, "n": 1})) == "word 1 Search"
        assert template.render(Context({"word": word, "n": 2})) == "word 2 Search"
        with translation.override("de"):
            assert template.render(Context({"word": word, "n": 1})) == "word 1 Suchen"
    assert rendered == ["en", "en", "de"]


def test_fixed_parts_know_no_other_variables(alice: Client) -> None:
    request = alice.get("/dashboard/").wsgi_request
    template = Template("{% fixed n=n %}{{ n }}{{ name }}{{ request.path }}{% csrf_token %}{% endfixed %}{{ name }}")
    assert template.render(Context({"n": 1, "name": "Alder", "request": request, "csrf_token": "secret"})) == "1Alder"


def test_fixed_parts_forget_values_when_there_are_many() -> None:
    template = Template("{% fixed n=n %}{{ n }}{% endfixed %}")
    assert [template.render(Context({"n": n})) for n in range(1000)] == [str(n) for n in range(1000)]
    (node,) = template.nodelist
    assert len(node._kept) < 500  # type: ignore[attr-defined]


def test_pages_have_no_indentation(alice: Client) -> None:
    body = alice.get("/dashboard/").content.decode().partition("<body")[2]
    assert re.findall(r"\n[ \t]+", body) == []


def test_the_menu_of_one_agency_shows_no_badge_of_another(cast: Cast, alice: Client) -> None:
    TaskFactory(customer__agency=cast.alder, due_on="2020-01-01")
    outsider = Client()
    outsider.force_login(cast.charlie)
    for _ in range(2):
        assert "1 task due" in alice.get("/requests/").content.decode()
        page = outsider.get("/requests/").content.decode()
        assert "task due" not in page
        assert "badge of" not in page


def test_slots_are_filled_in_afterwards() -> None:
    inside = "{{ kind }}: <a href='{% url 'customers:detail' pk %}'>{{ name }}</a> {{ name }}"
    template = Template("{% fixed kind=kind slots pk=pk name=name %}" + inside + "{% endfixed %}")
    for pk, name, shown in ((1, "A & B", "A &amp; B"), (22, "7000000001", "7000000001"), (3, mark_safe("<b>C</b>"), "<b>C</b>")):
        html = template.render(Context({"kind": "person", "pk": pk, "name": name}))
        assert html == f"person: <a href='/customers/{pk}/'>{shown}</a> {shown}"


def options(page: str) -> list[str]:
    return [option.strip() for option in re.findall(r"<option[^>]*>([^<]*)<", page)]


def test_filters_are_rendered_for_each_input_and_agency(cast: Cast, alice: Client) -> None:
    for agency in (cast.alder, cast.birch):
        TaskFactory(customer__agency=agency)
    outsider = Client()
    outsider.force_login(cast.charlie)
    for _ in range(2):
        pages = {
            path: alice.get(path).content.decode() for path in ("/customers/", "/customers/?status=archived", "/tasks/?status=archived")
        }
        assert ['<option value="archived" selected>' in page for page in pages.values()] == [False, True, False]
        assert cast.stan.full_name in options(pages["/customers/"])
        others = options(outsider.get("/customers/").content.decode())
        assert (cast.stan.full_name in others, cast.charlie.full_name in others) == (False, True)


def test_empty_forms_are_rendered_with_their_own_tokens(cast: Cast, alice: Client) -> None:
    pages = [alice.get("/customers/add/").content.decode() for _ in range(3)]
    for name in ("form_number", "csrfmiddlewaretoken"):
        tokens = [re.findall(f'name="{name}" value="([^"]{{20,}})"', page) for page in pages]
        assert all(len({*found}) == 1 for found in tokens)
        assert len({found[0] for found in tokens}) == 3
    cast.stan.full_name = "Stella Nova"
    cast.stan.save()
    assert "Stella Nova" in options(alice.get("/customers/add/").content.decode())
    german = Client(headers={"Accept-Language": "de"})
    german.force_login(cast.alice)
    assert "Firma" in german.get("/customers/add/").content.decode()


def test_filled_in_forms_are_not_kept(alice: Client) -> None:
    for name in ("Alder", "Birch"):
        page = alice.post("/customers/add/", {"kind": "person", "first_name": name, "last_name": ""})
        assert f'value="{name}"' in page.content.decode()
    assert 'value="Birch"' not in alice.get("/customers/add/").content.decode()
