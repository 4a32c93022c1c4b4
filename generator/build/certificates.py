"""From a Secret to a certificate that nginx will take."""

from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from generator.model import Certificate, File
from generator.objects import Secret

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)
_SHORTEST_RSA_KEY = 2048
"""OpenSSL at the security level of Debian's nginx refuses shorter ones."""


class Unusable(ValueError):  # noqa: N818 - reads as the sentence it makes
    """nginx would refuse this certificate or key; says why, as a clause about the Secret."""


def certificate_of(secret: Secret) -> Certificate:
    """Take chain and key from a Secret. Raises Unusable."""
    for key in ("tls.crt", "tls.key"):
        if not secret.data.get(key, b"").strip():
            raise Unusable(f"has no {key}")
    return _certificate(secret.data["tls.crt"], secret.data["tls.key"])


@lru_cache(maxsize=4096)
def _certificate(chain_pem: bytes, key_pem: bytes) -> Certificate:
    """Check and join; cached, since a wildcard certificate serves hundreds of Ingresses."""
    chain = _load_chain(chain_pem)
    key = _load_key(key_pem)
    if key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != chain[
        0
    ].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise Unusable("has a tls.key that is not the key of tls.crt")
    return join(chain, key)


def join(
    chain: Sequence[x509.Certificate],
    key: Key,
) -> Certificate:
    """Write chain and key anew as one PEM file: nothing else of the Secret reaches nginx."""
    parts = [c.public_bytes(Encoding.PEM) for c in chain]
    parts.append(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Certificate(File(b"".join(parts)))


def _load_chain(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise Unusable("has a tls.crt that is not a PEM certificate") from None


def _load_key(pem: bytes) -> Key:
    try:
        key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        raise Unusable("has a tls.key that is encrypted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Unusable("has a tls.key that is not a PEM private key") from None
    if not isinstance(key, Key):
        raise Unusable("has a tls.key of a type that nginx does not serve")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _SHORTEST_RSA_KEY:
        raise Unusable(f"has an RSA key of {key.key_size} bits, fewer than {_SHORTEST_RSA_KEY}")
    return key


def covers(certificate: Certificate, host: str) -> bool:
    """Whether one of the certificate's DNS names is this host. Rules: RFC 6125, 6.4.3."""
    names = _dns_names(certificate.file.content)
    parent = host.partition(".")[2]
    return host in names or (bool(parent) and f"*.{parent}" in names)


@lru_cache(maxsize=4096)
def _dns_names(pem: bytes) -> frozenset[str]:
    leaf = x509.load_pem_x509_certificates(pem)[0]
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName))
