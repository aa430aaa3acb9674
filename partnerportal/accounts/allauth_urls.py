"""Addresses below /accounts/: django-allauth's, with ours in front of the ones that need a hand."""

from django.urls import include, path

from partnerportal.accounts import second_factor_views, views

urlpatterns = [
    path("login/code/confirm/", views.confirm_login_code, name="account_confirm_login_code"),
    path("2fa/recovery-codes/", second_factor_views.show_recovery_codes, name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", second_factor_views.make_recovery_codes, name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", second_factor_views.save_recovery_codes, name="mfa_download_recovery_codes"),
    path("2fa/webauthn/keys/<int:pk>/remove/", second_factor_views.remove_passkey, name="mfa_remove_webauthn"),
    path("2fa/webauthn/reauthenticate/", second_factor_views.reauthenticate_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("", include("allauth.urls")),
]
