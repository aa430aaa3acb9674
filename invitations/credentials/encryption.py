"""The content of a credential, and its encryption. It exists in clear only while a request handles it."""

import json
from dataclasses import asdict, dataclass, field

from invitations.credentials.models import Credential
from partnerportal.core.encryption import BoundEncryptor

CIPHER = BoundEncryptor("invitations.credential")


@dataclass(frozen=True, kw_only=True)
class CredentialContent:
    """What the client entered. Its representation, such as in an error report, contains none of it."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    note: str = field(default="", repr=False)


def seal(content: CredentialContent, credential: Credential) -> bytes:
    """Return the content encrypted for this credential."""
    return CIPHER.encrypt(json.dumps(asdict(content)), place=credential.place)


def unseal(credential: Credential) -> CredentialContent:
    """Return the content of a credential that isn't deleted.

    Raises:
        DecryptionError: The key is unknown, or the encrypted value was copied from another credential.
    """
    assert credential.sealed is not None  # noqa: S101  # for mypy: the caller has locked a current credential
    return CredentialContent(**json.loads(CIPHER.decrypt(credential.sealed, place=credential.place)))
