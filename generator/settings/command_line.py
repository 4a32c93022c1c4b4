"""Runs a click command so that whatever is wrong is one line with a way out."""

import difflib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click


class Refused(click.UsageError):
    """What was asked for cannot be done as given; the message is for people."""


class Failed(click.ClickException):
    """What was asked for went wrong; the message is for people."""


def run(command: click.Command, arguments: Sequence[str] | None = None) -> Any:  # noqa: ANN401
    """Run a command and give what it returns.

    Raises SystemExit: with 0 after `--help`, with 2 after a usage error, with 1 after
    any other that click knows; each has been told in one line on stderr.
    """
    name = command.name or "pillion"
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        with command.make_context(name, given) as context:
            return command.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except Refused as error:
        _end(name, error.message, error.exit_code)
    except click.NoSuchOption as error:
        near = difflib.get_close_matches(error.option_name, error.possibilities or (), n=1)
        path = error.ctx.command_path if error.ctx else name
        way_out = f"Did you mean {near[0]}?" if near else f"See {path} --help."
        _end(path, f"There is no flag {error.option_name}. {way_out}", error.exit_code)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else name
        told = error.format_message()
        stop = "" if told.endswith((".", "?")) else "."
        _end(path, f"{told}{stop} See {path} --help.", error.exit_code)
    except click.ClickException as error:
        _end(name, error.format_message(), error.exit_code)
    except click.Abort:
        sys.exit(130)


def _end(who: str, message: str, code: int) -> NoReturn:
    click.echo(f"{who}: {' '.join(message.split())}", err=True)
    sys.exit(code)
