"""Problems of users' input, as values."""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from generator.objects import ObjectRef


class Severity(StrEnum):
    """The severity of a problem."""

    ERROR = "error"
    """Something that was asked for does not happen."""
    WARNING = "warning"
    """It happens, but perhaps not as intended."""
    INFO = "info"
    """It happens as in ingress-nginx, which differs from Kubernetes' documentation."""


class Code(StrEnum):
    """The kind of a problem. Stable: dashboards and scripts use these."""

    ANNOTATION_IGNORED = "annotation-ignored"
    ANNOTATION_INVALID = "annotation-invalid"
    ANNOTATION_NOT_SUPPORTED = "annotation-not-supported"
    ANNOTATION_UNKNOWN = "annotation-unknown"
    BACKEND_NOT_SUPPORTED = "backend-not-supported"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_INVALID = "certificate-invalid"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CLASS_CONTRADICTED = "class-contradicted"
    CLASS_UNKNOWN = "class-unknown"
    CONFIG_MAP_NOT_FOUND = "config-map-not-found"
    FILE_UNREADABLE = "file-unreadable"
    HOST_INVALID = "host-invalid"
    HOST_OWNED = "host-owned"
    HOST_SHARED = "host-shared"
    NAME_INVALID = "name-invalid"
    INTERNAL_ERROR = "internal-error"
    OBJECT_INVALID = "object-invalid"
    NO_ENDPOINTS = "no-endpoints"
    DUPLICATE_OBJECT = "duplicate-object"
    OPTION_IGNORED = "option-ignored"
    OPTION_INVALID = "option-invalid"
    OPTION_UNKNOWN = "option-unknown"
    OVERRIDDEN = "overridden"
    PATH_BECOMES_REGEX = "path-becomes-regex"
    PATH_INVALID = "path-invalid"
    PATH_LITERAL = "path-literal"
    PATH_TAKEN = "path-taken"
    PORT_RENAMED = "port-renamed"
    REFUSED_BY_NGINX = "refused-by-nginx"
    SECRET_NOT_FOUND = "secret-not-found"  # noqa: S105 - a code, not a password
    SERVICE_NOT_FOUND = "service-not-found"
    SERVICE_PORT_NOT_FOUND = "service-port-not-found"
    TEMPLATE_REFUSED = "template-refused"
    LIMIT_EXCEEDED = "limit-exceeded"
    VALUE_NOT_TEXT = "value-not-text"
    API_VERSION_REMOVED = "api-version-removed"


class Problem(Struct, frozen=True, kw_only=True, order=True):
    """One problem of one field of one object."""

    object: ObjectRef
    field: str
    """`proxy-body-size` for an annotation, else a path such as `spec.rules[0].host`."""
    code: Code
    severity: Severity
    message: str
    """What is wrong, in whole sentences, with the value."""
    hint: str
    """The way out, in whole sentences."""
    meanwhile: str = ""
    """What happens until then, a clause such as `its paths answer 503`; empty if obvious."""

    @property
    def advice(self) -> str:
        """Return the text below the message: the way out, and what happens meanwhile."""
        if not self.meanwhile:
            return self.hint
        return f"{self.hint} Meanwhile: {self.meanwhile}.".lstrip()


Problems = tuple[Problem, ...]


def error(  # noqa: PLR0913 - the parts of a problem
    ref: ObjectRef, field: str, code: Code, message: str, hint: str, *, meanwhile: str = ""
) -> Problem:
    """Return an error: something that was asked for does not happen."""
    return Problem(
        object=ref,
        field=field,
        code=code,
        severity=Severity.ERROR,
        message=message,
        hint=hint,
        meanwhile=meanwhile,
    )


def warning(  # noqa: PLR0913 - the parts of a problem
    ref: ObjectRef, field: str, code: Code, message: str, hint: str, *, meanwhile: str = ""
) -> Problem:
    """Return a warning: it happens, but perhaps not as intended."""
    found = error(ref, field, code, message, hint, meanwhile=meanwhile)
    return replace(found, severity=Severity.WARNING)


def info(  # noqa: PLR0913 - the parts of a problem
    ref: ObjectRef, field: str, code: Code, message: str, hint: str, *, meanwhile: str = ""
) -> Problem:
    """Return a note: it happens as in ingress-nginx, not as Kubernetes documents it."""
    found = error(ref, field, code, message, hint, meanwhile=meanwhile)
    return replace(found, severity=Severity.INFO)


def older_name(ref: ObjectRef, alias: str, name: str, code: Code) -> Problem:
    """Return the problem of a setting that is given by its older name too."""
    message = f"This older name of {name} does not count beside it."
    return warning(ref, alias, code, message, "Keep one of the two.", meanwhile=f"{name} holds")


def internal_error(ref: ObjectRef, exception: Exception, meanwhile: str) -> Problem:
    """Return the problem of an Ingress that is not served as it asks because of a bug."""
    message = f"Pillion fails at it: {shown(str(exception) or repr(exception))}."
    return error(ref, "", Code.INTERNAL_ERROR, message, "Please report this.", meanwhile=meanwhile)


def shown(text: str, longest: int = 80) -> str:
    """Quote a user's value for a message: one line, cut where it is long."""
    cut = text if len(text) <= longest else text[:longest] + "…"
    return '"' + printable(cut).replace('"', '\\"') + '"'


def printable(text: str) -> str:
    """Escape characters that would end a line, or move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
