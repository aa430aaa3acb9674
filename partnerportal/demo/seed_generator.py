"""Generator of realistic random data for `seed_scale`. Equal numbers and seeds give equal rows, except for tokens.

Names, cities and agency sizes are distributed unevenly, as in reality. Customers of all agencies are
generated in order of their creation, so that an agency's rows are scattered over the tables.
"""

import random
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from customers.domain_names import to_ascii
from customers.models import FIRST_NUMBER, Contract, Customer, CustomField, Project, Task
from partnerportal.core.pending import end_of_day_in
from partnerportal.core.tokens import new_nonce
from partnerportal.demo import seed_texts as texts
from partnerportal.demo import seed_words as words
from partnerportal.demo.seed_definitions import random_values
from reviews.models import CATEGORIES, ReviewRequest

#: Rows of some customers by table, as in `COLUMNS`.
Batch = dict[str, list[tuple[Any, ...]]]

#: Age of the oldest customer, in days.
DAYS = 5 * 365
#: Share of active customers with an open review request.
OPEN_REQUEST_SHARE = 0.02
#: Share of domains and contracts of whose deadlines the customer is told.
REMINDED_SHARE = 0.15
#: Possible numbers of items per customer, all equally likely.
DOMAINS = (0,) * 7 + (1,) * 9 + (2,) * 3 + (5,)
CONTRACTS = (0,) * 11 + (1,) * 7 + (2, 3)
PROJECTS = (0,) * 13 + (1,) * 5 + (2, 3)
TASKS = (0,) * 10 + (1,) * 5 + (2,) * 3 + (4, 5)
NOTES = (0,) * 15 + (1,) * 4 + (2,)

#: Columns of the generated rows. Other columns get their field's default.
COLUMNS: dict[str, list[str]] = {
    name: columns.split()
    for name, columns in {
        "customers": (
            "id agency_id number kind company salutation first_name last_name email phone website street zip city country language notes "
            "responsible_id status created_at updated_at custom_values"
        ),
        "domains": "agency_id customer_id name unicode_name registrar expires_on auto_renew notify_customer created_at",
        "contracts": (
            "agency_id customer_id number product price interval starts_on ends_on notice_count notice_unit term_months notify_customer "
            "status created_at"
        ),
        "projects": "id agency_id customer_id title status due_on created_at",
        "tasks": "agency_id customer_id project_id title due_on assignee_id priority done_at created_at",
        "notes": "agency_id customer_id author_id text created_at",
        "requests": "id agency_id customer_id project_id requested_by_id nonce token_digest status created_at mailed_at expires_at "
        "answered_at",
        "reviews": f"agency_id request_id {' '.join(CATEGORIES)} text author created_at",
    }.items()
}


