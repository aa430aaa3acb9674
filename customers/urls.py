"""URLs of customers and their items."""

from django.urls import path

from customers.bulk import views as bulk
from customers.exports import views as exporting
from customers.imports import views as importing
from customers.views import custom_fields, customers, items, lists, tags

app_name = "customers"

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
    path("customers/export/", exporting.export, name="export"),
    path("customers/export/<int:pk>/", exporting.detail, name="export_detail"),
    path("customers/export/<int:pk>/remove/", exporting.remove, name="export_remove"),
    path("customers/bulk/", bulk.index, name="bulk"),
    path("customers/bulk/start/", bulk.start, name="bulk_start"),
    path("customers/bulk/<int:pk>/", bulk.detail, name="bulk_detail"),
    path("customers/bulk/<int:pk>/stop/", bulk.stop, name="bulk_stop"),
    path("customers/bulk/<int:pk>/undo/", bulk.undo, name="bulk_undo"),
    path("customers/tags/", tags.tag_list, name="tags"),
    path("customers/tags/<int:pk>/", tags.tag_edit, name="tag_edit"),
    path("customers/tags/<int:pk>/merge/", tags.tag_merge, name="tag_merge"),
    path("customers/tags/<int:pk>/delete/", tags.tag_delete, name="tag_delete"),
    path("customers/fields/", custom_fields.field_list, name="fields"),
    path("customers/fields/<int:pk>/", custom_fields.field_edit, name="field_edit"),
    path("customers/fields/<int:pk>/move/", custom_fields.field_move, name="field_move"),
    path("customers/fields/<int:pk>/delete/", custom_fields.field_delete, name="field_delete"),
    path("customers/<int:pk>/", customers.detail, name="detail"),
    path("customers/<int:pk>/tags/", tags.customer_tags, name="customer_tags"),
    path("customers/<int:pk>/edit/", customers.edit, name="edit"),
    path("customers/<int:pk>/archive/", customers.archive, name="archive"),
    path("customers/<int:pk>/restore/", customers.restore, name="restore"),
    path("customers/<int:pk>/erase/", customers.erase, name="erase"),
    path("customers/<int:pk>/projects/add/", items.project_add, name="project_add"),
    path("projects/", lists.project_list, name="project_list"),
    path("projects/add/", lists.project_add_to, name="project_add_to"),
    path("projects/<int:pk>/edit/", items.project_edit, name="project_edit"),
    path("projects/<int:pk>/remove/", items.project_remove, name="project_remove"),
    path("customers/<int:pk>/tasks/add/", items.task_add, name="task_add"),
    path("tasks/", lists.task_list, name="task_list"),
    path("tasks/add/", lists.task_add_to, name="task_add_to"),
    path("tasks/<int:pk>/edit/", items.task_edit, name="task_edit"),
    path("tasks/<int:pk>/remove/", items.task_remove, name="task_remove"),
    path("tasks/<int:pk>/done/", items.task_done, name="task_done"),
    path("tasks/<int:pk>/undo/", items.task_undo, name="task_undo"),
    path("customers/<int:pk>/domains/add/", items.domain_add, name="domain_add"),
    path("domains/", lists.domain_list, name="domain_list"),
    path("domains/add/", lists.domain_add_to, name="domain_add_to"),
    path("domains/<int:pk>/edit/", items.domain_edit, name="domain_edit"),
    path("domains/<int:pk>/remove/", items.domain_remove, name="domain_remove"),
    path("customers/<int:pk>/contracts/add/", items.contract_add, name="contract_add"),
    path("contracts/", lists.contract_list, name="contract_list"),
    path("contracts/add/", lists.contract_add_to, name="contract_add_to"),
    path("contracts/<int:pk>/edit/", items.contract_edit, name="contract_edit"),
    path("contracts/<int:pk>/remove/", items.contract_remove, name="contract_remove"),
    path("customers/<int:pk>/notes/add/", items.note_add, name="note_add"),
    path("notes/<int:pk>/edit/", items.note_edit, name="note_edit"),
    path("notes/<int:pk>/remove/", items.note_remove, name="note_remove"),
]
