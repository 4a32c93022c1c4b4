"""Requests with a name and a password, and how guards stand beside each other."""

import re
from collections.abc import Iterator
from enum import StrEnum

from generator import problems
from generator.annotations.declaration import SHUT, Annotation, Asker, Feature, OnError, Values
from generator.annotations.references import secret_of, unusable
from generator.directives import Directive, File, Text, Word
from generator.effects import Deny, Effect, InLocation, Phase
from generator.objects import Kind, Secret
from generator.problems import Code, Problem
from generator.values import passwords
from generator.values.invalid import Invalid
from generator.values.passwords import Users
from generator.values.references import Reference, reference
from generator.values.scalars import one_of


class AuthType(StrEnum):
    """How a client says who it is."""

    BASIC = "basic"
    DIGEST = "digest"


class SecretType(StrEnum):
    """How a Secret holds users."""

    FILE = "auth-file"
    MAP = "auth-map"


class Satisfy(StrEnum):
    """How many guards have to let a request pass."""

    ALL = "all"
    ANY = "any"


def _realm(text: str) -> str:
    """Read a realm. To nginx `off` is no realm, but a word that opens."""
    if not re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]{1,200}", text) or text == "off":
        raise Invalid("a realm", "Write up to 200 letters, digits, blanks and signs, not off.")
    return text


AUTH_TYPE = Annotation[AuthType | None](
    name="auth-type",
    parse=one_of(AuthType),
    default=None,
    on_error=OnError.DENY,
    doc="`basic`: requests need a name and a password of auth-secret. `digest` is not in stock "
    "nginx: it is told, and the paths answer 503.",
)
AUTH_SECRET = Annotation[Reference | None](
    name="auth-secret",
    parse=reference,
    default=None,
    on_error=OnError.DENY,
    refers_to=Kind.SECRET,
    doc="Secret with users and hashes of their passwords; of another namespace "
    "(`NAMESPACE/NAME`) only with allow-cross-namespace-resources.",
)
AUTH_SECRET_TYPE = Annotation[SecretType](
    name="auth-secret-type",
    parse=one_of(SecretType),
    default=SecretType.FILE,
    on_error=OnError.DENY,
    doc="`auth-file`: lines as of htpasswd under the key `auth`. `auth-map`: a key each user, its "
    "value the hash.",
)
AUTH_REALM = Annotation[str | None](
    name="auth-realm",
    parse=_realm,
    default=None,
    doc="What browsers show where they ask for the password.",
)
SATISFY = Annotation[Satisfy](
    name="satisfy",
    parse=one_of(Satisfy),
    default=Satisfy.ALL,
    doc="`any`: an allowed address, a password or the service of auth-url suffices. `all`: every "
    "one of them that is set.",
)

_MOST_NAMED = 5


def _auth(values: Values, asker: Asker) -> Iterator[Effect]:
    if values[SATISFY] is Satisfy.ANY:
        any_ = Directive("satisfy", (Word("any"),))
        yield InLocation(phase=Phase.SETTINGS, statements=(any_,))
    if values[AUTH_TYPE] is AuthType.BASIC:
        yield from _basic(values, asker)
    elif values[AUTH_TYPE] is AuthType.DIGEST:
        message = "Stock nginx does not know digest authentication."
        yield Deny(_wrong(asker, AUTH_TYPE.name, message, "Use basic, over https."))
    elif values[AUTH_SECRET] is not None:
        message = f"It guards nothing without {AUTH_TYPE.name}."
        hint = f"Add {AUTH_TYPE.name}: basic, or remove it."
        yield Deny(_wrong(asker, AUTH_SECRET.name, message, hint))


def _wrong(asker: Asker, field: str, message: str, hint: str) -> Problem:
    return problems.error(
        asker.owner, field, Code.ANNOTATION_INVALID, message, hint, meanwhile=SHUT
    )


def _basic(values: Values, asker: Asker) -> Iterator[Effect]:
    found = secret_of(AUTH_SECRET, values, asker)
    if isinstance(found, Problem):
        yield Deny(found)
        return
    users = _users(found, values[AUTH_SECRET_TYPE])
    if not users.content:
        message = f"Secret {found.name} has no user that nginx can check{_places(users)}."
        yield Deny(unusable(AUTH_SECRET, asker, message, _HINTS[values[AUTH_SECRET_TYPE]]))
        return
    if users.left_out:
        yield problems.error(
            asker.owner,
            AUTH_SECRET.name,
            Code.ANNOTATION_INVALID,
            f"Secret {found.name} has users that nginx cannot check{_places(users)}.",
            "Write hashes of apr1, bcrypt up to cost 10, SHA-256 or SHA-512.",
            meanwhile="these users are not let in",
        )
    yield InLocation(
        phase=Phase.AUTHENTICATION,
        statements=(
            Directive("auth_basic", (Text(values[AUTH_REALM] or ""),)),
            Directive("auth_basic_user_file", (File(users.content),)),
            Directive("proxy_set_header", (Word("Authorization"), Text(""))),
        ),
    )


_HINTS = {
    SecretType.FILE: "Put lines as of `htpasswd` under its key auth.",
    SecretType.MAP: "Give it a key each user, with a hash as of `htpasswd` as its value.",
}


def _users(secret: Secret, kind: SecretType) -> Users:
    if kind is SecretType.MAP:
        return passwords.of_keys(secret.data)
    return passwords.of_file(secret.data.get("auth", b""))


def _places(users: Users) -> str:
    if not users.left_out:
        return ""
    more = len(users.left_out) - _MOST_NAMED
    also = f" and {more} more" if more > 0 else ""
    return f": {', '.join(users.left_out[:_MOST_NAMED])}{also}"


FEATURE = Feature(
    title="Requests with a name and a password",
    annotations=(AUTH_TYPE, AUTH_SECRET, AUTH_SECRET_TYPE, AUTH_REALM, SATISFY),
    effects=_auth,
)
