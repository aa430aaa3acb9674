"""Addresses below /accounts/: django-allauth's, with ours in front of the ones that need a hand."""

from django.urls import include, path

from partnerportal.accounts.views import accounts, second_factors

urlpatterns = [
    path("login/code/confirm/", accounts.confirm_login_code, name="account_confirm_login_code"),
    path("2fa/recovery-codes/", second_factors.show_recovery_codes, name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", second_factors.make_recovery_codes, name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", second_factors.save_recovery_codes, name="mfa_download_recovery_codes"),
    path("2fa/webauthn/keys/<int:pk>/remove/", second_factors.remove_passkey, name="mfa_remove_webauthn"),
    path("2fa/webauthn/reauthenticate/", second_factors.reauthenticate_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("", include("allauth.urls")),
]
