"""URLs of accounts: the portal's below /account/, and allauth's below /accounts/."""

from django.urls import include, path

from partnerportal.accounts.views import accounts, second_factors

app_name = "accounts"
urlpatterns = [
    path("", accounts.account_settings, name="settings"),
    path("sessions/<int:pk>/end/", accounts.end_session, name="end_session"),
]
#: allauth's URLs, preceded by those whose views the portal replaces.
allauth_urlpatterns = [
    path("email/", accounts.change_email, name="account_email"),
    path("login/code/confirm/", accounts.confirm_login_code, name="account_confirm_login_code"),
    path("2fa/recovery-codes/", second_factors.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", second_factors.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", second_factors.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("2fa/webauthn/keys/<int:pk>/remove/", second_factors.remove_passkey, name="mfa_remove_webauthn"),
    path("2fa/webauthn/reauthenticate/", second_factors.reauthenticate_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("", include("allauth.urls")),
]
