"""Whatever stands in the cluster, nginx reads what the model says and nothing else."""

import re

from msgspec.structs import replace

from generator.model import Model
from generator.nginx import render as rendering
from generator.nginx.template_files import built_in
from generator.translation import Memo, translate
from tests.drivers import models
from tests.drivers import nginx_tokenizer as tokens
from tests.drivers.nginx_tokenizer import Block
from tests.drivers.snapshots import options, snapshot
from tests.fuzz import expected, strategies
from tests.fuzz.running import holds_for

ENVIRONMENT = models.surroundings(resolvers=("192.0.2.53",), http_port=8080, https_port=8443)
TEMPLATES = built_in()
OPTIONS = options(fallback_certificate=models.DEFAULT_CERTIFICATE)
COMMENT = re.compile(
    r"# (?:ingress [a-z0-9-]{1,63}/[a-z0-9.-]{1,253}|end of ingress"
    r"|service [a-z0-9-]{1,63}/[a-z0-9.-]{1,253})"
)


def read(model: Model):
    """What nginx reads: what stands around, upstreams, servers, and comments."""
    text = rendering.render(model, ENVIRONMENT, TEMPLATES, rendering.Memo()).body(1)
    blocks, comments = tokens.configuration(text)
    (http,) = (block.inside for block in blocks if block.name == "http")
    ours = [b for b in http if b.name == "server"]
    listening = [
        b for b in ours if ("listen", "8080") in {(i.name, *i.arguments[:1]) for i in b.inside}
    ]
    upstreams = [b for b in http if b.name == "upstream" and b.arguments != ("pillion",)]
    around = [
        (b.name, b.arguments, b.inside)
        for b in (*blocks, *http)
        if b.name != "http" and b not in listening and b not in upstreams
    ]
    return around, upstreams, listening, comments


EMPTY = replace(models.model(), servers=())
AROUND, _, _, CONSTANT = read(EMPTY)
SIZED = {"server_names_hash_bucket_size", "server_names_hash_max_size"}


def _constant(around):
    return [each for each in around if each[0] not in SIZED]


def _split(around):
    """What Ingresses add, and what is there in any case."""
    names = {each[:2] for each in AROUND}
    added = [each for each in around if each[0] not in SIZED and each[:2] not in names]
    return [Block(*each) for each in added], [each for each in around if each not in added]


def check(things) -> None:
    """The property, for one cluster."""
    model = translate(snapshot(*things), OPTIONS, Memo()).model
    around, upstreams, servers, comments = read(model)
    added, around = _split(around)
    assert _constant(around) == _constant(AROUND)
    assert expected.differences(added, expected.pieces(model)) == []
    assert expected.differences(upstreams, [expected.upstream(u) for u in model.upstreams]) == []
    wanted = [expected.server(each, ENVIRONMENT, model) for each in model.servers]
    assert expected.differences(servers, wanted) == []
    odd = [c for c in comments if c not in CONSTANT and not COMMENT.fullmatch(c)]
    assert odd == []


def test_nginx_reads_what_the_model_says_and_nothing_else():
    holds_for(strategies.cluster(1, 3), check, most=40)
