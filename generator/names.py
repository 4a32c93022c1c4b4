"""Names as Kubernetes admits them: manifests and flags went through no apiserver."""

import re

_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
LONGEST_HOST = 253


def is_label(text: str) -> bool:
    """Whether this is a DNS label (RFC 1123), as namespaces and Services have for names."""
    return re.fullmatch(_LABEL, text) is not None


def is_subdomain(text: str) -> bool:
    """Whether this is a DNS subdomain (RFC 1123), as Ingresses and hosts have for names."""
    return len(text) <= LONGEST_HOST and _SUBDOMAIN.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether this may be the host of a rule: a subdomain, or `*.` before one."""
    return is_subdomain(text.removeprefix("*."))
