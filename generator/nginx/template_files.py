"""Reads template files: the built-in ones, and those of a folder that shadow them.

The only place of this room that reads files.
"""

import difflib
from importlib import resources
from pathlib import Path

from generator import problems
from generator.directives import File
from generator.nginx.errors import TemplateError
from generator.nginx.jinja import NAMES, Template, TemplateSet
from generator.objects import file_ref
from generator.problems import Code, Problem, Problems
from reloader.contract import ContractError, read_bytes

_LARGEST = 1 << 20
"""Bytes; a ConfigMap holds as many."""


def built_in() -> TemplateSet:
    """Return the templates that come with Pillion."""
    room = resources.files("generator.nginx")
    folder, program = room / "templates", room / "lua" / "endpoints.lua"
    return TemplateSet(
        {name: Template(str(folder / name), (folder / name).read_text("utf-8")) for name in NAMES},
        File(program.read_bytes()),
    )


def shadowed_by(folder: Path, below: TemplateSet) -> tuple[TemplateSet, Problems]:
    """Put the files of `folder` in the place of the templates of their names.

    Files of other names are reported, not used; hidden ones are passed over, as a
    mounted ConfigMap keeps its data behind `..data`. Raises TemplateError for a
    template that does not compile, and for a folder or file that cannot be read.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.name[0] != ".")
    except OSError as error:
        raise TemplateError(str(folder), 0, f"{error.strerror}.") from error
    mine = {
        name: Template(str(folder / name), _read(folder / name)) for name in names if name in NAMES
    }
    templates = TemplateSet({**below.templates, **mine}, below.program)
    templates.compile()
    return templates, tuple(_unknown(folder / name) for name in names if name not in NAMES)


def differing(templates: TemplateSet, others: TemplateSet) -> list[str]:
    """Return the names of those that are not the same in the others."""
    return sorted(n for n, t in templates.templates.items() if t != others.templates.get(n))


def _read(file: Path) -> str:
    """Read a file that somebody else puts there, perhaps as a link, as a mounted ConfigMap does."""
    try:
        content = read_bytes(file, _LARGEST, through_links=True)
    except OSError as error:
        raise TemplateError(str(file), 0, f"{error.strerror}.") from error
    except ContractError as error:
        raise TemplateError(str(file), 0, f"This is no template: {error}.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TemplateError(str(file), line, "This is not UTF-8 text.") from error


def _unknown(file: Path) -> Problem:
    near = difflib.get_close_matches(file.name, NAMES, n=1)
    way_out = f"Did you mean {near[0]}?" if near else f"There are {', '.join(NAMES)}."
    return problems.warning(
        file_ref(file),
        "",
        Code.TEMPLATE_REFUSED,
        f"{file.name} is not the name of a template.",
        way_out,
        meanwhile="the file is not used",
    )
