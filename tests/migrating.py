"""`manage.py migrate` for the empty database of a test run.

Django renders a model and all related ones again for each index, constraint and trigger of a migration, which takes most
of the time.
"""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.management import execute_from_command_line
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger


def without_rendering(change: Callable[..., None], *, is_trigger: bool) -> Callable[..., None]:
    """Let a method that changes options of one model set them in the rendered model, too, instead of rendering it again."""

    @wraps(change)
    def changed(self: Any, *args: Any) -> None:
        state, app_label, name = (args[1], args[0], self.model_name) if is_trigger else (self, *args[:2])
        apps = state.__dict__.pop("apps", None)
        change(self, *args)
        if apps is not None:
            state.__dict__["apps"] = apps
            options, meta = state.models[app_label, name.lower()].options, apps.get_model(app_label, name)._meta
            meta.indexes, meta.constraints = list(options["indexes"]), list(options["constraints"])

    return changed


def main() -> None:
    for name in ("_append_option", "_remove_option", "_alter_option"):
        setattr(ProjectState, name, without_rendering(getattr(ProjectState, name), is_trigger=False))
    for operation in (AddTrigger, RemoveTrigger):
        operation.state_forwards = without_rendering(operation.state_forwards, is_trigger=True)  # type: ignore[method-assign]
    os.environ["DJANGO_SETTINGS_MODULE"] = "partnerportal.settings"
    execute_from_command_line(["manage.py", "migrate", "--verbosity=0"])


if __name__ == "__main__":
    main()
