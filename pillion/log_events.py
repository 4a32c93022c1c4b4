"""Every event that `pillion up` logs: the closed list that the documentation is made from."""

from reloader.logs import LogEvent


class Event(LogEvent):
    """The `event` of a log line."""

    PAIR_STARTING = (
        "pair.starting",
        "The generator, the reloader and this nginx are started on this volume.",
    )
    PAIR_STOPPING = (
        "pair.stopping",
        "A signal came: nginx finishes open requests, at most for `grace_s`, then all ends.",
    )
    PAIR_STOPPED = "pair.stopped", "All processes have ended."
    PROCESS_STARTED = "process.started", "The process `name` runs as `pid`."
    PROCESS_DIED = (
        "process.died",
        (
            "The process `name` ended by itself, by `status` (negative: the signal). It is "
            "started again, at once the first time and then after ever longer. nginx goes on "
            "serving without the other two."
        ),
    )
    PROCESS_ENDED = "process.ended", "The process `name` was signalled to end, and has ended."
    PROCESS_FORCED = (
        "process.forced",
        "The process `name` did not end in time and was sent `signal`.",
    )
    PROCESS_START_FAILED = (
        "process.start_failed",
        "The process `name` cannot be started; `reason` is the system's. It is tried again.",
    )
    PROCESS_OUTPUT = (
        "process.output",
        "A line of a process, `component`, that is not JSON.",
    )
    NGINX_ERROR_LOG = "nginx.error_log", "A line of nginx's error log."
    LOG_DROPPED = (
        "log.dropped",
        "The reader of stderr was too slow, and `lines` were left out: traffic goes first.",
    )
