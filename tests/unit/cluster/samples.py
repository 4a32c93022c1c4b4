"""Objects as an apiserver gives them, and a wait."""

import asyncio
import base64
from collections.abc import Callable

from generator.objects import ObjectRef
from generator.snapshot import Snapshot


def ingress(name, host="shop.example", *, secrets=(), **metadata):
    backend = {"service": {"name": "shop", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"} | metadata,
        "spec": {
            "rules": [{"host": host, "http": {"paths": paths}}],
            "tls": [{"hosts": [host], "secretName": secret} for secret in secrets],
        },
        "status": {"loadBalancer": {}},
    }


def secret(name, content="pem", type="kubernetes.io/tls"):  # noqa: A002 - the field's name
    return {
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
        "type": type,
        "data": {"tls.crt": base64.b64encode(content.encode()).decode()},
    }


def endpoint_slice(name, service, *addresses, **annotations):
    return {
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": service},
            "annotations": annotations,
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address]} for address in addresses],
        "ports": [{"port": 8080}],
    }


def no_references(_: Snapshot) -> frozenset[ObjectRef]:
    return frozenset()


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


def names(objects) -> set[str]:
    return {name.name for name in objects}
