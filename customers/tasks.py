"""Celery tasks, imported for autodiscovery."""

from customers.imports.tasks import purge_imports, run_import, sweep_imports

__all__ = ["purge_imports", "run_import", "sweep_imports"]
