"""Clusters written by someone who tries everything.

Every annotation of the registry gets values of the golden tests' inputs, such values
with odd text in them, and odd text alone; so a new annotation is covered with its
first golden case.
"""

from collections import defaultdict
from functools import cache
from pathlib import Path

import yaml
from hypothesis import strategies as st

from generator.annotations.catalog import BY_NAME
from generator.annotations.declaration import OnError
from generator.values.describe import described
from tests.drivers import ingresses, models
from tests.lab.client import Object
from tests.lab.objects import tls_secret
from tests.lab.pki import Authority

GOLDEN = Path(__file__).parents[1] / "golden"

ODD = [
    *"\"'\\$ \t\r\n{};#~^@=*()[]|\0\x01\x85\x1b\u2028\u202e\ud7ff\U0001f600é",
    *("\\\n", '\\"', "${", "$1", "$host", "$foo", "${1}", "\r\n", "};", "{}", "#\n", "*/", "%00"),
    *(
        '";\nreturn 200 x;\n#',
        "}\nlocation /x {\n",
        "'\n}\n",
        "\\",
        "$pillion_dollar",
        "\0upstreams\0",
    ),
    *("load_module /x.so;", "# ingress kube-system/victim", "# end of ingress", "_", "..", "//"),
]
odd_text = st.one_of(
    st.lists(st.one_of(st.sampled_from(ODD), st.text(max_size=4)), max_size=6).map("".join),
    st.sampled_from(ODD).map(lambda piece: piece * 2000),
)


@st.composite
def mutated(draw, texts):
    """One of the texts with something odd in it."""
    text = draw(texts)
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.sampled_from(ODD)) + text[at:]


@st.composite
def rarely(draw, odd, usual, once_in=20):
    """One of two strategies; `one_of` takes a strategy that stands there often for one."""
    return draw(odd if draw(st.sampled_from([False] * (once_in - 1) + [True])) else usual)


def near(*texts: str):
    """One of the texts, or one that is nearly so, or odd text."""
    good = st.sampled_from(texts)
    return rarely(st.one_of(mutated(good), odd_text), good, 3)


def mostly(*texts: str):
    """Nearly always one of the texts: a name that is odd leaves all of its Ingress out."""
    return rarely(near(*texts), st.sampled_from(texts))


