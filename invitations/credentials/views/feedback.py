"""Messages about actions that are no longer possible."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from invitations.credentials.services.locking import CredentialDeleted
from partnerportal.core.encryption import DecryptionError


@contextmanager
def errors_as_messages(request: HttpRequest) -> Iterator[None]:
    """Show the user a message instead of raising an error of a service."""
    try:
        yield
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except CredentialDeleted:
        messages.info(request, _("This credential has already been deleted."))
    except DecryptionError:
        messages.error(request, _("This credential can’t be decrypted. Ask the client to share it again."))
