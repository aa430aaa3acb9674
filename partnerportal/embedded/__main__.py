"""Command line: `run` the portal, or `exec` a command with its environment and servers."""

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from .console import StartupError, echo
from .environment import load_config


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m partnerportal.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)
    commands.add_parser("run", help="run the whole portal until Ctrl-C")
    exec_parser = commands.add_parser("exec", help="run a command with the portal’s environment and servers")
    exec_parser.add_argument("command", nargs="+", help="the command, after --")
    arguments = parser.parse_args()
    try:
        if importlib.util.find_spec("psutil") is None:
            raise StartupError("The package psutil is not installed. Install requirements/run.txt, as `make run` does")
        if arguments.name == "run":
            from .supervisor import run  # optional package

            return run(os.environ)
        return execute(arguments.command, os.environ)
    except StartupError as error:
        echo(str(error), error=True)
        return 1
    except KeyboardInterrupt:
        return 130


def execute(command: list[str], environ: Mapping[str, str]) -> int:
    """Run a command with the portal's environment and servers, and return its exit code.

    Servers that aren't running yet are started, and stopped after the command.
    """
    from .servers import servers  # optional package

    # Raises KeyboardInterrupt, so that starting servers are stopped.
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    config = load_config(environ)
    services: AbstractContextManager[dict[str, str]] = nullcontext({})
    if config.wants_postgres or config.wants_valkey:
        services = servers(config.data_dir, postgres=config.wants_postgres, valkey=config.wants_valkey)
    with services as env:
        try:
            process = subprocess.Popen(command, env=config.env | env)  # noqa: S603
        except OSError as error:
            raise StartupError(f"{command[0]}: {error.strerror}") from error
        # The terminal sends Ctrl-C to the command, too. Not SIG_IGN, which child processes inherit.
        signal.signal(signal.SIGINT, lambda *_: None)
        for sign in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, lambda sign, _: process.send_signal(sign))
        code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
