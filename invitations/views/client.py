"""For clients: giving an agency access, seeing what one gave, changing it, taking it back."""

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from invitations.forms.client import ChangeAccessForm, GiveAccessForm
from invitations.models import AccessInvitation, AccessRequest
from invitations.queries import client_names
from invitations.services.invitations import (
    change_access,
    current_invitation,
    ensure_not_own_agency,
    give_access,
    revoke_access,
    withdraw_invitation,
)
from invitations.views.feedback import explain_conflict
from partnerportal.accounts.models import User
from partnerportal.agencies.access import ClientRequest, client_view
from partnerportal.agencies.models import Agency
from partnerportal.audit.descriptions import name_items
from partnerportal.audit.models import AuditEvent
from partnerportal.core.email_addresses import address_variants
from partnerportal.core.language_addresses import moved
from partnerportal.core.pagination import keyset_page
from partnerportal.core.pending import InvalidTransition, PendingQuerySet
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits
from partnerportal.network.models import PartnerProfile

#: Each of these sends the agency a mail. One client, whichever agencies they give access to:
PER_CLIENT = RateLimit("access-client", times=20, seconds=60 * 60)
#: One client and one agency: giving, changing and taking back in turn.
PER_AGENCY = RateLimit("access-agency", times=6, seconds=60 * 60)
#: Events that an invitation's page shows.
HISTORY_LENGTH = 50
#: What a client told about themselves once need not be typed again for the next agency.
REMEMBERED_FIELDS = ("name", "company", "phone", "street", "zip", "city", "country")


def _get_profile(slug: str) -> str:
    profile = PartnerProfile.objects.public().select_related("agency").filter(slug=slug).first()
    return _("Sign in to give %(agency)s access.") % {"agency": profile.agency} if profile else ""


