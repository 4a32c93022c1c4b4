"""Where Pillion answers otherwise than ingress-nginx did, and why: `differences.yaml`.

Reasons are the keys, and each has lines such as `canary-weight-0/1: status echo.backend`: the
case, the number of the request, and the fields that differ. `make compat ARGS=--update`
writes the file again; what is new in it gets the reason `Not yet`.
"""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.compat.corpus import Fields, cases

FILE = Path(__file__).with_name("differences.yaml")
NOT_YET = "Not yet"
_HEAD = """\
# Where Pillion answers otherwise than ingress-nginx did: by reason, the case, the number of the
# request, and the fields. A difference that is not here fails `make compat`, and so does a line
# here that is no difference any more. `make compat ARGS=--update` writes this file again.
"""


def differing(expected: Fields, got: Fields) -> tuple[str, ...]:
    """The fields that two answers differ in.

    Where no backend answered instead of one, what that one would have got is not told.
    """
    names = sorted(name for name in expected.keys() | got.keys() if _differ(name, expected, got))
    if "echo.backend" in expected and "echo.backend" not in got:
        return tuple(
            name for name in names if not name.startswith("echo.") or name == "echo.backend"
        )
    return tuple(names)


_NOTHING = object()


def _differ(name: str, expected: Fields, got: Fields) -> bool:
    return expected.get(name, _NOTHING) != got.get(name, _NOTHING)


@dataclass(frozen=True)
class Declared:
    """A difference that is known."""

    reason: str
    fields: tuple[str, ...]


@dataclass
class Table:
    """The known differences, by case and number of the request."""

    known: dict[tuple[str, int], Declared] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Table":
        """The table as the file has it."""
        found: dict[str, list[str]] = yaml.safe_load(FILE.read_text()) or {}
        table = cls()
        for reason, lines in found.items():
            for line in lines:
                where, _, fields = line.partition(": ")
                case, _, number = where.rpartition("/")
                table.known[case, int(number)] = Declared(reason, tuple(fields.split()))
        return table

    def fields(self, case: str, number: int) -> tuple[str, ...]:
        """The fields of a request that are known to differ."""
        return self.known[case, number].fields if (case, number) in self.known else ()

    def is_deliberate(self, case: str, number: int) -> bool:
        """Whether a request is answered otherwise for good."""
        found = self.known.get((case, number))
        return found is not None and found.reason != NOT_YET

    def learn(self, case: str, number: int, fields: tuple[str, ...]) -> None:
        """Take what differs now for what is known."""
        before = self.known.pop((case, number), Declared(NOT_YET, ()))
        if fields:
            self.known[case, number] = Declared(before.reason, fields)

    def write(self) -> None:
        """Write the file; reasons stay in their order, `Not yet` comes last."""
        reasons = [r for r in dict.fromkeys(d.reason for d in self.known.values()) if r != NOT_YET]
        order = {case.name: place for place, case in enumerate(cases())}
        places = sorted(self.known, key=lambda place: (order.get(place[0], 0), place))
        text = _HEAD
        for reason in [*reasons, NOT_YET]:
            lines = [
                f"  - '{case}/{number}: {' '.join(self.known[case, number].fields)}'\n"
                for case, number in places
                if self.known[case, number].reason == reason
            ]
            if lines:
                text += f"\n{reason}:\n" + "".join(lines)
        FILE.write_text(text)
