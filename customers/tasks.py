"""Tasks of this app, where Celery looks for them."""

from customers.importing.tasks import purge_imports, sweep_imports, work_import

__all__ = ["purge_imports", "sweep_imports", "work_import"]
