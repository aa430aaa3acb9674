"""Tasks of this app, where Celery looks for them."""

from customers.imports.tasks import purge_imports, run_import, sweep_imports

__all__ = ["purge_imports", "run_import", "sweep_imports"]
