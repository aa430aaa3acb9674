"""Customers and what is assigned to them."""

from customers.models.contract import Contract
from customers.models.customer import FIRST_NUMBER, PERSONAL_FIELDS, Customer, NumberSequence
from customers.models.domain import Domain
from customers.models.imports import KEEP_DAYS, ImportChunk, ImportJob, ImportKey, ImportRow
from customers.models.note import Note
from customers.models.project import Project
from customers.models.submission import FormSubmission
from customers.models.task import Task

__all__ = [
    "FIRST_NUMBER",
    "KEEP_DAYS",
    "PERSONAL_FIELDS",
    "Contract",
    "Customer",
    "Domain",
    "FormSubmission",
    "ImportChunk",
    "ImportJob",
    "ImportKey",
    "ImportRow",
    "Note",
    "NumberSequence",
    "Project",
    "Task",
]
