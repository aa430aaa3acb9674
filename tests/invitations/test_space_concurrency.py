"""Access that is ended and members who are removed at this moment get nothing more.

Each test lets the end of access, or of a membership, wait to commit while the other action is under way, and the other
way round.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from customers.merging.services import merge_customers
from customers.models import Project
from customers.services.customers import archive_customer, erase_customer
from invitations.models import AccessInvitation
from invitations.services.invitations import change_access, disconnect_access, revoke_access
from invitations.space.queries import Space, client_space
from invitations.space.services import SpaceClosed, lock_for_member, lock_space
from partnerportal.agencies.services.team import remove_member
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.credentials import CredentialFactory, NeedFactory, NeedTemplateFactory
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory, VersionFactory
from tests.factories.invitations import ConnectedFactory
from tests.invitations.test_transitions import a_transaction_waits
from tests.polling import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def during(first: Callable[[], object], second: Callable[[], Any]) -> Any:
    """Run `second` in another thread while the transaction of `first` isn't committed yet, and return its result or exception."""

    def run() -> Any:
        try:
            return second()
        except Exception as error:  # noqa: BLE001  # the test checks the exception
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            running: Future[Any] = pool.submit(run)
            eventually(a_transaction_waits, "the second action waits for the first")
        return running.result(timeout=30)


@pytest.fixture
def given(cast: Cast) -> AccessInvitation:
    given: AccessInvitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    return given


@pytest.fixture
def space(cast: Cast, given: AccessInvitation) -> Space:
    space = client_space(cast.kim, "alder")
    assert space is not None
    return space


def locked(space: Space, area: str = "domains") -> Callable[[], Space]:
    def act() -> Space:
        with transaction.atomic():
            return lock_space(space, area=area)

    return act


