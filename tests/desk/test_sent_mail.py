"""E-mails sent on behalf of the agency (`/company/mail/`)."""

import re
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from customers.models import Customer
from customers.services.customers import erase_customer
from partnerportal.audit.models import AuditEvent
from partnerportal.core.search import MAX_CANDIDATES
from partnerportal.desk.sent_mail.forms import MailFilter
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.agencies import AgencyFactory
from tests.factories.customers import CustomerFactory
from tests.factories.outbox import MailFactory
from tests.test_plans import nodes, plan_of

PATH = "/company/mail/"


def subjects(client: Client, query: str = "") -> list[str]:
    """Return the subjects of the listed e-mails, newest first."""
    page = client.get(f"{PATH}{query}").content.decode()
    return [subject.strip() for subject in re.findall(r'<a class="row-link"\s+href="/company/mail/\d+/">([^<]*)</a>', page)]


def test_list_shows_only_the_agencys_emails(stan: Client, cast: Cast) -> None:
    MailFactory(agency=cast.alder, subject="Ours", text="The words of our letter")
    MailFactory(agency=cast.birch, subject="Theirs")
    MailFactory(subject="Your reset link")
    page = stan.get("/company/mail/").content.decode()
    assert "Ours" in page
    assert "Theirs" not in page
    assert "reset link" not in page


def test_email_text_is_shown_escaped(stan: Client, cast: Cast) -> None:
    mail = MailFactory(agency=cast.alder, text="The words of our letter <b>& more</b>")
    page = stan.get(f"/company/mail/{mail.pk}/").content.decode()
    assert "The words of our letter &lt;b&gt;&amp; more&lt;/b&gt;" in page


def test_account_emails_return_404(alice: Client, cast: Cast) -> None:
    mail = MailFactory(subject="Your code")
    assert alice.get(f"/company/mail/{mail.pk}/").status_code == 404


def test_the_list_highlights_the_status_of_emails_that_are_not_sent(stan: Client, cast: Cast) -> None:
    mail = MailFactory(agency=cast.alder, subject="Ours")
    mail.mark_sent()
    page = stan.get("/company/mail/").content.decode().partition("<main")[2]
    assert "pill" not in page
    assert '<td class="cell-blank text-faint">Sent</td>' in page
    failed = MailFactory(agency=cast.alder, subject="Not ours")
    failed.mark_failed("550 no such mailbox")
    page = stan.get("/company/mail/").content.decode().partition("<main")[2]
    assert page.count('<span class="pill') == 1
    assert "failed" in page


# --- Search and filters ------------------------------------------------------------------------------------------------


def test_the_search_finds_subjects_and_recipients(stan: Client, cast: Cast) -> None:
    MailFactory(agency=cast.alder, subject="Wie war die Zusammenarbeit?", to="ute@muellerei.example")
    MailFactory(agency=cast.alder, subject="Größe des Logos", to="kim@client.example")
    MailFactory(agency=cast.birch, subject="Größe des Logos", to="ute@muellerei.example")
    assert subjects(stan, "?q=zusammenarbeit") == ["Wie war die Zusammenarbeit?"]
    assert subjects(stan, "?q=MUELLEREI.ex") == ["Wie war die Zusammenarbeit?"]
    assert subjects(stan, "?q=ute+war") == ["Wie war die Zusammenarbeit?"]
    assert subjects(stan, "?q=grösse") == ["Größe des Logos"]
    assert subjects(stan, "?q=ute+logos") == []
    assert subjects(stan, "?q=" + "x" * 300) == []
    assert subjects(stan, "?q=%00") == subjects(stan)


def test_emails_are_filtered_by_status(stan: Client, cast: Cast) -> None:
    for subject in ("Queued", "Sent", "Failed", "Seen"):
        MailFactory(agency=cast.alder, subject=subject)
    mails = {mail.subject: mail for mail in OutgoingMail.objects.all()}
    mails["Sent"].mark_sent()
    for name in ("Failed", "Seen"):
        mails[name].mark_failed("550 no such mailbox")
    stan.post(f"{PATH}{mails['Seen'].pk}/seen/")
    assert subjects(stan, "?status=sent") == ["Sent"]
    assert subjects(stan, "?status=queued") == ["Queued"]
    assert subjects(stan, "?status=failed") == ["Seen", "Failed"]
    assert subjects(stan, "?status=unseen") == ["Failed"]
    assert len(subjects(stan, "?status=lost")) == 4


