"""The folder of `--template-dir`, polled for changes.

A look a second is enough for files that people edit, and it sees through the swap of
`..data` by which a mounted ConfigMap changes, where a watch on a file would not.
"""

import asyncio
from pathlib import Path

from generator.nginx.jinja import TemplateSet
from generator.nginx.template_files import built_in, shadowed_by
from generator.problems import Problems
from reloader.contract import Stamp

_LOOK_S = 1.0

Stamps = tuple[tuple[str, Stamp | None], ...]


class TemplateFolder:
    """Templates of a folder in front of the built-in ones; without a folder, those alone."""

    def __init__(self, folder: Path | None) -> None:
        self.built_in = built_in()
        self._folder = folder
        self._stamps: Stamps | None = None

    def read(self) -> tuple[TemplateSet, Problems]:
        """Read the templates as they are now. Raises TemplateError, naming file and line."""
        if self._folder is None:
            return self.built_in, ()
        self._stamps = _stamps(self._folder)
        return shadowed_by(self._folder, self.built_in)

    async def changed(self) -> None:
        """Return once the folder differs from what was last read; never without a folder."""
        while self._folder is None or _stamps(self._folder) == self._stamps:  # noqa: ASYNC110 - polls
            await asyncio.sleep(_LOOK_S)


def _stamps(folder: Path) -> Stamps:
    try:
        return tuple((path.name, _stamp(path)) for path in sorted(folder.iterdir()))
    except OSError:
        return ()


def _stamp(path: Path) -> Stamp | None:
    """Return None for what cannot be looked at, such as a link that leads nowhere."""
    try:
        return Stamp.of(path.stat())
    except OSError:
        return None
