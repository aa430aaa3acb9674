"""Addresses below /customers/, and of what is assigned to customers."""

from django.urls import path

from customers.imports import views as importing
from customers.views import customers, export, items

app_name = "customers"

#: Word in the names, word in the addresses.
_KINDS = {"project": "projects", "task": "tasks", "domain": "domains", "contract": "contracts", "note": "notes"}

urlpatterns = [
    path("customers/", customers.customer_list, name="list"),
    path("customers/add/", customers.add, name="add"),
    path("customers/import/", importing.index, name="import"),
    path("customers/import/<int:pk>/", importing.detail, name="import_detail"),
    path("customers/import/<int:pk>/columns/", importing.columns, name="import_columns"),
    path("customers/import/<int:pk>/run/", importing.run, name="import_run"),
    path("customers/import/<int:pk>/cancel/", importing.cancel, name="import_cancel"),
    path("customers/import/<int:pk>/remove/", importing.remove, name="import_remove"),
    path("customers/import/<int:pk>/rest/", importing.download_skipped, name="import_skipped"),
    path("customers/export/", export.export, name="export"),
    path("customers/<int:pk>/", customers.detail, name="detail"),
    path("customers/<int:pk>/edit/", customers.edit, name="edit"),
    path("customers/<int:pk>/archive/", customers.archive, name="archive"),
    path("customers/<int:pk>/restore/", customers.restore, name="restore"),
    path("customers/<int:pk>/erase/", customers.erase, name="erase"),
    path("projects/", items.project_list, name="project_list"),
    path("tasks/", items.task_list, name="task_list"),
    path("tasks/<int:pk>/done/", items.task_done, name="task_done"),
    path("tasks/<int:pk>/undo/", items.task_undo, name="task_undo"),
    path("domains/", items.domain_list, name="domain_list"),
    path("contracts/", items.contract_list, name="contract_list"),
    *(path(f"customers/<int:pk>/{words}/add/", getattr(items, f"{word}_add"), name=f"{word}_add") for word, words in _KINDS.items()),
    *(path(f"{words}/<int:pk>/edit/", getattr(items, f"{word}_edit"), name=f"{word}_edit") for word, words in _KINDS.items()),
    *(path(f"{words}/<int:pk>/remove/", getattr(items, f"{word}_remove"), name=f"{word}_remove") for word, words in _KINDS.items()),
]
