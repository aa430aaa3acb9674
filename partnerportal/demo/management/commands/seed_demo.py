"""`manage.py seed_demo`: load the demo data into an empty database."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import cycle
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least, Now
from django.utils import timezone

from customers.domain_names import to_ascii
from customers.merging.pairs import run_batches, start_search
from customers.models import Contact, Contract, Customer, CustomerTag, Domain, Note, Project, Task
from customers.services.custom_fields import add_field
from customers.services.customers import create_customer
from customers.services.items import add_item, complete_task
from customers.services.tags import create_tag
from invitations.models import AccessInvitation
from invitations.models.areas import Scope
from invitations.services.access_requests import request_access
from invitations.services.invitations import connect_customer, give_access, revoke_access
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership
from partnerportal.core.pending import end_of_day_in
from partnerportal.core.stamped_forms import submission_digest
from partnerportal.demo import demo
from partnerportal.demo.demo_files import add_files, add_messages
from partnerportal.demo.demo_logos import demo_logo
from partnerportal.demo.demo_rounds import add_automatic_requests, add_rounds
from partnerportal.demo.demo_space import add_space
from partnerportal.demo.demo_work import DEMO_WORK, demo_picture
from partnerportal.desk.saved_views.services import save_view
from partnerportal.network.models import Service, SpokenLanguage, WorkSample
from partnerportal.network.services.profiles import register_profile, save_profile, submit_profile
from partnerportal.network.services.work import add_work
from requests_inbox.models import ContactRequest, RequestMessage, SavedReply
from requests_inbox.services.contact import submit_request
from requests_inbox.services.reply_times import refresh_reply_times
from requests_inbox.services.requests import (
    add_note,
    assign_request,
    close_request,
    mark_no_reply_needed,
    mark_spam,
    reassign_request,
    reply,
)
from requests_inbox.services.saved_replies import add_saved_reply
from reviews.models import CATEGORIES, Review, ReviewRequest
from reviews.services.requests import request_review
from reviews.services.reviews import comment_on_review, hide_review, pin_review, report_review, save_reply_draft, submit_review

CUSTOMER_FIELDS = (
    "company", "salutation", "first_name", "last_name", "email", "phone", "street", "zip", "city", "country", "language"
)  # fmt: skip


class Command(BaseCommand):
    help = "Load demo agencies, users, customers and reviews into an empty database (requires PORTAL_DEMO=1)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("PORTAL_DEMO is not set. Demo data contains public passwords and must not be loaded here.")
        with transaction.atomic():
            if User.objects.exists() or Agency.objects.exists():
                self.stdout.write("The database is not empty. No demo data was loaded.")
                return
            admin = _person(*demo.ADMIN, is_staff=True, is_superuser=True)
            client = _person(*demo.CLIENT)
            nordlicht, anna = _agency(demo.NORDLICHT, admin)
            customers = _customers(nordlicht, demo.NORDLICHT_CUSTOMERS, by=anna)
            _definitions(nordlicht, customers, by=anna)
            _reviews(customers, by=anna)
            add_automatic_requests(customers, by=anna)
            add_rounds(customers, by=anna)
            _work(customers, by=anna)
            _answer(_requests(nordlicht, demo.NORDLICHT_REQUESTS), customers)
            for language, title, text in demo.SAVED_REPLIES:
                add_saved_reply(SavedReply(agency=nordlicht, language=language, title=title, text=text), by=anna)
            _access(customers, client, by=anna)
            add_space(customers, by=anna)
            add_messages(customers, by=anna)
            add_files(customers, by=anna)
            _views(nordlicht)
            for _batch in run_batches(start_search(nordlicht).pk):
                pass
            suedwind, clara = _agency(demo.SUEDWIND, admin)
            _customers(suedwind, demo.SUEDWIND_CUSTOMERS, by=clara)
            _requests(suedwind, demo.SUEDWIND_REQUESTS)
            refresh_reply_times()
        self.stdout.write("Demo data loaded.")


def _person(email: str, name: str, **fields: Any) -> User:
    user = User.objects.create_user(email, demo.PASSWORD, full_name=name, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _agency(sketch: demo.DemoAgency, admin: User) -> tuple[Agency, User]:
    """Create an agency with its team and registered profile. Return it and its first owner."""
    agency = Agency.objects.create(name=sketch.name, language="de")
    people = [_person(email, name) for email, name, _role in sketch.people]
    for person, (_email, _name, role) in zip(people, sketch.people, strict=True):
        Membership.objects.create(agency=agency, user=person, role=role)
    profile = save_profile(agency, values=_profile(sketch), version=0, by=people[0])
    for work in DEMO_WORK[sketch.slug]:
        sample = WorkSample(title=work.title, link=work.link, alt_text=work.alt_text)
        add_work(sample, profile=profile, picture=demo_picture(work), by=people[0])
    submit_profile(profile, by=people[0])
    register_profile(profile, by=admin)
    return agency, people[0]


def _profile(sketch: demo.DemoAgency) -> dict[str, Any]:
    names = (
        "slug", "tagline", "description", "city", "website", "founded", "team_size", "contact_name", "contact_email"
    )  # fmt: skip
    return {
        **{name: getattr(sketch, name) for name in names},
        "privacy_url": f"{sketch.website}/privacy/",
        "offers_feeds": True,
        "services": [Service.objects.get_or_create(name_en=en, defaults={"name_de": de})[0] for en, de in sketch.services],
        "languages": [
            SpokenLanguage.objects.get_or_create(code=code, defaults={"name_en": en, "name_de": de})[0] for code, en, de in sketch.languages
        ],
        "logo": demo_logo(sketch.slug),
    }


def _customers(agency: Agency, rows: tuple[tuple[str, ...], ...], *, by: User) -> list[Customer]:
    customers = []
    for row in rows:
        fields: dict[str, Any] = dict(zip(CUSTOMER_FIELDS, row, strict=True))
        kind = Customer.Kind.COMPANY if fields["company"] else Customer.Kind.PERSON
        customers.append(create_customer(agency=agency, by=by, kind=kind, **fields))
    return customers


def _definitions(agency: Agency, customers: list[Customer], *, by: User) -> None:
    for name, color, positions in demo.NORDLICHT_TAGS:
        tag = create_tag(agency, name=name, color=color, by=by)
        CustomerTag.objects.bulk_create(CustomerTag(agency=agency, customer=customers[position], tag=tag) for position in positions)
    for name, kind, choices, values in demo.NORDLICHT_FIELDS:
        field = add_field(agency, name=name, kind=kind, choices=choices, by=by)
        for position, text in values.items():
            customers[position].custom_values[field.key] = field.parse(text)
            customers[position].save(update_fields=["custom_values"])


def _views(agency: Agency) -> None:
    for email, list_name, name, query, is_shared, is_pinned in demo.VIEWS:
        member = agency.memberships.select_related("user").get(user__email=email)
        save_view(member, list_name=list_name, name=name, query=query, is_shared=is_shared, is_pinned=is_pinned)


def _reviews(customers: list[Customer], *, by: User) -> None:
    projects: dict[tuple[int, str], Project] = {}
    for position, title, status, due_in in demo.PROJECTS:
        project = Project(title=title, status=status, due_on=_in_days(due_in))
        add_item(project, customer=customers[position], by=by)
        projects[position, title] = project
    reviews: dict[int, Review] = {}
    for (position, title, stars, text, author, days_ago), days in zip(demo.REVIEWS, cycle(demo.REQUESTED_BEFORE), strict=False):
        review_request = request_review(customer=customers[position], project=projects.get((position, title)), by=by, by_mail=False)
        ratings = dict(zip(CATEGORIES, cycle(stars), strict=False))
        review = submit_review(review_request, text=text, author=author, **ratings)
        submitted = timezone.now() - timedelta(days=days_ago)
        Review.objects.filter(pk=review.pk).update(created_at=submitted)
        requested = submitted - timedelta(days=days)
        ReviewRequest.objects.filter(pk=review_request.pk).update(created_at=requested, answered_at=submitted)
        Project.objects.filter(review_requests=review_request).update(completed_at=requested - timedelta(days=14))
        reviews[position] = review
    for position, title, by_mail in demo.OPEN_REQUESTS:
        request_review(customer=customers[position], project=projects.get((position, title)), by=by, by_mail=by_mail)
    for position in demo.PINNED:
        pin_review(reviews[position], by=by)
    for position, text in demo.COMMENTS:
        comment_on_review(reviews[position], text=text, by=by)
    for position, text in demo.DRAFTS:
        save_reply_draft(reviews[position], text=text, loaded="", by=by)
    for position, reason in demo.HIDDEN:
        hide_review(reviews[position], reason=reason, by=by)
    for position, reason, details in demo.REPORTED:
        report_review(reviews[position], reason=reason, details=details, by=by)


def _work(customers: list[Customer], *, by: User) -> None:
    """Create contacts, tasks, domains, contracts and notes."""
    team = {user.email: user for user in customers[0].agency.members.all()}
    for position, title, due_in, assignee, priority, done in demo.TASKS:
        task = Task(title=title, due_on=_in_days(due_in), assignee=team.get(assignee), priority=priority)
        add_item(task, customer=customers[position], by=by)
        if done:
            complete_task(task, by=by)
    for position, salutation, first_name, last_name, role, email, phone in demo.CONTACTS:
        contact = Contact(
            salutation=salutation, first_name=first_name, last_name=last_name, role=role, email=email, phone=phone, language="de"
        )
        add_item(contact, customer=customers[position], by=by)
    for position, name, registrar, expires_in, auto_renew in demo.DOMAINS:
        domain = Domain(name=to_ascii(name), registrar=registrar, expires_on=_in_days(expires_in), auto_renew=auto_renew)
        add_item(domain, customer=customers[position], by=by)
    for position, number, product, price, interval, ends_in, notice in demo.CONTRACTS:
        contract = Contract(
            number=number, product=product, price=price, interval=interval, ends_on=_in_days(ends_in), notice_count=notice,
            starts_on=_in_days(-400),
        )  # fmt: skip
        add_item(contract, customer=customers[position], by=by)
    for position, author, text in demo.NOTES:
        add_item(Note(text=text), customer=customers[position], by=team[author])


def _requests(agency: Agency, rows: tuple[tuple[Any, ...], ...]) -> list[ContactRequest]:
    """Create contact requests from prospects, oldest first."""
    requests: dict[int, ContactRequest] = {}
    for position, row in sorted(enumerate(rows), key=lambda numbered: -numbered[1][-1]):
        *values, hours_ago = row
        fields = dict(zip(("name", "company", "email", "phone", "language", "message"), values, strict=True))
        received_at = timezone.now() - timedelta(hours=hours_ago)
        submission = submission_digest(f"demo {agency.pk} {position}", fields)
        request = submit_request(agency, submission=submission, consented_at=received_at, **fields)
        assert request is not None  # noqa: S101  # for mypy: no sender is blocked
        ContactRequest.objects.filter(pk=request.pk).update(created_at=received_at, status_since=received_at, last_activity_at=received_at)
        requests[position] = request
    return [requests[position] for position in range(len(rows))]


def _answer(requests: list[ContactRequest], customers: list[Customer]) -> None:
    """Process the contact requests. The first replies are sent within a working day."""
    team = {user.email: user for user in customers[0].agency.members.all()}
    steps: dict[str, Callable[..., object]] = {"close": close_request, "spam": mark_spam, "no_reply": mark_no_reply_needed}
    for position, step, member, more in demo.REQUEST_STEPS:
        request, by = requests[position], team[member]
        if step == "reply":
            message = reply(request, text=str(more), by=by, seen=None)
            answered = Least(F("created_at") + timedelta(hours=2 + position), Now())
            ContactRequest.objects.filter(pk=request.pk).update(first_reply_at=answered)
            RequestMessage.objects.filter(pk=message.pk).update(created_at=ContactRequest.objects.get(pk=request.pk).first_reply_at)
        elif step == "take":
            reassign_request(request, to=by, by=by)
        elif step == "note":
            add_note(request, text=str(more), by=by)
        elif step == "assign":
            assign_request(request, customers[int(str(more))], by=by)
        else:
            steps[step](request, by=by)


def _access(customers: list[Customer], kim: User, *, by: User) -> None:
    """Create access, invitations and an access request."""
    agency = customers[0].agency
    for position, email, name, areas, term, ended in demo.ACCESS:
        client = kim if email == kim.email else _person(email, name)
        given: dict[str, Any] = {"scope": _scope(areas), "areas": list(areas), "term": term, "name": name, "language": agency.language}
        invitation = give_access(agency=agency, client=client, **given)
        connect_customer(invitation, customer=customers[position], by=by)
        if ended:
            revoke_access(invitation)
    client_fields = ("name", "company", "phone", "street", "zip", "city")
    for email, *fields, areas, domains, message, hours in demo.INVITATIONS:
        invitation = give_access(
            agency=agency,
            client=_person(email, fields[0]),
            scope=_scope(areas),
            areas=list(areas),
            domains=[to_ascii(name) for name in domains],
            message=message,
            country="DE",
            language="de",
            **dict(zip(client_fields, fields, strict=True)),
        )
        created_at = invitation.created_at - timedelta(hours=hours)
        expires_at = end_of_day_in(agency.time_zone, AccessInvitation.term_in_days(), since=created_at)
        AccessInvitation.objects.filter(pk=invitation.pk).update(created_at=created_at, expires_at=expires_at)
    for position, areas, message in demo.ACCESS_REQUESTS:
        customer = customers[position]
        request_access(customer=customer, email=customer.email, scope=_scope(areas), areas=list(areas), message=message, by=by)


def _scope(areas: tuple[str, ...]) -> str:
    return Scope.PARTIAL if areas else Scope.FULL


def _in_days(days: int | None) -> date | None:
    return None if days is None else timezone.localdate() + timedelta(days=days)
