"""Walls between tenants: a bug of Pillion that an Ingress meets costs that Ingress alone."""

import traceback
from collections.abc import Sequence
from contextlib import suppress

from msgspec.structs import replace

from generator import problems
from generator.effects import InServer
from generator.model import Handler
from generator.objects import Ingress
from generator.options.hosts import HostPolicy
from generator.translation.contribution import Contribution, HostPart, Manner, contribute
from generator.translation.installation import Installation
from generator.translation.memo import Reads
from generator.translation.merge import MergedHost, merge, unmerged


def contribute_contained(
    ingress: Ingress, reads: Reads, installation: Installation, manner: Manner
) -> Contribution:
    """Work out what an Ingress asks for; one that trips over a bug here costs itself alone.

    Such a one is served as it last was good; where there is no such version, or the bug
    is in that too, its paths answer 503; where even that fails, it is left out.
    """
    try:
        return contribute(ingress, reads, installation, manner)
    except Exception as error:  # noqa: BLE001 - a bulkhead holds whatever comes
        served, meanwhile = _instead(ingress, reads, installation, manner)
        return replace(
            served,
            problems=(problems.internal_error(ingress.ref, error, meanwhile),),
            trace="".join(traceback.format_exception(error)),
        )


def _instead(
    ingress: Ingress, reads: Reads, installation: Installation, manner: Manner
) -> tuple[Contribution, str]:
    good = reads.good_version(ingress.name)
    if good is not None and good is not ingress:
        with suppress(Exception):
            return contribute(good, reads, installation, manner), "its last good version is served"
    with suppress(Exception):
        return contribute(ingress, reads, installation, Manner.UNAVAILABLE), "its paths answer 503"
    return Contribution(), "it is left out"


def merge_contained(
    host: str,
    parts: Sequence[HostPart],
    default: Handler,
    everywhere: Sequence[InServer],
    policy: HostPolicy,
) -> MergedHost:
    """Make the server of one host; a bug that its parts meet costs that host alone."""
    try:
        return merge(host, parts, default, everywhere, policy)
    except Exception as error:  # noqa: BLE001 - as above
        return unmerged(host, parts, error)