def agency_sizes(agencies: int, customers: int, largest_share: float) -> list[int]:
    """Return the number of customers of each agency, largest first. They add up to `customers`."""
    largest = customers if agencies == 1 else max(round(customers * largest_share), -(-customers // agencies))
    rest = customers - largest
    sizes = [largest]
    weights = [(rank + 3) ** -0.6 for rank in range(agencies - 1)]
    for rank, weight in enumerate(weights):
        size = round(rest * weight / sum(weights[rank:])) if rest else 0
        sizes.append(min(size, largest))
        rest -= sizes[-1]
    # Distributes the customers that the limit above left over.
    for rank in range(1, len(sizes)):
        more = min(rest, largest - sizes[rank])
        sizes[rank] += more
        rest -= more
    return sizes


def agency_name(number: int) -> str:
    """Return the unique name of the agency with this number, counted from 1."""
    names, kinds = words.AGENCY_NAMES, words.AGENCY_KINDS
    rounds, index = divmod(number - 1, len(names) * len(kinds))
    # Consecutive names differ in both words.
    name = f"{names[index % len(names)]} {kinds[(index + index // len(names)) % len(kinds)]}"
    return f"{name} {rounds + 1}" if rounds else name


@dataclass
class SeededAgency:
    """An existing agency for which customers are generated."""

    pk: int
    #: User ids of its members.
    members: tuple[int, ...]
    customers: int
    time_zone: str
    next_number: int = FIRST_NUMBER


class DataGenerator:
    """Generator of the rows of all agencies. `next_ids` contains the next free ids of customers, projects and requests."""

    def __init__(
        self,
        agencies: list[SeededAgency],
        *,
        reviews: int,
        now: datetime,
        seed: int,
        next_ids: dict[str, int],
        digest: Callable[[str], str],
        fields: Sequence[CustomField] = (),
    ) -> None:
        self.rng = random.Random(seed)  # noqa: S311  # must be reproducible
        self.agencies = agencies
        self.now, self.today = now, now.date()
        self.next_ids = next_ids
        #: Returns the stored digest of the token made from a nonce.
        self.digest = digest
        #: Custom fields of the first agency; the others have none.
        self.fields = list(fields)
        self.customers = sum(agency.customers for agency in agencies)
        self._order = array("L", (index for index, agency in enumerate(agencies) for _ in range(agency.customers)))
        self.rng.shuffle(self._order)
        self._answers = array("L", bytes(self._order.itemsize * self.customers))
        for _ in range(reviews):
            self._answers[int(self.rng.random() * self.customers)] += 1
        self._domain_names: set[int] = set()

    def batches(self, size: int) -> Iterator[Batch]:
        """Yield the rows of up to `size` customers at a time."""
        for start in range(0, self.customers, size):
            batch: Batch = {name: [] for name in COLUMNS}
            for position in range(start, min(start + size, self.customers)):
                self._add(batch, position)
            yield batch

    def _add(self, batch: Batch, position: int) -> None:
        agency = self.agencies[self._order[position]]
        created_at = self.now - timedelta(days=DAYS * (1 - position / self.customers))
        customer, label = self._customer(agency, created_at)
        batch["customers"].append(tuple([getattr(customer, column) for column in COLUMNS["customers"]]))
        self._domains(batch, customer, label)
        self._contracts(batch, customer)
        projects = self._projects(batch, customer)
        self._tasks(batch, agency, customer, projects)
        for _ in range(self.rng.choice(NOTES)):
            author, text = self.rng.choice(agency.members), self.rng.choice(words.NOTES)
            batch["notes"].append((agency.pk, customer.pk, author, text, self._later(customer)))
        self._reviews(batch, agency, customer, projects, self._answers[position])

    def _customer(self, agency: SeededAgency, created_at: datetime) -> tuple[Customer, str]:
        """Return an unsaved customer and the first label of its domain name."""
        rng = self.rng
        city, zip_start, dial, country = texts.CITIES.pick(rng)
        customer = Customer(
            pk=self._next_id("customers"),
            agency_id=agency.pk,
            number=agency.next_number,
            kind=Customer.Kind.COMPANY.value if rng.random() < 0.62 else Customer.Kind.PERSON.value,
            phone=texts.phone(rng, country, dial) if rng.random() < 0.85 else "",
            city=city,
            country=country,
            language="de" if rng.random() < 0.88 else "en",
            notes=rng.choice(words.NOTES) if rng.random() < 0.1 else "",
            responsible_id=rng.choice(agency.members) if rng.random() < 0.7 else None,
            status=Customer.Status.ARCHIVED.value if rng.random() < 0.08 else Customer.Status.ACTIVE.value,
            created_at=created_at,
            updated_at=created_at,
        )
        agency.next_number += 1
        own = self.fields if agency is self.agencies[0] else []
        # As JSON, because it is copied.
        customer.custom_values = random_values(own, rng, self.today) if own else "{}"
        surname = texts.surname(rng)
        label = texts.ascii_letters(surname)
        is_company = customer.kind == Customer.Kind.COMPANY
        if is_company:
            customer.company, label = texts.company(rng, surname)
            customer.website = f"https://www.{label}.example/" if rng.random() < 0.6 else ""
        if not is_company or rng.random() < 0.85:
            customer.first_name = texts.FIRST_NAMES.pick(rng)
            customer.last_name = surname if rng.random() < 0.7 else texts.surname(rng)
            customer.salutation = rng.choice(("ms", "mr", "ms", "mr", "ms", "mr", "mx", ""))
        if rng.random() < 0.92:
            customer.email = texts.email(
                rng, first_name=customer.first_name, last_name=customer.last_name, domain=f"{label}.example", is_company=is_company
            )
        if rng.random() < 0.9:
            digits = (5 if country == "DE" else 4) - len(zip_start)
            customer.zip = f"{zip_start}{int(rng.random() * 10**digits):0{digits}}"
            customer.street = f"{texts.STREETS.pick(rng)} {int(1 + 120 * rng.random() ** 2)}"
        return customer, label

    def _domains(self, batch: Batch, customer: Customer, label: str) -> None:
        rng = self.rng
        unicode_label = texts.domain_label(customer.company or customer.last_name)
        labels = (label, unicode_label, f"{label}-shop", f"{label}-karriere", f"{unicode_label}-online")
        for label in labels[: rng.choice(DOMAINS)]:
            while (key := hash((customer.agency_id, label))) in self._domain_names:
                label = f"{label}-{int(rng.random() * 10_000)}"
            self._domain_names.add(key)
            unicode_name = f"{label}.example"
            name = unicode_name if unicode_name.isascii() else to_ascii(unicode_name)
            expires_on = self._day(-10, 365) if rng.random() < 0.9 else None
            details = (rng.choice(words.REGISTRARS), expires_on, rng.random() < 0.7, self._reminds(), self._later(customer))
            batch["domains"].append((customer.agency_id, customer.pk, name, unicode_name, *details))

    def _contracts(self, batch: Batch, customer: Customer) -> None:
        rng = self.rng
        for number in range(1, rng.choice(CONTRACTS) + 1):
            product, price = rng.choice(words.PRODUCTS)
            starts_on = customer.created_at.date() + timedelta(days=int(rng.random() * 90))
            ends_on = max(self._day(-200, 700), starts_on) if rng.random() < 0.75 else None
            status = Contract.Status.CANCELLED.value if rng.random() < 0.1 else Contract.Status.ACTIVE.value
            if ends_on and ends_on < self.today:
                status = Contract.Status.ENDED.value
            interval = rng.choice(("month", "month", "month", "year", "quarter", "once"))
            notice = rng.choice(((3, "months"), (1, "months"), (4, "weeks"), (14, "days"), (0, "months")))
            term = rng.choice((12,) * 7 + (1, 24, 24))
            details = (product, price, interval, starts_on, ends_on, *notice, term, self._reminds(), status, self._later(customer))
            batch["contracts"].append((customer.agency_id, customer.pk, f"V-{customer.number}-{number}", *details))

    def _reminds(self) -> bool:
        """Return whether the customer is told of an item's deadlines, which is off by default."""
        return self.rng.random() < REMINDED_SHARE

    def _projects(self, batch: Batch, customer: Customer) -> list[int]:
        """Add projects and return their ids."""
        rng = self.rng
        ids = []
        for _ in range(rng.choice(PROJECTS)):
            ids.append(self._next_id("projects"))
            status = rng.choice(("done", "done", "done", "done", "active", "active", "planned", "cancelled"))
            is_open = status in {Project.Status.ACTIVE, Project.Status.PLANNED}
            due_on = (self._day(-20, 180) if is_open else self._day(-900, -1)) if rng.random() < 0.8 else None
            details = (rng.choice(words.PROJECTS), status, due_on, self._later(customer))
            batch["projects"].append((ids[-1], customer.agency_id, customer.pk, *details))
        return ids

    def _tasks(self, batch: Batch, agency: SeededAgency, customer: Customer, projects: list[int]) -> None:
        rng = self.rng
        for _ in range(rng.choice(TASKS)):
            project = rng.choice(projects) if projects and rng.random() < 0.6 else None
            done_at = self._later(customer) if rng.random() < 0.8 else None
            due_on = (self._day(-900, 0) if done_at else self._day(-15, 90)) if rng.random() < 0.8 else None
            assignee = rng.choice(agency.members) if rng.random() < 0.8 else None
            priority = rng.choice((Task.Priority.HIGH, *[Task.Priority.NORMAL] * 3, Task.Priority.LOW)).value
            details = (rng.choice(words.TASKS), due_on, assignee, priority, done_at, customer.created_at)
            batch["tasks"].append((agency.pk, customer.pk, project, *details))

    def _reviews(self, batch: Batch, agency: SeededAgency, customer: Customer, projects: list[int], answers: int) -> None:
        rng = self.rng
        for _ in range(answers):
            requested_at = self._later(customer, max_days=60)
            project = rng.choice(projects) if projects and rng.random() < 0.5 else None
            request = self._request(batch, agency, customer, project, requested_at, ReviewRequest.Status.ANSWERED.value)
            stars = rng.choice((5,) * 12 + (4,) * 5 + (3,) * 2 + (1,))
            ratings = tuple(min(5, max(1, stars + rng.choice((0, 0, 0, 0, -1, 1)))) for _ in CATEGORIES)
            author = f"{customer.first_name} {customer.last_name}".strip() or customer.company[:100]
            batch["reviews"].append((agency.pk, request, *ratings, texts.review_text(rng, stars), author, requested_at))
        if rng.random() < OPEN_REQUEST_SHARE and customer.status == Customer.Status.ACTIVE:
            requested_at = self.now - timedelta(days=rng.random() * 60)
            self._request(batch, agency, customer, None, requested_at, ReviewRequest.Status.OPEN.value)

    def _request(
        self, batch: Batch, agency: SeededAgency, customer: Customer, project: int | None, requested_at: datetime, status: str
    ) -> int:
        """Add a review request and return its id."""
        request_id = self._next_id("requests")
        nonce = new_nonce()  # not from the seed, so that equal seeds can be loaded repeatedly
        mailed_at = requested_at if customer.email else None
        expires_at = end_of_day_in(agency.time_zone, 90, since=requested_at)
        # Not random either, so that the other data stay as they are.
        answered_at = min(self.now, requested_at + timedelta(days=request_id % 23)) if status == ReviewRequest.Status.ANSWERED else None
        member = self.rng.choice(agency.members)
        details = (member, nonce, self.digest(nonce), status, requested_at, mailed_at, expires_at, answered_at)
        batch["requests"].append((request_id, agency.pk, customer.pk, project, *details))
        return request_id

    def _next_id(self, name: str) -> int:
        self.next_ids[name] += 1
        return self.next_ids[name] - 1

    def _day(self, first: int, last: int) -> date:
        """Return a random day between `first` and `last` days from today."""
        return self.today + timedelta(days=first + int(self.rng.random() * (last - first + 1)))

    def _later(self, customer: Customer, *, max_days: int = 400) -> datetime:
        """Return a random time up to `max_days` after the customer was created, and not in the future."""
        return min(self.now, customer.created_at + timedelta(days=self.rng.random() * max_days))