#: How access ends, or no longer covers an area.
ENDINGS: dict[str, Callable[[AccessInvitation, Cast], object]] = {
    "revoked": lambda given, cast: revoke_access(given),
    "disconnected": lambda given, cast: disconnect_access(given, reason="", by=cast.alice),
    "narrowed": lambda given, cast: change_access(given, scope="partial", areas=["email"]),
    "erased": lambda given, cast: erase_customer(given.customer, by=cast.alice),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_access_that_ends_at_this_moment_opens_nothing(cast: Cast, given: AccessInvitation, space: Space, ending: str) -> None:
    assert isinstance(during(lambda: ENDINGS[ending](given, cast), locked(space)), SpaceClosed)


def test_customer_archived_at_this_moment_is_read_only(cast: Cast, given: AccessInvitation, space: Space) -> None:
    assert isinstance(during(lambda: archive_customer(given.customer, by=cast.alice), locked(space)), ValidationError)


def test_access_ends_after_the_action_that_has_locked_it(given: AccessInvitation, space: Space) -> None:
    assert during(locked(space), lambda: revoke_access(given)) is None
    given.refresh_from_db()
    assert given.status == "revoked"


def test_lock_returns_the_space_as_it_is_now(cast: Cast, given: AccessInvitation, space: Space) -> None:
    result = during(lambda: change_access(given, scope="partial", areas=["domains"]), locked(space))
    assert isinstance(result, Space)
    assert result.covers("domains") and not result.covers("email")


def test_member_removed_at_this_moment_shares_nothing(cast: Cast, given: AccessInvitation) -> None:
    project = ProjectFactory(customer=given.customer)
    member = cast.alder.memberships.get(user=cast.stan)
    stan = Client()
    stan.force_login(cast.stan)

    def share() -> int:
        response = stan.post(f"/customers/{given.customer_id}/shared/", {"share": f"project-{project.pk}"})
        return int(response.status_code)

    assert during(lambda: remove_member(member, to=None, by=cast.alice), share) == 403
    assert not Project.objects.get(pk=project.pk).is_shared


#: What staff post to a customer's shared space, by the end of the address.
POSTS: dict[str, dict[str, Any]] = {
    "": {"share": "project-{project}"},
    "messages/": {"text": "Hello"},
    "files/add/": {"file": True, "title": "Offer", "area": "email", "complete": "1"},
    "files/{file}/edit/": {"title": "Offer", "area": "email"},
    "files/{file}/version/": {"file": True, "complete": "1"},
    "files/{file}/approval/": {},
    "files/{file}/delete/": {},
    "approvals/add/": {"title": "Text", "text": "Hello", "area": "email"},
    "approvals/{approval}/withdraw/": {},
    "credentials/add/": {"access": "{access}", "needs": "{template}"},
    "credentials/needs/{need}/remove/": {},
    "credentials/{credential}/": {},
}


@pytest.mark.parametrize("vanishing", ["erased", "merged"])
@pytest.mark.parametrize("path", [*POSTS, "files/versions/{version}/"])
def test_staff_get_404_if_the_customer_vanishes_at_this_moment(cast: Cast, given: AccessInvitation, path: str, vanishing: str) -> None:
    customer = given.customer
    shared = SharedFileFactory(customer=customer)
    credential = CredentialFactory(need__invitation=given)
    keys = {
        "project": ProjectFactory(customer=customer).pk,
        "file": shared.pk,
        "version": VersionFactory(file=shared).pk,
        "approval": TextApprovalFactory(customer=customer).pk,
        "access": given.pk,
        "template": NeedTemplateFactory(agency=cast.alder).pk,
        "need": NeedFactory(invitation=given).pk,
        "credential": credential.pk,
    }
    other = CustomerFactory(agency=cast.alder)
    stan = Client()
    stan.force_login(cast.stan)
    address = f"/customers/{customer.pk}/shared/{path.format(**keys)}"

    number = stan.get(address).context["form"]["form_number"].value() if path == "messages/" else ""

    def act() -> int:
        if path not in POSTS:
            return int(stan.get(address).status_code)
        values = {
            name: SimpleUploadedFile("a.txt", b"Hello") if value is True else value.format(**keys) for name, value in POSTS[path].items()
        }
        return int(stan.post(address, {**values, "form_number": number}).status_code)

    vanish = {
        "erased": lambda: erase_customer(customer, by=cast.alice),
        "merged": lambda: merge_customers(other, customer, values={}, by=cast.alice),
    }
    assert during(vanish[vanishing], act) == 404


def test_member_removed_at_this_moment_sees_no_space(cast: Cast, given: AccessInvitation) -> None:
    member = cast.alder.memberships.get(user=cast.stan)
    stan = Client()
    stan.force_login(cast.stan)

    def preview() -> int:
        return int(stan.get(f"/customers/{given.customer_id}/shared/as-client/{given.pk}/").status_code)

    assert during(lambda: remove_member(member, to=None, by=cast.alice), preview) == 403
    assert not AuditEvent.objects.filter(action="invitation.previewed").exists()
    # And the next request isn't one of a member.
    assert stan.get(f"/customers/{given.customer_id}/shared/").status_code in {302, 403}


def test_access_revoked_at_this_moment_is_not_previewed(cast: Cast, given: AccessInvitation) -> None:
    stan = Client()
    stan.force_login(cast.stan)

    def preview() -> int:
        return int(stan.get(f"/customers/{given.customer_id}/shared/as-client/{given.pk}/").status_code)

    assert during(lambda: revoke_access(given), preview) == 404


def test_removals_and_actions_do_not_deadlock(cast: Cast, given: AccessInvitation) -> None:
    # Removing the account manager locks the customer, then the membership.
    customer: Any = given.customer
    for _ in range(3):
        customer.responsible = cast.stan
        customer.save(update_fields=["responsible"])
        member, _is_new = cast.alder.memberships.get_or_create(user=cast.stan, defaults={"role": "staff"})

        def act(number: int, member: Any = member) -> object:
            if number == 0:
                return remove_member(member, to=None, by=cast.alice)
            with transaction.atomic():
                return lock_for_member(customer, by=cast.stan)

        removed, acted = at_once(2, act)
        assert not isinstance(removed, Exception), removed
        assert not isinstance(acted, Exception) or isinstance(acted, PermissionDenied), acted
