"""Addresses below /account/."""

from django.urls import path

from partnerportal.accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.account, name="person"),
    path("sessions/<int:pk>/end/", views.end_session, name="end_session"),
]