def test_emails_are_filtered_by_type(stan: Client, cast: Cast) -> None:
    MailFactory(agency=cast.alder, subject="Reply", kind="contact_reply")
    MailFactory(agency=cast.alder, subject="Your access expired", kind="access_expired")
    MailFactory(agency=cast.alder, subject="Their access expired", kind="access_expired", to_team=True)
    MailFactory(agency=cast.alder, subject="Reminder", kind="review_reminder")
    MailFactory(agency=cast.alder, subject="Removed", kind="review_decided")
    assert subjects(stan, "?type=requests") == ["Reply"]
    assert subjects(stan, "?type=access") == ["Your access expired"]
    assert subjects(stan, "?type=review_requests") == ["Reminder"]
    assert subjects(stan, "?type=reviews") == ["Removed"]
    assert subjects(stan, "?type=team") == ["Their access expired"]
    assert len(subjects(stan, "?type=unknown")) == 5


def test_emails_are_filtered_by_customer(stan: Client, cast: Cast) -> None:
    first, second = CustomerFactory.create_batch(2, agency=cast.alder)
    for customer in (first, second):
        MailFactory(agency=cast.alder, customer=customer, subject=f"To {customer.reference}")
    MailFactory(agency=cast.alder, subject="To nobody")
    foreign = CustomerFactory(agency=cast.birch)
    MailFactory(agency=cast.birch, customer=foreign, subject="Theirs")
    assert foreign.number == first.number
    for typed in (first.reference, first.reference.lower(), str(first.number), f"+{first.reference}+"):
        assert subjects(stan, f"?customer={typed}") == [f"To {first.reference}"]
    for unknown in ("K-9999", "Müller", "K-" + "9" * 18, "9" * 30, "%00"):
        assert subjects(stan, f"?customer={unknown}") == []
    assert first.name_in_text in stan.get(f"{PATH}?customer={first.reference}").content.decode()


def test_emails_are_filtered_by_a_customers_name_or_address(stan: Client, cast: Cast) -> None:
    mill = CustomerFactory(agency=cast.alder, company="Müllerei Größe", email="ute@muellerei.example")
    shop = CustomerFactory(agency=cast.alder, kind="person", first_name="Zoe", last_name="Müller")
    foreign = CustomerFactory(agency=cast.birch, company="Müllerei Birch")
    for customer in (mill, shop, foreign):
        MailFactory(agency=customer.agency, customer=customer, subject=f"To {customer.name_in_text}", to="kim@client.example")
    MailFactory(agency=cast.alder, subject="To nobody")
    # The last two contain typing errors.
    for typed in ("mullerei", "muellerei.ex", "Größe Müllerei", "Mülerei", "Grösze"):
        assert subjects(stan, f"?customer={typed}") == ["To Müllerei Größe"], typed
    assert "E-mails about Zoe Müller" in stan.get(f"{PATH}?customer=zoe").content.decode()
    assert subjects(stan, "?customer=Müller") == ["To Zoe Müller", "To Müllerei Größe"]
    assert subjects(stan, "?customer=Müller&q=zoe") == ["To Zoe Müller"]


def test_several_found_customers_are_named_with_links_to_their_emails(stan: Client, cast: Cast) -> None:
    customers = [CustomerFactory(agency=cast.alder, company=f"Mill {letter}") for letter in "ABCDEFG"]
    for customer in customers:
        MailFactory(agency=cast.alder, customer=customer, subject=f"To {customer.company}")
    page = stan.get(f"{PATH}?customer=mill&status=queued").content.decode()
    assert "E-mails about 7 customers:" in page
    assert "and 2 more" in page
    links = re.findall(r'<a href="(\?[^"]+)">(Mill .)</a>', page)
    assert [name for _, name in links] == ["Mill A", "Mill B", "Mill C", "Mill D", "Mill E"]
    assert links[0][0] == f"?customer={customers[0].reference}&amp;status=queued"
    assert subjects(stan, links[0][0].replace("&amp;", "&")) == ["To Mill A"]


def test_a_text_without_customers_says_so(stan: Client, cast: Cast) -> None:
    MailFactory(agency=cast.alder, customer=CustomerFactory(agency=cast.alder))
    page = stan.get(f"{PATH}?customer=<b>Nothing</b>").content.decode()
    assert "No customer matches “&lt;b&gt;Nothing&lt;/b&gt;”." in page
    assert subjects(stan, "?customer=" + "x" * 300) == []


