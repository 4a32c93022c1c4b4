"""The closed list of events that the reloader logs; the documentation is made from it.

`description` is for the reader of the log: what happened, and the way out.
"""

from reloader.logs import LogEvent


class Event(LogEvent):
    """What the reloader logs: `info` and above for users, `debug` for its developers."""

    STARTED = "reloader.started", "Watches `volume`; the nginx program is `nginx_version`."
    STOPPED = "reloader.stopped", "Ends on a signal. nginx goes on with what it serves."
    APPLIED = (
        "reload.applied",
        (
            "nginx serves `generation`, with new workers only. `seen_ms` (file written to "
            "noticed), `check_ms`, `reload_ms` (put in place and signalled) and `verify_ms` are "
            "the stages."
        ),
    )
    RELOAD_FAILED = (
        "reload.failed",
        (
            "`generation` passed `nginx -t`, but nginx did not come to serve it (`message`). The "
            "one before is in place again. nginx's own error log has the reason, often a port "
            "that another program holds."
        ),
    )
    RELOAD_SLOW = (
        "reload.slow",
        (
            "nginx took `verify_ms` to serve `generation`, at least half of `limit_ms`, after "
            "which a reload counts as failed. Give the pod more CPU, or raise --verify-timeout."
        ),
    )
    ROLLBACK_FAILED = (
        "reload.rollback_failed",
        (
            "After a failed reload nginx does not serve `generation`, the one before, either "
            "(`message`). It is in place: restart nginx."
        ),
    )
    WISH_SEEN = "wish.seen", "`generation` lies in next/ and is new."
    CHECKED = (
        "wish.checked",
        "nginx -t has judged a configuration that is not to be served, for the generator's search.",
    )
    WISH_REFUSED = (
        "wish.refused",
        (
            "`nginx -t` refuses `generation`; `message`, `file` and `line` are nginx's. What was "
            "served goes on. It is tried again when it changes."
        ),
    )
    WISH_MALFORMED = (
        "wish.malformed",
        (
            "next/nginx.conf is not what its own first line says (`message`). Nothing is done "
            "until it is written again."
        ),
    )
    ENDPOINTS_TOLD = (
        "endpoints.told",
        (
            "nginx has the endpoints of `version`, without a reload, `told_ms` after they were "
            "written."
        ),
    )
    ENDPOINTS_REFUSED = (
        "endpoints.refused",
        (
            "nginx does not take the endpoints of `version` (`status`, `message`). It reloads, and "
            "reads them itself."
        ),
    )
    ENDPOINTS_LOST = (
        "endpoints.lost",
        (
            "nginx has reloaded and still lacks the endpoints of `version`; those before go on. "
            "Its own error log has the reason. The next ones are tried again."
        ),
    )
    ENDPOINTS_MALFORMED = (
        "endpoints.malformed",
        (
            "next/endpoints is not what its own first line says (`message`). Nothing is done until "
            "it is written again."
        ),
    )
    NGINX_WAITING = (
        "nginx.waiting",
        "`generation` is in place, but no nginx runs on it. Start one with `-c` and `conf`.",
    )
    NGINX_FOUND = "nginx.found", "The nginx of this master `pid` runs on live/nginx.conf."
    NGINX_GONE = (
        "nginx.gone",
        (
            "The master `pid` has ended, and has to be started again; the last good configuration "
            "is in place."
        ),
    )
    NGINX_QUITTING = (
        "nginx.quitting",
        (
            "The master `pid` was told to end. It answers what is open and takes no change any "
            "more; changes wait for the next nginx."
        ),
    )
    NGINX_NO_WORKERS = (
        "nginx.no_workers",
        (
            "The master `pid` has no workers: it could start none, for want of memory or file "
            "descriptors, and does not try again by itself. It is signalled to reload."
        ),
    )
    NGINX_STUCK = (
        "nginx.stuck",
        (
            "The worker `pid` of an earlier configuration ignores the signal to quit. It accepts "
            "no connections, and reloads do not wait for it; kill it if it stays."
        ),
    )
    NGINX_UNREACHABLE = (
        "nginx.unreachable",
        (
            "The master may not be signalled (`message`). Run the reloader as the user of nginx's "
            "master."
        ),
    )
    NGINX_MISSING = (
        "nginx.missing",
        "The nginx program cannot be run (`message`). Give its path by --nginx-bin.",
    )
    NGINX_TOO_OLD = (
        "nginx.too_old",
        (
            "The nginx program is too old, or lacks a module (`message`). Give another by "
            "--nginx-bin."
        ),
    )
    NGINX_CHECK_BLOCKED = (
        "nginx.check_blocked",
        (
            "`nginx -t` was killed, took too long, or lacked memory, room, rights or file "
            "descriptors (`message`). That is no fault of `generation`, which is tried again. It "
            "needs as much memory as nginx does."
        ),
    )
    LIVE_RESTORED = (
        "live.restored",
        "live/nginx.conf was damaged or gone. The last good one is in place again.",
    )
    VOLUME_UNUSABLE = (
        "volume.unusable",
        "The volume cannot be read or written (`message`). It is tried again until it can.",
    )
    HINTS_RENEWED = (
        "hints.renewed",
        "The watch on next/ had gone quiet, and a new one took its place.",
    )
