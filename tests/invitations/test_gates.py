"""Gates of the shared space: a table of areas × objects, checked on the client's pages.

Each object is made in each of its areas, with each combination of its flags, and looked for by a client without access,
with full access, and with access to each area alone. `pytest tests/invitations/test_gates.py -rP -k table` prints the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from customers.models import Contract, Customer, Domain, Project, Task
from invitations.credentials.models import AccessNeed, Credential
from invitations.models import AccessInvitation, Approval, SharedFile
from invitations.models.areas import Area
from invitations.space.gates import GATES, shared_with
from invitations.space.overview import VISIBLE
from invitations.space.queries import client_space
from tests.cast import Cast
from tests.factories.credentials import CredentialFactory, NeedFactory
from tests.factories.customers import ContractFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory
from tests.factories.invitations import ConnectedFactory
from tests.factories.reviews import ReviewRequestFactory


@dataclass(frozen=True)
class Row:
    """How objects of one type are made, and what they need to be seen. Independent of the gates in the code."""

    #: Makes and returns an object with this text for the access, in an area and with these flags.
    make: Callable[[AccessInvitation, str, Area | None, tuple[bool, ...]], object]
    #: The areas that an object can belong to; None if any access is enough.
    areas: tuple[Area | None, ...]
    #: Number of flags, all of which must be set.
    flags: int = 0
    #: The client's page that shows it.
    page: str = "/my/alder/"


def step(given: AccessInvitation, text: str, area: Area | None, flags: tuple[bool, ...]) -> object:
    project = ProjectFactory(customer=given.customer, is_shared=flags[1])
    return TaskFactory(customer=given.customer, project=project, title=text, is_shared=flags[0])


def need(given: AccessInvitation, text: str, area: Area | None, flags: tuple[bool, ...]) -> object:
    return NeedFactory(invitation=given, name=text, area=area)


def credential(given: AccessInvitation, text: str, area: Area | None, flags: tuple[bool, ...]) -> object:
    """Return a credential. The database has deleted those of other areas."""
    of_need = {"need__invitation": given, "need__name": text, "need__area": area}
    is_covered = given.status == "connected" and given.covers(str(area))
    return CredentialFactory(**of_need, **({} if is_covered else {"deleted_at": given.connected_at, "deleted_because": "narrowed"}))


ROWS: dict[type[Model], Row] = {
    Project: Row(
        lambda given, text, area, flags: ProjectFactory(customer=given.customer, title=text, is_shared=flags[0]), (Area.HOSTING,), flags=1
    ),
    Task: Row(step, (Area.HOSTING,), flags=2),
    Domain: Row(lambda given, text, area, flags: DomainFactory(customer=given.customer, name=f"{text}.example".lower()), (Area.DOMAINS,)),
    Contract: Row(
        lambda given, text, area, flags: ContractFactory(customer=given.customer, number=text, is_shared=flags[0]),
        (Area.CONTRACTS,),
        flags=1,
    ),
    AccessNeed: Row(need, tuple(Area), page="/my/alder/credentials/"),
    Credential: Row(credential, tuple(Area), page="/my/alder/credentials/"),
    SharedFile: Row(
        lambda given, text, area, flags: SharedFileFactory(customer=given.customer, title=text, area=area, is_shared=flags[0]),
        tuple(Area),
        flags=1,
        page="/my/alder/files/",
    ),
    # A text. An approval of a file has the gates of the file (test_approvals.py).
    Approval: Row(
        lambda given, text, area, flags: TextApprovalFactory(customer=given.customer, title=text, area=area),
        tuple(Area),
        page="/my/alder/approvals/",
    ),
}
#: The client's access: none, full, or one area.
ACCESS: list[str] = ["none", "full", *Area.values]


def covers(access: str, area: Area | None) -> bool:
    return access == "full" or (access != "none" and area in {None, access})


def access_of(cast: Cast, access: str) -> AccessInvitation:
    """Return access of Kim; “none” was revoked."""
    partial: dict[str, Any] = {} if access in {"none", "full"} else {"scope": "partial", "areas": [access]}
    given: AccessInvitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, **partial)
    if access == "none":
        AccessInvitation.objects.filter(pk=given.pk).update(status="revoked", ended_at=given.connected_at)
        given.refresh_from_db()
    return given


def test_each_type_of_object_has_a_row() -> None:
    assert set(ROWS) == set(GATES)


@pytest.mark.parametrize("access", ACCESS)
@pytest.mark.parametrize("model", GATES, ids=lambda model: model.__name__)
def test_client_sees_what_is_shared_and_covered(kim: Client, cast: Cast, model: type[Model], access: str) -> None:
    row, given = ROWS[model], access_of(cast, access)
    cells = list(product(row.areas, product((True, False), repeat=row.flags)))
    made: list[Any] = [row.make(given, f"Marker-{number}-", area, flags) for number, (area, flags) in enumerate(cells)]
    page = kim.get(row.page).content.decode().lower()
    expected = [all(flags) and covers(access, area) for area, flags in cells]
    assert [f"marker-{number}-" in page for number, _cell in enumerate(cells)] == expected
    # The gate itself, because a page may leave out more, such as the steps of a project that it doesn't show.
    space = client_space(cast.kim, "alder")
    passed = set(shared_with(space, model).values_list("pk", flat=True)) if space else set()
    assert [item.pk in passed for item in made] == expected


def test_table_of_areas_and_objects(cast: Cast, kim: Client) -> None:
    """Print the table of what the tests above expect, with all flags set."""
    print("object".ljust(14), *(access.ljust(10) for access in ACCESS))  # noqa: T201
    for model, row in ROWS.items():
        for area in row.areas:
            cells = (("seen" if covers(access, area) else "-").ljust(10) for access in ACCESS)
            print(model.__name__.ljust(14), *cells, f"flags: {row.flags}")  # noqa: T201
    assert len(ROWS) == len(GATES)


def test_review_link_needs_any_access(kim: Client, cast: Cast) -> None:
    for access in ACCESS:
        given = access_of(cast, access)
        review_request = ReviewRequestFactory(customer=given.customer)
        page = kim.get(f"/my/alder/?customer={given.customer_id}").content.decode()
        assert (review_request.link in page) == (access != "none"), access


def test_page_shows_no_other_field(kim: Client, cast: Cast) -> None:
    given = access_of(cast, "full")
    customer: Customer = given.customer  # type: ignore[assignment]
    cast.stan.full_name = "Secret assignee"
    cast.stan.save()
    project = ProjectFactory(customer=customer, title="Relaunch", description="Secret description", is_shared=True)
    TaskFactory(customer=customer, project=project, title="Design", assignee=cast.stan, is_shared=True)
    TaskFactory(customer=customer, project=project, title="Secret task")
    TaskFactory(customer=customer, title="Secret task without a project", is_shared=True)
    ContractFactory(customer=customer, number="V-1", price=49, is_shared=True)
    ContractFactory(customer=customer, number="Secret contract", price=7777)
    DomainFactory(customer=customer, name="mill.example", registrar="Secret registrar")
    NoteFactory(customer=customer, text="Secret note", author=cast.stan)
    Customer.objects.filter(pk=customer.pk).update(notes="Secret notes")
    page = kim.get("/my/alder/").content.decode()
    assert all(text in page for text in ("Relaunch", "Design", "V-1", "49", "mill.example"))
    assert "secret" not in page.lower()
    assert "7777" not in page and "7,777" not in page


def test_visible_fields_contain_no_texts_for_the_team() -> None:
    for model, names in VISIBLE.items():
        fields = {field.name for field in model._meta.fields} | {"pk", "project_id"}
        assert set(names) <= fields
        assert not {"description", "assignee", "registrar", "priority", "notify_customer"} & set(names)
    assert set(VISIBLE) <= set(GATES)
