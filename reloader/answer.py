"""`live/status.json`: the answer to the newest wish that was tried.

An answer that cannot be written is written at a later look; a file that was deleted or
changed is written again.
"""

import dataclasses
from collections.abc import Mapping

from reloader.check import Build
from reloader.contract import Stamp, Status, Volume, Wish, stamp_of, write_atomically
from reloader.lua import Lua
from reloader.master import Identity
from reloader.verdict import Refusal


class Answer:
    """The status for the generator, and whether it has been written."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._status = Status(generation=0, hash="", applied=False, serving=0, takes_checks=True)
        self._written: Status | None = None
        self._stamp: Stamp | None = None

    @property
    def serving(self) -> int:
        """The generation that nginx was last seen to serve."""
        return self._status.serving

    @property
    def takes_endpoints(self) -> bool:
        """Whether the nginx program can take endpoints without a reload."""
        return self._status.lua

    @property
    def nginx_version(self) -> str:
        """The version of the nginx program."""
        return self._status.nginx_version

    def serves(self, generation: int) -> None:
        """Note what nginx serves, whichever wish the answer is about."""
        self._status = dataclasses.replace(self._status, serving=generation)

    def has_endpoints(self, version: int) -> None:
        """Note which endpoints nginx has, whichever wish it serves."""
        self._status = dataclasses.replace(self._status, endpoints=version)

    def describe(self, build: Build, lua: Lua) -> None:
        """Note nginx's version and modules, and what it can do by Lua."""
        self._status = dataclasses.replace(
            self._status,
            nginx_version=build.version,
            nginx_modules=build.modules,
            lua=lua.works,
            lua_modules=lua.modules,
        )

    def accept(
        self,
        wish: Wish,
        durations: Mapping[str, float],
        started: frozenset[Identity],
        draining: int,
    ) -> None:
        """Answer that nginx serves the wish."""
        self._status = dataclasses.replace(
            self._about(wish, durations),
            applied=True,
            serving=wish.generation,
            started_workers=tuple(sorted(pid for pid, _ in started)),
            draining=draining,
        )

    def refuse(self, wish: Wish, durations: Mapping[str, float], refusal: Refusal) -> None:
        """Answer that `nginx -t` refuses the wish, and why."""
        self._status = dataclasses.replace(
            self._about(wish, durations),
            stage="check",
            message=refusal.message,
            file=refusal.file,
            line=refusal.line,
        )

    def block(self, wish: Wish, durations: Mapping[str, float], message: str) -> None:
        """Answer that `nginx -t` could not judge the wish, for want of something around it."""
        self._status = dataclasses.replace(
            self._about(wish, durations), stage="blocked", message=message
        )

    def fail(self, wish: Wish, durations: Mapping[str, float], message: str) -> None:
        """Answer that nginx does not serve the wish, which need not be the wish's fault."""
        self._status = dataclasses.replace(
            self._about(wish, durations), stage="reload", message=message
        )

    def write(self) -> None:
        """Write the status if it is not there. Raises OSError where the volume is not writable."""
        path = self._volume.status
        stamp = stamp_of(path)
        if self._written != self._status or stamp is None or stamp != self._stamp:
            write_atomically(path, self._status.encode())
            self._written, self._stamp = self._status, stamp_of(path)

    def _about(self, wish: Wish, durations: Mapping[str, float]) -> Status:
        return Status(
            generation=wish.generation,
            hash=wish.hash,
            applied=False,
            serving=self._status.serving,
            durations={stage: round(ms, 1) for stage, ms in durations.items()},
            nginx_version=self._status.nginx_version,
            nginx_modules=self._status.nginx_modules,
            takes_checks=True,
            endpoints=self._status.endpoints,
            lua=self._status.lua,
            lua_modules=self._status.lua_modules,
        )
