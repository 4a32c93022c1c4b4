"""Keys and certificates for the lab and its tests, made without openssl."""

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: str
    key: str

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Writes `name`.crt and `name`.key; returns their paths."""
        crt, key = folder / f"{name}.crt", folder / f"{name}.key"
        crt.write_text(self.certificate)
        key.write_text(self.key)
        return crt, key


class Authority:
    """A certificate authority of its own."""

    def __init__(self, name: str = "lab-ca") -> None:
        self._key = new_key()
        self._name = _name(name)
        self._certificate = (
            certificate_builder(self._name, self._name, self._key, dt.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def certificate(self) -> str:
        """The authority's own certificate, in PEM."""
        return _pem(self._certificate)

    def issue(
        self,
        *hosts: str,
        common_name: str = "",
        organizations: tuple[str, ...] = (),
        lasts: dt.timedelta = dt.timedelta(days=30),
    ) -> Pair:
        """A certificate for hosts (names or addresses), or for a client without any.

        One that lasts less than nothing has expired already.
        """
        key = new_key()
        subject = _name(common_name or (hosts[0] if hosts else "nobody"), organizations)
        builder = certificate_builder(subject, self._name, key, lasts).add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return Pair(_pem(builder.sign(self._key, hashes.SHA256())), key_pem(key))

    def client_context(self) -> ssl.SSLContext:
        """Trusts this authority and nothing else."""
        return ssl.create_default_context(cadata=self.certificate)


def new_key() -> Key:
    """A private key; an elliptic one, since those are made at once."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> str:
    """A private key in PEM, as both Go and nginx read it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key: Key) -> str:
    """Its public half in PEM."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def certificate_builder(
    subject: x509.Name, issuer: x509.Name, key: Key, lasts: dt.timedelta
) -> x509.CertificateBuilder:
    """A certificate that is valid now, before its extensions and its signature."""
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + lasts)
    )


def _name(common_name: str, organizations: tuple[str, ...] = ()) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organizations]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
