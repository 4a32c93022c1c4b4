"""From nginx's message to the Ingresses that it is about. Pure."""

import re

from generator.attempt import Attempt
from generator.nginx.markers import owner_of
from generator.objects import Ingress
from reloader.contract import Status

_FILE = re.compile(r"/files/([0-9a-f]{64})")
_HEADER_LINES = 1
"""The first line of the file is the wish's header, not part of what was rendered."""


def blame(status: Status, attempt: Attempt) -> tuple[Ingress, ...]:
    """Give the Ingresses that the refusal leads to; none where it leads nowhere.

    By the line that nginx names, or by the certificate that it could not load.
    """
    if status.line > _HEADER_LINES:
        text = attempt.rendering.body(status.generation).decode()
        owner = owner_of(text, status.line - _HEADER_LINES)
        if owner is not None and owner.name in attempt.snapshot.ingresses:
            return (attempt.snapshot.ingresses[owner.name],)
    found = _FILE.search(status.message)
    return attempt.with_file(found[1]) if found else ()
