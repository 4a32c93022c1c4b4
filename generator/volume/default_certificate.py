"""The certificate for https where none was given: self-signed, kept on the volume."""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from generator.directives import File
from generator.model import Certificate
from generator.translation.certificates import join
from generator.volume.files import named_files, read_file
from reloader.contract import Volume, Wish, read_or_none

_NAME = "Pillion default certificate"
_HOST = "ingress.local"
"""In the subject alternative names: clients refuse a certificate that has none."""
_LIFETIME = dt.timedelta(days=365)
_RENEWED = dt.timedelta(days=30)


def fallback_certificate(volume: Volume, now: dt.datetime) -> Certificate:
    """Take the one that the wish on the volume names, so that a restart changes nothing.

    A new one where there is none, or where it ends within 30 days.
    """
    wish = read_or_none(volume.wish, Wish.parse)
    for digest in named_files(wish.body.decode(errors="replace")) if wish else ():
        file = read_file(volume, digest)
        if file and _is_ours(file, now):
            return Certificate(file)
    return make(now)


def make(now: dt.datetime) -> Certificate:
    """Make a certificate and a key of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return join([certificate], key)


def _is_ours(file: File, now: dt.datetime) -> bool:
    try:
        leaf = x509.load_pem_x509_certificates(file.content)[0]
    except (ValueError, IndexError):
        return False
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return (
        leaf.subject == leaf.issuer
        and [name.value for name in names] == [_NAME]
        and leaf.not_valid_after_utc - now > _RENEWED
    )
