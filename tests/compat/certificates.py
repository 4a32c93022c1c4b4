"""The keys and certificates of the corpus; each is made once, when it is first asked for."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.lab.pki import Key, Pair, certificate_builder, key_pem, new_key

ORGANIZATION = "corpus"
_SIGNED_BY = {
    "client-good": "clientca",
    "client-second": "clientca",
    "client-bad": "otherca",
    "backend": "clientca",
    "midca": "clientca",
    "lowca": "midca",
    "client-mid": "midca",
    "client-low": "lowca",
    "backend-far": "lowca",
}
_AUTHORITIES = {
    "clientca": "corpus client CA",
    "otherca": "corpus other CA",
    "midca": "corpus middle CA",
    "lowca": "corpus low CA",
}
_CHAINS = {"midca": ("midca",), "lowca": ("lowca", "midca")}
"""The authorities that a certificate is sent along with, by who signed it."""
_BACKENDS = ("backend", "backend-far")
_REVOKED = "client-second"
_LASTS = dt.timedelta(days=30)


class Certificates:
    """All that there are, by name; those that clients and backends read are files too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, tuple[x509.Certificate, Key]] = {}

    def pair(self, name: str) -> Pair:
        """Certificate and key of an authority, a client or a backend."""
        if name not in self._made:
            self._made[name] = self._make(name)
        certificate, key = self._made[name]
        chain = _CHAINS.get(_SIGNED_BY.get(name, ""), ()) if name not in _AUTHORITIES else ()
        return Pair(_pem(certificate) + "".join(map(self.authority, chain)), key_pem(key))

    def authority(self, name: str) -> str:
        """The certificate of an authority."""
        return self.pair(name).certificate

    def revoked(self, authority: str) -> str:
        """The list of what an authority takes back."""
        certificate, key = self._known(authority)
        now = dt.datetime.now(dt.UTC)
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(self._known(_REVOKED)[0].serial_number)
            .revocation_date(now - dt.timedelta(hours=1))
            .build()
        )
        builder = x509.CertificateRevocationListBuilder(
            certificate.subject, now - dt.timedelta(hours=1), now + _LASTS, [entry]
        )
        signed = builder.sign(key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def of_secret(self, name: str, common_name: str, hosts: Sequence[str], by: str | None) -> Pair:
        """The certificate in a Secret, the same each time."""
        if name not in self._made:
            self._made[name] = self._issue(common_name, hosts, by)
        certificate, key = self._made[name]
        return Pair(_pem(certificate), key_pem(key))

    def files(self, name: str) -> tuple[Path, Path]:
        """Certificate and key as files."""
        return self.pair(name).write(self._folder, name)

    def _known(self, name: str) -> tuple[x509.Certificate, Key]:
        self.pair(name)
        return self._made[name]

    def _make(self, name: str) -> tuple[x509.Certificate, Key]:
        if name in _BACKENDS:
            return self._issue("backend.corpus.test", ["backend.corpus.test"], _SIGNED_BY[name])
        is_authority = name in _AUTHORITIES
        common_name = _AUTHORITIES.get(name, name)
        return self._issue(common_name, (), _SIGNED_BY.get(name), is_authority=is_authority)

    def _issue(
        self, common_name: str, hosts: Sequence[str], by: str | None, *, is_authority: bool = False
    ) -> tuple[x509.Certificate, Key]:
        key, subject = new_key(), _subject(common_name)
        issuer, signing = subject, key
        if by:
            above, signing = self._known(by)
            issuer = above.subject
        builder = certificate_builder(subject, issuer, key, _LASTS).add_extension(
            x509.BasicConstraints(ca=is_authority, path_length=None), critical=is_authority
        )
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(signing, hashes.SHA256()), key


def _subject(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
        ]
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
