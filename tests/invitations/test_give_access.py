"""Tests of the form with which clients give access."""

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client

from invitations.models import AccessInvitation
from invitations.services.invitations import give_access, revoke_access
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.agencies import ProfileFactory
from tests.factories.invitations import ConnectedFactory, InvitationFactory

PATH = "/partners/alder/access/"
FIELDS = {
    "scope": "partial",
    "areas": ["support", "domains"],
    "domains": "Müllerei.example\n\nhttps://shop.example/cart\nshop.example",
    "name": "Kim Client",
    "company": "Kim & Co",
    "phone": "+49 40 1234567",
    "street": "Weg 1",
    "zip": "20095",
    "city": "Hamburg",
    "country": "DE",
    "message": "Please <b>help</b> https://evil.example",
}


def test_client_gives_partial_access(kim: Client, cast: Cast) -> None:
    response = kim.post(PATH, FIELDS, follow=True)
    assert response.redirect_chain[-1][0] == "/my/"
    invitation = AccessInvitation.objects.get()
    assert (invitation.agency, invitation.client, invitation.status, invitation.scope) == (cast.alder, cast.kim, "pending", "partial")
    assert invitation.areas == ["domains", "support"]
    assert invitation.domains == ["xn--mllerei-n2a.example", "shop.example"]
    assert invitation.language == "en"
    assert "Alder Web" in response.content.decode()
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.reply_to) == ("access_given", "alice@alder.example", "kim@client.example")
    assert "Kim & Co wants to give you partial access: Domains, Support." in mail.text
    assert "> Please <b>help</b> https://evil.example" in mail.text
    assert "&lt;b&gt;help&lt;/b&gt; https://evil.example" in mail.html
    assert "<b>" not in mail.html and 'href="https://evil' not in mail.html
    event = AuditEvent.objects.get(action="invitation.received")
    assert (event.actor_label, event.agency, event.sentence) == (
        "",
        cast.alder,
        "Client offered partial access (Domains, Support)",
    )


def test_full_access_stores_no_areas(kim: Client) -> None:
    kim.post(PATH, {**FIELDS, "scope": "full"})
    assert AccessInvitation.objects.get().areas == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"areas": []}, "Select at least one area, or choose full access."),
        ({"areas": ["everything"]}, "everything is not one of the available choices"),
        ({"scope": "some"}, "some is not one of the available choices"),
        ({"name": ""}, ">Enter your name.<"),
        ({"domains": "shop.example\nno domain"}, "Line 2, “no domain”: enter a valid domain name"),
        ({"domains": "no domain\nshop.example\nnor this"}, "Line 3, “nor this”: enter a valid domain name"),
        ({"domains": "\n".join(f"d{n}.example" for n in range(51))}, "Enter no more than 50 domains."),
        ({"message": "x" * 10_000}, "at most 5000 characters"),
        ({"message": "\x07"}, "contains characters that can’t be displayed"),
        ({"name": "Two\nlines"}, "single line"),
        ({"company": "x" * 201}, "at most 200 characters"),
    ],
)
def test_invalid_values_are_reported_at_the_field(kim: Client, changed: dict[str, object], message: str) -> None:
    response = kim.post(PATH, {**FIELDS, **changed})
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not AccessInvitation.objects.exists()


def test_html_in_messages_is_escaped(kim: Client, alice: Client) -> None:
    kim.post(PATH, {**FIELDS, "message": "<script>alert(1)</script> " + "x" * 4900})
    invitation = AccessInvitation.objects.get()
    for browser, path in ((alice, invitation.get_absolute_url()), (kim, f"/my/{invitation.pk}/"), (alice, "/customers/")):
        page = browser.get(path).content.decode()
        assert "<script>alert" not in page


def test_second_pending_invitation_is_rejected(kim: Client, cast: Cast) -> None:
    InvitationFactory(agency=cast.alder, client=cast.kim)
    assert "You’ve already invited Alder Web" in kim.get(PATH).content.decode()
    kim.post(PATH, FIELDS)
    assert AccessInvitation.objects.count() == 1


def test_service_rejects_a_second_invitation(cast: Cast) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    InvitationFactory(agency=cast.birch, client=cast.kim)
    for agency in (invitation.agency, cast.birch):
        with pytest.raises(ValidationError, match=f"You’ve already given {agency} access"):
            give_access(agency=agency, client=cast.kim, scope="full", areas=[], name="Kim")


