"""Template loaders that leave out the indentation of HTML, a fifth of a page's size.

Line breaks remain, because they separate words and keep the line numbers in error messages.
"""

import re

from django.template import Origin
from django.template.loaders import app_directories, filesystem

_INDENTATION = re.compile(r"\n[ \t]+")


def without_indentation(source: str, name: str) -> str:
    """Return the source of a page without the indentation of its lines. E-mails and texts are unchanged."""
    is_page = name.endswith(".html") and not name.startswith("email/")
    return _INDENTATION.sub("\n", source) if is_page else source


class FilesystemLoader(filesystem.Loader):
    """Loads the portal's templates."""

    def get_contents(self, origin: Origin) -> str:
        return without_indentation(super().get_contents(origin), str(origin.template_name))


class AppDirectoriesLoader(app_directories.Loader):
    """Loads the libraries' templates."""

    def get_contents(self, origin: Origin) -> str:
        return without_indentation(super().get_contents(origin), str(origin.template_name))
