"""An address that mail servers read otherwise than it is written is refused: nobody gets round a “stop”, a limit or a rule by one."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from partnerportal.addresses import mailbox, spellings, validate_address
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models import sender_key
from reviews import tokens
from reviews.asking.services import refuse_own_staff
from tests.cast import Cast
from tests.factories.customers import CustomerFactory

#: All of them Kim's mailbox, but the last, which is nobody's: copied from a window of Windows, with a mark for right-to-left.
DISGUISED = ["kim@cli\xadent.example", "kim@\uff43lient.example", "kim@client\u200b.example", "kim@client.example\u202c"]

TWO_SPELLINGS = ["kim@münchen.example", "kim@xn--mnchen-3ya.example"]


@pytest.mark.parametrize("address", [*DISGUISED, "kim@stra\xdfe.example", f"kim@{'ü' * 63}.example"])
def test_it_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="The part after the @ contains invalid characters"):
        validate_address(address)


@pytest.mark.parametrize("address", ["Kim@Client.Example", *TWO_SPELLINGS, "kim@[127.0.0.1]"])
def test_others_are_not(address: str) -> None:
    validate_address(address)


def test_one_mailbox_has_one_name() -> None:
    for spelling in (*TWO_SPELLINGS, " Kim@MÜNCHEN.example"):
        assert mailbox(spelling) == TWO_SPELLINGS[1]
        assert spellings(spelling) == set(TWO_SPELLINGS)
    assert mailbox("") == ""
    assert mailbox("Kim") == "kim"


@pytest.mark.parametrize("address", DISGUISED)
def test_every_form_says_so(cast: Cast, alice: Client, address: str) -> None:
    forms = {
        "/customers/add/": {"kind": "person", "last_name": "Client", "email": address},
        "/company/team/invite/": {"email": address, "role": "staff"},
        "/accounts/email/": {"email": address, "action_add": ""},
    }
    for path, fields in forms.items():
        assert "The part after the @ contains invalid characters" in alice.post(path, fields).content.decode(), path
    for path in ("/accounts/login/code/?next=/my/", "/accounts/password/reset/", "/partners/alder/contact/"):
        assert "The part after the @ contains invalid characters" in Client().post(path, {"email": address}).content.decode(), path
    assert not OutgoingMail.objects.exists()
    assert not cast.alder.customers.exists()


def test_what_is_known_of_an_address_counts_for_both_its_spellings(cast: Cast) -> None:
    cast.stan.emailaddress_set.create(email="stan@münchen.example", verified=True)
    for address in ("Stan@xn--mnchen-3ya.example", "stan@münchen.example"):
        with pytest.raises(ValidationError, match="Team members can’t review their own agency"):
            refuse_own_staff(CustomerFactory(agency=cast.alder, email=address))
    assert tokens.address_digest("kim@münchen.example") == tokens.address_digest("kim@xn--mnchen-3ya.example")
    assert sender_key("kim+x@münchen.example") == sender_key("kim@xn--mnchen-3ya.example")
