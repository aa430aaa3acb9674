"""How django-allauth fits in: who may sign up, and which way its mails go."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import get_language

from partnerportal.accounts.confirming import signed_in_lately
from partnerportal.outbox.services import queue_mail


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth brings no types
    """No open sign-up (staff come by invitation or from an admin, clients by a code: `clients`); mails go through the outbox."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue what allauth would have sent at once; its mails belong to no agency, so no agency can read them."""
        site = get_current_site(self.request)
        user = context.get("user")
        with translation.override((user and user.language) or get_language()):
            message = self.render_mail(template_prefix, email, {"request": self.request, "email": email, "current_site": site, **context})
        queue_mail(kind=template_prefix, to=email, subject=message.subject, text=str(message.body))

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """allauth itself counts no sign-in as a confirmation; who came a moment ago isn't asked again for their second factor's pages."""
        return super().is_reauthentication_required(app=app, **kwargs) and not signed_in_lately(self.request)
