"""Every event that the generator logs: the closed list that the documentation is made from.

Grouped by room; `description` is for whoever reads the log.
"""

from reloader.logs import LogEvent


class Event(LogEvent):
    """The `event` of a log line."""

    # start and end
    GENERATOR_STARTED = (
        "generator.started",
        "Reading has begun. Names version and source.",
    )
    GENERATOR_STOPPED = (
        "generator.stopped",
        "Ends on a signal. nginx serves on.",
    )
    GENERATOR_FAILED = (
        "generator.failed",
        "Cannot go on; `message` says why. Whoever started it starts it again. nginx serves on.",
    )
    PROBES_PORT_IN_USE = (
        "probes.port_in_use",
        "The port of /healthz and /readyz is taken. Everything else goes on; it is tried again.",
    )
    FLAG_IGNORED = (
        "flag.ignored",
        "A flag of ingress-nginx's was given that changes nothing here; says why.",
    )

    # from a snapshot to serving
    CONFIG_PUBLISHED = (
        "config.published",
        "A new configuration was written for the reloader.",
    )
    CONFIG_APPLIED = (
        "config.applied",
        (
            "nginx serves a new configuration with new workers only. Has its `generation`, `hash`, "
            "counts, and the milliseconds of each stage; `total_ms` is from the change to serving. "
            "Of the `upstreams` so many get new endpoints `without_reload`."
        ),
    )
    ENDPOINTS_APPLIED = (
        "endpoints.applied",
        (
            "nginx has new endpoints, without a reload. Has their `version` and the milliseconds "
            "of each stage; `total_ms` is from the change to serving."
        ),
    )
    CONFIG_REFUSED = (
        "config.refused",
        (
            "nginx refused a configuration; `message` and `line` are nginx's. The last good one "
            "is served on."
        ),
    )
    CONFIG_FAILED = (
        "config.failed",
        (
            "nginx did not come to serve a configuration that it had accepted, often for a port "
            "that another program holds; `message` is the reloader's. No Ingress is blamed, and "
            "it is tried again."
        ),
    )
    CONFIG_REFUSED_WITHOUT_CULPRIT = (
        "config.refused_without_culprit",
        (
            "nginx refuses a configuration, and without all that is new in it as well, so it is "
            "the fault of no Ingress. It is tried again."
        ),
    )
    CONFIG_BUILD_FAILED = (
        "config.build_failed",
        (
            "A bug of Pillion's: no configuration could be made. What is served stays. Please "
            "report it, with the line of level debug after this one."
        ),
    )
    CONFIG_BISECTING = (
        "config.bisecting",
        (
            "nginx refuses a configuration without naming a place. `suspects` (the first, and "
            "how many `more`) are served as "
            "before while it is found out which of them do the harm, in tries of some at a time."
        ),
    )
    CONFIG_WRITE_FAILED = (
        "config.write_failed",
        "The volume is full, read-only or not there. What is served stays; it is tried again.",
    )
    PROBLEM_FOUND = (
        "problem.found",
        "Something is wrong with an object. Has what `pillion lint` would say. Of very many of one "
        "object and code only the first have a line; the last of these says how many `more`.",
    )
    PROBLEM_SOLVED = (
        "problem.solved",
        "A problem that was told is there no more.",
    )
    TEMPLATES_LOADED = (
        "templates.loaded",
        "Templates of --template-dir are in use; names them.",
    )
    TEMPLATES_REFUSED = (
        "templates.refused",
        "A template does not render, or nginx refuses what it gives. The last good ones stay.",
    )

    # cluster
    CLUSTER_REACHABLE = (
        "cluster.reachable",
        "The apiserver answers (again).",
    )
    CLUSTER_UNREACHABLE = (
        "cluster.unreachable",
        "The apiserver does not answer. What is served stays; requests are repeated until it does.",
    )
    CLUSTER_LOGIN_FAILED = (
        "cluster.login_failed",
        "A token file or an exec plugin yields no credentials. It is tried again.",
    )
    CLUSTER_FORBIDDEN = (
        "cluster.forbidden",
        (
            "RBAC does not allow one verb on one resource. Logged once; all else goes on, and the "
            "request is repeated until it is allowed."
        ),
    )
    CLUSTER_REFUSED = (
        "cluster.refused",
        "The apiserver answers a request with an error. Logged once for each error; tried again.",
    )
    CLUSTER_INVALID_RESPONSE = (
        "cluster.invalid_response",
        "An answer is not one of an apiserver. It is dropped, and requested again.",
    )
    CLUSTER_LISTED = (
        "cluster.listed",
        "All objects of a resource were read for the first time.",
    )
    CLUSTER_RELISTED = (
        "cluster.relisted",
        "A watch ended early, so all objects of the resource were read again. `reason` says why.",
    )
    CLUSTER_EMPTY = (
        "cluster.empty",
        "A list is empty that was not before. It is requested again before it is believed.",
    )
    REFLECTOR_FAILED = (
        "cluster.reflector_failed",
        "A bug: a reflector ended by an exception. It is restarted; please report it.",
    )
    OBJECT_NOT_DECODED = (
        "object.not_decoded",
        "An object has a field that cannot be decoded. Its last good version stays in use.",
    )
    LEADER_ELECTED = (
        "leader.elected",
        "This replica (`me`) holds the Lease: it writes status and Events from now on.",
    )
    LEADER_LOST = (
        "leader.lost",
        "This replica could not renew the Lease in time. It serves on, and writes nothing for now.",
    )
    LEADER_SEEN = (
        "leader.seen",
        "Another replica is the leader; names it. It writes status and Events for all.",
    )
    LEADER_ELECTION_FAILED = (
        "leader.election_failed",
        (
            "The apiserver refuses the Lease, so nobody writes status and Events. Grant the verbs "
            "and the resource that are named. Logged once for each error; tried again."
        ),
    )
    STATUS_PUBLISHED = (
        "status.published",
        "Addresses were written to, or removed from, the status of Ingresses.",
    )
    STATUS_WITHOUT_ADDRESS = (
        "status.without_address",
        "The Service of --publish-service has no address, so that the status of Ingresses stays as "
        "it is; `message` says why. Logged once.",
    )
    STATUS_FAILED = (
        "status.failed",
        "The status of an Ingress could not be written. Logged once for each error; tried again.",
    )
