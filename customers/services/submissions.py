"""Protection against adding an object twice, by a double click or by going back in the browser.

Each form for adding an object has a signed number and can add only one object. Browsers that go back can reload
the form and restore its input; a script then restores the first number. For browsers without scripts, identical
input by the same user within `SAME_INPUT` is also treated as a second submission.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.core import signing
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from customers.models import FormSubmission
from customers.models.submissions import form_digest
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency

M = TypeVar("M", bound=models.Model)

#: How long submissions are kept.
KEEP = timedelta(days=30)
#: How long a form can be submitted; less than `KEEP`, so that a second submission is always detected.
VALID = KEEP - timedelta(hours=1)
#: How long identical input in another form is treated as a second submission.
SAME_INPUT = timedelta(hours=1)
_SALT = "customers.services.submissions"
#: Prefix of the numbers of forms that intentionally add another object.
_ANOTHER = "another."


class AlreadyAdded(Exception):
    """The object `added_id` was already added; `is_same` if by the same form with the same input."""

    def __init__(self, submission: FormSubmission, *, is_same: bool) -> None:
        super().__init__(submission.pk)
        self.added_id, self.is_same = submission.added_id, is_same


def new_form_number(*, another: bool = False) -> str:
    """Return a signed, dated number for a form, which intentionally adds another object if `another`."""
    return signing.TimestampSigner(salt=_SALT).sign((_ANOTHER if another else "") + secrets.token_urlsafe(12))


def is_form_number(value: str) -> bool:
    """Return whether a form number is authentic and not expired."""
    try:
        signing.TimestampSigner(salt=_SALT).unsign(value, max_age=VALID)
    except signing.BadSignature:
        return False
    return True


def ensure_not_added(agency: Agency, *, number: str, content: dict[str, Any], by: User) -> None:
    """Raise AlreadyAdded if this form, or the same user with the same content, has added an object."""
    if not number:
        return
    digest = _content_digest(content, by)
    if submission := FormSubmission.objects.of_form(agency, number).first():
        raise AlreadyAdded(submission, is_same=submission.content_digest == digest)
    recent = FormSubmission.objects.filter(agency=agency, content_digest=digest, created_at__gt=timezone.now() - SAME_INPUT)
    if not number.startswith(_ANOTHER) and (submission := recent.order_by("-pk").first()):
        # It is the same form if a concurrent transaction was committed after the first query.
        raise AlreadyAdded(submission, is_same=submission.form_digest == form_digest(number))


@transaction.atomic
def add_once(agency: Agency, *, number: str, content: dict[str, Any], by: User, add: Callable[[], M]) -> M:
    """Return the object that `add` adds, and record it as added by this form.

    Concurrent calls for the same form wait.

    Raises:
        AlreadyAdded: The form has already added an object; see `ensure_not_added`.
    """
    if not number:
        return add()
    ensure_not_added(agency, number=number, content=content, by=by)
    try:
        with transaction.atomic():
            submission = FormSubmission.objects.create(
                agency=agency, form_digest=form_digest(number), content_digest=_content_digest(content, by)
            )
    except IntegrityError:
        ensure_not_added(agency, number=number, content=content, by=by)
        raise
    added = add()
    submission.added_id = added.pk
    submission.save(update_fields=["added_id"])
    return added


def delete_old_submissions() -> int:
    """Delete submissions of expired forms. Return their number."""
    deleted, _by_model = FormSubmission.objects.filter(created_at__lt=timezone.now() - KEEP).delete()
    return deleted


def _content_digest(content: dict[str, Any], by: User) -> str:
    # Keyed, so that the input can't be guessed from the database alone.
    named = {name: getattr(value, "pk", value) for name, value in content.items()}
    return salted_hmac(_SALT, repr((by.pk, sorted(named.items()))), algorithm="sha256").hexdigest()
