"""Lists of networks."""

import ipaddress
import re
from contextlib import suppress

from generator.problems import shown
from generator.values.invalid import Invalid
from generator.values.lists import comma_items

_MOST_NETWORKS = 2000
"""Each is a line for every path."""


def networks(text: str) -> tuple[str, ...]:
    """Read addresses and networks in CIDR notation, separated by commas."""
    items = comma_items(text)
    if not items:
        raise Invalid("a list of networks: it is empty", "Name at least one network.")
    if len(items) > _MOST_NETWORKS:
        raise Invalid(
            f"a list of at most {_MOST_NETWORKS} networks", f"Join some; it has {len(items)}."
        )
    return tuple(_network(item) for item in items)


def _network(text: str) -> str:
    # Neither zones (fe80::1%eth0) nor masks (10.0.0.0/255.0.0.0) are CIDR notation.
    if re.fullmatch(r"[0-9A-Fa-f:.]+(?:/[0-9]{1,3})?", text):
        with suppress(ValueError):
            return str(ipaddress.ip_network(text, strict=False))
    raise Invalid(
        f"a list of networks: {shown(text)} is none",
        "Write addresses or networks separated by commas, such as 10.0.0.0/8,192.0.2.7.",
    )
