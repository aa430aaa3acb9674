"""How django-allauth fits in: who may sign up, and which way its mails go."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.http import HttpRequest

from partnerportal.accounts.confirming import signed_in_lately
from partnerportal.accounts.limits import refuse
from partnerportal.accounts.mails import send_account_mail
from partnerportal.accounts.models import User
from partnerportal.returning import is_ours


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

    def is_safe_url(self, url: str | None) -> bool:
        """Where a sign-in may lead."""
        return is_ours(url or "")

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """What a form says; where that is “too often”, the answer becomes a 429."""
        return refuse(context.request) if code in {"too_many_login_attempts", "rate_limited"} else super().validation_error(code, *args)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue what allauth would have sent at once, as a letter of ours."""
        send_account_mail(template_prefix, email, context)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """allauth forgets to say whom it is about."""
        super().send_notification_mail(template_prefix, user, {"user": user, **(context or {})}, email)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """allauth itself counts no sign-in as a confirmation; who came a moment ago isn't asked again for their second factor's pages."""
        return super().is_reauthentication_required(app=app, **kwargs) and not signed_in_lately(self.request)
