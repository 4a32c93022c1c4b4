"""What a tenant's object costs grows as the object does, never as its square."""

from typing import NamedTuple

import pytest
import structlog
from msgspec.structs import replace

from generator.annotations.reading import read
from generator.loop.log_reporter import LogReporter
from generator.manifests.documents import split_documents
from generator.objects import Kind, Name, ObjectRef
from generator.options.declaration import GlobalValues
from generator.problems import Code, error
from generator.translation import Memo, translate
from generator.translation.claims import claim
from generator.translation.ownership import HostShares
from tests.drivers.growth import assert_linear, calls
from tests.drivers.ingresses import PREFIX, ingress, rule
from tests.drivers.snapshots import options, published, snapshot
from tests.lab.objects import endpoint_slice, service, tls_secret
from tests.lab.pki import Authority

OWNER = ObjectRef(Kind.INGRESS, Name("default", "shop"))


class Address(NamedTuple):
    address: str
    port: int = 8080


PAIR = Authority().issue("a.test")


def translating(*things):
    given = snapshot(*things, *published("web"))
    return lambda: translate(given, options(), Memo())


def slashes(n):
    """Exact paths that end in a slash, among as many prefixes."""
    paths = [(t, f"/{i}/", "web") for i in range(n) for t in ("Exact", "ImplementationSpecific")]
    return translating(ingress(rule("shop.test", *paths)))


def decoys(n):
    """One long path, and prefixes that differ from it further and further back."""
    long = "/" + "b" * n
    paths = [("ImplementationSpecific", long[:k] + "a", "web") for k in range(2, n)]
    return translating(ingress(rule("shop.test", ("Exact", long + "/", "web"), *paths)))


def taken(n):
    paths = [("Exact", f"/{i}", "web") for i in range(n)]
    return translating(*(ingress(rule("shop.test", *paths), name=name) for name in "ab"))


def expressions(n):
    paths = [("ImplementationSpecific", f"/{i}(/|$)(.*)", "web") for i in range(n)]
    return translating(ingress(rule("shop.test", *paths), annotations={"rewrite-target": "/$2"}))


def hosts_and_sections(n):
    rules = [rule(f"h{i}.test", ("Prefix", "/", "web")) for i in range(n)]
    tls = [{"hosts": [f"x{i}.test"], "secretName": "s"} for i in range(n)]
    return translating(ingress(*rules, tls=tls), tls_secret("s", PAIR))


def guests(n):
    """Namespaces beside the one that owns a host."""
    things = [ingress(rule("shop.test", ("Prefix", f"/{i}", "web"))) for i in range(n)]
    for i, thing in enumerate(things):
        thing["metadata"]["namespace"] = f"team-{i}"
    return translating(*things)


def sections(n):
    """TLS sections, each with a Secret of its own, of hosts that are served."""
    rules = [rule(f"h{i}.test", ("Prefix", "/", "web")) for i in range(n)]
    tls = [{"hosts": [f"h{i}.test"], "secretName": f"s{i}"} for i in range(n)]
    return translating(
        ingress(*rules, tls=tls), *(tls_secret(f"s{i}", PAIR) for i in range(min(n, 5)))
    )


def sections_of_one_host(n):
    tls = [{"hosts": ["shop.test"], "secretName": f"s{i}"} for i in range(n)]
    return translating(ingress(rule("shop.test", ("Prefix", "/", "web")), tls=tls))


def hosts_of_one_section(n):
    tls = [{"hosts": [f"h{i}.test" for i in range(n)]}]
    return translating(ingress(rule("h0.test", ("Prefix", "/", "web")), tls=tls))


def secrets_nobody_names(n):
    secrets = [tls_secret(f"s{i}", PAIR) for i in range(n)]
    return translating(ingress(rule("shop.test", ("Prefix", "/", "web"))), *secrets)


def addresses(n):
    """Endpoints of one Service, in slices of a hundred and each in two of them."""
    slices = [
        endpoint_slice("many", *(Address(f"10.1.{i // 200}.{i % 200 + 1}") for i in part))
        | {"metadata": {"name": f"many-{k}", "labels": {"kubernetes.io/service-name": "many"}}}
        for k, part in enumerate([*batches(n), *batches(n)])
    ]
    return translating(
        ingress(rule("shop.test", ("Prefix", "/", "many"))), service("many"), *slices
    )


def batches(n):
    return [range(start, min(start + 100, n)) for start in range(0, n, 100)]


def ports(n):
    """A Service with many ports, each named by a path, and a slice that has them all."""
    names = [f"p{i}" for i in range(n)]
    paths = [("Exact", f"/{name}", "many") for name in names]
    rules = [
        rule("shop.test", path, port={"name": n}) for path, n in zip(paths, names, strict=True)
    ]
    of_slice = endpoint_slice("many", Address("10.1.0.1"))
    of_slice["ports"] = [{"name": n, "port": 8000 + i} for i, n in enumerate(names)]
    listed = [{"name": n, "port": 80 + i, "targetPort": n} for i, n in enumerate(names)]
    return translating(ingress(*rules), service("many") | {"spec": {"ports": listed}}, of_slice)


def missing_ports(n):
    """Paths to ports that a Service with as many others does not have."""
    rules = [
        rule("shop.test", ("Exact", f"/{i}", "many"), port={"number": 20000 + i}) for i in range(n)
    ]
    listed = [{"name": f"p{i}", "port": 80 + i} for i in range(n)]
    return translating(ingress(*rules), service("many") | {"spec": {"ports": listed}})


