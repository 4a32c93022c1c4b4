"""Whatever tenants write, nginx takes what it comes to, and nothing of ours falls over."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.nginx.render import Memo as RenderMemo
from generator.nginx.render import render
from generator.nginx.template_files import built_in
from generator.problems import Code
from generator.translation import Memo, translate
from tests.drivers import nginx
from tests.drivers.ingresses import PREFIX
from tests.drivers.snapshots import decoded, options, published, snapshot_of

TEMPLATES = built_in()

NASTY = st.text(
    alphabet="\"'\\$ \t\r\n{};#()[]*+?.^|/~=<>:,%&@-_a1A\0\x7f\x85\u2028ä\ud800", max_size=12
)
BITS = [
    *(
        "/",
        "/a",
        "$1",
        "${",
        "$host",
        '"',
        "'",
        "\\",
        "\\\\",
        "\n",
        "}",
        "{",
        ";",
        "#",
        " ",
        "(.*)",
    ),
    *("return 200;", "# ingress evil/b\n", "*.", ".", "a", "test", "8m", "10.0.0.0/8", ",", "true"),
    *("\0", "\ud800", "${pillion_dollar}", "a" * 600, "^", "$", "(?i)", "[", "~*", "=", "@x"),
]
TEXT = st.one_of(NASTY, st.lists(st.sampled_from(BITS), max_size=6).map("".join))
PATH = st.one_of(TEXT, TEXT.map(lambda text: f"/{text}"))
PORT = st.one_of(
    st.builds(lambda number: {"number": number}, st.sampled_from([80, 81, 0, -1, 65536, 1 << 40])),
    st.builds(lambda name: {"name": name}, TEXT),
)
SERVICE = st.one_of(st.sampled_from(["web", "other", "outside"]), TEXT)
BACKEND = st.builds(lambda name, port: {"service": {"name": name, "port": port}}, SERVICE, PORT)
HOST = st.one_of(st.sampled_from(["", "a.test", "*.a.test", "B.test"]), TEXT)
RULE = st.fixed_dictionaries(
    {
        "host": HOST,
        "http": st.fixed_dictionaries(
            {
                "paths": st.lists(
                    st.fixed_dictionaries(
                        {
                            "path": PATH,
                            "pathType": st.sampled_from(
                                ["Exact", "Prefix", "ImplementationSpecific"]
                            ),
                            "backend": BACKEND,
                        }
                    ),
                    max_size=4,
                )
            }
        ),
    }
)
NAMES = (
    *("use-regex", "rewrite-target", "backend-protocol", "proxy-body-size", "ssl-redirect"),
    *("proxy-read-timeout", "allowlist-source-range", "denylist-source-range", "auth-url"),
)
VALUES = st.one_of(TEXT, PATH, st.sampled_from(["true", "GRPC", "FCGI", "AUTO_HTTP", "0", "::/0"]))
ANNOTATIONS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)
INGRESS = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {
                "name": st.one_of(st.sampled_from(["a", "b", "c", "d"]), TEXT),
                "annotations": ANNOTATIONS.map(
                    lambda given: {f"{PREFIX}/{name}": text for name, text in given.items()}
                ),
            }
        ),
        "spec": st.fixed_dictionaries(
            {
                "rules": st.lists(RULE, max_size=3),
                "tls": st.lists(
                    st.fixed_dictionaries(
                        {"hosts": st.lists(HOST, max_size=2), "secretName": TEXT}
                    ),
                    max_size=2,
                ),
            },
            optional={"defaultBackend": BACKEND},
        ),
    }
)


def outside(name):
    spec = {"type": "ExternalName", "externalName": name}
    return {"kind": "Service", "metadata": {"name": "outside"}, "spec": spec}


def configuration(found, folder):
    rendering = render(found.model, nginx.surroundings(folder), TEMPLATES, RenderMemo())
    return rendering.body(1)


@given(
    drawn=st.lists(INGRESS, min_size=3, max_size=10),
    external=st.one_of(TEXT, st.just("elsewhere.test")),
)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nginx_takes_whatever_tenants_write(drawn, external, tmp_path):
    things = [{"kind": "Ingress", **each} for each in drawn]
    services = [*published("web"), *published("other", "fd00::1"), outside(external)]
    found = translate(
        snapshot_of(decoded(each) for each in [*things, *services]), options(), Memo()
    )
    assert Code.INTERNAL_ERROR not in {problem.code for problem in found.problems}
    assert all(p.message.isprintable() and p.advice.isprintable() for p in found.problems)
    (tmp_path / "files").mkdir(exist_ok=True)
    for file in found.model.files():
        (tmp_path / "files" / file.digest).write_bytes(file.content)
    text = configuration(found, tmp_path)
    assert nginx.complaint(text, tmp_path) == ""
    # In a quoted path the words are harmless; what gives lines an owner begins a line.
    assert not re.search(rb"^[ \t]*# ingress evil", text, re.MULTILINE)
