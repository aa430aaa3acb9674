"""URLs of the start page, dashboard, saved views, search and health checks."""

from django.urls import path

from partnerportal.desk import views
from partnerportal.desk.calendar import views as calendar
from partnerportal.desk.digest import views as digest
from partnerportal.desk.saved_views import views as saved_views
from partnerportal.desk.sent_mail import views as sent_mail

app_name = "desk"
urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/tasks/<int:pk>/done/", views.task_done, name="task_done"),
    path("dashboard/tasks/<int:pk>/undo/", views.task_undo, name="task_undo"),
    path("dashboard/review-requests/<int:pk>/remind/", views.remind, name="remind"),
    path("dashboard/setup/dismiss/", views.setup_dismiss, name="setup_dismiss"),
    path("dashboard/setup/restore/", views.setup_restore, name="setup_restore"),
    path("views/add/", saved_views.add, name="view_add"),
    path("views/<int:pk>/edit/", saved_views.edit, name="view_edit"),
    path("views/<int:pk>/save/", saved_views.save, name="view_save"),
    path("views/<int:pk>/delete/", saved_views.delete, name="view_delete"),
    path("views/<int:pk>/restore/", saved_views.restore, name="view_restore"),
    path("views/<int:pk>/pin/", saved_views.pin, name="view_pin"),
    path("views/<int:pk>/unpin/", saved_views.unpin, name="view_unpin"),
    path("views/<int:pk>/move/", saved_views.move, name="view_move"),
    path("company/mail/", sent_mail.mail_list, name="mail_list"),
    path("company/mail/<int:pk>/", sent_mail.mail_detail, name="mail_detail"),
    path("company/mail/<int:pk>/seen/", sent_mail.mail_seen, name="mail_seen"),
    path("company/mail/<int:pk>/unseen/", sent_mail.mail_unseen, name="mail_unseen"),
    path("account/calendar/", calendar.calendar, name="calendar"),
    path("account/calendar/replace/", calendar.calendar_replace, name="calendar_replace"),
    path("account/calendar/end/", calendar.calendar_end, name="calendar_end"),
    path("feed/<str:token>/calendar.ics", calendar.calendar_feed, name="calendar_feed"),
    path("r/digest/<str:token>/", digest.unsubscribe, name="digest_unsubscribe"),
    path("r/digest/<str:token>/undo/", digest.resubscribe, name="digest_resubscribe"),
    path("search/", views.search_page, name="search"),
    path("site.webmanifest", views.manifest, name="manifest"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
