"""Lists of ciphers. The OpenSSL beside Python knows the names that nginx's knows."""

import re
import ssl

from generator.directives import Word
from generator.values.invalid import Invalid


def ciphers(text: str) -> Word:
    """Read a list of ciphers in OpenSSL's notation, of which at least one exists."""
    if not re.fullmatch(r"[A-Za-z0-9:+!@=._-]{1,2000}", text) or not _selects(text):
        raise Invalid(
            "a list of ciphers that OpenSSL knows",
            "Write names with colons between them, as `openssl ciphers` does.",
        )
    return Word(text)


def _selects(text: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ciphers(text)
    except ssl.SSLError:
        return False
    return True
