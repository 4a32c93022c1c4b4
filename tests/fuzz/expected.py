"""What nginx should read of a model: told anew from the model, without the templates."""

from collections import Counter

from generator import directives
from generator.directives import Directive, Expression, Regex, Statement, Text, Word
from generator.model import Answer, Location, Match, Model, Proxy, ProxyByName, Server, Upstream
from generator.nginx.families import Family, family_of, in_family
from generator.nginx.fastcgi import PARAMETERS
from generator.nginx.inheritance import with_inherited
from generator.nginx.surroundings import Surroundings
from tests.drivers.nginx_tokenizer import Block

DOLLAR = "${pillion_dollar}"


def literal(text: str) -> str:
    """What stands for a text where nginx looks for variables."""
    return text.replace("$", DOLLAR)


def upstream(one: Upstream) -> tuple:
    """Name and addresses: the rest is constant."""
    at = [f"[{e.address}]" if ":" in e.address else e.address for e in one.endpoints]
    ports = [str(e.port) for e in one.endpoints]
    servers = [("server", (f"{a}:{p}", "max_fails=0")) for a, p in zip(at, ports, strict=True)]
    keeping = ["keepalive", "keepalive_requests", "keepalive_time", "keepalive_timeout"]
    return ("upstream", (one.name,), [("zone", ("pillion",)), *servers, *keeping])


def server(one: Server, surroundings: Surroundings, model: Model) -> tuple:
    """A server with all that is in it."""
    name = one.host.name
    if name.startswith("*."):
        name = "~^[^.]+" + name[1:].replace(".", "\\.") + "$"
    found = ["listen"] * (4 if surroundings.ipv6 else 2)
    found.append(("server_name", (name or "_",)))
    certificate = one.certificate or (None if one.host.name else model.default_certificate)
    if certificate:
        file = f"{surroundings.files}/{certificate.file.digest}"
        found += [("ssl_certificate", (file,)), ("ssl_certificate_key", (file,))]
    found += [_statement(each) for each in one.statements]
    return ("server", (), [*found, *(location(each, one, model) for each in one.locations)])


def location(one: Location, server: Server, model: Model) -> tuple:
    """A location: every directive in it, with its arguments where a user has a say."""
    handler = one.handler
    path = one.path.pattern if isinstance(one.path, Regex) else one.path.text
    bare = one.match in (Match.PREFIX, Match.NAMED)
    match = (path,) if bare else (one.match.value, path)
    owner = str(handler.owner.name) if handler.owner else ""
    said = (owner, handler.service, handler.port, one.rule)
    names = ("ingress", "service", "port", "rule")
    variables = [
        ("set", (f"$pillion_{name}", literal(text))) for name, text in zip(names, said, strict=True)
    ]
    found: list = ["internal"] if one.internal else variables
    found += [_statement(each) for each in _statements(one, server, model)]
    return ("location", match, [*found, *_action(one, model)])


def _statements(one: Location, server: Server, model: Model) -> list[Statement]:
    """In the family of the backend's protocol, with the headers that would not be inherited."""
    action = one.handler.action
    family = family_of(action.protocol) if isinstance(action, Proxy | ProxyByName) else Family.PROXY
    own = list(in_family(one.handler.statements, family))
    outer = list(in_family(model.settings.backends, family))
    outer = [*PARAMETERS, *outer] if family is Family.FASTCGI else outer
    return list(with_inherited(own, server.statements, outer))


def pieces(model: Model) -> list[tuple]:
    """What Ingresses add outside of servers, as the tokenizer reads it."""
    return [_statement(each) for piece in model.pieces for each in piece.statements]


def _statement(one: Statement) -> tuple | str:
    if isinstance(one, directives.Block):
        inside = [_statement(each) for each in one.body]
        if one.name == "if":
            return ("if", (f"({one.arguments[0].variable})",), inside)
        return (one.name, tuple(each.text for each in one.arguments), inside)
    if isinstance(one, directives.Row):
        return one.key.value if isinstance(one.key, directives.Key) else one.key.text
    return _directive(one)


def _directive(one: Directive) -> tuple | str:
    """With its arguments where they are text; how numbers are written is nginx's to judge."""
    texts = {Word: "text", Expression: "text", Regex: "pattern"}
    if any(type(each) not in {Text, *texts} for each in one.arguments):
        return one.name
    return (
        one.name,
        tuple(
            literal(each.text) if isinstance(each, Text) else getattr(each, texts[type(each)])
            for each in one.arguments
        ),
    )


def _action(one: Location, model: Model) -> list:
    action = one.handler.action
    if action is None:
        return []
    if isinstance(action, Answer):
        return [("return", (str(action.status), *([action.body] if action.body else [])))]
    name = {"GRPC": "grpc_pass", "GRPCS": "grpc_pass", "FCGI": "fastcgi_pass"}.get(
        action.protocol, "proxy_pass"
    )
    if isinstance(action, Proxy):
        assert action.upstream in {each.name for each in model.upstreams}
        return [name]
    host = f"[{action.host}]" if ":" in action.host else action.host
    return [("set", ("$pillion_target", f"{host}:{action.port}")), name]


def differences(blocks: tuple[Block, ...], wanted: list) -> list[str]:
    """Where what was read is not what was wanted."""
    found = []
    if len(blocks) != len(wanted):
        names = (
            Counter(b.name for b in blocks),
            Counter(w if isinstance(w, str) else w[0] for w in wanted),
        )
        found.append(f"{names[0] - names[1]} more, {names[1] - names[0]} less")
    for block, each in zip(blocks, wanted, strict=False):
        name, arguments, inside = (each, None, None) if isinstance(each, str) else (*each, None)[:3]
        if block.name != name or (arguments is not None and block.arguments != arguments):
            found.append(f"{block[:2]} is not {name} {arguments}")
        elif (block.inside is None) != (inside is None):
            found.append(f"{block} has a block or has none")
        elif inside is not None:
            found += differences(block.inside, inside)
    return found
