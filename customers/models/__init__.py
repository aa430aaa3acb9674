"""Customers and their items."""

from customers.models.contacts import Contact, ContactRole
from customers.models.custom_fields import CustomField
from customers.models.customers import FIRST_NUMBER, PERSONAL_FIELDS, Customer, NumberSequence
from customers.models.items import SOON_DAYS, Contract, Domain, Note, Project, Task
from customers.models.submissions import FormSubmission
from customers.models.tags import CustomerTag, Tag
from customers.models.words import CustomerWord

from customers.bulk.models import BulkBatch, BulkJob  # isort: skip  # registers its models with Django
from customers.deadlines.models import DeadlineNotice, DeadlineOptOut  # isort: skip  # registers its models with Django
from customers.exports.models import ExportJob, ExportPart  # isort: skip  # registers its models with Django
from customers.imports.models import ImportChunk, ImportJob, ImportKey, ImportRow  # isort: skip  # registers its models with Django
from customers.merging.models import CustomerKey, CustomerPair, MergeLog, PairSearch  # isort: skip  # registers its models with Django

__all__ = [
    "FIRST_NUMBER",
    "PERSONAL_FIELDS",
    "SOON_DAYS",
    "BulkBatch",
    "BulkJob",
    "Contact",
    "ContactRole",
    "Contract",
    "CustomField",
    "Customer",
    "CustomerKey",
    "CustomerPair",
    "CustomerTag",
    "CustomerWord",
    "DeadlineNotice",
    "DeadlineOptOut",
    "Domain",
    "ExportJob",
    "ExportPart",
    "FormSubmission",
    "ImportChunk",
    "ImportJob",
    "ImportKey",
    "ImportRow",
    "MergeLog",
    "Note",
    "NumberSequence",
    "PairSearch",
    "Project",
    "Tag",
    "Task",
]
