"""What can go wrong between here and the apiserver.

ClusterError
├── KubeconfigBroken    a file that says it cannot be read
├── NoCredentials       the plugin or file that proves who we are does not answer
├── Unreachable         no connection, no answer in time, or it broke off
├── Garbled             an answer that is not of an apiserver
└── Refused             the apiserver said no
    └── Expired         what was asked for is too old: list again
"""


class ClusterError(Exception):
    """Its text is one line for people."""


class KubeconfigBroken(ClusterError):
    """A kubeconfig cannot be used: which file, which field, and why."""

    def __init__(self, file: str, field: str, message: str) -> None:
        super().__init__(f"{file}: {field}: {message}" if field else f"{file}: {message}")


class NoCredentials(ClusterError):
    """What proves who we are cannot be had now."""


class Unreachable(ClusterError):
    """There is no connection, no answer in time, or it broke off."""


class Garbled(ClusterError):
    """Someone answers, but not as an apiserver does."""


class Refused(ClusterError):
    """The apiserver said no."""

    def __init__(
        self, status: int, message: str, *, reason: str = "", retry_after_s: float = 0.0
    ) -> None:
        super().__init__(f"{status} {reason}: {message}" if reason else f"{status}: {message}")
        self.status = status
        self.message = message
        self.retry_after_s = retry_after_s


class Expired(Refused):
    """410: the resourceVersion or the page asked for is gone."""
