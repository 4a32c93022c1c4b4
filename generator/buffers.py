"""Buffers for answers of backends, in a combination that nginx takes.

nginx refuses what it calls inconsistent (`ngx_http_proxy_merge_loc_conf`): with S the size
of one buffer, N their number and B what may be busy, S ≤ B < (N - 1) * S, and what may
go to disk is 0 or at least S. So N is at least 3, and values beyond are held to it.
"""

from generator.directives import Directive, Size, Statement

_FEWEST = 3


def buffer_directives(
    size: Size, number: int, busy: Size | None, on_disk: Size
) -> tuple[Statement, ...]:
    """Return the directives of buffers of this size, as near to what was asked as nginx takes."""
    held = max(number, _FEWEST)
    disk = Size(max(on_disk.bytes, size.bytes)) if on_disk.bytes else on_disk
    return (
        Directive("proxy_buffer_size", (size,)),
        Directive("proxy_buffers", (held, size)),
        Directive("proxy_busy_buffers_size", (held_busy(size, held, busy),)),
        Directive("proxy_max_temp_file_size", (disk,)),
    )


def held_busy(size: Size, number: int, busy: Size | None) -> Size:
    """Return how much may be busy: what was asked, within what nginx takes."""
    largest = (max(number, _FEWEST) - 2) * size.bytes
    wanted = busy.bytes if busy else 2 * size.bytes
    return Size(min(max(wanted, size.bytes), largest))
