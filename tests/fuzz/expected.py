"""What nginx should read of a model: told anew from the model, without the templates."""

from collections import Counter

from generator.model import (
    Answer,
    Directive,
    Expression,
    Location,
    Match,
    Model,
    Proxy,
    Regex,
    Server,
    Text,
    Upstream,
    Word,
)
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
    if one.tls:
        found.append(("add_header", ("Strict-Transport-Security", "$pillion_hsts", "always")))
    return ("server", (), [*found, *(location(each, model) for each in one.locations)])


def location(one: Location, model: Model) -> tuple:
    """A location: every directive in it, with its arguments where a user has a say."""
    handler = one.handler
    path = one.path.pattern if isinstance(one.path, Regex) else one.path.text
    match = (path,) if one.match is Match.PREFIX else (one.match.value, path)
    owner = str(handler.owner.name) if handler.owner else ""
    said = (owner, handler.service, handler.port, one.rule)
    names = ("ingress", "service", "port", "rule")
    found: list = [
        ("set", (f"$pillion_{name}", literal(text))) for name, text in zip(names, said, strict=True)
    ]
    if handler.redirect_to_https:
        found.append(
            ("if", ("($pillion_redirect)",), [("return", ("308", "https://$host$request_uri"))])
        )
    found += [("allow" if r.allow else "deny", (r.network,)) for r in handler.access]
    if handler.rewrite:
        rewrite = handler.rewrite
        found.append(("rewrite", (rewrite.pattern.pattern, rewrite.target.text, "break")))
    found += [_directive(each) for each in handler.directives]
    return ("location", match, [*found, *_action(one, model)])


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
