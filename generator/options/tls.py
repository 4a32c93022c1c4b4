"""TLS to clients."""

from collections.abc import Iterator

from generator.directives import Directive, Duration, Size, Word
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.ciphers import ciphers
from generator.values.lists import TLSProtocol, words_of
from generator.values.scalars import boolean, seconds, size_between

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
    ),
    effects=_session_cache,
)