def test_a_text_with_too_many_customers_asks_for_more_of_it(stan: Client, cast: Cast) -> None:
    Customer.objects.bulk_create(Customer(agency=cast.alder, number=2000 + n, company=f"Mill {n}") for n in range(MAX_CANDIDATES + 1))
    customer = cast.alder.customers.first()
    MailFactory(agency=cast.alder, customer=customer, subject="To the mill")
    page = stan.get(f"{PATH}?customer=mill").content.decode()
    assert "More than 200 customers match. Enter more of the name." in page
    assert subjects(stan, "?customer=mill+2000") == ["To the mill"]


def test_emails_of_merged_customers_are_listed_with_the_first(stan: Client, cast: Cast) -> None:
    first, second = CustomerFactory.create_batch(2, agency=cast.alder)
    MailFactory(agency=cast.alder, customer=second, subject="Before the merge")
    Customer.objects.filter(pk=second.pk).update(status="merged", merged_into=first)
    assert subjects(stan, f"?customer={first.reference}") == ["Before the merge"]
    assert subjects(stan, f"?customer={first.company}") == ["Before the merge"]
    assert "Before the merge" in stan.get(first.get_absolute_url()).content.decode()


def test_all_filters_apply_together_and_pages_keep_them(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    for number in range(30):
        MailFactory(agency=cast.alder, customer=customer, kind="contact_reply", subject=f"Offer {number}")
        MailFactory(agency=cast.alder, kind="contact_reply", subject=f"Offer {number} to others")
    query = f"?q=offer&status=queued&type=requests&customer={customer.reference}"
    page = stan.get(f"{PATH}{query}").content.decode()
    assert subjects(stan, query) == [f"Offer {number}" for number in range(29, 4, -1)]
    (older,) = re.findall(r'href="(\?[^"]+)" rel="next"', page)
    for part in ("q=offer", "status=queued", "type=requests", f"customer={customer.reference}", "after="):
        assert part in older
    assert subjects(stan, older.replace("&amp;", "&")) == [f"Offer {number}" for number in range(4, -1, -1)]


def test_without_results_the_filters_stay(stan: Client, cast: Cast) -> None:
    MailFactory(agency=cast.alder, subject="Offer")
    page = stan.get(f"{PATH}?q=nothinglikeit").content.decode()
    assert "No results" in page
    assert 'value="nothinglikeit"' in page


def test_htmx_gets_the_same_list(cast: Cast, alice: Client) -> None:
    MailFactory(agency=cast.alder, subject="Offer")
    assert "Offer" in alice.get(f"{PATH}?q=offer", headers={"HX-Request": "true"}).content.decode()


@pytest.mark.parametrize(
    ("query", "index", "number"),
    [
        ({"q": "rarely"}, "outbox_search", 1),
        ({"q": "ute rarely"}, "outbox_search", 1),
        ({"status": "failed"}, "outbox_unsent", 2),
        ({"status": "unseen"}, "outbox_unsent", 2),
        ({"type": "reviews"}, "outbox_of_kind", 3),
        ({"type": "team"}, "outbox_to_team", 4),
        ({}, "outbox_of_agency", 26),
    ],
)
def test_rare_emails_are_found_with_an_index(db: None, query: dict[str, str], index: str, number: int) -> None:
    """Each index finds exactly the rows of the page. Others are dropped, so that the test doesn't depend on the planner's choice.

    The agencies are new, because an index also counts the e-mails that earlier tests rolled back.
    """
    agencies = AgencyFactory.create_batch(2)
    for agency in agencies:
        mails = [
            OutgoingMail(agency=agency, message_id=f"<{agency.pk}-{n}@x>", subject=f"Offer {n}", kind="test", encrypted_body=b"x")
            for n in range(300)
        ]
        for mail in mails:
            mail.to_email, mail.status, mail.sent_at = "ute@muellerei.example", "sent", timezone.now()
        mails[7].subject = "Rarely"
        for mail in mails[10:12]:
            mail.status, mail.sent_at = "failed", None
        for mail in mails[20:23]:
            mail.kind = "review_comment"
        for mail in mails[30:34]:
            mail.to_team = True
        OutgoingMail.objects.bulk_create(mails)
    others = sorted({option.name for option in OutgoingMail._meta.indexes} - {index})
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SELECT gin_clean_pending_list('outbox_search')")
        cursor.execute(f"ALTER TABLE outbox_outgoingmail DROP CONSTRAINT outbox_outgoingmail_pkey CASCADE; DROP INDEX {', '.join(others)}")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
    data = QueryDict(mutable=True)
    data.update(query)
    rows = MailFilter(data, agency=agencies[0]).mails().order_by("-pk")[:26]
    found = list(nodes(plan_of(*rows.query.sql_with_params())))
    # A trigram index may return a few rows that the table's text then excludes.
    rows_read = min(node["Actual Rows"] for node in found if node.get("Index Name") == index)
    assert number <= rows_read < number + 5
    assert "Seq Scan" not in {node["Node Type"] for node in found}


# --- Failed e-mails ----------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(cast: Cast) -> Any:
    mail = MailFactory(agency=cast.alder, subject="Not ours", kind="contact_reply")
    mail.mark_failed("550 no such mailbox")
    return mail


def test_a_failed_email_is_marked_as_seen_and_that_is_undone(stan: Client, cast: Cast, failed: Any) -> None:
    path = f"{PATH}{failed.pk}/"
    # Opening the page is not enough.
    page = stan.get(path).content.decode()
    assert "Mark as seen" in page
    assert "kept until someone on your team marks it as seen" in page
    failed.refresh_from_db()
    assert failed.seen_at is None
    page = stan.post(f"{path}seen/", follow=True).content.decode()
    assert "E-mail marked as seen." in page
    assert "Mark as seen" not in page
    assert "deleted after 365 days" in page
    assert f'action="{path}unseen/"' in page
    failed.refresh_from_db()
    assert failed.seen_at
    # A second click changes nothing.
    stan.post(f"{path}seen/")
    assert "Mark as seen" in stan.post(f"{path}unseen/", follow=True).content.decode()
    failed.refresh_from_db()
    assert failed.seen_at is None
    assert list(AuditEvent.objects.filter(action__startswith="mail.").order_by("pk").values_list("action", "object_label")) == [
        ("mail.seen", "contact_reply"),
        ("mail.unseen", "contact_reply"),
    ]


def test_only_failed_emails_can_be_seen(stan: Client, cast: Cast) -> None:
    queued, sent = MailFactory.create_batch(2, agency=cast.alder)
    sent.mark_sent()
    for mail in (queued, sent):
        assert stan.post(f"{PATH}{mail.pk}/seen/", follow=True).status_code == 200
        mail.refresh_from_db()
        assert mail.seen_at is None
        assert "Mark as seen" not in stan.get(f"{PATH}{mail.pk}/").content.decode()


def test_strangers_mark_nothing(charlie: Client, failed: Any) -> None:
    assert charlie.post(f"{PATH}{failed.pk}/seen/").status_code == 404
    failed.refresh_from_db()
    assert failed.seen_at is None


# --- Customers ---------------------------------------------------------------------------------------------------------


def test_a_customers_page_lists_its_latest_emails(stan: Client, cast: Cast) -> None:
    customer, other = CustomerFactory.create_batch(2, agency=cast.alder)
    assert 'id="mails"' not in stan.get(customer.get_absolute_url()).content.decode()
    for number in range(7):
        MailFactory(agency=cast.alder, customer=customer, subject=f"Letter no. {number}")
    MailFactory(agency=cast.alder, customer=customer, subject="Notice to Stan", to_team=True)
    MailFactory(agency=cast.alder, customer=other, subject="To another customer")
    page = stan.get(customer.get_absolute_url()).content.decode()
    assert re.findall(r"Letter no. \d", page) == [f"Letter no. {number}" for number in range(6, 1, -1)]
    assert "Notice to Stan" not in page
    assert "To another customer" not in page
    assert f'href="/company/mail/?customer={customer.reference}"' in page
    assert len(subjects(stan, f"?customer={customer.reference}")) == 8


def test_an_email_names_its_type_and_customer(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, company="Ott & Sohn")
    mail = MailFactory(agency=cast.alder, customer=customer, kind="review_reminder")
    page = stan.get(f"{PATH}{mail.pk}/").content.decode()
    assert f'<a href="{customer.get_absolute_url()}">Ott &amp; Sohn</a>' in page
    assert "Review requests" in page
    notice = MailFactory(agency=cast.alder, kind="contact_notice", to_team=True)
    assert "For the team" in stan.get(f"{PATH}{notice.pk}/").content.decode()


def test_erasure_deletes_a_customers_emails(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    MailFactory(agency=cast.alder, customer=customer, subject="Personal")
    erase_customer(customer, by=cast.alice)
    assert subjects(alice) == []


def test_an_erased_customer_is_not_found_by_its_number(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    query = f"{PATH}?customer={customer.reference}"
    assert "E-mails about" in alice.get(query).content.decode()
    erase_customer(customer, by=cast.alice)
    page = alice.get(query).content.decode()
    assert "No results" in page
    assert "E-mails about" not in page
