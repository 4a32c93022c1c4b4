"""The folder of `--template-dir`, polled for changes.

A look a second is enough for files that people edit, and it sees through the swap of
`..data` by which a mounted ConfigMap changes, where a watch on a file would not.
"""

import asyncio
from pathlib import Path

from generator.nginx.jinja import TemplateSet
from generator.nginx.template_files import built_in, shadowed_by
from generator.problems import Problems

_LOOK_S = 1.0

Stamp = tuple[tuple[str, int, int, int], ...]


class TemplateFolder:
    """Templates of a folder in front of the built-in ones; without a folder, those alone."""

    def __init__(self, folder: Path | None) -> None:
        self.built_in = built_in()
        self._folder = folder
        self._stamp: Stamp | None = None

    def read(self) -> tuple[TemplateSet, Problems]:
        """Read the templates as they are now. Raises TemplateError, naming file and line."""
        if self._folder is None:
            return self.built_in, ()
        self._stamp = _stamp(self._folder)
        return shadowed_by(self._folder, self.built_in)

    async def changed(self) -> None:
        """Return once the folder differs from what was last read; never without a folder."""
        while self._folder is None or _stamp(self._folder) == self._stamp:  # noqa: ASYNC110 - polls
            await asyncio.sleep(_LOOK_S)


def _stamp(folder: Path) -> Stamp:
    try:
        found = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    except OSError:
        return ()
    return tuple((name, s.st_ino, s.st_size, s.st_mtime_ns) for name, s in found)