def test_new_invitation_is_possible_after_revoking(kim: Client, cast: Cast) -> None:
    connected = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    assert "already has access" in kim.get(PATH).content.decode()
    revoke_access(connected)
    kim.post(PATH, FIELDS)
    assert AccessInvitation.objects.filter(status="pending").count() == 1


def test_members_cannot_give_their_own_agency_access(alice: Client, charlie: Client, cast: Cast) -> None:
    response = alice.get(PATH)
    assert "You work for Alder Web" in response.content.decode()
    alice.post(PATH, FIELDS)
    assert not AccessInvitation.objects.exists()
    with pytest.raises(ValidationError, match="You work for Alder Web"):
        give_access(agency=cast.alder, client=cast.alice, scope="full", areas=[], name="Alice")
    # Members of other agencies can give access.
    charlie.post(PATH, FIELDS)
    assert AccessInvitation.objects.get().client == cast.charlie


def test_only_registered_agencies_can_be_given_access(kim: Client) -> None:
    ProfileFactory(slug="draft", status="draft", registered_at=None)
    for slug in ("draft", "nobody"):
        assert kim.get(f"/partners/{slug}/access/").status_code == 404
        assert kim.post(f"/partners/{slug}/access/", FIELDS).status_code == 404


def test_former_profile_address_still_works(kim: Client, cast: Cast) -> None:
    cast.alder.profile.slug = "alder-new"
    cast.alder.profile.save()
    assert kim.get(PATH).headers["Location"] == "/partners/alder-new/access/"
    kim.post(PATH, FIELDS)  # the form was opened before the change
    assert AccessInvitation.objects.get().agency == cast.alder


def test_invitations_to_one_agency_are_rate_limited(kim: Client, cast: Cast) -> None:
    for _time in range(6):
        kim.post(PATH, FIELDS)
        kim.post(f"/my/{AccessInvitation.objects.latest('pk').pk}/withdraw/")
    response = kim.post(PATH, FIELDS)
    assert response.status_code == 429
    assert "Please &lt;b&gt;help&lt;/b&gt;" in response.content.decode()  # the input is kept
    assert AccessInvitation.objects.count() == 6


def test_details_are_prefilled_from_the_last_invitation(kim: Client) -> None:
    kim.post(PATH, FIELDS)
    page = kim.get("/partners/birch/access/").content.decode()
    for text in ("Kim Client", "Kim &amp; Co", "+49 40 1234567", "Hamburg"):
        assert text in page
    assert "evil.example" not in page


@pytest.mark.usefixtures("clean_cache")
def test_giving_and_withdrawing_is_rate_limited_per_agency(kim: Client, cast: Cast) -> None:
    def give(path: str = PATH) -> int:
        response = kim.post(path, FIELDS)
        if response.status_code == 429:
            assert 0 < int(response["Retry-After"]) <= 3600
            page = response.content.decode()
            assert "Too many attempts" in page
            assert "Please &lt;b&gt;help&lt;/b&gt;" in page  # the input is kept
        elif response.status_code == 302:
            # Withdrawing is never rate-limited.
            assert kim.post(f"/my/{AccessInvitation.objects.latest('pk').pk}/withdraw/").status_code == 302
        return response.status_code

    with time_machine.travel("2026-01-01 12:00:15+00:00", tick=False):
        assert [give() for _ in range(8)] == [302] * 6 + [429] * 2
        mails = OutgoingMail.objects.count()
        give()
        assert OutgoingMail.objects.count() == mails
        assert give("/partners/birch/access/") == 302
    with time_machine.travel("2026-01-01 13:00:15+00:00", tick=False):
        kim.force_login(cast.kim)
        assert give() == 302


@pytest.mark.usefixtures("clean_cache")
def test_invitations_to_many_agencies_are_rate_limited(kim: Client) -> None:
    agencies = [ProfileFactory() for _ in range(21)]
    answers = [kim.post(f"/partners/{profile.slug}/access/", FIELDS).status_code for profile in agencies]
    assert answers == [302] * 20 + [429]


@pytest.mark.usefixtures("clean_cache")
def test_changing_access_is_rate_limited(kim: Client, cast: Cast) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, scope="full")
    answers = [kim.post(f"/my/{invitation.pk}/change/", {"scope": "partial", "areas": [area]}) for area in ("email", "support") * 4]
    assert [answer.status_code for answer in answers] == [302] * 6 + [429] * 2
    assert answers[-1]["Retry-After"]
