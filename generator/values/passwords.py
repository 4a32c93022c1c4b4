"""Users with the hashes of their passwords, as nginx reads them (`htpasswd`).

Nothing here, and no message about it, holds a hash.
"""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

_USER = re.compile(r"[^:\x00-\x1f\x7f]{1,255}")
_MOST_BYTES = 256 << 10
"""nginx reads the file from its beginning for each request."""
_HASH = re.compile(
    r"\$apr1\$[^$:]{0,8}\$[A-Za-z0-9./]{22}"
    r"|\$1\$[^$:]{0,8}\$[A-Za-z0-9./]{22}"
    r"|\$(?:5|6)\$(?:rounds=[1-9][0-9]{3,4}\$)?[^$:]{0,16}\$[A-Za-z0-9./]{43,86}"
    r"|\$2[aby]\$(?:0[4-9]|10)\$[A-Za-z0-9./]{53}"
    r"|\$y\$j9T\$[A-Za-z0-9./]{1,86}\$[A-Za-z0-9./]{43}"
    r"|[A-Za-z0-9./]{13}"
    r"|\{SHA\}[A-Za-z0-9+/]{27}="
    r"|\{SSHA\}[A-Za-z0-9+/]{28,100}={0,2}"
    r"|\{PLAIN\}[^:\x00-\x1f\x7f]{1,200}"
)
"""What nginx or its `crypt` checks; none that holds a worker for more than 60 ms."""


class Users(Struct, frozen=True):
    """The lines that nginx gets, and what does not count."""

    content: bytes
    """Empty where there is no user."""
    left_out: tuple[str, ...]
    """A clause each, with the place of what is left out."""


def of_file(content: bytes) -> Users:
    """Read lines of user and hash with a colon between, as `htpasswd` writes them."""
    lines = enumerate(content.decode(errors="replace").splitlines(), start=1)
    said = ((f"line {number}", line.strip()) for number, line in lines)
    return _users((p, line) for p, line in said if line and not line.startswith("#"))


def of_keys(data: Mapping[str, bytes]) -> Users:
    """Read users from keys, and the hash of each from its value."""
    return _users(
        (f"key {user}", f"{user}:{data[user].decode(errors='replace').strip()}")
        for user in sorted(data)
    )


def _users(lines: Iterable[tuple[str, str]]) -> Users:
    good: list[str] = []
    left_out: list[str] = []
    for place, line in lines:
        user, _, rest = line.partition(":")
        password = rest.partition(":")[0]
        if _USER.fullmatch(user) and _HASH.fullmatch(password):
            good.append(f"{user}:{password}\n")
        else:
            left_out.append(place)
    content = "".join(good).encode()
    if len(content) > _MOST_BYTES:
        return Users(b"", (f"all, since they are more than {_MOST_BYTES >> 10} kB",))
    return Users(content, tuple(left_out))
