"""Messages about actions that a button takes back."""

from django.contrib import messages
from django.http import HttpRequest


def success_with_undo(request: HttpRequest, text: str, undo_path: str) -> None:
    """Add a success message with the button “Undo”, which posts to `undo_path`.

    The button’s form also posts `next`, the page on which the message is shown.
    """
    messages.success(request, text, extra_tags=undo_path)
