"""Migrates an empty database (`python -m tests.migrating`) in half the time of `manage.py migrate`.

After each added index, constraint or trigger, Django renders again all models that are connected with its model, which are nearly all.
Here it only changes the options of that model. tests/embedded/test_run.py compares the schema with that of a portal's first start.
"""

from typing import Any
from unittest.mock import patch

import django
from django.core.management import call_command
from django.db.migrations.state import ProjectState

#: Options of models, which don't change how models are connected.
OPTIONS = ("indexes", "constraints", "triggers")


def update_options(state: ProjectState, app_label: str, model_name: str, *_args: Any, **_kwargs: Any) -> None:
    """Copy changed options to the rendered model instead of rendering it again."""
    if "apps" in vars(state):
        options, meta = state.models[app_label, model_name.lower()].options, state.apps.get_model(app_label, model_name)._meta
        for name in OPTIONS:
            setattr(meta, name, options.get(name, []))


def changing_options(change: Any) -> Any:
    """Return a method that changes these options."""

    def changed(*args: Any) -> None:
        with patch.object(ProjectState, "reload_model", update_options):
            change(*args)

    return changed


if __name__ == "__main__":
    django.setup()

    from pgtrigger.migrations import AddTrigger, RemoveTrigger

    for owner, name in (
        (ProjectState, "_append_option"),
        (ProjectState, "_remove_option"),
        (AddTrigger, "state_forwards"),
        (RemoveTrigger, "state_forwards"),
    ):
        setattr(owner, name, changing_options(getattr(owner, name)))
    call_command("migrate", verbosity=0)
