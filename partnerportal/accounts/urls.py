"""Addresses below /account/."""

from django.urls import path

from partnerportal.accounts.views import accounts

app_name = "accounts"
urlpatterns = [
    path("", accounts.account, name="settings"),
    path("sessions/<int:pk>/end/", accounts.end_session, name="end_session"),
]
