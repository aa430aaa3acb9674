"""Messages, files and approvals of the demo, in the shared space of `demo_space`."""

from dataclasses import replace
from io import BytesIO

from customers.models import Customer
from customers.services.submissions import new_form_number
from invitations.files.services.approvals import decide, request_text_approval, request_version_approval
from invitations.files.services.files import upload_by_client, upload_file
from invitations.messages.services import send_as_client, send_as_member
from invitations.space.queries import clients_of, preview_space
from partnerportal.accounts.models import User
from partnerportal.demo.demo_space import POSITION

#: Title, file name, area, content, whether it is shared.
FILES = (
    ("Design of the product pages", "product-pages.txt", "hosting", "Header, twelve prints, cart, imprint.\n", True),
    ("Offer for the newsletter", "offer-newsletter.txt", "contracts", "Set-up: 640 €.\n", False),
)
#: Title and text.
TEXTS = (
    ("Text of the start page", "Prints from Lagos and Hamburg, numbered and signed.\nShipping within three days."),
    ("Imprint", "Grace Okafor\nHafenstraße 12\n20359 Hamburg"),
)
#: Whether the client wrote it, and the text. The last one is unread.
MESSAGES = (
    (True, "Hello, the twelve prints are scanned. Where do you want the files?"),
    (False, "Wonderful! Please upload them under “Files”. They will be in the shop by Friday."),
    (True, "Done. The tenth one is a triptych: can it have three pictures?"),
)


def add_messages(customers: list[Customer], *, by: User) -> None:
    """Add a conversation between a member and the client with full access."""
    customer = customers[POSITION]
    space = replace(preview_space(clients_of(customer)[-1]), preview=None)
    for from_client, text in MESSAGES:
        if from_client:
            send_as_client(space=space, text=text, number=new_form_number())
        else:
            send_as_member(customer=customer, text=text, number=new_form_number(), by=by)


def add_files(customers: list[Customer], *, by: User) -> None:
    """Add files of both sides, an open approval of a file, and one open and one decided approval of a text."""
    customer = customers[POSITION]
    files = [
        upload_file(customer=customer, file=BytesIO(text.encode()), name=name, by=by, title=title, area=area, is_shared=is_shared)
        for title, name, area, text, is_shared in FILES
    ]
    space = replace(preview_space(clients_of(customer)[-1]), preview=None)
    upload_by_client(space=space, file=BytesIO(b"Twelve prints, 300 dpi.\n"), name="prints.txt", title="List of the prints", area="hosting")
    request_version_approval(files[0].versions.get(), by=by)
    approvals = [request_text_approval(customer=customer, title=title, text=text, area="hosting", by=by) for title, text in TEXTS]
    decide(approvals[1], space=space, outcome="changes", comment="Please add the phone number.", sha256=approvals[1].sha256)
