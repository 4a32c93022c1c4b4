"""What the next process has to know of what this one learned, on the volume.

Losing it costs nothing but a little time to learn it again; so whatever cannot be read
is as good as not there.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from generator.model import Certificate
from generator.objects import Ingress, Name
from generator.quarantine import holds
from generator.quarantine.holds import Quarantine
from generator.translation import LastGood
from generator.volume.files import read_file
from reloader.contract import Volume, read_or_none, write_atomically

_encode = msgspec.json.Encoder().encode


class _Known(Struct, frozen=True):
    ingresses: tuple[Ingress, ...] = ()
    certificates: tuple[tuple[Name, str], ...] = ()
    """Secrets, and the names of their files in files/."""
    has_been_whole: bool = False


class Recalled(Struct, frozen=True, kw_only=True):
    """What an earlier process has learned."""

    quarantine: Quarantine
    last_good: LastGood
    has_been_whole: bool
    """Whether nginx has served, from this volume, all that was not proved to be refused."""


_MOST_KNOWN = 32 << 20
"""Bytes of JSON: 5,000 Ingresses of usual size are 5 MB."""
_MOST_HELD = 16 << 20


def _beyond(sizes: Mapping[Name, int], most: int) -> frozenset[Name]:
    """Name what has to go so that the rest takes no more than this: the largest."""
    over = sum(sizes.values()) - most
    if over <= 0:
        return frozenset()
    out = set[Name]()
    for name in sorted(sizes, key=lambda each: -sizes[each]):
        if over <= 0:
            break
        over -= sizes[name]
        out.add(name)
    return frozenset(out)


class Persistence:
    """Two files beside the wish. Keeping may raise OSError: full, read-only, not there."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._quarantine = volume.wish.with_name("quarantine.json")
        self._known = volume.wish.with_name("known.json")
        self._kept: dict[Path, bytes] = {}
        """Hashes of what stands there."""

    def recall(self) -> Recalled:
        """Return what was kept last; nothing where there is nothing."""
        held = read_or_none(self._quarantine, holds.decode) or Quarantine()
        known = read_or_none(self._known, _decoded) or _Known()
        certificates = {name: self._certificate(digest) for name, digest in known.certificates}
        good = LastGood(
            ingresses={ingress.name: ingress for ingress in known.ingresses},
            certificates={name: found for name, found in certificates.items() if found},
        )
        return Recalled(quarantine=held, last_good=good, has_been_whole=known.has_been_whole)

    def keep_quarantine(self, held: Quarantine) -> None:
        """Keep who is held; comes before the wish that they are held in."""
        text = holds.encode(held)
        if len(text) > _MOST_HELD:
            every = {**held.held, **held.suspended}
            sizes = {name: len(msgspec.json.encode(hold)) for name, hold in every.items()}
            text = holds.encode(held.without(_beyond(sizes, _MOST_HELD)))
        self._keep(self._quarantine, text)

    def keep_known(self, known: LastGood, *, has_been_whole: bool = False) -> None:
        """Keep what is good; of certificates the names, since the files are there anyway."""
        files = tuple((name, c.file.digest) for name, c in known.certificates.items())
        # One by one: a single call for 20 MB would hold every thread.
        texts = {name: _encode(ingress) for name, ingress in known.ingresses.items()}
        out = _beyond({name: len(text) for name, text in texts.items()}, _MOST_KNOWN)
        ingresses = b",".join([text for name, text in texts.items() if name not in out])
        others = _encode(_Known((), files, has_been_whole))
        text = others.replace(b"[]", b"[%b]" % ingresses, 1)
        self._keep(self._known, text)

    def _keep(self, path: Path, text: bytes) -> None:
        digest = hashlib.sha256(text).digest()
        if self._kept.get(path) != digest or not path.exists():
            write_atomically(path, text)
            self._kept[path] = digest

    def _certificate(self, digest: str) -> Certificate | None:
        file = read_file(self._volume, digest)
        return Certificate(file) if file else None


def _decoded(text: bytes) -> _Known | None:
    try:
        return msgspec.json.decode(text, type=_Known)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
