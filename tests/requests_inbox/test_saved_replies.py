"""`/requests/saved-replies/`, and the insertion of a saved reply into a reply."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from partnerportal.audit.models import AuditEvent
from partnerportal.core.versions import EditConflict
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.forms.saved_replies import SavedReplyForm
from requests_inbox.models import ContactRequest, SavedReply
from requests_inbox.models.saved_replies import MAX_SAVED_REPLIES
from requests_inbox.services.requests import assign_request, close_request, reply
from requests_inbox.services.saved_replies import add_saved_reply, change_saved_reply
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import ContactFactory, CustomerFactory
from tests.factories.requests import ContactRequestFactory, SavedReplyFactory

LIST = "/requests/saved-replies/"


@pytest.fixture
def request_(cast: Cast) -> ContactRequest:
    return ContactRequestFactory(agency=cast.alder, email="ute@mill.example", name="Ute Größe", company="Mill")


def insert(client: Client, request: ContactRequest, saved: Any, text: str = "", seen: str = "0") -> Any:
    fields = {"saved": str(getattr(saved, "pk", saved)), "text": text, "seen": seen, "insert": "Insert"}
    return client.post(f"{request.get_absolute_url()}reply/", fields)


def typed(page: str) -> str:
    """Return the content of the reply's text field."""
    (content,) = re.findall(r'<textarea name="text"[^>]*id="id_reply_text"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    return unescape(content).removeprefix("\n").replace("\r\n", "\n")


# --- Pages -----------------------------------------------------------------------------------------------------------------


def test_managers_add_edit_and_delete(alice: Client, cast: Cast) -> None:
    assert "No saved replies yet" in alice.get(LIST).content.decode()
    page = alice.post(f"{LIST}add/", {"title": "Thanks", "language": "de", "text": "Hallo {Name},\r\nDanke."}, follow=True)
    assert "Saved reply “Thanks” added." in page.content.decode()
    saved = SavedReply.objects.get()
    assert (saved.agency, saved.language, saved.text) == (cast.alder, "de", "Hallo {Name},\nDanke.")
    path = f"{LIST}{saved.pk}/"
    page = alice.post(path, {"title": "Many thanks", "language": "de", "text": "Danke."}, follow=True)
    assert "Saved reply “Many thanks” saved." in page.content.decode()
    assert "Delete saved reply?" in alice.get(f"{path}delete/").content.decode()
    assert SavedReply.objects.exists()
    assert "Saved reply “Many thanks” deleted." in alice.post(f"{path}delete/", follow=True).content.decode()
    assert not SavedReply.objects.exists()
    events = AuditEvent.objects.filter(action__startswith="saved_reply").order_by("pk")
    assert [(event.action, event.object_label) for event in events] == [
        ("saved_reply.added", "Thanks"),
        ("saved_reply.changed", "Many thanks"),
        ("saved_reply.deleted", "Many thanks"),
    ]


def test_only_managers_find_the_pages(alice: Client, stan: Client) -> None:
    assert f'href="{LIST}"' in alice.get("/requests/").content.decode()
    assert f'href="{LIST}"' not in stan.get("/requests/").content.decode()


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"text": "Hello {nmae}"}, "text", "Unknown placeholder: {nmae}."),
        ({"text": "Hello {name"}, "text", "A curly bracket is missing."),
        ({"text": ""}, "text", "Enter a text."),
        ({"text": "a\x00b"}, "text", "ull characters"),
        ({"text": "a\x1bb"}, "text", "characters that can’t be displayed"),
        ({"text": "x" * 5001}, "text", "at most 5000"),
        ({"title": ""}, "title", "Enter a title."),
        ({"title": "a\u2028b"}, "title", ""),
        ({"title": "THANKS"}, "title", "There is already a saved reply with this title in this language."),
        ({"language": "xx"}, "language", ""),
    ],
)
def test_errors_are_next_to_their_field(alice: Client, cast: Cast, fields: dict[str, str], field: str, says: str) -> None:
    SavedReplyFactory(agency=cast.alder, title="Thanks")
    page = alice.post(f"{LIST}add/", {"title": "Other", "language": "en", "text": "Hello"} | fields)
    assert page.status_code == 200
    assert says in page.context["form"].errors[field][0]
    assert SavedReply.objects.count() == 1


def test_the_same_title_in_another_language_or_agency(alice: Client, cast: Cast) -> None:
    SavedReplyFactory(agency=cast.birch, title="Thanks")
    SavedReplyFactory(agency=cast.alder, title="Thanks")
    alice.post(f"{LIST}add/", {"title": "Thanks", "language": "de", "text": "Danke"})
    assert SavedReply.objects.filter(title="Thanks").count() == 3


