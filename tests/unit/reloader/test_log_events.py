import re
from pathlib import Path

import pytest

import reloader
from reloader import log_events, logs

ROOM = Path(reloader.__file__).parent
CODE = "".join(path.read_text() for path in ROOM.glob("*.py"))


@pytest.mark.parametrize("event", [*log_events.Event, *logs.Event], ids=str)
def test_every_event_is_described_and_used(event):
    assert event.description.endswith((".", ")."))
    assert re.search(rf"\bEvent\.{event.name}\b", CODE)


def test_nothing_is_logged_but_events():
    calls = re.findall(r"\blog\.(?:debug|info|warning|error|critical)\(\s*(\S+)", CODE)
    assert len(calls) > 10
    assert [c for c in calls if not re.match(r"(Event\.|event,|error\.event,)", c)] == []
