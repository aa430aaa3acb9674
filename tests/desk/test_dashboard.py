"""`/dashboard/`: sections, their membership rules, “mine” and the menu's badges."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partnerportal.desk.rows import Row
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory, TaskFactory
from tests.factories.invitations import InvitationFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory

#: A Wednesday, so that the week ends on 6 December.
NOON = datetime(2026, 12, 2, 12, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture(autouse=True)
def on_a_wednesday():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def alice(cast: Cast) -> Client:
    return signed_in(cast.alice)


def signed_in(user) -> Client:
    browser = Client(headers={"Accept-Language": "en"})
    browser.force_login(user)
    return browser


def day(days: int):
    return NOON.date() + timedelta(days=days)


def rows_of(browser: Client, query: str = "") -> dict[str, list[Row]]:
    """Return the rows of each section."""
    return {section.name: section.rows for section in browser.get(f"/dashboard/{query}").context["dashboard"].sections}


def titles(browser: Client, query: str = "") -> dict[str, list[str]]:
    """Return the titles of the rows in each section."""
    return {name: [row.title for row in rows] for name, rows in rows_of(browser, query).items()}


def test_items_are_in_the_section_of_their_date(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    for days in (-1, 0, 4, 5, 30, 31):
        TaskFactory(customer=customer, title=f"{days} task", due_on=day(days))
        ProjectFactory(customer=customer, title=f"{days} project", due_on=day(days), status="active")
        DomainFactory(customer=customer, name=f"{days}.example", expires_on=day(days))
        ContractFactory(customer=customer, number=f"{days} contract", ends_on=day(days))
    TaskFactory(customer=customer, title="undated")
    assert list(titles(alice)) == ["overdue", "week", "later"]
    for name, expected in {"overdue": (-1,), "week": (0, 4), "later": (5, 30)}.items():
        rows = alice.get(f"/dashboard/?section={name}").context["section"].rows
        texts = [f"{days}{text}" for days in expected for text in (" task", " project", ".example", " contract")]
        assert sorted(row.title for row in rows) == sorted(texts)


def test_finished_and_renewing_items_are_left_out(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    TaskFactory(customer=customer, due_on=day(-1), done_at=timezone.now())
    for status in ("done", "cancelled"):
        ProjectFactory(customer=customer, due_on=day(-1), status=status)
    DomainFactory(customer=customer, expires_on=day(-1), auto_renew=True)
    for status in ("cancelled", "ended"):
        ContractFactory(customer=customer, ends_on=day(-1), status=status)
    assert titles(alice) == {}


def test_overdue_items_come_first_and_oldest_first(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    TaskFactory(customer=customer, title="today", due_on=day(0))
    ContactRequestFactory(agency=cast.alder, company="Mill")
    TaskFactory(customer=customer, title="yesterday", due_on=day(-1))
    DomainFactory(customer=customer, name="older.example", expires_on=day(-3))
    found = titles(alice)
    assert list(found) == ["overdue", "waiting", "week"]
    assert found["overdue"] == ["older.example", "yesterday"]


def test_unanswered_requests_and_pending_invitations_wait(alice: Client, cast: Cast) -> None:
    now = timezone.now()
    ContactRequestFactory(agency=cast.alder, company="New", created_at=now - timedelta(hours=1))
    ContactRequestFactory(agency=cast.alder, company="Claimed", status="open", assignee=cast.stan, created_at=now - timedelta(hours=3))
    ContactRequestFactory(agency=cast.alder, company="Answered", status="open", first_reply_at=now)
    ContactRequestFactory(agency=cast.alder, company="Spam", status="spam")
    InvitationFactory(agency=cast.alder, company="Inviting")
    InvitationFactory(agency=cast.alder, company="Expired", expires_at=now - timedelta(seconds=1))
    assert titles(alice) == {"waiting": ["Claimed", "New", "Inviting"]}


def test_rows_say_when_whose_and_what_they_wrote(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, company="Mill & Sons")
    TaskFactory(customer=customer, title="Call them", due_on=day(-4), assignee=cast.alice, priority=1)
    TaskFactory(customer=customer, title="Write to them", due_on=day(0), assignee=cast.stan)
    request = ContactRequestFactory(
        agency=cast.alder, message="We bake\n\n  bread. " + "x" * 500, created_at=timezone.now() - timedelta(hours=9)
    )
    InvitationFactory(agency=cast.alder, company="Inviting", scope="full", areas=[])
    rows = {row.title: row for rows in rows_of(alice).values() for row in rows}
    overdue, today, asking, inviting = rows["Call them"], rows["Write to them"], rows[request.company], rows["Inviting"]
    assert (overdue.when, overdue.tone, overdue.customer, overdue.notes) == (
        "4 days ago",
        "overdue",
        "Mill & Sons",
        ("you", "high priority"),
    )
    assert (today.when, today.tone, today.notes) == ("today", "due-soon", ("Stan Stein",))
    assert (asking.when, asking.notes[0][:16]) == ("9\xa0hours", "“We bake bread. ")
    assert len(asking.notes[0]) < 170
    assert inviting.notes[0] == "gives full access"


def test_actions_of_each_kind(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    task, project = TaskFactory(customer=customer, due_on=day(-1)), ProjectFactory(customer=customer, due_on=day(-1), status="active")
    domain, contract = DomainFactory(customer=customer, expires_on=day(-1)), ContractFactory(customer=customer, ends_on=day(-1))
    request, invitation = ContactRequestFactory(agency=cast.alder), InvitationFactory(agency=cast.alder)
    response = alice.get("/dashboard/")
    actions = {row.key: (row.action.label, row.action.url) for section in response.context["dashboard"].sections for row in section.rows}
    assert actions == {
        f"task-{task.pk}": ("Done", f"/dashboard/tasks/{task.pk}/done/"),
        f"project-{project.pk}": ("Open", f"/customers/{customer.pk}/"),
        f"domain-{domain.pk}": ("Renew…", f"/domains/{domain.pk}/renew/"),
        f"contract-{contract.pk}": ("Open", f"/customers/{customer.pk}/"),
        f"request-{request.pk}": ("Reply", f"/requests/{request.pk}/#answer"),
        f"invitation-{invitation.pk}": ("Connect", f"/invitations/{invitation.pk}/connect/"),
    }
    for _label, url in actions.values():
        assert alice.get(url).status_code in ({405} if "/tasks/" in url else {200}), url
    page = response.content.decode()
    assert 'id="answer"' in alice.get(f"/requests/{request.pk}/").content.decode()
    assert re.search(rf'href="/domains/{domain.pk}/edit/\?next=/dashboard/"\s+hx-get="/domains/{domain.pk}/edit/"', page)


def test_renewing_a_domain_returns_to_the_dashboard(alice: Client, cast: Cast) -> None:
    domain = DomainFactory(customer__agency=cast.alder, expires_on=day(-1))
    form = alice.get(f"/domains/{domain.pk}/edit/?next=/dashboard/").context["form"]
    data = {field.html_initial_name: field.value() or "" for field in form.hidden_fields()}
    data |= {"name": domain.name, "expires_on": day(400).isoformat()}
    response = alice.post(f"/domains/{domain.pk}/edit/?next=/dashboard/", data)
    assert response.status_code == 302, response.context["form"].errors
    assert response.url == "/dashboard/"
    assert titles(alice) == {}


def test_a_section_shows_seven_rows_and_leads_to_all(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    for number in range(23):
        TaskFactory(customer=customer, title=f"Task {number}", due_on=day(-30 + number))
    page = alice.get("/dashboard/")
    (section,) = page.context["dashboard"].sections
    assert ([row.title for row in section.rows], section.count) == ([f"Task {number}" for number in range(7)], "23")
    assert "23 things are overdue" in page.content.decode()
    assert re.search(r'href="\?section=overdue">\s*All 23', page.content.decode())
    everything = alice.get("/dashboard/?section=overdue")
    assert [row.title for row in everything.context["section"].rows] == [f"Task {number}" for number in range(23)]


def test_a_section_counts_up_to_a_limit(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    type(TaskFactory(customer=customer)).objects.bulk_create(
        TaskFactory.build(customer=customer, agency=cast.alder, due_on=day(-1)) for _ in range(101)
    )
    assert "100+ things are overdue" in alice.get("/dashboard/").content.decode()
    assert "These are the first 100 rows" in alice.get("/dashboard/?section=overdue").content.decode()


def test_unknown_sections_are_ignored(alice: Client) -> None:
    for query in ("?section=nonsense", "?section=&whose=x", "?whose=%00"):
        assert "dashboard" in alice.get(f"/dashboard/{query}").context
    assert "All caught up" in alice.get("/dashboard/?section=overdue").content.decode()


def test_badges_and_sections_count_the_same(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    for due in (-2, -1, 0, 1):
        TaskFactory(customer=customer, due_on=day(due), assignee=cast.stan)
    ContactRequestFactory(agency=cast.alder)
    ContactRequestFactory(agency=cast.alder, status="open", assignee=cast.alice)
    ContactRequestFactory(agency=cast.alder, status="open", first_reply_at=timezone.now())
    for _ in range(3):
        InvitationFactory(agency=cast.alder)
    context = alice.get("/dashboard/").context
    badges = {item.url: item.badge for item in context["menu"]}
    sections = rows_of(alice)
    keys = [row.key.split("-")[0] for name in ("overdue", "waiting") for row in sections[name]]
    due_today = [row for row in sections["week"] if row.when == "today"]
    assert (badges["/requests/"], keys.count("request")) == (2, 2)
    assert (badges["/customers/"], keys.count("invitation")) == (3, 3)
    assert (badges["/tasks/"], keys.count("task") + len(due_today)) == (3, 3)


def test_mine_are_assigned_to_me_or_of_my_customers(cast: Cast) -> None:
    own, other, free = (CustomerFactory(agency=cast.alder) for _ in range(3))
    for customer, person in ((own, cast.stan), (other, cast.max)):
        type(customer).objects.filter(pk=customer.pk).update(responsible=person)
    for name, customer in {"own": own, "other": other, "free": free}.items():
        for assignee in (cast.stan, cast.alice, None):
            title = f"{name} {assignee.get_short_name() if assignee else 'no one'}"
            TaskFactory(customer=customer, title=title, assignee=assignee, due_on=day(-1))
        DomainFactory(customer=customer, name=f"{name}.example", expires_on=day(-1))
    ContactRequestFactory(agency=cast.alder, company="Stan's", status="open", assignee=cast.stan)
    ContactRequestFactory(agency=cast.alder, company="Free")
    InvitationFactory(agency=cast.alder, company="Inviting")

    def mine(user) -> set[str]:
        browser = signed_in(user)
        found = {row.title for name in ("overdue", "waiting") if (section := section_of(browser, name)) for row in section.rows}
        assert found >= {title for rows in titles(browser, "?whose=mine").values() for title in rows}
        return found

    def section_of(browser: Client, name: str):
        return browser.get(f"/dashboard/?section={name}&whose=mine").context["section"]

    tasks_of_stan = {"own Stan", "other Stan", "free Stan", "own no one"}
    assert mine(cast.stan) == {*tasks_of_stan, "own.example", "Stan's"}
    assert mine(cast.max) == {"other no one", "free no one", "other.example", "free.example", "Free", "Inviting"}
    assert mine(cast.alice) == {"own Alice", "other Alice", "free Alice", "free no one", "free.example", "Free", "Inviting"}


def test_everyones_and_mine_are_links_for_teams_only(alice: Client, cast: Cast) -> None:
    page = alice.get("/dashboard/?whose=mine").content.decode()
    assert re.search(r'href="\?whose=mine"\s+aria-current="true"', page)
    assert "Everyone’s" not in signed_in(cast.charlie).get("/dashboard/").content.decode()


def test_the_dashboard_excludes_other_agencies(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.birch)
    for days in (-1, 0, 10):
        TaskFactory(customer=customer, due_on=day(days), assignee=cast.alice)
        ProjectFactory(customer=customer, due_on=day(days), status="active")
        DomainFactory(customer=customer, expires_on=day(days))
        ContractFactory(customer=customer, ends_on=day(days), price=10)
    ContactRequestFactory(agency=cast.birch, assignee=cast.alice, status="open")
    InvitationFactory(agency=cast.birch)
    for query in ("", "?whose=mine"):
        assert titles(alice, query) == {}
    for section in ("overdue", "waiting", "week", "later"):
        assert alice.get(f"/dashboard/?section={section}").context["section"] is None


def test_nothing_to_do_is_a_calm_page(alice: Client, cast: Cast) -> None:
    cast.alder.dismissed_setup_steps = ["profile", "customers", "team", "review"]
    cast.alder.save()
    page = alice.get("/dashboard/").content.decode()
    assert "<span>Wednesday, 2 December 2026</span>" in page
    assert "<span>nothing is overdue, and no one is waiting for a reply</span>" in page
    assert "All caught up" in page
    assert "figures" not in page


def test_the_greeting_counts_what_is_overdue_and_who_waits(alice: Client, cast: Cast) -> None:
    TaskFactory(customer__agency=cast.alder, due_on=day(-1))
    ContactRequestFactory(agency=cast.alder)
    InvitationFactory(agency=cast.alder)
    page = alice.get("/dashboard/").content.decode()
    assert "Hello, Alice" in page
    assert "<span>Wednesday, 2 December 2026</span>" in page
    assert "<span>1 thing is overdue, 2 people are waiting for a reply</span>" in page


def test_the_day_is_the_readers(cast: Cast) -> None:
    cast.alice.time_zone = "Pacific/Kiritimati"  # where it is 1 a.m. of the next day
    cast.alice.save()
    TaskFactory(customer__agency=cast.alder, due_on=day(0))
    page = signed_in(cast.alice).get("/dashboard/")
    assert [section.name for section in page.context["dashboard"].sections] == ["overdue"]
    assert "Thursday, 3 December 2026" in page.content.decode()


def test_the_number_of_queries_is_constant(alice: Client, cast: Cast) -> None:
    def fill(rows: int) -> None:
        for _ in range(rows):
            customer = CustomerFactory(agency=cast.alder)
            for days in (-1, 0, 10):
                TaskFactory(customer=customer, due_on=day(days), assignee=cast.stan)
                ProjectFactory(customer=customer, due_on=day(days), status="active")
                DomainFactory(customer=customer, expires_on=day(days))
                ContractFactory(customer=customer, ends_on=day(days), price=10)
            ContactRequestFactory(agency=cast.alder, status="open", assignee=cast.stan)
            InvitationFactory(agency=cast.alder)
            ReviewFactory(review_request__customer=customer)
            ReviewRequestFactory(customer=customer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            alice.get("/dashboard/")
        return len(captured)

    fill(1)
    few = queries()
    fill(9)
    assert (few, queries()) == (13, 13)
