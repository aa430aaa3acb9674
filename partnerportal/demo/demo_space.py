"""The shared space of the demo: what Nordlicht shares with the two clients of one of its customers."""

from datetime import timedelta

from django.utils import timezone

from customers.models import Contract, Customer, Domain, Project, Task
from customers.services.items import add_item, complete_task, share_item
from partnerportal.accounts.models import User
from reviews.services.requests import request_review

#: Position of the customer, whose clients are in `demo.ACCESS`.
POSITION = 11
#: Title, description, days until due, whether it is shared.
PROJECTS = (
    ("Online shop for prints", "Budget: 40 hours. Grace pays per edition, see the note from March.", 24, True),
    ("Newsletter", "Not offered yet.", None, False),
)
#: Steps of the first project: title, days until due, whether it is done and shared.
STEPS = (
    ("Choose twelve prints", -14, True, True),
    ("Design of the product pages", -3, True, True),
    ("Connect the payment provider", 6, False, True),
    ("Ask the printer for a better price", 8, False, False),
    ("Launch", 24, False, True),
)
#: Name, registrar, days until expiry, whether it renews automatically.
DOMAINS = (("okafor.example", "INWX", 210, True), ("grace-okafor.example", "IONOS", 19, False))
#: Number, product, price, interval, days until the end, notice period in months, whether it is shared.
CONTRACTS = (
    ("V-2025-040", "Hosting and maintenance", 49, "month", 130, 3, True),
    ("V-2026-002", "Retainer for design", 380, "month", 130, 1, False),
)


def add_space(customers: list[Customer], *, by: User) -> None:
    """Add what the clients see in each section, and beside it what isn't shared."""
    customer, today = customers[POSITION], timezone.localdate()
    projects = []
    for title, description, due_in, is_shared in PROJECTS:
        due_on = None if due_in is None else today + timedelta(days=due_in)
        project = Project(
            title=title, description=description, status=Project.Status.ACTIVE if is_shared else Project.Status.PLANNED, due_on=due_on
        )
        projects.append(add_item(project, customer=customer, by=by))
        if is_shared:
            share_item(project, shared=True, by=by)
    for title, due_in, is_done, is_shared in STEPS:
        step = Task(title=title, project=projects[0], assignee=by, due_on=today + timedelta(days=due_in))
        add_item(step, customer=customer, by=by)
        if is_done:
            complete_task(step, by=by)
        if is_shared:
            share_item(step, shared=True, by=by)
    for name, registrar, expires_in, auto_renew in DOMAINS:
        domain = Domain(name=name, registrar=registrar, expires_on=today + timedelta(days=expires_in), auto_renew=auto_renew)
        add_item(domain, customer=customer, by=by)
    for number, product, price, interval, ends_in, notice, is_shared in CONTRACTS:
        contract = Contract(number=number, product=product, price=price, interval=interval, notice_count=notice)
        contract.starts_on, contract.ends_on = today - timedelta(days=235), today + timedelta(days=ends_in)
        add_item(contract, customer=customer, by=by)
        if is_shared:
            share_item(contract, shared=True, by=by)
    if not customer.review_requests.pending().exists():
        request_review(customer=customer, project=None, by=by, by_mail=False)
