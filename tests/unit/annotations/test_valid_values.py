"""What a declaration lets in, nginx takes: every value, alone and beside each other setting's.

Nothing here names an annotation or option. Each declaration's own parser picks candidates
from one pool of texts, so that a new declaration is tried as soon as it is there.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from generator.annotations.catalog import ALL
from generator.nginx.markers import owner_of
from generator.nginx.render import Memo, render
from generator.nginx.template_files import built_in
from generator.objects import Name
from generator.options import catalog as options
from generator.values.invalid import Invalid
from tests.drivers import nginx, snapshots
from tests.drivers.ingresses import ingress, rule
from tests.golden.cases import FOLDERS
from tests.lab.client import Object

WORDS = """
    true false on off 0 1 2 3 64 256 400 404,503 599 1000 65535 100000 1000000 1000000000 31536000
    1k 4k 64k 4m 1g 1024g 8589934591g 10.0.0.0/8 ::/0 0.0.0.0/0 192.0.2.1,2001:db8::/32
    http https auto_http grpc GRPCS FCGI GET TRACE / /$1 /a?b=$arg_c $request_uri
    http://auth.default.svc.cluster.local/ https://[2001:db8::1]:8443/a?b=${request_uri}&c=1
    http://$host/$escaped_request_uri rd X-User,X-Email X-Real-IP,Host,Set-Cookie
    Forwarded X-Original-URL,Forwarded
    TLSv1.2 TLSv1.3 HIGH:!aNULL ECDHE-RSA-AES128-GCM-SHA256
    https://app.example.com http://*.example.com:8080,null * -1
    basic auth-file auth-map all any users default/users X-One,X-Frame-Options
    /.well-known/acme-challenge,/open /open
    auto X25519:prime256v1 text/html
    namespace cluster shop.test=web,api *.shop.test=blog
"""
PHRASES = ("1 512", "4 8k", "1000 16m", "error timeout non_idempotent", '$status "$http_x"')
PATHS = (("Prefix", "/", "web"), ("Exact", "/e", "web"), ("ImplementationSpecific", "/i", "web"))
CONFIG_MAP = Name("default", "options")
FULL_ASSIGNMENTS = 20
MOST_ALONE = 4
"""Values of one option that nginx is asked about: each is a configuration of its own."""


@cache
def _pool() -> tuple[str, ...]:
    """Texts of every kind: boundaries, and the values of the golden cases."""
    texts = [*WORDS.split(), *PHRASES]
    for folder in FOLDERS:
        for thing in yaml.safe_load_all((folder / "input.yaml").read_text()):
            texts += _texts(thing) if isinstance(thing, dict) else ()
    return tuple(dict.fromkeys(texts))


def _texts(thing: Object) -> list[str]:
    annotations = (thing.get("metadata") or {}).get("annotations") or {}
    data = thing.get("data") if thing.get("kind") == "ConfigMap" else None
    return [str(text).strip() for text in (*annotations.values(), *(data or {}).values())]


@cache
def _candidates(declared) -> tuple[str, ...]:
    """A text for each value that the declaration lets in."""
    found: dict[object, str] = {}
    for text in filter(None, _pool()):
        try:
            found.setdefault(declared.parse(text), text)
        except Invalid:
            continue
    return tuple(found.values())


def _complaint(folder: Path, tried: Sequence[Mapping[str, str]], **data: str) -> str:
    """What nginx says where each of these sets of annotations has an Ingress and a host."""
    things = [
        ingress(
            rule(f"h{number}.test", *PATHS),
            name=f"i{number}",
            annotations=annotations,
            tls=[{"hosts": [f"h{number}.test"]}],
        )
        for number, annotations in enumerate(tried)
    ]
    config_map = {"kind": "ConfigMap", "metadata": {"name": CONFIG_MAP.name}, "data": data}
    model = snapshots.built(*things, config_map, config_map=CONFIG_MAP).model
    (folder / "files").mkdir(exist_ok=True)
    for file in model.files():
        (folder / "files" / file.digest).write_bytes(file.content)
    surroundings = nginx.surroundings(folder)
    text = render(model, surroundings, built_in(), Memo()).body(1).decode()
    return _with_culprit(nginx.complaint(text, folder), text, tried)


def _with_culprit(complaint: str, text: str, tried: Sequence[Mapping[str, str]]) -> str:
    line = complaint.rpartition(":")[2].strip()
    owner = owner_of(text, int(line)) if line.isdecimal() else None
    return f"{complaint} {tried[int(owner.name.name[1:])]}" if owner else complaint


@pytest.mark.parametrize("declared", [*ALL, *options.ALL], ids=lambda each: each.name)
def test_the_pool_has_two_values_for_each_declaration(declared):
    assert len(_candidates(declared)) >= 2, "Add valid values to the pool."


def test_nginx_takes_every_value_of_every_annotation(tmp_path):
    alone = [{each.name: text} for each in ALL for text in _candidates(each)]
    assert _complaint(tmp_path, alone) == ""


def test_nginx_takes_every_annotation_beside_each_other(tmp_path):
    dice = random.Random(1)
    pairs = [
        {each.name: dice.choice(_candidates(each)) for each in pair}
        for pair in combinations(ALL, 2)
    ]
    assert _complaint(tmp_path, pairs) == ""


def test_nginx_takes_all_annotations_at_once(tmp_path):
    assert _complaint(tmp_path, list(_assignments(ALL))) == ""


@pytest.mark.parametrize("option", options.ALL, ids=lambda option: option.name)
def test_nginx_takes_every_value_of_an_option(option, tmp_path):
    texts = _candidates(option)
    dice = random.Random(option.name)
    for text in dice.sample(texts, min(MOST_ALONE, len(texts))):
        assert _complaint(tmp_path, [{}], **{option.name: text}) == "", text


def test_nginx_takes_all_options_at_once(tmp_path):
    for data in _assignments(options.ALL):
        assert _complaint(tmp_path, [{}], **data) == "", data


def _assignments(declared: Sequence) -> Iterator[dict[str, str]]:
    """Random values for all of them together, the same each time."""
    dice = random.Random(2)
    for _ in range(FULL_ASSIGNMENTS):
        yield {each.name: dice.choice(_candidates(each)) for each in declared}
