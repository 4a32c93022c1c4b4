"""By what nginx judged: the same Ingress may pass under another nginx, template or option. Pure."""

import hashlib

import msgspec
from msgspec.structs import replace

from generator.loop.admin_choice import AdminInputs
from generator.nginx.surroundings import Surroundings


def fingerprint(surroundings: Surroundings, admin: AdminInputs) -> str:
    """Return a digest of all that decides on a verdict besides the cluster's objects."""
    sources = {name: template.text for name, template in admin.templates.templates.items()}
    judged = (replace(surroundings, is_whole=True), sources, dict(admin.options))
    return hashlib.sha256(msgspec.json.encode(judged, order="deterministic")).hexdigest()
