"""Believable data in any amount, for `seed_scale`: the same numbers and seed give the same rows, around today.

Names, cities and sizes are as uneven as in life: some are everywhere, most are rare. Customers of all agencies come mixed, in the order
in which they would have come over five years, so that an agency's rows lie as scattered in the tables as they would.
"""

import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from customers.domain_names import to_ascii
from customers.models import FIRST_NUMBER, Contract, Customer, Project, Task
from partnerportal.core.pending import end_of_day_in
from partnerportal.demo import seed_texts as texts
from partnerportal.demo import seed_words as words
from reviews.models import ReviewRequest

Row = tuple[Any, ...]

#: The oldest customer came so many days ago.
DAYS = 5 * 365
#: How many of a thousand customers have an open review request.
OPEN_PER_MILLE = 20
#: How many domains, contracts, … a customer has: one of these numbers, each as likely as the others.
DOMAINS = (0,) * 7 + (1,) * 9 + (2,) * 3 + (5,)
CONTRACTS = (0,) * 11 + (1,) * 7 + (2, 3)
PROJECTS = (0,) * 13 + (1,) * 5 + (2, 3)
TASKS = (0,) * 10 + (1,) * 5 + (2,) * 3 + (4, 5)
NOTES = (0,) * 15 + (1,) * 4 + (2,)


