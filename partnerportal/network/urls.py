"""Addresses below /partners/."""

from django.urls import path

from partnerportal.network import views

app_name = "network"
urlpatterns = [
    path("", views.directory, name="directory"),
    path("<slug:slug>/", views.profile, name="profile"),
]
