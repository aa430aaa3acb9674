"""The command line: `run` the portal, or `exec` a command beside it. `make help` has the short ways to both."""

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import nullcontext

from .console import StartupError, echo


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m partnerportal.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("run", help="run the whole portal until Ctrl-C")
    beside = commands.add_parser("exec", help="run a command with the portal’s environment and servers")
    beside.add_argument("command", nargs="+", help="the command, after --")
    arguments = parser.parse_args()
    try:
        if importlib.util.find_spec("psutil") is None:
            raise StartupError("The package psutil is not installed. Install requirements/run.txt, as `make run` does")
        if arguments.what == "run":
            from .supervisor import run

            return run(os.environ)
        return execute(arguments.command, os.environ)
    except StartupError as trouble:
        echo(str(trouble), error=True)
        return 1
    except KeyboardInterrupt:
        return 130


def execute(command: list[str], environ: Mapping[str, str]) -> int:
    """Run a command with the portal's environment; its exit code.

    The embedded servers that a running portal, or another command, has started are used; else they run as long as the command.
    """
    from .environment import load_config
    from .servers import servers

    # Like Ctrl-C, so that servers which are just starting are stopped again.
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    here = load_config(environ)
    embedded = here.wants_postgres or here.wants_valkey
    none: dict[str, str] = {}
    with servers(here.data_dir, postgres=here.wants_postgres, valkey=here.wants_valkey) if embedded else nullcontext(none) as env:
        try:
            process = subprocess.Popen(command, env=here.env | env)  # noqa: S603
        except OSError as error:
            raise StartupError(f"{command[0]}: {error.strerror}") from error
        # Ctrl-C reaches the command by itself. (A handler: to ignore a signal would be inherited.)
        signal.signal(signal.SIGINT, lambda *_: None)
        for sign in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, lambda sign, _: process.send_signal(sign))
        code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
