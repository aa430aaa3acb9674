"""`manage.py seed_demo`: the demo's data, into an empty database only."""

from datetime import date, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from customers.assigned import add_thing, finish_task
from customers.domain_names import to_ascii
from customers.models import Contract, Customer, Domain, Note, Project, Task
from customers.services import create_customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership
from partnerportal.desk import demo
from partnerportal.desk.demo_logos import demo_logo
from partnerportal.network.models import Service, SpokenLanguage
from partnerportal.network.services import register_profile, save_profile, submit_profile
from reviews.asking.services import request_review
from reviews.managing.services import comment_on_review, hide_review, pin_review, report_review
from reviews.models import Review, ReviewRequest
from reviews.services import submit_review

CUSTOMER_FIELDS = (
    "company", "salutation", "first_name", "last_name", "email", "phone", "street", "zip", "city", "country", "language"
)  # fmt: skip


class Command(BaseCommand):
    help = "Load the demo's agencies, people, customers and reviews into an empty database (needs PORTAL_DEMO=1)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("PORTAL_DEMO isn't set: the demo's well-known passwords have no place here.")
        with transaction.atomic():
            if User.objects.exists() or Agency.objects.exists():
                self.stdout.write("The database isn't empty; the demo data were not loaded.")
                return
            admin = _person(*demo.ADMIN, is_staff=True, is_superuser=True)
            _person(*demo.CLIENT)
            nordlicht, anna = _agency(demo.NORDLICHT, admin)
            customers = _customers(nordlicht, demo.NORDLICHT_CUSTOMERS, by=anna)
            _reviews(customers, by=anna)
            _work(customers, by=anna)
            suedwind, clara = _agency(demo.SUEDWIND, admin)
            _customers(suedwind, demo.SUEDWIND_CUSTOMERS, by=clara)
        self.stdout.write("The demo data are loaded.")


def _person(email: str, name: str, **fields: Any) -> User:
    user = User.objects.create_user(email, demo.PASSWORD, full_name=name, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _agency(sketch: demo.DemoAgency, admin: User) -> tuple[Agency, User]:
    """The agency with its team and registered profile; and its first owner."""
    agency = Agency.objects.create(name=sketch.name, language="de")
    people = [_person(email, name) for email, name, _role in sketch.people]
    for person, (_email, _name, role) in zip(people, sketch.people, strict=True):
        Membership.objects.create(agency=agency, user=person, role=role)
    profile = save_profile(agency, values=_profile(sketch), version=0, by=people[0])
    submit_profile(profile, by=people[0])
    register_profile(profile, by=admin)
    return agency, people[0]


def _profile(sketch: demo.DemoAgency) -> dict[str, Any]:
    names = (
        "slug", "claim", "description", "city", "website", "founded", "team_size", "contact_name", "contact_email"
    )  # fmt: skip
    return {
        **{name: getattr(sketch, name) for name in names},
        "privacy_url": f"{sketch.website}/privacy/",
        "services": [Service.objects.get_or_create(name_en=en, defaults={"name_de": de})[0] for en, de in sketch.services],
        "languages": [
            SpokenLanguage.objects.get_or_create(code=code, defaults={"name_en": en, "name_de": de})[0] for code, en, de in sketch.languages
        ],
        "logo": demo_logo(sketch.slug),
    }


def _customers(agency: Agency, rows: tuple[tuple[str, ...], ...], *, by: User) -> list[Customer]:
    customers = []
    for row in rows:
        fields = dict(zip(CUSTOMER_FIELDS, row, strict=True))
        kind = Customer.Kind.COMPANY if fields["company"] else Customer.Kind.PERSON
        customers.append(create_customer(agency=agency, by=by, kind=kind, **fields))
    return customers


def _reviews(customers: list[Customer], *, by: User) -> None:
    projects: dict[tuple[int, str], Project] = {}
    for position, title, status, due_in in demo.PROJECTS:
        project = Project(title=title, status=status, due_on=_in_days(due_in))
        add_thing(project, customer=customers[position], by=by)
        projects[position, title] = project
    reviews: dict[int, Review] = {}
    for position, title, stars, text, author, days_ago in demo.REVIEWS:
        asked = request_review(customer=customers[position], project=projects.get((position, title)), by=by, by_mail=False)
        ratings = dict(zip(("cooperation", "quality", "schedule", "budget"), stars, strict=True))
        review = submit_review(asked, text=text, author=author, **ratings)
        submitted = timezone.now() - timedelta(days=days_ago)
        Review.objects.filter(pk=review.pk).update(created_at=submitted)
        ReviewRequest.objects.filter(pk=asked.pk).update(created_at=submitted - timedelta(days=demo.ASKED_BEFORE))
        reviews[position] = review
    for position, title, by_mail in demo.OPEN_REQUESTS:
        request_review(customer=customers[position], project=projects.get((position, title)), by=by, by_mail=by_mail)
    for position in demo.PINNED:
        pin_review(reviews[position], by=by)
    for position, text in demo.COMMENTS:
        comment_on_review(reviews[position], text=text, by=by)
    for position, reason in demo.HIDDEN:
        hide_review(reviews[position], reason=reason, by=by)
    for position, reason, details in demo.REPORTED:
        report_review(reviews[position], reason=reason, details=details, by=by)


def _work(customers: list[Customer], *, by: User) -> None:
    """Tasks, domains, contracts and notes."""
    team = {user.email: user for user in customers[0].agency.members.all()}
    for position, title, due_in, assignee, priority, done in demo.TASKS:
        task = Task(title=title, due_on=_in_days(due_in), assignee=team.get(assignee), priority=priority)
        add_thing(task, customer=customers[position], by=by)
        if done:
            finish_task(task, by=by)
    for position, name, registrar, expires_in, auto_renew in demo.DOMAINS:
        domain = Domain(name=to_ascii(name), registrar=registrar, expires_on=_in_days(expires_in), auto_renew=auto_renew)
        add_thing(domain, customer=customers[position], by=by)
    for position, number, product, price, interval, ends_in, notice in demo.CONTRACTS:
        contract = Contract(
            number=number, product=product, price=price, interval=interval, ends_on=_in_days(ends_in), notice_count=notice,
            starts_on=_in_days(-400),
        )  # fmt: skip
        add_thing(contract, customer=customers[position], by=by)
    for position, author, text in demo.NOTES:
        add_thing(Note(text=text), customer=customers[position], by=team[author])


def _in_days(days: int | None) -> date | None:
    return None if days is None else timezone.localdate() + timedelta(days=days)