def test_the_preview_shows_the_text_with_and_without_a_name(alice: Client, cast: Cast) -> None:
    fields = {"title": "", "language": "en", "text": "Hello {salutation},\nsee {profile link}\n<b>{agency}</b>"}
    page = alice.post(f"{LIST}add/", fields | {"preview": "Preview"})
    link = "http://localhost/en/partners/alder/"
    assert [preview["text"].replace(link, "LINK") for preview in page.context["previews"]] == [
        "Hello Ms Miller,\nsee LINK\n<b>Alder Web</b>",
        "Hello,\nsee LINK\n<b>Alder Web</b>",
    ]
    assert "&lt;b&gt;Alder Web&lt;/b&gt;" in page.content.decode()
    assert not page.context["form"].errors
    assert not SavedReply.objects.exists()
    saved = SavedReplyFactory(agency=cast.alder, text="Hi {first name}!")
    assert [preview["text"] for preview in alice.get(f"{LIST}{saved.pk}/").context["previews"]] == ["Hi Kim!", "Hi!"]
    page = alice.post(f"{LIST}{saved.pk}/", fields | {"text": "{nmae}", "preview": "Preview"}).content.decode().partition('id="preview"')[2]
    assert "Unknown placeholder" in page


def test_concurrent_edits_are_conflicts(alice: Client, cast: Cast) -> None:
    saved = SavedReplyFactory(agency=cast.alder, text="First")
    form = SavedReplyForm({"title": saved.title, "language": "en", "text": "Second"}, instance=saved)
    assert form.is_valid()
    SavedReply.objects.filter(pk=saved.pk).update(text="Third")
    with pytest.raises(EditConflict):
        change_saved_reply(form.instance, changed=form.changed_here, loaded=form.loaded, by=cast.alice)
    assert SavedReply.objects.get().text == "Third"


def test_the_limit(alice: Client, cast: Cast) -> None:
    SavedReply.objects.bulk_create(SavedReplyFactory.build_batch(MAX_SAVED_REPLIES, agency=cast.alder))
    assert f'href="{LIST}add/"' not in alice.get(LIST).content.decode()
    page = alice.post(f"{LIST}add/", {"title": "One more", "language": "en", "text": "Hello"})
    assert "An agency can have 100 saved replies. Delete some first." in page.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedReplyFactory(agency=cast.alder)
    SavedReplyFactory(agency=cast.birch)


@pytest.mark.django_db(transaction=True)
def test_concurrent_additions_keep_the_limit() -> None:
    cast = Cast()
    SavedReply.objects.bulk_create(SavedReplyFactory.build_batch(MAX_SAVED_REPLIES - 1, agency=cast.alder))
    new = SavedReplyFactory.build_batch(3, agency=cast.alder)
    results = at_once(3, lambda number: add_saved_reply(new[number], by=cast.alice))
    assert [type(result) for result in results].count(ValidationError) == 2
    assert SavedReply.objects.count() == MAX_SAVED_REPLIES


# --- Insertion -------------------------------------------------------------------------------------------------------------


