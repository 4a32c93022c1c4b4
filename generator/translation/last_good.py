"""What nginx accepted before: the fallback where the newest version cannot be used."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from generator.model import Certificate
from generator.objects import Ingress, Name


class LastGood(Struct, frozen=True, kw_only=True):
    """Passed in, so that building stays a function of what it is given."""

    ingresses: Mapping[Name, Ingress] = MappingProxyType({})
    """The last good version of each."""
    certificates: Mapping[Name, Certificate] = MappingProxyType({})
    """The last good one of each Secret that an Ingress names."""
    refused_files: Mapping[str, str] = MappingProxyType({})
    """Certificates that nginx refuses, by their hash, with its words."""
