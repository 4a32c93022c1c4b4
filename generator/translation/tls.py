"""From the TLS sections of an Ingress to the certificate of each of its hosts."""

from collections.abc import Container, Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from generator import problems
from generator.model import Certificate
from generator.names import wildcard_above
from generator.objects import Ingress, Name
from generator.problems import Code, Problem, Problems
from generator.translation.certificates import (
    CertificateLookup,
    covers,
    dns_names,
    find_certificate,
)
from generator.translation.memo import Reads
from generator.translation.validity import DatedCertificate

_WAYS_OUT = {
    Code.SECRET_NOT_FOUND: "Create it with type kubernetes.io/tls.",
    Code.CERTIFICATE_INVALID: "Replace it.",
}


class HostTLS(Struct, frozen=True, kw_only=True):
    """What the TLS sections say of one host."""

    is_on: bool = False
    certificate: Certificate | None = None
    """None: the default one."""
    secret: Name | None = None
    """Where the certificate comes from."""
    problems: Problems = ()


class TLSSections:
    """The TLS sections of one Ingress. Each Secret is looked up once."""

    def __init__(self, ingress: Ingress, reads: Reads) -> None:
        self._ingress = ingress
        self._reads = reads
        self._by_host: dict[str, int] = {}
        for number, section in enumerate(ingress.spec.tls):
            for host in section.hosts:
                self._by_host.setdefault(host.lower(), number)
        tls = enumerate(ingress.spec.tls)
        self._for_all = next((number for number, section in tls if not section.hosts), None)
        self._lookups: dict[Name, CertificateLookup] = {}

    def of(self, host: str) -> HostTLS:
        """Return what they say of a host; an empty one is every host that no rule names."""
        section = self._section(host)
        if section is None:
            return HostTLS()
        lookup = self._lookup(section)
        return HostTLS(is_on=True) if lookup is None else self._found(section, host, lookup)

    def dated(self, served: Container[Name]) -> Iterator[DatedCertificate]:
        """Return the certificates of these Secrets, with the first section that names each."""
        named: dict[Name, int] = {}
        for section in range(len(self._ingress.spec.tls)):
            named.setdefault(self._secret(section), section)
        for secret, section in named.items():
            lookup = self._lookups.get(secret)
            if secret in served and lookup and lookup.certificate:
                field = f"spec.tls[{section}].secretName"
                yield DatedCertificate.of(self._ingress.ref, field, secret, lookup.certificate)

    def _section(self, host: str) -> int | None:
        """Find the section for a host: by name, by wildcard, one without hosts.

        Then, as in ingress-nginx, one whose certificate is for the host.
        """
        names = (host, wildcard_above(host)) if host else ()
        named = next((self._by_host[name] for name in names if name in self._by_host), None)
        if named is not None or self._for_all is not None:
            return self._for_all if named is None else named
        found = (self._by_certificate.get(name) for name in names)
        return min((section for section in found if section is not None), default=None)

    @cached_property
    def _by_certificate(self) -> Mapping[str, int]:
        """The first section with a certificate for each name; looks up every Secret."""
        found: dict[str, int] = {}
        for section in range(len(self._ingress.spec.tls)):
            lookup = self._lookup(section)
            if lookup and lookup.certificate:
                for name in dns_names(lookup.certificate):
                    found.setdefault(name, section)
        return found

    def _secret(self, section: int) -> Name:
        return Name(self._ingress.name.namespace, self._ingress.spec.tls[section].secret_name)

    def _lookup(self, section: int) -> CertificateLookup | None:
        secret = self._secret(section)
        if not secret.name:
            return None
        if secret not in self._lookups:
            self._lookups[secret] = find_certificate(secret, self._reads)
        return self._lookups[secret]

    def _found(self, section: int, host: str, lookup: CertificateLookup) -> HostTLS:
        certificate, secret = lookup.certificate, self._secret(section)
        found: list[Problem] = []
        if lookup.wrong:
            found.append(self._unusable(section, lookup))
        if certificate and host and not covers(certificate, host):
            found.append(self._of_another_host(section, host))
        return HostTLS(
            is_on=True,
            certificate=certificate,
            secret=secret if certificate else None,
            problems=tuple(found),
        )

    def _unusable(self, section: int, lookup: CertificateLookup) -> Problem:
        kind = "last good" if lookup.certificate else "default"
        return problems.error(
            self._ingress.ref,
            f"spec.tls[{section}].secretName",
            lookup.code,
            lookup.wrong,
            _WAYS_OUT[lookup.code],
            meanwhile=f"https answers with the {kind} certificate",
        )

    def _of_another_host(self, section: int, host: str) -> Problem:
        return problems.warning(
            self._ingress.ref,
            f"spec.tls[{section}].secretName",
            Code.CERTIFICATE_INVALID,
            f"The certificate in Secret {self._secret(section)} is not for host {host}.",
            "Issue one with that DNS name.",
            meanwhile="it is served, and browsers warn",
        )