def agency_sizes(agencies: int, customers: int, largest_share: float) -> list[int]:
    """How many customers each agency has: the first its share, the others ever fewer, together `customers`."""
    largest = customers if agencies == 1 else max(round(customers * largest_share), -(-customers // agencies))
    rest = customers - largest
    sizes = [largest]
    weights = [(rank + 3) ** -0.6 for rank in range(agencies - 1)]
    for rank, weight in enumerate(weights):
        size = round(rest * weight / sum(weights[rank:])) if rest else 0
        sizes.append(min(size, largest))
        rest -= sizes[-1]
    # What didn't fit because no agency may be bigger than the largest.
    for rank in range(1, len(sizes)):
        more = min(rest, largest - sizes[rank])
        sizes[rank] += more
        rest -= more
    return sizes


def agency_name(number: int) -> str:
    """Of the agency with this number, from 1: no two have the same."""
    names, kinds = words.AGENCY_NAMES, words.AGENCY_KINDS
    index = number - 1
    rounds, index = divmod(index, len(names) * len(kinds))
    # Neighbours differ in both words.
    name = f"{names[index % len(names)]} {kinds[(index + index // len(names)) % len(kinds)]}"
    return f"{name} {rounds + 1}" if rounds else name


@dataclass
class Batch:
    """The rows of some customers, ready to be copied; the columns are those of `COLUMNS`."""

    customers: list[Row] = field(default_factory=list)
    domains: list[Row] = field(default_factory=list)
    contracts: list[Row] = field(default_factory=list)
    projects: list[Row] = field(default_factory=list)
    tasks: list[Row] = field(default_factory=list)
    notes: list[Row] = field(default_factory=list)
    requests: list[Row] = field(default_factory=list)
    reviews: list[Row] = field(default_factory=list)


#: The columns of a batch's rows; what isn't named has the field's default.
COLUMNS: dict[str, list[str]] = {
    name: columns.split()
    for name, columns in {
        "customers": (
            "id agency_id number kind company salutation first_name last_name email phone website street zip city country language notes "
            "responsible_id status created_at updated_at"
        ),
        "domains": "agency_id customer_id name unicode_name registrar expires_on auto_renew created_at",
        "contracts": "agency_id customer_id number product price interval starts_on ends_on notice_count notice_unit status created_at",
        "projects": "id agency_id customer_id title status due_on created_at",
        "tasks": "agency_id customer_id project_id title due_on assignee_id priority done_at created_at",
        "notes": "agency_id customer_id author_id text created_at",
        "requests": "id agency_id customer_id project_id requested_by_id nonce token_digest status created_at mailed_at expires_at",
        "reviews": "agency_id request_id cooperation quality schedule budget text author created_at",
    }.items()
}


@dataclass
class SeededAgency:
    """An agency that is there already, for which customers are made."""

    pk: int
    #: The accounts of its team.
    members: tuple[int, ...]
    customers: int
    time_zone: str
    next_number: int = FIRST_NUMBER


class DataGenerator:
    """Makes the rows of `agencies`, with `reviews` reviews in all; the keys start at the `first_…` ones."""

    def __init__(
        self,
        agencies: list[SeededAgency],
        *,
        reviews: int,
        now: datetime,
        seed: int,
        first_customer: int,
        first_project: int,
        first_request: int,
        digest: Any,
    ) -> None:
        self.rng = random.Random(seed)  # noqa: S311  # to be the same every time is the point
        self.agencies = agencies
        self.now, self.today = now, now.date()
        self.next_customer, self.next_project, self.next_request = first_customer, first_project, first_request
        #: From a nonce to what the database keeps of its token.
        self.digest = digest
        self.customers = sum(agency.customers for agency in agencies)
        self._order = array("L", (index for index, agency in enumerate(agencies) for _ in range(agency.customers)))
        self.rng.shuffle(self._order)
        self._answers = array("L", bytes(self._order.itemsize * self.customers))
        for _ in range(reviews):
            self._answers[int(self.rng.random() * self.customers)] += 1
        self._domain_names: set[int] = set()

    def batches(self, size: int) -> Iterator[Batch]:
        """All customers with what is theirs, so many at a time."""
        for start in range(0, self.customers, size):
            batch = Batch()
            for position in range(start, min(start + size, self.customers)):
                self._add(batch, position)
            yield batch

    def _add(self, batch: Batch, position: int) -> None:
        agency = self.agencies[self._order[position]]
        rng = self.rng
        days_ago = DAYS * (1 - position / self.customers)
        customer = self._customer(agency, self.now - timedelta(days=days_ago))
        batch.customers.append(customer.row())
        self._domains(batch, customer)
        self._contracts(batch, customer)
        projects = self._projects(batch, customer)
        self._tasks(batch, customer, projects)
        for _ in range(rng.choice(NOTES)):
            batch.notes.append((agency.pk, customer.pk, rng.choice(agency.members), rng.choice(words.NOTES), customer.later(rng)))
        self._requests(batch, customer, projects, self._answers[position])

    # --- The customer --------------------------------------------------------------------------------------------------

    def _customer(self, agency: SeededAgency, created_at: datetime) -> "_Made":
        rng = self.rng
        made = _Made(pk=self.next_customer, agency=agency, number=agency.next_number, created_at=created_at, now=self.now)
        self.next_customer += 1
        agency.next_number += 1
        city, zip_start, dial, country = texts.CITIES.pick(rng)
        surname = texts.surname(rng)
        made.is_company = rng.random() < 0.62
        if made.is_company:
            made.company, base = texts.company(rng, surname)
        else:
            base = texts.ascii_letters(surname)
        if not made.is_company or rng.random() < 0.85:
            made.first_name, made.last_name = texts.FIRST_NAMES.pick(rng), surname if rng.random() < 0.7 else texts.surname(rng)
            made.salutation = rng.choice(("ms", "mr", "ms", "mr", "ms", "mr", "mx", ""))
        made.domain = f"{base}.example"
        if rng.random() < 0.92:
            made.email = texts.email(
                rng, first_name=made.first_name, last_name=made.last_name, domain=made.domain, is_company=made.is_company
            )
        if rng.random() < 0.85:
            made.phone = texts.phone(rng, country, dial)
        if made.is_company and rng.random() < 0.6:
            made.website = f"https://www.{made.domain}/"
        if rng.random() < 0.9:
            digits = (5 if country == "DE" else 4) - len(zip_start)
            made.zip = f"{zip_start}{int(rng.random() * 10**digits):0{digits}}"
            made.street = f"{texts.STREETS.pick(rng)} {int(1 + 120 * rng.random() ** 2)}"
        made.city, made.country = city, country
        made.language = "de" if rng.random() < 0.88 else "en"
        made.notes = rng.choice(words.NOTES) if rng.random() < 0.1 else ""
        made.responsible = rng.choice(agency.members) if rng.random() < 0.7 else None
        made.status = Customer.Status.ARCHIVED.value if rng.random() < 0.08 else Customer.Status.ACTIVE.value
        return made

    # --- What is assigned to them --------------------------------------------------------------------------------------

    def _domains(self, batch: Batch, customer: "_Made") -> None:
        rng = self.rng
        base, unicode_base = (
            customer.domain.removesuffix(".example"),
            texts.domain_label(customer.company if customer.is_company else customer.last_name),
        )
        for number in range(rng.choice(DOMAINS)):
            # The second is often the name with its umlauts, then come shops and campaigns.
            label = (base, unicode_base, f"{base}-shop", f"{base}-karriere", f"{unicode_base}-online")[number]
            while (key := hash((customer.agency.pk, label))) in self._domain_names:
                label = f"{label}-{int(rng.random() * 10_000)}"
            self._domain_names.add(key)
            unicode_name = f"{label}.example"
            name = unicode_name if unicode_name.isascii() else to_ascii(unicode_name)
            expires_on = self._day(-10, 365) if rng.random() < 0.9 else None
            registrar = rng.choice(words.REGISTRARS)
            batch.domains.append(
                (customer.agency.pk, customer.pk, name, unicode_name, registrar, expires_on, rng.random() < 0.7, customer.later(rng))
            )

    def _contracts(self, batch: Batch, customer: "_Made") -> None:
        rng = self.rng
        for number in range(rng.choice(CONTRACTS)):
            product, price = rng.choice(words.PRODUCTS)
            starts_on = customer.created_at.date() + timedelta(days=int(rng.random() * 90))
            ends_on = max(self._day(-200, 700), starts_on) if rng.random() < 0.75 else None
            status = Contract.Status.ACTIVE.value
            if ends_on and ends_on < self.today:
                status = Contract.Status.ENDED.value
            elif rng.random() < 0.1:
                status = Contract.Status.CANCELLED.value
            interval = rng.choice(("month", "month", "month", "year", "quarter", "once"))
            notice = rng.choice(((3, "months"), (1, "months"), (4, "weeks"), (14, "days"), (0, "months")))
            name = f"V-{customer.number}-{number + 1}"
            row = (
                customer.agency.pk,
                customer.pk,
                name,
                product,
                price,
                interval,
                starts_on,
                ends_on,
                *notice,
                status,
                customer.later(rng),
            )
            batch.contracts.append(row)

    def _projects(self, batch: Batch, customer: "_Made") -> list[int]:
        rng = self.rng
        keys = []
        for _ in range(rng.choice(PROJECTS)):
            keys.append(self.next_project)
            self.next_project += 1
            status = rng.choice(("done", "done", "done", "done", "active", "active", "planned", "cancelled"))
            open_ = status in {Project.Status.ACTIVE, Project.Status.PLANNED}
            due_on = self._day(-20, 180) if open_ else self._day(-900, -1)
            title = rng.choice(words.PROJECTS)
            batch.projects.append(
                (keys[-1], customer.agency.pk, customer.pk, title, status, due_on if rng.random() < 0.8 else None, customer.later(rng))
            )
        return keys

    def _tasks(self, batch: Batch, customer: "_Made", projects: list[int]) -> None:
        rng = self.rng
        for _ in range(rng.choice(TASKS)):
            project = rng.choice(projects) if projects and rng.random() < 0.6 else None
            done_at = customer.later(rng) if rng.random() < 0.8 else None
            due_on = (self._day(-900, 0) if done_at else self._day(-15, 90)) if rng.random() < 0.8 else None
            assignee = rng.choice(customer.agency.members) if rng.random() < 0.8 else None
            priority = rng.choice((Task.Priority.HIGH, Task.Priority.NORMAL, Task.Priority.NORMAL, Task.Priority.NORMAL, Task.Priority.LOW))
            title = rng.choice(words.TASKS)
            batch.tasks.append(
                (customer.agency.pk, customer.pk, project, title, due_on, assignee, int(priority), done_at, customer.created_at)
            )

    # --- Reviews -------------------------------------------------------------------------------------------------------

    def _requests(self, batch: Batch, customer: "_Made", projects: list[int], answers: int) -> None:
        rng = self.rng
        for _ in range(answers):
            asked_at = customer.later(rng, most=60)
            project = rng.choice(projects) if projects and rng.random() < 0.5 else None
            request = self._request(batch, customer, project, asked_at, ReviewRequest.Status.ANSWERED.value)
            stars = rng.choice((5,) * 12 + (4,) * 5 + (3,) * 2 + (1,))
            ratings = tuple(min(5, max(1, stars + rng.choice((0, 0, 0, 0, -1, 1)))) for _ in range(4))
            author = f"{customer.first_name} {customer.last_name}".strip() or customer.company[:100]
            batch.reviews.append((customer.agency.pk, request, *ratings, texts.review_text(rng, stars), author, asked_at))
        if rng.random() * 1000 < OPEN_PER_MILLE and customer.status == Customer.Status.ACTIVE:
            asked_at = self.now - timedelta(days=rng.random() * 60)
            self._request(batch, customer, None, asked_at, ReviewRequest.Status.OPEN.value)

    def _request(self, batch: Batch, customer: "_Made", project: int | None, asked_at: datetime, status: str) -> int:
        rng = self.rng
        key = self.next_request
        self.next_request += 1
        nonce = f"{rng.getrandbits(128):032x}"
        asked_by, mailed_at, expires_at = (
            rng.choice(customer.agency.members),
            asked_at if customer.email else None,
            end_of_day_in(customer.agency.time_zone, 90, since=asked_at),
        )
        batch.requests.append(
            (key, customer.agency.pk, customer.pk, project, asked_by, nonce, self.digest(nonce), status, asked_at, mailed_at, expires_at)
        )
        return key

    def _day(self, first: int, last: int) -> date:
        """Some day, so many days from today."""
        return self.today + timedelta(days=first + int(self.rng.random() * (last - first + 1)))


@dataclass
class _Made:
    """A customer in the making."""

    pk: int
    agency: SeededAgency
    number: int
    created_at: datetime
    now: datetime
    is_company: bool = True
    company: str = ""
    salutation: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    street: str = ""
    zip: str = ""
    city: str = ""
    country: str = ""
    language: str = ""
    notes: str = ""
    responsible: int | None = None
    status: str = ""
    domain: str = ""

    def row(self) -> Row:
        kind = Customer.Kind.COMPANY.value if self.is_company else Customer.Kind.PERSON.value
        return (
            *(self.pk, self.agency.pk, self.number, kind, self.company, self.salutation, self.first_name, self.last_name),
            *(self.email, self.phone, self.website, self.street, self.zip, self.city, self.country, self.language, self.notes),
            *(self.responsible, self.status, self.created_at, self.created_at),
        )

    def later(self, rng: random.Random, *, most: float = 400) -> datetime:
        """Some time after they came, at most so many days."""
        return min(self.now, self.created_at + timedelta(days=rng.random() * most))
