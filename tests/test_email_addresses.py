"""Rejection of e-mail addresses that mail servers interpret differently, and comparison of mailboxes."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from customers.models import Customer
from partnerportal.core.email_addresses import address_variants, canonical_address, validate_deliverable
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models import sender_key
from reviews import tokens
from reviews.services.requests import ensure_not_own_staff
from tests.cast import Cast
from tests.factories.customers import CustomerFactory

#: Addresses that look like Kim's, but contain invisible, full-width or reversing characters.
DISGUISED = [
    "kim@cli\xadent.example",
    "kim@\uff43lient.example",
    "kim@client\u200b.example",
    "kim@client\u3002example.org",
    "kim@cli\u200dent.example",
    "kim@cli\u2066ent.example",
    "kim@client.example\u202e",
]

TWO_SPELLINGS = ["kim@münchen.example", "kim@xn--mnchen-3ya.example"]
#: In IDNA 2003, this would be kim@strasse.example, another mailbox.
SHARP_S = ["kim@straße.example", "kim@xn--strae-oqa.example"]


@pytest.mark.parametrize("address", [*DISGUISED, "kim@client.example\u202c", f"kim@{'ü' * 63}.example"])
def test_deceptive_addresses_are_rejected(address: str) -> None:
    with pytest.raises(ValidationError, match="The part after the @ contains invalid characters"):
        validate_deliverable(address)


@pytest.mark.parametrize(
    "address", ["Kim@Client.Example", *TWO_SPELLINGS, *SHARP_S, "Kim@STRAẞE.example", "kim@☃.groß.example", "kim@[127.0.0.1]"]
)
def test_valid_addresses_are_accepted(address: str) -> None:
    validate_deliverable(address)


def test_address_that_is_too_long_in_ascii_is_rejected() -> None:
    label = "".join(chr(0x4E00 + 997 * count) for count in range(14))
    address = f"kim@{'.'.join([label] * 6)}.example"
    assert len(address) < 110
    with pytest.raises(ValidationError, match="too long"):
        validate_deliverable(address)


@pytest.mark.parametrize("spelling", [*SHARP_S, "Kim@STRASSE.example".replace("SS", "ẞ")])
def test_sharp_s_is_a_separate_letter(spelling: str) -> None:
    assert canonical_address(spelling) == SHARP_S[1]
    assert address_variants(spelling) == set(SHARP_S)
    assert canonical_address("kim@strasse.example") == "kim@strasse.example"


def test_addresses_valid_in_idna_2003_keep_their_mailbox() -> None:
    """Digests of opt-outs and keys of senders depend on it. Earlier versions used IDNA 2003."""
    kept = 0
    for code in range(0xA1, 0xFFFF, 11):
        domain = f"a{chr(code)}b.example".lower()
        try:
            encoded = domain.encode("idna").decode()
            was_possible = encoded.encode().decode("idna") == domain
        except UnicodeError:
            continue
        if was_possible:
            kept += 1
            assert canonical_address(f"Kim@{domain}") == f"kim@{encoded}", hex(code)
    assert kept > 4000


def test_spellings_of_a_mailbox_have_the_same_canonical_address() -> None:
    for spelling in (*TWO_SPELLINGS, " Kim@MÜNCHEN.example"):
        assert canonical_address(spelling) == TWO_SPELLINGS[1]
        assert address_variants(spelling) == set(TWO_SPELLINGS)
    assert canonical_address("") == ""
    assert canonical_address("Kim") == "kim"


@pytest.mark.parametrize("address", DISGUISED)
def test_forms_reject_deceptive_addresses(cast: Cast, alice: Client, address: str) -> None:
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


@pytest.mark.parametrize("existing", [TWO_SPELLINGS, SHARP_S])
def test_customers_are_found_by_both_spellings(cast: Cast, alice: Client, existing: list[str]) -> None:
    CustomerFactory(agency=cast.alder, email=existing[0].capitalize())
    new = {"kind": "person", "last_name": "Client", "language": "en"}
    for spelling in existing:
        page = alice.post("/customers/add/", {**new, "email": spelling}).content.decode()
        assert "same e-mail" in page, spelling
    assert Customer.objects.count() == 1
    alice.post("/customers/add/", {**new, "email": "kim@strasse.example"})
    assert Customer.objects.filter(email="kim@strasse.example").exists()


def test_both_spellings_count_as_the_same_address(cast: Cast) -> None:
    cast.stan.emailaddress_set.create(email="stan@münchen.example", verified=True)
    cast.stan.emailaddress_set.create(email="stan@straße.example", verified=True)
    for address in ("Stan@xn--mnchen-3ya.example", "stan@münchen.example", "STAN@straße.example", "stan@xn--strae-oqa.example"):
        with pytest.raises(ValidationError, match="review their own agency"):
            ensure_not_own_staff(CustomerFactory(agency=cast.alder, email=address))
    assert tokens.address_digest("kim@münchen.example") == tokens.address_digest("kim@xn--mnchen-3ya.example")
    assert sender_key("kim+x@münchen.example") == sender_key("kim@xn--mnchen-3ya.example")
    assert tokens.address_digest(SHARP_S[0]) == tokens.address_digest(SHARP_S[1]) != tokens.address_digest("kim@strasse.example")
    assert sender_key("Kim+x@straße.example") == sender_key(SHARP_S[1])
