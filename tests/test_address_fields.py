"""Pasted e-mail addresses in all forms."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.forms import AddEmailForm
from allauth.core import context
from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import get_resolver
from django.utils.module_loading import import_string

from partnerportal.agencies.models import TeamInvitation
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models import ContactRequest
from tests.cast import Cast
from tests.requests_inbox.test_contact import send

#: Notations of Kim's address in e-mail programs, web pages and tables.
PASTED = [
    "kim@client.example",
    " \tkim@client.example \n",
    "\u00a0kim@client.example\u00a0",
    "\ufeffkim@client.example\u200b",
    "\u202akim@client.example\u202c",
    "<kim@client.example>",
    "kim@client.example;",
    "kim@client.example,",
    "kim@client.example.",
    "Kim Client <kim@client.example>",
    "Kim Größe <kim@client.example>;",
    '"Client, Kim" <kim@client.example>',
    "Kim (@kim) <kim@client.example>",
    "kim@client.example <kim@client.example>",
    "kim@client.example <mailto:kim@client.example>",
    "mailto:kim@client.example",
    "MAILTO:kim@client.example?subject=Offer%20for%20you&body=anna@nordlicht.example",
    "Kim Client <mailto:kim@client.example?subject=Offer>",
    f"{'A very long name ' * 30}<kim@client.example>",
    "kim@client.example>",
    "'kim@client.example'",
    '"kim@client.example"',
    "‘kim@client.example’",
    "„kim@client.example“;",
    "'Kim Client' <'kim@client.example'>",
    "(kim@client.example)",
    "[kim@client.example]",
    "'kim@client.example' <kim@client.example>",
    "'mailto:kim@client.example'",
    "Kim Client (kim@client.example)",
    "kim@client.example (Kim (CEO))",
    "kim@client.example)",
    "kim@client.example (Kim)",
    "kim@client.example (Kim Client),",
    "kim@client.example (kim@client.example)",
    "(Kim) kim@client.example",
]

SEVERAL = [
    "kim@client.example, lea@client.example",
    "kim@client.example; lea@client.example;",
    "kim@client.example lea@client.example",
    "Kim <kim@client.example>, Lea <lea@client.example>",
    "lea@client.example <kim@client.example>",
    "mailto:kim@client.example,lea@client.example",
    "mailto:kim@client.example%2Clea@client.example",
    "mailto:kim@client.example?cc=lea@client.example",
    "kim@client.example (lea@client.example)",
    "(kim@client.example) lea@client.example",
    "kim@client.example> <lea@client.example",
    "'kim@client.example', 'lea@client.example'",
]

#: Unsupported notations.
REFUSED = [
    "kim&#64;client.example",
    "kim [at] client.example",
    "kim @client.example",
    "E-mail: kim@client.example",
    "<kim@client.example",
    "kim@client.example(Kim",
    "kim@client.example (Kim",
    "kim(x)@client.example",
    f"{'k' * 65}@client.example",
]
#: Notations without an address, which are not empty values.
REFUSED += ["kim@client.example\nBcc: lea@client.example", ",", ";", ".", "<>", "mailto:", "Kim <>", "mailto:?subject=Offer"]
REFUSED += ["''", "()", "(Kim)", "'"]

OURS = ("partnerportal", "customers", "requests_inbox", "invitations", "reviews")
#: Forms of django-allauth whose pages the portal doesn't use.
UNUSED = {"BaseSignupForm", "SignupForm", "ChangeEmailForm"}

Fields = dict[str, forms.Field]


def _subclasses(of: type) -> Iterator[Any]:
    for subclass in of.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _admin_forms(request: Any) -> Iterator[Any]:
    for model, model_admin in admin.site._registry.items():
        if model_admin.has_add_permission(request):
            yield model_admin.get_form(request)
        yield model_admin.get_form(request, model(), change=True)
        for inline in model_admin.get_inline_instances(request):
            yield inline.get_formset(request).form


def _account_forms(request: Any) -> Iterator[tuple[str, Fields]]:
    """Return instances, because some of these forms create their fields dynamically."""
    replaced = set()
    for path in settings.ACCOUNT_FORMS.values():
        form = import_string(path)
        replaced |= set(form.__mro__)
        if not issubclass(form, AddEmailForm) and not {"email", "login"} & set(form.base_fields) and "LoginForm" not in path:
            continue
        arguments = {"user": request.user} if issubclass(form, AddEmailForm) else {}
        with context.request_context(request):
            yield path, form(**arguments).fields
    for form in {*_subclasses(forms.BaseForm)} - replaced:
        if form.__module__.startswith("allauth.account") and form.__name__ not in UNUSED:
            yield form.__name__, form.base_fields


def address_fields(request: Any) -> Fields:
    """Return all form fields for e-mail addresses by form and name."""
    assert get_resolver().url_patterns  # imports all views and their forms
    replaced = set(map(import_string, settings.ACCOUNT_FORMS.values()))
    ours = {form for form in _subclasses(forms.BaseForm) if form.__module__.split(".")[0] in OURS} - replaced
    forms_and_fields: list[tuple[str, Fields]] = [
        (f"{form.__module__}.{form.__name__}", form.base_fields) for form in {*ours, *_admin_forms(request)} if hasattr(form, "base_fields")
    ]
    forms_and_fields += _account_forms(request)
    return {
        f"{form}.{name}": field
        for form, fields in forms_and_fields
        for name, field in fields.items()
        if isinstance(field, forms.EmailField) or (isinstance(field, forms.CharField) and ("email" in name or name == "login"))
    }


@pytest.fixture
def fields(cast: Cast, rf: RequestFactory) -> Fields:
    request = rf.get("/")
    request.user, request.session = cast.ada, {}  # type: ignore[assignment]
    return address_fields(request)


def test_every_form_takes_a_pasted_address(fields: Fields) -> None:
    # Guards against a search without results.
    names = " ".join(fields)
    for known in ("CustomerForm.email", "ContactForm.email", "InviteForm.email", "invite_owner", "contact_email", "LoginForm.login"):
        assert known in names, known
    for known in ("RequestLoginCodeForm.email", "ResetPasswordForm.email", "AddEmailForm.email", "UserForm.email"):
        assert known in names, known
    wrong = []
    for name, field in fields.items():
        for text in PASTED:
            try:
                cleaned = field.clean(text)
            except ValidationError as error:
                cleaned = str(error)
            if cleaned != "kim@client.example":
                wrong.append(f"{name} makes {cleaned!r} of {text!r}")
    assert not wrong, "\n".join(wrong)


def test_forms_reject_two_addresses(fields: Fields) -> None:
    for name, field in fields.items():
        for text in SEVERAL:
            with pytest.raises(ValidationError, match=r"Enter a single e-mail address\."):
                pytest.fail(f"{name} makes {field.clean(text)!r} of {text!r}")
        for text in REFUSED:
            with pytest.raises(ValidationError):
                pytest.fail(f"{name} makes {field.clean(text)!r} of {text!r}")


def test_every_form_keeps_a_sharp_s(fields: Fields) -> None:
    """Chromium would change it in an input of the type “email”."""
    for name, field in fields.items():
        assert field.clean("Jürgen <info@groß-x.example>") == "info@groß-x.example", name
        assert field.widget.get_context("x", "", {})["widget"]["type"] == "text", name


def test_maximum_length_applies_to_the_extracted_address(fields: Fields) -> None:
    longest = f"{'k' * 64}@{'.'.join(['c' * 63] * 2)}.{'d' * 53}.example"
    assert len(longest) == 254
    for name, field in fields.items():
        assert field.clean(f"A name in front <{longest}>") == longest, name
        assert "maxlength" not in field.widget.attrs, name
        with pytest.raises(ValidationError, match="at most 254"):
            pytest.fail(f"{name} takes {field.clean(longest.replace('ddd', 'dddd', 1))}")


def test_the_part_before_the_at_sign_has_up_to_64_characters(fields: Fields) -> None:
    for name, field in fields.items():
        assert field.clean(f"{'k' * 64}@client.example") == f"{'k' * 64}@client.example", name
        with pytest.raises(ValidationError, match="The part before the @ is too long"):
            pytest.fail(f"{name} takes {field.clean('k' * 65 + '@client.example')}")


def test_an_apostrophe_within_an_address_is_kept(fields: Fields) -> None:
    for name, field in fields.items():
        for address in ("o'brien@client.example", "'@client.example", "kim'@client.example"):
            assert field.clean(address) == address, name
        assert field.clean("'o'brien@client.example'") == "o'brien@client.example", name


def test_invisible_characters_count_as_empty(fields: Fields) -> None:
    for name, field in fields.items():
        for text in (" ", "\u200b", "\u00a0\ufeff"):
            assert field.to_python(text) == "", name


FLOODS = [
    "x" * 10_000_000,
    "a@" * 1_000_000,
    "<" * 1_000_000 + ">",
    "," * 5_000,
    "a" * 4_999 + "@",
    "<a@b.c>" * 700,
    "(" * 4_999 + ")",
    "(" * 2_500 + ")" * 2_500,
    "'" * 5_000,
]


@pytest.mark.parametrize("text", FLOODS, ids=range(len(FLOODS)))
def test_very_long_text_is_rejected_quickly(fields: Fields, text: str) -> None:
    field = next(field for name, field in fields.items() if name.endswith("ContactForm.email"))
    with pytest.raises(ValidationError):
        field.clean(text)


@pytest.mark.usefixtures("clean_cache")
def test_pages_accept_pasted_addresses(cast: Cast, alice: Client) -> None:
    send(Client(), email="Ute Größe <mailto:ute@muellerei.example?subject=Offer>;")
    assert ContactRequest.objects.get().email == "ute@muellerei.example"
    alice.post("/company/team/invite/", {"email": "New Person <new@alder.example>", "role": "staff"})
    assert TeamInvitation.objects.get().email == "new@alder.example"
    Client().post("/accounts/password/reset/", {"email": "mailto:alice@alder.example"})
    assert OutgoingMail.objects.latest("pk").to_email == "alice@alder.example"
    page = alice.post("/customers/add/", {"kind": "person", "last_name": "Client", "email": SEVERAL[0]}).content.decode()
    assert "Enter a single e-mail address." in page
    assert SEVERAL[0] in page