@cache
def known_values() -> dict[str, list[str]]:
    """What the golden tests' inputs give to each annotation."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(GOLDEN.glob("*/*/input.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            written = ((document or {}).get("metadata") or {}).get("annotations") or {}
            for name, value in written.items():
                found[str(name).removeprefix(ingresses.PREFIX + "/")].append(str(value))
    return found


def values_of(name: str):
    """Values to try on an annotation."""
    default = described(BY_NAME[name].initial)
    return near(default, *sorted({*known_values()[name]}))


NAMES = sorted(BY_NAME)
HOSTS = rarely(
    near("a.test", "*"),
    st.sampled_from(["a.test", "b.test", "*.a.test", "A.Test", "xn--bcher-kva.test", ""]),
    6,
)
PATHS = near(
    *(
        "/",
        "/foo",
        "/foo/",
        "/a$b",
        r"/foo(/|$)(.*)",
        r"/(a+)+$",
        "/é",
        "/%41",
        "/~x",
        "/=x",
        "/@x",
    ),
    *("/a;b", "/a{b", "/a}", "/a#b", "/foo(", "/[a", "/a{2}{3}", "/" + "a" * 5000, "/" + "$" * 300),
    *(r"/[\w.-]+\.(php|js)$", "/a{2}", "/(?i)x", r"/\d{1,3}", "/" + "a" * 999, "/" + '"' * 999),
)
TYPES = st.sampled_from(["Exact", "Prefix", "ImplementationSpecific"])
SERVICES = mostly("web", "web", "web", "outside", "nothing")
PORTS = rarely(
    st.one_of(
        st.integers(-(1 << 40), 1 << 40).map(lambda n: {"number": n}),
        near("http").map(lambda name: {"name": name}),
    ),
    st.just({"number": 80}),
    6,
)
ADDRESSES = rarely(
    near("::ffff:127.0.0.1", "fe80::1%eth0", "010.1.1.1", "a.test"),
    st.sampled_from(["10.0.0.1", "fd00::1", "::ffff:10.0.0.2"]),
    4,
)


def _dict(keys, values, most=4):
    return st.dictionaries(keys, values, max_size=most)


def guards(name: str) -> bool:
    """Whether the annotation guards access."""
    return BY_NAME[name].on_error is OnError.DENY


@st.composite
def annotations(draw):
    """Some of the registry's annotations, and some that no registry has.

    Those that guard access come less often: an odd value of one denies the Ingress.
    """
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=8))
    names = [name for name in names if not guards(name) or draw(st.integers(0, 2)) == 0]
    given = {name: draw(values_of(name)) for name in names}
    given |= draw(st.sampled_from([{}, {}, {"use-regex": "true"}, {"rewrite-target": "/$1"}]))
    unknown = _dict(near("auth-cache-key", "x-snippet"), odd_text, 1)
    return given | draw(rarely(unknown, st.just({}), 5))


@st.composite
def ingress(draw) -> Object:
    """An Ingress."""
    rules = [
        ingresses.rule(
            draw(HOSTS),
            *draw(st.lists(st.tuples(TYPES, PATHS, SERVICES), min_size=1, max_size=5)),
            port=draw(PORTS),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    spec = {}
    if draw(st.booleans()):
        spec["defaultBackend"] = ingresses.backend(draw(SERVICES), draw(PORTS))
    if draw(st.booleans()):
        hosts = st.lists(HOSTS, max_size=2)
        spec["tls"] = [{"hosts": draw(hosts), "secretName": draw(mostly("good", "odd"))}]
    spec["ingressClassName"] = draw(mostly("nginx", "nginx", "plain"))
    made = ingresses.ingress(
        *rules, name=draw(mostly("shop", "a.b", "c")), annotations=draw(annotations()), **spec
    )
    made["metadata"]["namespace"] = draw(mostly("default"))
    made["metadata"]["annotations"] |= draw(
        rarely(_dict(st.just("kubernetes.io/ingress.class"), near("nginx"), 1), st.just({}))
    )
    return made


GOOD = tls_secret("good", Authority().issue("a.test", "*.a.test"))


@st.composite
def cluster(draw, least: int, most: int) -> list[Object]:
    """So many Ingresses, and all that they could name."""
    port = {"port": draw(rarely(st.integers(), st.just(80))), "name": draw(mostly("http"))}
    name = draw(mostly("web"))
    labels = {"kubernetes.io/service-name": name}
    addresses = draw(st.lists(ADDRESSES, min_size=1, max_size=4))
    return [
        *draw(st.lists(ingress(), min_size=least, max_size=most)),
        ingresses.ingress_class("nginx"),
        ingresses.ingress_class("plain"),
        ingresses.ingress_class(draw(odd_text)),
        {"kind": "Service", "metadata": {"name": name}, "spec": {"ports": [port]}},
        {
            "kind": "EndpointSlice",
            "metadata": {"name": draw(mostly("web")), "labels": labels},
            "addressType": draw(st.sampled_from(["IPv4", "IPv4", "IPv6", "FQDN"])),
            "endpoints": [{"addresses": [each]} for each in addresses],
            "ports": [
                {"name": port["name"], "port": draw(rarely(st.integers(-1, 70000), st.just(8080)))}
            ],
        },
        {
            "kind": "Service",
            "metadata": {"name": "outside"},
            "spec": {
                "type": "ExternalName",
                "externalName": draw(near("a.test", "localhost", "192.0.2.1", "::1", "2130706433")),
            },
        },
        GOOD,
        {
            "kind": "Secret",
            "metadata": {"name": draw(mostly("odd"))},
            "stringData": draw(
                _dict(
                    near("tls.crt", "tls.key"),
                    st.sampled_from(
                        [
                            models.DEFAULT_CERTIFICATE.file.content.decode(),
                            GOOD["stringData"]["tls.key"],
                            "x",
                        ]
                    ),
                )
            ),
        },
    ]
