"""Saved views of lists: saving, sharing, changing, deleting and restoring them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from partnerportal.agencies.models import Membership
from partnerportal.agencies.services.team import leave, remove_member
from partnerportal.audit.models import AuditEvent
from partnerportal.desk.models import SavedView, ViewPin
from partnerportal.desk.saved_views.models import MAX_VIEWS
from partnerportal.desk.saved_views.services import save_view
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory
from tests.factories.saved_views import SavedViewFactory, ViewPinFactory

UNDO = re.compile(r'<form method="post" action="(/views/[^"]+)">')


def member(cast: Cast, user: Any) -> Membership:
    return Membership.objects.get(user=user)


def add(client: Client, name: str, query: str = "status=archived", list_name: str = "customers", **fields: Any) -> Any:
    return client.post("/views/add/", {"name": name, "query": query, "list_name": list_name, **fields})


def names(client: Client, path: str, menu: str = "views-row") -> list[str]:
    """Return the views in the row above a list, or in its menu (`views-more`)."""
    part = client.get(path).content.decode().partition(f"{menu}")[2].partition("</nav>" if menu == "views-row" else "</div>")[0]
    return [" ".join(text.split()) for text in re.findall(r"<a [^>]*>([^<]*)", part)]


def state(client: Client, path: str) -> str:
    """Return what the row above a list says about the filters: the current view, and whether it was modified."""
    row = client.get(path).content.decode().partition("views-row")[2].partition("</nav>")[0]
    current = re.search(r'aria-current="\w+">(.*?)</a>', row, re.DOTALL)
    return " ".join(re.sub("<[^>]*>", "", current[1]).split()) if current else ""


def test_a_view_is_saved_and_opened(alice: Client, cast: Cast) -> None:
    form = alice.get("/views/add/", {"list": "customers", "query": "status=archived&sort=name"})
    hidden = form.context["form"].initial
    assert hidden == {"list_name": "customers", "query": "status=archived&sort=name"}
    response = add(alice, "Old ones", hidden["query"])
    view = SavedView.objects.get()
    assert (view.agency, view.owner, view.is_shared) == (cast.alder, member(cast, cast.alice), False)
    assert response.url == f"/customers/?status=archived&sort=name&view={view.pk}"
    page = alice.get(response.url)
    assert page.context["filters"].chosen["status"] == "archived"
    assert "View “Old ones” saved." in page.content.decode()


def test_the_form_opens_in_a_dialog(alice: Client) -> None:
    htmx = {"HX-Request": "true"}
    dialog = alice.get("/views/add/", {"list": "tasks", "query": "whose=mine"}, headers=htmx).content.decode()
    assert 'hx-post="/views/add/"' in dialog
    assert "<html" not in dialog
    fields = {"name": "Mine", "list_name": "tasks", "query": "whose=mine"}
    saved = alice.post("/views/add/", fields, headers=htmx)
    assert saved.headers["HX-Redirect"] == f"/tasks/?whose=mine&view={SavedView.objects.get().pk}"


@pytest.mark.parametrize(
    ("list_name", "query", "stored"),
    [
        ("customers", "sort=name&status=archived&after=abc&view=7&x=1", "status=archived&sort=name"),
        ("customers", "status=active&kind=&q=++mill++", "q=mill"),
        ("customers", "status=lost&kind=robot&responsible=0&city=K%C3%B6ln", "city=K%C3%B6ln"),
        ("customers", "q=%00&open_tasks=on", "open_tasks=on"),
        ("customers", f"q={'x' * 300}&sort=number", "sort=number"),
        ("customers", "kind=company&kind=person", "kind=person"),
        ("requests", "state=open&whose=mine&status=archived", "whose=mine&state=open"),
        ("tasks", "when=week&state=open&whose=nobody", "whose=nobody&when=week"),
        ("tasks", "", ""),
    ],
)
def test_only_valid_filters_are_stored(alice: Client, list_name: str, query: str, stored: str) -> None:
    add(alice, "Some", query, list_name)
    assert SavedView.objects.get().query == stored


def test_unknown_lists_are_refused(alice: Client) -> None:
    assert add(alice, "Some", list_name="projects").status_code == 200
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "\x00", "x" * 61])
def test_a_view_needs_a_proper_name(alice: Client, name: str) -> None:
    response = add(alice, name)
    assert response.context["form"].errors.keys() == {"name"}
    assert not SavedView.objects.exists()


def test_names_are_unique_for_each_owner_and_list(alice: Client, stan: Client) -> None:
    add(alice, "Größe")
    response = add(alice, "GRÖßE")
    assert "There is already a view with this name" in response.content.decode()
    add(alice, "größe", "whose=mine", "tasks")
    add(stan, "größe")
    assert SavedView.objects.count() == 3
    view = SavedView.objects.get(owner__user__email="stan@alder.example")
    add(stan, "Other")
    assert "already a view" in stan.post(f"/views/{view.pk}/edit/", {"name": "other"}).content.decode()
    assert stan.post(f"/views/{view.pk}/edit/", {"name": "GRÖßE"}).status_code == 302


def test_a_member_has_a_limited_number_of_views(alice: Client, cast: Cast) -> None:
    owner = member(cast, cast.alice)
    for _ in range(MAX_VIEWS):
        SavedViewFactory(owner=owner)
    assert f"You already have {MAX_VIEWS} views of this list" in add(alice, "One more").content.decode()
    assert add(alice, "Elsewhere", "", "tasks").status_code == 302
    # A deleted view can be restored until its place is needed.
    deleted = SavedView.objects.filter(list_name="customers")[3]
    alice.post(f"/views/{deleted.pk}/delete/")
    assert add(alice, "One more").status_code == 302
    assert alice.post(f"/views/{deleted.pk}/restore/").status_code == 404
    assert SavedView.objects.filter(list_name="customers").count() == MAX_VIEWS


@pytest.mark.django_db(transaction=True)
def test_of_two_concurrent_views_with_one_name_one_is_saved() -> None:
    cast = Cast()
    owner = member(cast, cast.alice)
    fields: dict[str, Any] = {"list_name": "customers", "query": "", "is_shared": False, "is_pinned": True}
    results = at_once(2, lambda index: save_view(owner, name=("VIP", "vip")[index], **fields))
    assert sorted(type(result).__name__ for result in results) == ["SavedView", "ValidationError"]
    assert (SavedView.objects.count(), ViewPin.objects.count()) == (1, 1)


# --- Who sees and changes a view -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["edit", "save", "delete", "restore", "pin", "unpin", "move"])
def test_private_views_are_hidden_from_colleagues(cast: Cast, alice: Client, stan: Client, charlie: Client, action: str) -> None:
    view = SavedViewFactory(owner=member(cast, cast.stan), name="Private of Stan")
    for client in (alice, charlie):
        assert client.post(f"/views/{view.pk}/{action}/").status_code == 404
    assert stan.post(f"/views/{view.pk}/{action}/").status_code < 400
    CustomerFactory(agency=cast.alder)
    assert "Private of Stan" not in alice.get("/customers/").content.decode()


def test_shared_views_are_visible_to_the_team_only(cast: Cast, alice: Client, stan: Client, charlie: Client) -> None:
    CustomerFactory(agency=cast.alder)
    CustomerFactory(agency=cast.birch)
    view = SavedViewFactory(owner=member(cast, cast.stan), name="Shared by Stan", is_shared=True)
    for client, is_seen in ((alice, True), (stan, True), (charlie, False)):
        page = client.get(f"/customers/?status=archived&view={view.pk}").content.decode()
        assert ("Shared by Stan" in page) == is_seen
        assert client.post(f"/views/{view.pk}/pin/").status_code == (302 if is_seen else 404)


@pytest.mark.parametrize("action", ["edit", "save", "delete"])
def test_staff_cannot_change_views_of_others(cast: Cast, stan: Client, action: str) -> None:
    view = SavedViewFactory(owner=member(cast, cast.alice), name="Hers", is_shared=True)
    response = stan.post(f"/views/{view.pk}/{action}/?status=all", {"name": "Mine"}, follow=True)
    assert "Only Alice Alder and managers can change this view" in response.content.decode()
    assert SavedView.objects.existing().get().__dict__ | {"_state": None} == view.__dict__ | {"_state": None}


def test_managers_change_shared_views(cast: Cast, alice: Client) -> None:
    view = SavedViewFactory(owner=member(cast, cast.stan), is_shared=True)
    assert "is_shared" not in alice.get(f"/views/{view.pk}/edit/").context["form"].fields
    alice.post(f"/views/{view.pk}/edit/", {"name": "Renamed"})
    alice.post(f"/views/{view.pk}/save/?status=all")
    view.refresh_from_db()
    assert (view.name, view.query, view.is_shared, view.owner) == ("Renamed", "status=all", True, member(cast, cast.stan))
    actions = AuditEvent.objects.filter(action__startswith="view.").order_by("pk").values_list("action", "actor_label")
    assert list(actions) == [("view.changed", "Alice Alder")] * 2


def test_private_views_leave_no_audit_events(alice: Client) -> None:
    add(alice, "Secret")
    view = SavedView.objects.get()
    alice.post(f"/views/{view.pk}/edit/", {"name": "Still secret"})
    alice.post(f"/views/{view.pk}/delete/")
    alice.post(f"/views/{view.pk}/restore/")
    assert not AuditEvent.objects.filter(action__startswith="view.").exists()


def test_making_a_view_private_unpins_it_for_others(cast: Cast, stan: Client) -> None:
    owner = member(cast, cast.stan)
    view = SavedViewFactory(owner=owner, is_shared=True)
    ViewPinFactory(view=view)
    ViewPinFactory(view=view, member=member(cast, cast.alice))
    stan.post(f"/views/{view.pk}/edit/", {"name": view.name, "is_pinned": "on"})
    assert [pin.member for pin in ViewPin.objects.all()] == [owner]


# --- The row above a list --------------------------------------------------------------------------------------------------


def test_lists_without_views_only_offer_to_save_filters(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    plain, filtered = (alice.get(path).content.decode() for path in ("/customers/", "/customers/?status=all"))
    assert "list-views" not in plain + filtered
    assert "Save view" not in plain
    assert "/views/add/?list=customers&amp;query=status%3Dall" in filtered
    assert "Save view" not in alice.get("/projects/?status=all").content.decode()


def test_the_row_knows_whether_the_view_was_modified(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    view = SavedViewFactory(owner=member(cast, cast.alice), name="Archive", query="status=archived&sort=name")
    states = {
        "": "All customers",
        "status=archived&sort=name": "",
        f"sort=name&status=archived&view={view.pk}": "Archive",
        f"status=archived&sort=name&kind=&view={view.pk}": "Archive",
        f"status=archived&view={view.pk}": "Archive modified",
        f"view={view.pk}": "Archive modified",
        "status=archived&view=0": "",
        "view=x": "All customers",
    }
    assert {query: state(alice, f"/customers/?{query}") for query in states} == states


def test_filters_by_htmx_update_the_row(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    view = SavedViewFactory(owner=member(cast, cast.alice))
    page = alice.get(f"/customers/?status=archived&view={view.pk}").content.decode()
    assert "#list-views:innerHTML" in page
    # The form sends the opened view with every change of a filter.
    assert re.search(rf'<input type="hidden"\s+name="view"\s+value="{view.pk}">', page)
    assert "Save changes" not in page
    assert "Save changes" in alice.get(f"/customers/?status=all&view={view.pk}", headers={"HX-Request": "true"}).content.decode()


def test_the_row_has_few_views_and_always_the_opened_one(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    views = [SavedViewFactory(owner=member(cast, cast.alice), name=f"V{n}") for n in range(8)]
    ViewPinFactory(view=views[6])
    path = f"/customers/?status=archived&view={views[7].pk}"
    assert names(alice, path) == ["All customers", "V6", "V0", "V1", "V2", "V7"]
    assert names(alice, path, "views-more") == ["V3", "V4", "V5"]


def test_changes_are_saved_and_undone(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    view = SavedViewFactory(owner=member(cast, cast.alice), query="status=archived")
    saved = alice.post(f"/views/{view.pk}/save/?status=all&sort=name&view={view.pk}&after=x", follow=True)
    assert saved.redirect_chain == [(f"/customers/?status=all&sort=name&view={view.pk}", 302)]
    (undo,) = UNDO.findall(saved.content.decode().replace("&amp;", "&"))[:1]
    assert undo == f"/views/{view.pk}/save/?status=archived"
    alice.post(undo)
    view.refresh_from_db()
    assert view.query == "status=archived"


def test_a_filter_that_no_longer_fits_is_left_out(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    stan = member(cast, cast.stan)
    add(alice, "Of Stan", f"responsible={cast.stan.pk}&status=all&sort=name")
    view = SavedView.objects.get()
    assert view.query == f"status=all&responsible={cast.stan.pk}&sort=name"
    path = f"/customers/?{view.query}&view={view.pk}"
    assert "left out" not in alice.get(path).content.decode()
    remove_member(stan, to=None, by=cast.alice)
    page = alice.get(path)
    assert "Part of this view no longer applies and was left out: Account manager" in page.content.decode()
    assert page.context["filters"].chosen["status"] == "all"
    assert state(alice, path) == "Of Stan"
    # Saving drops the part, after which nothing is said any more.
    alice.post(re.findall(r'action="(/views/[^"]+/save/[^"]*)"', page.content.decode())[0].replace("&amp;", "&"))
    view.refresh_from_db()
    assert view.query == "status=all&sort=name"
    assert "left out" not in alice.get(f"/customers/?{view.query}&view={view.pk}").content.decode()


def test_a_filter_that_no_longer_exists_is_left_out(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    view = SavedViewFactory(owner=member(cast, cast.alice), query="status=all&gone=7")
    page = alice.get(f"/customers/?{view.query}&view={view.pk}").content.decode()
    assert "left out: a filter that no longer exists" in page


# --- Deleting and restoring ------------------------------------------------------------------------------------------------


def test_a_deleted_view_can_be_restored_with_its_pins(alice: Client, stan: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    view = SavedViewFactory(owner=member(cast, cast.alice), name="Precious", is_shared=True)
    ViewPinFactory(view=view)
    ViewPinFactory(view=view, member=member(cast, cast.stan))
    deleted = alice.post(f"/views/{view.pk}/delete/", follow=True)
    assert deleted.redirect_chain == [("/customers/", 302)]
    assert "Precious" not in stan.get("/customers/").content.decode()
    assert stan.post(f"/views/{view.pk}/pin/").status_code == 404
    (undo,) = UNDO.findall(deleted.content.decode())
    restored = alice.post(undo, follow=True)
    assert restored.redirect_chain == [(f"/customers/?status=archived&view={view.pk}", 302)]
    for client in (alice, stan):
        assert client.get("/dashboard/").content.decode().count("Precious") == 1
    # The button works twice.
    assert alice.post(undo).status_code == 302


def test_a_restored_view_gets_a_number_if_its_name_is_in_use(alice: Client, cast: Cast) -> None:
    view = SavedViewFactory(owner=member(cast, cast.alice), name="Same")
    alice.post(f"/views/{view.pk}/delete/")
    add(alice, "same")
    alice.post(f"/views/{view.pk}/restore/")
    view.refresh_from_db()
    assert view.name == "Same (2)"


def test_views_are_deleted_permanently_after_an_hour(alice: Client, cast: Cast) -> None:
    owner = member(cast, cast.alice)
    old = SavedViewFactory(owner=owner, deleted_at=timezone.now() - timedelta(hours=2))
    recent = SavedViewFactory(owner=owner, deleted_at=timezone.now() - timedelta(minutes=30))
    foreign = SavedViewFactory(owner=member(cast, cast.charlie), deleted_at=timezone.now() - timedelta(hours=2))
    alice.post(f"/views/{SavedViewFactory(owner=owner).pk}/delete/")
    assert set(SavedView.objects.filter(pk__in=[old.pk, recent.pk, foreign.pk])) == {recent, foreign}


# --- Members who leave -----------------------------------------------------------------------------------------------------


def test_shared_views_of_departing_members_belong_to_the_agency(cast: Cast, alice: Client) -> None:
    CustomerFactory(agency=cast.alder)
    stan = member(cast, cast.stan)
    SavedViewFactory(owner=stan, name="Private")
    shared, deleted = SavedViewFactory(owner=stan, name="Shared", is_shared=True), SavedViewFactory(owner=stan, is_shared=True)
    SavedView.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    ViewPinFactory(view=shared)
    ViewPinFactory(view=shared, member=member(cast, cast.alice))
    hers = SavedViewFactory(owner=member(cast, cast.alice), name="Hers")
    remove_member(stan, to=None, by=cast.alice)
    assert set(SavedView.objects.values_list("name", "owner")) == {("Shared", None), ("Hers", hers.owner_id)}
    assert [pin.member for pin in ViewPin.objects.all()] == [member(cast, cast.alice)]
    assert "Shared" in alice.get("/customers/").content.decode()
    alice.post(f"/views/{shared.pk}/edit/", {"name": "Ours"})
    shared.refresh_from_db()
    assert (shared.name, shared.is_shared) == ("Ours", True)


def test_views_of_the_agency_are_changed_by_managers_only(cast: Cast, stan: Client) -> None:
    view = SavedViewFactory(owner=None, agency=cast.alder, is_shared=True)
    response = stan.post(f"/views/{view.pk}/delete/", follow=True)
    assert "Only managers can change this view" in response.content.decode()
    assert SavedView.objects.existing().exists()


def test_views_of_two_departed_members_keep_different_names(cast: Cast) -> None:
    for user in (cast.stan, cast.max):
        SavedViewFactory(owner=member(cast, user), name="vip" if user == cast.max else "VIP", is_shared=True)
        leave(member(cast, user), to=None)
    assert set(SavedView.objects.values_list("name", flat=True)) == {"VIP", "vip (2)"}
