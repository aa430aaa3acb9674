"""Celery tasks, imported for autodiscovery."""

from customers.bulk.tasks import run_bulk, sweep_bulk
from customers.deadlines.tasks import notify_deadlines
from customers.exports.tasks import run_export, sweep_exports
from customers.imports.tasks import purge_imports, run_import, sweep_imports
from customers.merging.tasks import run_search, search_duplicates, sweep_searches

__all__ = [
    "notify_deadlines",
    "purge_imports",
    "run_bulk",
    "run_export",
    "run_import",
    "run_search",
    "search_duplicates",
    "sweep_bulk",
    "sweep_exports",
    "sweep_imports",
    "sweep_searches",
]