def test_it_is_inserted_after_what_was_typed(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    saved = SavedReplyFactory(agency=cast.alder, text="Hello {name},\n\nthank you.\n\n{my name}, {agency}")
    page = insert(stan, request_, saved, text="Quick note:\r\n")
    assert typed(page.content.decode()) == "Quick note:\n\nHello Ute Größe,\n\nthank you.\n\nStan Stein, Alder Web"
    assert typed(insert(stan, request_, saved).content.decode()).startswith("Hello Ute Größe,")
    # Nothing was sent or stored.
    assert not OutgoingMail.objects.exists()
    request_.refresh_from_db()
    assert request_.is_waiting
    # What is shown can be sent.
    text = typed(page.content.decode())
    stan.post(f"{request_.get_absolute_url()}reply/", {"text": text, "seen": "0", "saved": ""})
    assert request_.messages.get().text.replace("\r\n", "\n") == text


def test_the_language_is_that_of_the_saved_reply(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, salutation="ms", first_name="Ute", last_name="Größe", email="ute@mehl.example")
    request = ContactRequestFactory(agency=cast.alder, language="en", name="Ute Größe", email="ute@mehl.example")
    assign_request(request, customer=customer, by=cast.alice)
    saved = SavedReplyFactory(agency=cast.alder, language="de", text="Guten Tag {Anrede}, siehe {Profil-Link}")
    expected = "Guten Tag Frau Größe, siehe http://localhost/de/partners/alder/"
    assert typed(insert(stan, request, saved).content.decode()) == expected


def test_a_reply_is_sent_although_the_selected_saved_reply_was_deleted(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    SavedReplyFactory(agency=cast.alder)
    stan.post(f"{request_.get_absolute_url()}reply/", {"text": "Gladly.", "seen": "0", "saved": "4242"})
    assert request_.messages.get().text == "Gladly."


def test_the_choices_begin_with_the_language_of_the_request(stan: Client, cast: Cast) -> None:
    for title, language in (("Thanks", "en"), ("Absage", "de"), ("Termin", "de")):
        SavedReplyFactory(agency=cast.alder, title=title, language=language)
    SavedReplyFactory(agency=cast.birch, title="Foreign")

    def titles(language: str) -> list[str]:
        request = ContactRequestFactory(agency=cast.alder, language=language)
        page = stan.get(request.get_absolute_url()).content.decode().partition('name="saved"')[2].partition("</select>")[0]
        return re.findall(r">(Thanks|Absage|Termin|Foreign)<", page)

    assert titles("de") == ["Absage", "Termin", "Thanks"]
    assert titles("en") == ["Thanks", "Absage", "Termin"]


def test_without_saved_replies_there_is_nothing_to_select(stan: Client, request_: ContactRequest) -> None:
    assert 'name="saved"' not in stan.get(request_.get_absolute_url()).content.decode()


def test_what_was_typed_is_kept_if_it_cannot_be_inserted(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    foreign = SavedReplyFactory(agency=cast.birch, text="Secret")
    saved = SavedReplyFactory(agency=cast.alder)
    for chosen, says in ((foreign, "This saved reply was deleted in the meantime."), ("", "Select a saved reply."), ("x", "was deleted")):
        page = insert(stan, request_, chosen, text="Typed").content.decode()
        assert typed(page) == "Typed"
        assert says in page
        assert "Secret" not in page
    close_request(request_, by=cast.alice)
    page = insert(stan, request_, saved, text="Typed").content.decode()
    assert typed(page).startswith("Typed\n\nHello Ute")
    assert "This request has since been closed." in page


def test_newer_replies_of_others_are_still_shown_before_sending(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    saved = SavedReplyFactory(agency=cast.alder)
    reply(request_, text="Mine.", by=cast.alice, seen=None)
    page = insert(stan, request_, saved).content.decode()
    assert '<input type="hidden" name="seen" value="0"' in page
    text = typed(page)
    page = stan.post(f"{request_.get_absolute_url()}reply/", {"text": text, "seen": "0"}).content.decode()
    assert "Alice Alder replied while you were typing." in page


def test_too_long_texts_are_kept_with_a_message(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    page = insert(stan, request_, SavedReplyFactory(agency=cast.alder), text="x" * 9990).content.decode()
    assert "at most 10000" in page
    assert typed(page).startswith("x" * 9990 + "\n\nHello")


def test_texts_and_names_are_harmless(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    ContactRequest.objects.filter(pk=request_.pk).update(name="</textarea><script>{agency}")
    saved = SavedReplyFactory(agency=cast.alder, text="<b>Hello</b> {name}", title="<i>Hi</i>")
    page = insert(stan, request_, saved).content.decode()
    assert "<script>{agency}" not in page
    assert "<i>Hi</i>" not in page
    assert typed(page) == "<b>Hello</b> </textarea><script>{agency}"


@pytest.mark.parametrize(
    ("name", "first_name", "salutation"),
    [
        ("Ute Größe", "Ute", "Ute Größe"),
        ("Dr. Jens Albers", "Jens", "Dr. Jens Albers"),
        ("Prof. Dr. Anna Maria Schmidt", "Anna Maria", "Prof. Dr. Anna Maria Schmidt"),
        ("Frau Müller", "", "Frau Müller"),
        ("Ute", "Ute", "Ute"),
        ("Inga Drews", "Inga", "Inga Drews"),
    ],
)
def test_names_of_prospects(stan: Client, cast: Cast, name: str, first_name: str, salutation: str) -> None:
    request = ContactRequestFactory(agency=cast.alder, name=name, company="")
    saved = SavedReplyFactory(agency=cast.alder, text="[{first name}]|{salutation}|x {company}")
    assert typed(insert(stan, request, saved).content.decode()) == f"{first_name}|{salutation}|x"


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ({"salutation": "ms", "first_name": "Ute", "last_name": "Größe"}, "Guten Tag Frau Größe (Ute, Mill)"),
        ({"salutation": "mx", "first_name": "Ute", "last_name": "Größe"}, "Guten Tag Ute Größe (Ute, Mill)"),
        # A shared address doesn't tell who wrote.
        ({"salutation": "mr", "first_name": "Jo", "last_name": "Klee"}, "Guten Tag Ute Größe (Ute, Mill)"),
    ],
)
def test_salutations_are_those_of_the_customers_contact(stan: Client, cast: Cast, contact: dict[str, str], expected: str) -> None:
    request = ContactRequestFactory(agency=cast.alder, name="Ute Größe", company="", email="Ute@mill.example", language="de")
    customer = CustomerFactory(agency=cast.alder, company="Mill")
    ContactFactory(customer=customer, email="ute@mill.example", **contact)
    assign_request(request, customer, by=cast.alice)
    saved = SavedReplyFactory(agency=cast.alder, language="de", text="Guten Tag {Anrede} ({Vorname}, {Firma})")
    assert typed(insert(stan, request, saved).content.decode()) == expected


def test_the_link_of_an_unregistered_profile_is_omitted(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    saved = SavedReplyFactory(agency=cast.alder, text="Bye[, see {profile link}].")
    assert typed(insert(stan, request_, saved).content.decode()) == "Bye, see http://localhost/en/partners/alder/."
    type(cast.alder.profile).objects.filter(agency=cast.alder).update(status="draft")
    assert typed(insert(stan, request_, saved).content.decode()) == "Bye."
