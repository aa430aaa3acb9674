"""URLs of the start page, dashboard, search and health checks."""

from django.urls import path

from partnerportal.desk import views

app_name = "desk"
urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/tasks/<int:pk>/done/", views.task_done, name="task_done"),
    path("dashboard/tasks/<int:pk>/undo/", views.task_undo, name="task_undo"),
    path("dashboard/review-requests/<int:pk>/remind/", views.remind, name="remind"),
    path("dashboard/setup/dismiss/", views.setup_dismiss, name="setup_dismiss"),
    path("dashboard/setup/restore/", views.setup_restore, name="setup_restore"),
    path("search/", views.search_page, name="search"),
    path("site.webmanifest", views.manifest, name="manifest"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
