"""nginx's processes."""

from generator.directives import Duration
from generator.effects import Section
from generator.options.declaration import Option, OptionGroup
from generator.values.scalars import duration

WORKER_SHUTDOWN_TIMEOUT = Option[Duration](
    name="worker-shutdown-timeout",
    parse=duration,
    default=Duration(240_000),
    section=Section.PROCESS,
    directive="worker_shutdown_timeout",
    doc="How long requests and WebSockets that a change or the end of a pod finds open may go on; "
    "then they are cut.",
)

GROUP = OptionGroup(title="Processes", options=(WORKER_SHUTDOWN_TIMEOUT,))
