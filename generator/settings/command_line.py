"""Runs a click command, and reports every error as one line with a way out."""

import difflib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click


class SettingsError(click.UsageError):
    """The settings are invalid; the message is for people."""


class CommandError(click.ClickException):
    """The command cannot do its work; the message is for people."""


def run(command: click.Command, arguments: Sequence[str] | None = None) -> Any:  # noqa: ANN401
    """Run a command and return its result.

    Raises SystemExit: with 0 after `--help`, with 2 after a usage error, with 1 after
    any other error of click; each is reported as one line on stderr.
    """
    name = command.name or "pillion"
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        with command.make_context(name, words) as context:
            return command.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except SettingsError as error:
        _end(name, error.message, error.exit_code)
    except click.NoSuchOption as error:
        near = difflib.get_close_matches(error.option_name, error.possibilities or (), n=1)
        path = error.ctx.command_path if error.ctx else name
        way_out = f"Did you mean {near[0]}?" if near else f"See {path} --help."
        _end(path, f"There is no flag {error.option_name}. {way_out}", error.exit_code)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else name
        message = error.format_message()
        stop = "" if message.endswith((".", "?")) else "."
        _end(path, f"{message}{stop} See {path} --help.", error.exit_code)
    except click.ClickException as error:
        _end(name, error.format_message(), error.exit_code)
    except click.Abort:
        sys.exit(130)


def _end(program: str, message: str, code: int) -> NoReturn:
    click.echo(f"{program}: {' '.join(message.split())}", err=True)
    sys.exit(code)
