"""Addresses below /account/."""

from django.urls import path

from partnerportal.accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.person, name="person"),
]