@client_view(why=_get_profile)
def give(request: ClientRequest, slug: str) -> HttpResponse:
    """“Give access” on a registered profile."""
    profile = get_object_or_404(PartnerProfile.objects.public().select_related("agency"), slugs__slug=slug)
    if request.method != "POST" and profile.slug != slug:
        return moved(request, reverse("invitations:give_access", args=[profile.slug]))
    agency = profile.agency
    context = {"profile": profile, "agency": agency}
    try:
        ensure_not_own_agency(agency, request.user)
    except ValidationError as error:
        return render(request, "invitations/give_access.html", {**context, "refusal": " ".join(error.messages)})
    if given := current_invitation(agency, request.user):
        return render(request, "invitations/give_access.html", {**context, "given": given})
    form = GiveAccessForm(request.form_data, initial=_previous_answers(request.user), cancel=profile.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            _check_limits(request.user, agency)
            give_access(agency=agency, client=request.user, language=get_language() or agency.language, **form.cleaned_data)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/give_access.html", {**context, "form": form}))
        except ValidationError as error:
            messages.info(request, " ".join(error.messages))
        else:
            messages.success(request, _("Invitation sent to %(agency)s. You’ll get an e-mail when they respond.") % {"agency": agency})
        return redirect("invitations:access_list")
    return render(request, "invitations/give_access.html", {**context, "form": form})


def _previous_answers(client: User) -> dict[str, str]:
    """What the client told the last agency; at first, their name."""
    last = AccessInvitation.objects.filter(client=client).exclude(name="").order_by("-pk").values(*REMEMBERED_FIELDS).first()
    return {"name": client.full_name, **(last or {})}


@client_view(methods=("GET",))
def access_list(request: ClientRequest) -> HttpResponse:
    """The access I gave: to whom, what, since when; and who asks me for some."""
    mine = _own_invitations(request)
    still_open = mine.filter(status__in=["pending", "connected"]).order_by("-pk")
    over = mine.exclude(status__in=["pending", "connected"])
    return render(
        request,
        "invitations/access_list.html",
        {
            "open": still_open,
            "page": keyset_page(request, over, order_by=("-pk",), size=10),
            "asked": requests_for_user(request.user).pending().select_related("agency").order_by("-pk"),
        },
    )


@client_view(methods=("GET",))
def access_detail(request: ClientRequest, pk: int) -> HttpResponse:
    """One access that I gave, with all that happened to it."""
    invitation = get_object_or_404(_own_invitations(request), pk=pk)
    return render(request, "invitations/access_detail.html", {"invitation": invitation, "history": history_of(invitation)})


@client_view()
def change(request: ClientRequest, pk: int) -> HttpResponse:
    """Open more or less."""
    invitation = get_object_or_404(_own_invitations(request), pk=pk)
    back = reverse("invitations:access_detail", args=[pk])
    if invitation.current_status != AccessInvitation.Status.CONNECTED:
        explain_conflict(request, InvalidTransition(invitation.current_status))
        return redirect(back)
    form = ChangeAccessForm(request.form_data, invitation=invitation, cancel=back)
    if request.method == "POST" and form.is_valid():
        try:
            _check_limits(request.user, invitation.agency)
            changed = change_access(invitation, **form.cleaned_data)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/change_access.html", {"invitation": invitation, "form": form}))
        except InvalidTransition as taken:
            explain_conflict(request, taken)
        else:
            values = {"agency": invitation.agency}
            if changed:
                messages.success(request, _("Access for %(agency)s updated. The agency has been notified by e-mail.") % values)
            else:
                messages.info(request, _("%(agency)s already had this access. Nothing was changed.") % values)
        return redirect(back)
    return render(request, "invitations/change_access.html", {"invitation": invitation, "form": form})


@client_view(methods=("POST",))
def withdraw(request: ClientRequest, pk: int) -> HttpResponse:
    """No longer wait for the agency's answer."""
    invitation = get_object_or_404(_own_invitations(request), pk=pk)
    try:
        withdraw_invitation(invitation)
    except InvalidTransition as taken:
        explain_conflict(request, taken)
    else:
        messages.success(
            request, _("Invitation to %(agency)s withdrawn. The agency has been notified by e-mail.") % {"agency": invitation.agency}
        )
    return redirect("invitations:access_list")


@client_view(methods=("POST",))
def revoke(request: ClientRequest, pk: int) -> HttpResponse:
    """Take the access back."""
    invitation = get_object_or_404(_own_invitations(request), pk=pk)
    try:
        revoke_access(invitation)
    except InvalidTransition as taken:
        explain_conflict(request, taken)
    else:
        messages.success(
            request, _("%(agency)s no longer has access. The agency has been notified by e-mail.") % {"agency": invitation.agency}
        )
    return redirect("invitations:access_list")


def _check_limits(client: User, agency: Agency) -> None:
    """Count what is given or changed; taking back is never refused, and ends what was given anyway.

    Raises:
        TooOften: this client has done so too often.
    """
    check_rate_limits((PER_CLIENT, str(client.pk)), (PER_AGENCY, f"{client.pk}:{agency.pk}"))


def _own_invitations(request: ClientRequest) -> QuerySet[AccessInvitation]:
    """What this client gave, and nothing of anybody else."""
    return AccessInvitation.objects.filter(client=request.user).select_related("agency__profile")


def requests_for_user(user: User) -> PendingQuerySet[AccessRequest]:
    """The access requests to this person's confirmed addresses."""
    confirmed = EmailAddress.objects.filter(user=user, verified=True)
    theirs = Q(email__in=confirmed.values("email"))
    if len(spelled := address_variants(user.email)) > 1:
        # The agency may have entered the domain in another spelling than the client.
        theirs |= Q(Exists(confirmed.filter(email=user.email)), email__in=spelled)
    return AccessRequest.objects.filter(theirs)


def history_of(invitation: AccessInvitation) -> list[AuditEvent]:
    """What happened to an invitation, and to the access requests that it came from or grew by; the newest first."""
    requests = list(invitation.requests.all())
    events = AuditEvent.objects.filter(
        Q(object_type=AccessInvitation._meta.label_lower, object_id=invitation.pk)
        | Q(object_type=AccessRequest._meta.label_lower, object_id__in=[asked.pk for asked in requests])
    )
    history = list(events.order_by("-pk")[:HISTORY_LENGTH])
    name_items(history, client_names(invitation, *requests))
    return history
