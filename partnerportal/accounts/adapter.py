"""How django-allauth fits in: who may sign up, and which way its mails go."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.http import HttpRequest

from partnerportal.accounts.known_browsers import is_known_browser
from partnerportal.accounts.mails import send_account_mail
from partnerportal.accounts.models import User
from partnerportal.accounts.rate_limits import refuse
from partnerportal.accounts.reauthentication import redirect_to_reauthenticate, signed_in_recently
from partnerportal.accounts.services.accounts import find_account
from partnerportal.core.redirects import is_safe_path


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth brings no types
    """No open sign-up (staff come by invitation or from an admin, clients by a code: `clients`); mails go through the outbox."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The person's address, as `TRUSTED_PROXY_COUNT` says; empty where there is none: over a socket, and when proxies forward other
        than the setting says. That is no reason to keep everybody out."""
        try:
            return str(super().get_client_ip(request))
        except (PermissionDenied, ImproperlyConfigured):
            return ""

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By what wrong passwords for one account are counted: apart in the browser in which its person worked last, or whoever guesses
        elsewhere would lock them out there, too."""
        key = str(super()._get_login_attempts_cache_key(request, **credentials))
        return f"{key}:known" if is_known_browser(request, credentials.get("email", "")) else key

    def is_safe_url(self, url: str | None) -> bool:
        """Where a sign-in may lead."""
        return is_safe_path(url or "")

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """What a form says; where that is “too often”, the answer becomes a 429."""
        return refuse(context.request) if code in {"too_many_login_attempts", "rate_limited"} else super().validation_error(code, *args)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue what allauth would have sent at once, as a letter of ours."""
        send_account_mail(template_prefix, email, context, owner=find_account(email))

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """allauth forgets to say whom it is about."""
        super().send_notification_mail(template_prefix, user, {"user": user, **(context or {})}, email)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """allauth itself counts no sign-in as a confirmation; who came a moment ago isn't asked again.

        Raises:
            ImmediateHttpResponse: somebody signs in by a code alone; allauth would let them pass, here they sign in anew.
        """
        if signed_in_recently(self.request) or not super().is_reauthentication_required(app=app, **kwargs):
            return False
        if not self.get_reauthentication_methods(self.request.user):
            raise ImmediateHttpResponse(redirect_to_reauthenticate(self.request, back_to=self.request.get_full_path()))
        return True
