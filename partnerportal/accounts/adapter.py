"""Adapters that fit django-allauth into the portal."""

from typing import Any, cast
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.known_browsers import is_known_browser
from partnerportal.accounts.mails import send_account_mail
from partnerportal.accounts.models import User
from partnerportal.accounts.queries import find_account
from partnerportal.accounts.reauthentication import redirect_to_reauthenticate, signed_in_recently
from partnerportal.accounts.services.second_factors import CIPHER
from partnerportal.accounts.templatetags.user_agents import browser
from partnerportal.core.counters import count
from partnerportal.core.rate_limits import RateLimitExceeded
from partnerportal.core.redirects import is_safe_path

#: Longest window of `ACCOUNT_RATE_LIMITS`, in seconds. allauth doesn't report when a limit ends.
RATE_LIMIT_WINDOW = 5 * 60


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no type hints
    """Adapter without open sign-up: staff are invited, and clients sign in with a code."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def may_create_account(self) -> bool:
        """Return whether the next page is a `client_view`. Only then does a code create an account."""
        page = self._next_page()
        return page is not None and getattr(page.func, "for_clients", False) is True

    def sign_in_reason(self) -> str:
        """Return the reason to sign in that the next page gives (`client_view(why=…)`), if any."""
        page = self._next_page()
        why = getattr(page and page.func, "why", None)
        return str(why(**page.kwargs)) if why and page else ""

    def _next_page(self) -> ResolverMatch | None:
        path = self.request.POST.get("next") or self.request.GET.get("next") or ""
        try:
            return resolve(urlsplit(path).path)
        except (Resolver404, ValueError):
            return None

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client's IP address according to `TRUSTED_PROXY_COUNT`.

        An unknown address is an empty string instead of an error, because a socket or wrong proxy
        settings must not lock out all users.
        """
        try:
            return str(super().get_client_ip(request))
        except (PermissionDenied, ImproperlyConfigured):
            return ""

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return the key for counting wrong passwords of an account.

        The account's known browser is counted separately, so that attackers can't lock out its user.
        """
        key = str(super()._get_login_attempts_cache_key(request, **credentials))
        return f"{key}:known" if is_known_browser(request, credentials.get("email", "")) else key

    def is_safe_url(self, url: str | None) -> bool:
        """Return whether a sign-in can redirect to this URL."""
        return is_safe_path(url or "")

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Return a form error. For allauth's rate limits, it has the portal's text and status 429."""
        if code in {"too_many_login_attempts", "rate_limited"}:
            count(("rate_limit_hits", ("sign_in",), 1))
            return self.rate_limit_error(RateLimitExceeded(RATE_LIMIT_WINDOW))
        return cast(ValidationError, super().validation_error(code, *args))

    def rate_limit_error(self, error: RateLimitExceeded) -> ValidationError:
        """Return a form error and let `RateLimitMiddleware` respond with status 429."""
        self.request.rate_limit_error = error
        return ValidationError(str(error), code="too_often")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue one of the portal's e-mails instead of allauth's."""
        send_account_mail(template_prefix, email, context, owner=find_account(email))

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Add the user to the context, which allauth omits."""
        super().send_notification_mail(template_prefix, user, {"user": user, **(context or {})}, email)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Return whether the sign-in isn't recent. allauth itself only counts reauthentications.

        Raises:
            ImmediateHttpResponse: The user signs in with codes alone and has to do so again.
        """
        if signed_in_recently(self.request) or not super().is_reauthentication_required(app=app, **kwargs):
            return False
        if not self.get_reauthentication_methods(self.request.user):
            raise ImmediateHttpResponse(redirect_to_reauthenticate(self.request, back_to=self.request.get_full_path()))
        return True

    def ensure_recently_authenticated(self) -> None:
        """Raise allauth's ReauthenticationRequired if the sign-in isn't recent."""
        raise_if_reauthentication_required(self.request, app="allauth.account")


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Adapter that encrypts secrets and names passkeys after the browser that created them."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is wrong or has already been used. Enter the code your app is showing now."),
        "cannot_generate_recovery_codes": _("Recovery codes require two-factor authentication. Set it up first."),
        "unverified_email": _("Confirm your e-mail address first. Otherwise you could be locked out if you lose your second factor."),
    }

    def encrypt(self, text: str) -> str:
        return CIPHER.encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret.

        Raises:
            DecryptionError: No known key decrypts it.
        """
        return CIPHER.decrypt(encrypted_text.encode())

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002  # allauth's name
        return browser(get_account_adapter().get_http_user_agent(self.request))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": settings.MFA_TOTP_ISSUER}