def networks(n):
    value = ",".join(f"10.{i // 250}.{i % 250}.0/24" for i in range(n))
    annotations = {"allowlist-source-range": value}
    return translating(ingress(rule("shop.test", ("Prefix", "/", "web")), annotations=annotations))


def wildcards(n):
    rules = [rule(f"*.h{i}.test", ("Prefix", "/", "web")) for i in range(n)]
    return translating(ingress(*rules))


def a_wildcard_and_its_hosts(n):
    hosts = ["*.shop.test", *(f"h{i}.shop.test" for i in range(n))]
    things = [
        ingress(rule(host, ("Prefix", "/", "web")), name=f"i{k}") for k, host in enumerate(hosts)
    ]
    return translating(*things)


def unknown_options(n):
    settings = options(config_map=Name("default", "options"))
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "options"},
        "data": {f"proxy-body-sizes-{i}": "1" for i in range(n)},
    }
    given = snapshot(config_map, ingress(rule("a.test", ("Prefix", "/", "web"))), *published("web"))
    return lambda: translate(given, settings, Memo())


def invalid_hosts(n):
    return translating(ingress(*[rule(f"_{i}!", ("Prefix", "/", "web")) for i in range(n)]))


@pytest.mark.parametrize(
    "made",
    [
        a_wildcard_and_its_hosts,
        addresses,
        decoys,
        expressions,
        guests,
        hosts_and_sections,
        hosts_of_one_section,
        invalid_hosts,
        missing_ports,
        networks,
        ports,
        secrets_nobody_names,
        sections,
        sections_of_one_host,
        slashes,
        taken,
        unknown_options,
        wildcards,
    ],
)
def test_translating_an_ingress_costs_as_much_as_it_is_large(made):
    assert_linear(made, 100)


def test_the_endpoints_of_a_service_are_gathered_once_an_ingress_however_many_its_paths():
    def of(paths, endpoints):
        addresses = [f"10.0.{i // 256}.{i % 256}" for i in range(endpoints)]
        rules = rule("shop.test", *(("Exact", f"/{i}", "web") for i in range(paths)))
        given = snapshot(ingress(rules), *published("web", *addresses))
        return calls(lambda: translate(given, options(), Memo()))

    of(1, 1000)  # addresses that were read once are remembered
    assert of(100, 1000) - of(100, 1) < 1.5 * (of(1, 1000) - of(1, 1))


class Compared(str):
    """A path that counts how often one is compared."""

    __slots__ = ()
    __hash__ = str.__hash__
    times = 0

    def __eq__(self, other):
        Compared.times += 1
        return str.__eq__(self, other)


def test_a_guests_paths_are_not_compared_with_each_other():
    things = [ingress(rule("shop.test", *(("Exact", f"/{i}", "web") for i in range(200))))]
    contribution = translating(*things)().contributions[Name("default", "shop")]
    (part,) = contribution.parts
    rules = tuple(replace(rule, path=Compared(rule.path)) for rule in part.rules)
    of_owner = replace(part, owner=ObjectRef(Kind.INGRESS, Name("a", "a")), rules=())
    shares = HostShares(owners=(of_owner,), guests=((replace(part, rules=rules),),))
    Compared.times = 0
    assert len(claim("shop.test", shares, tls=False).guests) == 200
    assert Compared.times < 10 * 200


@pytest.mark.parametrize("line", ["# a comment\n", "\n", " \n", "--- # a comment\n", "%YAML 1.1\n"])
def test_what_stands_above_a_manifest_is_read_in_one_way_only(line):
    text = line * 2000 + "kind: Ingress\n"
    assert [each.text[-14:] for each in split_documents(text)] == ["kind: Ingress\n"]


def test_very_many_unknown_annotations_are_told_by_number():
    names = ["auth-z", *(f"proxy-body-sizes-{n:04}" for n in range(3399))]
    values, told = read({f"{PREFIX}/{name}": "1" for name in names}, PREFIX, OWNER, GlobalValues())
    assert values.denied
    assert [each.field for each in told[:2]] == ["auth-z", "proxy-body-sizes-0000"]
    assert len(told) == 11
    assert told[-1].message == "Of 3390 more annotations Pillion does not know the names."
    assert told[-1].meanwhile == "they have no effect"


def test_unknown_annotations_cost_no_comparison_beyond_those_told():
    def of(n):
        given = {f"{PREFIX}/proxy-body-sizes-{i}": "1" for i in range(n)}
        return calls(lambda: read(given, PREFIX, OWNER, GlobalValues()))

    assert of(4000) - of(1000) < 3000 * 10


def problems(n):
    return [error(OWNER, f"spec.rules[{i}]", Code.PATH_TAKEN, "It is taken.", "") for i in range(n)]


def test_thousands_of_problems_of_one_ingress_take_ten_lines_of_the_log():
    reporter = LogReporter()
    with structlog.testing.capture_logs() as lines:
        reporter.problems([*problems(5000), error(OWNER, "x", Code.HOST_INVALID, "", "")], {})
    assert [line["code"] for line in lines] == [Code.PATH_TAKEN] * 10 + [Code.HOST_INVALID]
    assert [line.get("more") for line in lines] == [None] * 9 + [4990, None]
    with structlog.testing.capture_logs() as lines:
        reporter.problems([], {})
    assert len(lines) == 11
