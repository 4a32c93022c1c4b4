"""What can fail between the generator and the apiserver.

ClusterError
├── KubeconfigBroken    a kubeconfig, or a file that it names, cannot be used
├── NoCredentials       a token file or an exec plugin yields no credentials
├── Unreachable         no connection, no answer in time, or it broke off
├── InvalidResponse     the answer is not one of an apiserver
├── NotLeading          another replica may lead, so this one does not write
└── Refused             the apiserver answered with an error
    └── Expired         410: list again
"""


class ClusterError(Exception):
    """Its text is one line for users."""


class KubeconfigBroken(ClusterError):
    """A kubeconfig cannot be used; names the file, the field and the reason."""

    def __init__(self, file: str, field: str, message: str) -> None:
        super().__init__(f"{file}: {field}: {message}" if field else f"{file}: {message}")


class NoCredentials(ClusterError):
    """A token file or an exec plugin yields no credentials now."""


class Unreachable(ClusterError):
    """There is no connection, no answer in time, or it broke off."""


class InvalidResponse(ClusterError):
    """An answer came that is not one of an apiserver."""


class NotLeading(ClusterError):
    """Another replica may be the leader by now."""


class Refused(ClusterError):
    """The apiserver answered with an error."""

    def __init__(
        self, status: int, message: str, *, reason: str = "", retry_after_s: float = 0.0
    ) -> None:
        super().__init__(f"{status} {reason}: {message}" if reason else f"{status}: {message}")
        self.status = status
        self.message = message
        self.retry_after_s = retry_after_s


class Expired(Refused):
    """410: the resourceVersion or the page requested is gone."""
