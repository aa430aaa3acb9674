"""E-mails about applications. Those to the applicant are in the language of the form."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import TeamInvitation
from partnerportal.network.applications.models import AgencyApplication
from partnerportal.network.site import current_site
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letter


def _network() -> str:
    return current_site().network_name


def send_application_confirmation(application: AgencyApplication) -> None:
    """Send the personal link. The e-mail contains none of the input, because anyone can enter any address."""
    queue_letter(
        Letter(
            kind="application_confirmation",
            to=application.email,
            language=application.language,
            values={"network": _network, "date": application.valid_until},
            subject=_("Confirm your application"),
            intro=_("Someone has entered this address in an agency’s application to join %(network)s. Confirm that it was you."),
            button=_("View application"),
            link=application.link or "",
            link_first=True,
            outro=[_("The link is valid until %(date)s. Applications that aren’t confirmed are deleted after that.")],
            footer_reason=_(
                "You’re receiving this e-mail because your address was entered in a form. If it wasn’t you, you can ignore it."
            ),
        )
    )


def send_application_to_admins(application: AgencyApplication) -> None:
    """Notify all administrators who can decide on the application."""
    for admin in User.objects.filter(is_active=True, is_staff=True).order_by("pk"):
        if admin.has_perm("network.change_agencyapplication"):
            queue_letter(
                Letter(
                    kind="application_received",
                    to=admin.email,
                    language=admin.language,
                    values={"agency": application.name, "city": application.city, "network": _network},
                    subject=_("%(agency)s has applied to join %(network)s"),
                    name=admin.full_name,
                    intro=_("%(agency)s (%(city)s) has applied to join %(network)s and has confirmed its e-mail address."),
                    button=_("View application"),
                    link=f"{settings.SITE_URL}{reverse('admin:network_agencyapplication_change', args=[application.pk])}",
                    footer_reason=_("You’re receiving this e-mail because you decide on applications."),
                )
            )


def send_application_approved(invitation: TeamInvitation, *, account: User | None, by: User, application: AgencyApplication) -> None:
    """Send the first owner their invitation. Like all invitations, the e-mail belongs to no agency."""
    queue_letter(
        Letter(
            kind="application_approved",
            to=invitation.email,
            language=application.language,
            values={"agency": application.name, "network": _network, "date": invitation.valid_until},
            subject=_("Your application has been approved"),
            name=account.full_name if account else application.contact_name,
            intro=_(
                "Welcome to %(network)s! %(agency)s can now use the portal. Accept your invitation as its owner, complete the profile "
                "and submit it for registration."
            ),
            button=_("Accept invitation"),
            link=invitation.link or "",
            link_first=True,
            outro=[_("The link is valid until %(date)s and works for this address only.")],
            footer_reason=_("You’re receiving this e-mail because you applied to join %(network)s."),
            reply_to=by.email,
        )
    )


def send_application_rejected(application: AgencyApplication, *, by: User) -> None:
    """Send the applicant the reason."""
    queue_letter(
        Letter(
            kind="application_rejected",
            to=application.email,
            language=application.language,
            values={"agency": application.name, "network": _network},
            subject=_("Your application has been rejected"),
            name=application.contact_name,
            intro=_("Thank you for your interest in %(network)s. Unfortunately, the application of %(agency)s has been rejected. Reason:"),
            quote=application.reason,
            outro=[_("If you have questions, reply to this e-mail.")],
            footer_reason=_("You’re receiving this e-mail because you applied to join %(network)s."),
            reply_to=by.email,
        )
    )
