"""TLS to clients."""

from collections.abc import Iterator

from generator.directives import Directive, Duration, Size, Word
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.problems import shown
from generator.values.ciphers import ciphers
from generator.values.invalid import Invalid
from generator.values.lists import TLSProtocol, words_of
from generator.values.scalars import boolean, seconds, size_between

_CURVES = (
    *("auto", "X25519", "X448", "prime256v1", "secp384r1", "secp521r1"),
    *("P-256", "P-384", "P-521"),
)
"""Those that every OpenSSL of today has."""


def _curves(text: str) -> Word:
    names = text.split(":")
    if wrong := [name for name in names if name not in _CURVES]:
        raise Invalid(
            f"a list of curves: {shown(wrong[0])} is none of {', '.join(_CURVES)}",
            "Write names with colons, such as X25519:prime256v1.",
        )
    if "auto" in names and len(names) > 1:
        raise Invalid("a list of curves: auto stands for all", "Write auto alone, or names.")
    return Word(":".join(dict.fromkeys(names)))


SSL_PROTOCOLS = Option[tuple[Word, ...]](
    name="ssl-protocols",
    parse=words_of(TLSProtocol),
    default=(Word("TLSv1.2"), Word("TLSv1.3")),
    section=Section.TLS,
    directive="ssl_protocols",
    doc="Versions of TLS that are spoken.",
)
SSL_CIPHERS = Option[Word](
    name="ssl-ciphers",
    parse=ciphers,
    default=Word(
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
        "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384"
    ),
    section=Section.TLS,
    directive="ssl_ciphers",
    doc="Ciphers of TLS up to 1.2, in OpenSSL's notation.",
)
SSL_SESSION_CACHE_SIZE = Option[Size](
    name="ssl-session-cache-size",
    parse=size_between(Size(1 << 16), Size(1 << 30)),
    default=Size(10 << 20),
    doc="Memory that workers share for TLS sessions.",
)
SSL_SESSION_TIMEOUT = Option[Duration](
    name="ssl-session-timeout",
    parse=seconds,
    default=Duration(600_000),
    section=Section.TLS,
    directive="ssl_session_timeout",
    doc="Seconds for which a client may resume a session.",
)
SSL_SESSION_TICKETS = Option[bool](
    name="ssl-session-tickets",
    parse=boolean,
    default=False,
    section=Section.TLS,
    directive="ssl_session_tickets",
    doc="Let clients resume by tickets.",
)
SSL_EARLY_DATA = Option[bool](
    name="ssl-early-data",
    parse=boolean,
    default=False,
    section=Section.TLS,
    directive="ssl_early_data",
    doc="Take requests in the first flight of TLS 1.3. They can be replayed by whoever saw them.",
)
SSL_ECDH_CURVE = Option[Word](
    name="ssl-ecdh-curve",
    parse=_curves,
    default=Word("auto"),
    section=Section.TLS,
    directive="ssl_ecdh_curve",
    doc="Curves with colons, in order of preference; auto leaves it to OpenSSL.",
)
SSL_BUFFER_SIZE = Option[Size](
    name="ssl-buffer-size",
    parse=size_between(Size(1 << 10), Size(1 << 14)),
    default=Size(4 << 10),
    section=Section.TLS,
    directive="ssl_buffer_size",
    doc="Largest record: small ones let a browser begin sooner, large ones cost less.",
)


def _session_cache(values: GlobalValues) -> Iterator[GlobalEffect]:
    kilobytes = values[SSL_SESSION_CACHE_SIZE].bytes >> 10
    cache = Directive("ssl_session_cache", (Word(f"shared:SSL:{kilobytes}k"),))
    yield InSection(section=Section.TLS, statements=(cache,))


GROUP = OptionGroup(
    title="TLS to clients",
    options=(
        SSL_PROTOCOLS,
        SSL_CIPHERS,
        SSL_SESSION_CACHE_SIZE,
        SSL_SESSION_TIMEOUT,
        SSL_SESSION_TICKETS,
        SSL_EARLY_DATA,
        SSL_ECDH_CURVE,
        SSL_BUFFER_SIZE,
    ),
    effects=_session_cache,
)
