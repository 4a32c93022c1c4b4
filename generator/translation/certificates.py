"""From a Secret to a certificate that nginx will take."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from msgspec import Struct

from generator.directives import File
from generator.model import Certificate
from generator.objects import Name, Secret
from generator.problems import Code, shown
from generator.translation.memo import Reads

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)
_SHORTEST_KEY = 2048
_SHORTEST_CURVE = 224
_WEAK_DIGESTS = frozenset({"md5", "sha1"})
"""OpenSSL at its usual security level, 2, refuses these and shorter keys."""


class Unusable(ValueError):
    """nginx would refuse this certificate or key; says why, as a clause about the Secret."""


class CertificateLookup(Struct, frozen=True, kw_only=True):
    """The certificate to serve for a Secret, and what is wrong with the Secret."""

    certificate: Certificate | None
    """Where something is wrong: the last good one, if there was one."""
    code: Code = Code.CERTIFICATE_INVALID
    wrong: str = ""
    """A whole sentence; empty where nothing is wrong."""


def find_certificate(name: Name, reads: Reads) -> CertificateLookup:
    """Take the certificate of a Secret; where that cannot be served, the last good one."""
    secret = reads.secret(name)
    if secret is None:
        return CertificateLookup(
            certificate=_last_good(name, reads),
            code=Code.SECRET_NOT_FOUND,
            wrong=f"There is no Secret {shown(name.name)} in namespace {name.namespace}.",
        )
    try:
        certificate = certificate_of(secret)
    except Unusable as reason:
        return CertificateLookup(
            certificate=_last_good(name, reads), wrong=f"Secret {name} {reason}."
        )
    if refusal := reads.refusal(certificate):
        wrong = f"nginx refuses the certificate of Secret {name}: {refusal}."
        return CertificateLookup(certificate=_last_good(name, reads), wrong=wrong)
    return CertificateLookup(certificate=certificate)


def _last_good(name: Name, reads: Reads) -> Certificate | None:
    good = reads.good_certificate(name)
    return good if good and not reads.refusal(good) else None


def certificate_of(secret: Secret) -> Certificate:
    """Take chain and key from a Secret. Raises Unusable."""
    for key in ("tls.crt", "tls.key"):
        if not secret.data.get(key, b"").strip():
            raise Unusable(f"has no {key}")
    return _certificate(secret.data["tls.crt"], secret.data["tls.key"])


@lru_cache(maxsize=4096)
def _certificate(chain_pem: bytes, key_pem: bytes) -> Certificate:
    """Check and join; cached, since a wildcard certificate serves hundreds of Ingresses."""
    try:
        chain = _load_chain(chain_pem)
        key = _load_key(key_pem)
        _compare(chain, key)
        for certificate in chain:
            _check_strength(certificate)
        return join(chain, key)
    except Unusable:
        raise
    except Exception:  # noqa: BLE001 - cryptography raises what it likes for odd certificates
        raise Unusable("has a certificate or key of a kind that cannot be read") from None


def _compare(chain: Sequence[x509.Certificate], key: Key) -> None:
    wanted = _der(key.public_key())
    if _der(chain[0].public_key()) == wanted:
        return
    if any(_der(certificate.public_key()) == wanted for certificate in chain):
        raise Unusable("has a tls.crt in the wrong order: the server's own certificate comes first")
    raise Unusable("has a tls.key that is not the key of tls.crt")


def _der(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_strength(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    short = (
        isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey) and key.key_size < _SHORTEST_KEY
    ) or (isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _SHORTEST_CURVE)
    if short:
        raise Unusable(
            "has a certificate with a key that is too short: "
            f"{_SHORTEST_KEY} bits are needed, or {_SHORTEST_CURVE} on an elliptic curve"
        )
    digest = certificate.signature_hash_algorithm
    is_root = certificate.issuer == certificate.subject
    if digest and digest.name in _WEAK_DIGESTS and not is_root:
        raise Unusable(f"has a certificate that is signed with {digest.name}, which is broken")


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
    return key


def covers(certificate: Certificate, host: str) -> bool:
    """Whether one of the certificate's DNS names is this host. Rules: RFC 6125, 6.4.3."""
    names = dns_names(certificate)
    parent = host.partition(".")[2]
    return host in names or (bool(parent) and f"*.{parent}" in names)


def dns_names(certificate: Certificate) -> frozenset[str]:
    """Return the DNS names of a certificate, in lower case."""
    return _dns_names(certificate.file.content)


@lru_cache(maxsize=4096)
def _dns_names(pem: bytes) -> frozenset[str]:
    leaf = x509.load_pem_x509_certificates(pem)[0]
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName))
    except Exception:  # noqa: BLE001 - none, or odd ones, which cryptography has many errors for
        return frozenset()


def valid_between(certificate: Certificate) -> tuple[dt.datetime, dt.datetime]:
    """Return the first and the last moment at which a certificate is valid."""
    return _valid_between(certificate.file.content)


@lru_cache(maxsize=4096)
def _valid_between(pem: bytes) -> tuple[dt.datetime, dt.datetime]:
    leaf = x509.load_pem_x509_certificates(pem)[0]
    try:
        return leaf.not_valid_before_utc, leaf.not_valid_after_utc
    except Exception:  # noqa: BLE001 - dates that Python has none for: never out of date
        return dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)
