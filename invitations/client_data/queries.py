"""What this app stores about a person: the sections of their download."""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import QuerySet

from invitations.models import AccessInvitation, AccessRequest, ApprovalDecision, Credential, FileChunk, FileVersion, Message
from partnerportal.accounts.models import User
from partnerportal.accounts.personal_data import PersonalFile

_DETAILS = ("name", "company", "phone", "street", "zip", "city", "country", "domains", "message", "language")
_STEPS = ("status", "scope", "areas", "created_at", "expires_at")


def account_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the account itself."""
    yield {
        "email": user.email,
        "other_addresses": list(EmailAddress.objects.filter(user=user).exclude(email=user.email).values_list("email", flat=True)),
        **{name: getattr(user, name) for name in ("full_name", "language", "time_zone", "date_joined", "last_login")},
    }


def access_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return all access that the person has offered or given, with the details they stated."""
    for invitation in AccessInvitation.objects.filter(client=user).select_related("agency").order_by("pk"):
        names = (*_DETAILS, *_STEPS, "connected_at", "ends_on", "ended_at", "reason")
        yield {"agency": invitation.agency.name, **{name: getattr(invitation, name) for name in names}}


def access_request_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the access requests to the person."""
    for access_request in AccessRequest.objects.sent_to(user).select_related("agency").order_by("pk"):
        names = ("email", "message", *_STEPS, "answered_at")
        yield {"agency": access_request.agency.name, **{name: getattr(access_request, name) for name in names}}


def message_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the messages that the person has written as a client."""
    for message in Message.objects.filter(author=user, side="client").select_related("agency").order_by("pk"):
        yield {"agency": message.agency.name, "sent": message.created_at, "text": message.text}


def file_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the versions of files that the person has uploaded as a client."""
    for version in _own_versions(user).select_related("agency", "file").order_by("pk"):
        names = ("name", "content_type", "size", "sha256")
        yield {
            "agency": version.agency.name,
            "title": version.file.title,
            "version": version.number,
            "uploaded": version.created_at,
            **{name: getattr(version, name) for name in names},
        }


def next_file(user: User, after: int) -> PersonalFile | None:
    """Return the first version with a larger key that the person has uploaded as a client."""
    version = _own_versions(user).filter(pk__gt=after).order_by("pk").first()
    if version is None:
        return None
    chunks = FileChunk.objects.filter(version=version).order_by("number").values_list("data", flat=True)
    return PersonalFile(version.pk, version.name, (bytes(data) for data in chunks.iterator(chunk_size=4)))


def _own_versions(user: User) -> QuerySet[FileVersion]:
    return FileVersion.objects.filter(uploaded_by=user, file__from_client=True)


def approval_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the decisions about approvals that the person has taken."""
    for decision in ApprovalDecision.objects.filter(decided_by=user).select_related("approval__agency").order_by("pk"):
        approval = decision.approval
        yield {
            "agency": approval.agency.name,
            "title": approval.title,
            "decided": decision.created_at,
            **{name: getattr(decision, name) for name in ("outcome", "comment", "sha256")},
        }


def credential_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return that and when the person handed over credentials, who revealed them, and when they were deleted; never their content."""
    handed_over = Credential.objects.filter(invitation__client=user).select_related("need", "invitation__agency").order_by("pk")
    for credential in handed_over.prefetch_related("reveals__by"):
        yield {
            "agency": credential.invitation.agency.name,
            "need": credential.need.name,
            "area": credential.area,
            "handed_over": credential.created_at,
            "revealed": [{"by": str(reveal.by or ""), "at": reveal.created_at} for reveal in credential.reveals.all()],
            "deleted": credential.deleted_at,
        }
