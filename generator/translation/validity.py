"""Certificates out of date. Time passes without any edit, so this is asked anew, by a clock."""

import datetime as dt
from collections.abc import Iterable, Iterator

from msgspec import Struct

from generator import problems
from generator.model import Certificate
from generator.objects import Name, ObjectRef
from generator.problems import Code, Problem, Problems
from generator.translation.certificates import valid_between


class DatedCertificate(Struct, frozen=True):
    """A certificate that is served, and the field that asks for it."""

    object: ObjectRef
    field: str
    secret: Name
    valid_from: dt.datetime
    valid_until: dt.datetime

    @classmethod
    def of(
        cls, object_: ObjectRef, field: str, secret: Name, certificate: Certificate
    ) -> "DatedCertificate":
        """Note the dates of a certificate."""
        return cls(object_, field, secret, *valid_between(certificate))


def out_of_date(certificates: Iterable[DatedCertificate], now: dt.datetime) -> Problems:
    """Report those that clients refuse at this moment."""
    return tuple(sorted(set(_found(certificates, now))))


def _found(certificates: Iterable[DatedCertificate], now: dt.datetime) -> Iterator[Problem]:
    for each in certificates:
        if now > each.valid_until:
            yield problems.warning(
                each.object,
                each.field,
                Code.CERTIFICATE_EXPIRED,
                f"The certificate in Secret {each.secret} expired at {_said(each.valid_until)}.",
                "Renew it; where a program does, see what that says of it.",
                meanwhile="it is served, and browsers warn",
            )
        elif now < each.valid_from:
            yield problems.warning(
                each.object,
                each.field,
                Code.CERTIFICATE_NOT_YET_VALID,
                f"The certificate in Secret {each.secret} is not valid before "
                f"{_said(each.valid_from)}.",
                "Wait, or issue one that is valid now; or is a clock wrong?",
                meanwhile="it is served, and browsers warn",
            )


def _said(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
