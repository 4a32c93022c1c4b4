"""What configuration was injected into ingress-nginx by, tried on the whole pair.

Each attack has a host of its own, and would make nginx answer 418 where it succeeds.
Test ids name the CVE. What nginx reads is tokenised; who wrote it is told.
"""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from reloader.contract import Volume, Wish
from tests.drivers import nginx_tokenizer as tokens
from tests.drivers.ingresses import PREFIX, ingress, rule
from tests.drivers.nginx import NGINX
from tests.drivers.web import Web

TEAPOT = "return 418;"
# What Pillion never writes, so that it stands nowhere but by injection. An annotation that
# writes one of these takes it from here.
NEVER_RENDERED = {"alias", "root", "load_module", "ssl_engine", "mirror", "js_content", "include"}
OPEN, SHUT = "victim", 503


class Attack(NamedTuple):
    """What is tried."""

    id: str
    annotations: dict[str, str]
    answer: str | int = OPEN
    """Of a path without fault. What guards access and is not understood shuts it."""
    paths: tuple[str, ...] = ()
    type: str = "ImplementationSpecific"
    tls: str = ""

    @property
    def name(self) -> str:
        return self.id.lower()


TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
DEAD = "http://127.0.0.1:1/"
"""Nothing listens there: whoever guards a path is away."""
UNANSWERED = 500
BREAKOUTS = (
    f"/x {{ {TEAPOT} }} #",
    f'/x" {{ {TEAPOT} }} location ~ "/y',
    f"/x;}} location /y {{ {TEAPOT}",
    f"/x\n{TEAPOT}",
    f"/x\r{TEAPOT}",
    f"/x\\\n{TEAPOT}",
    "/x\\",
    '/x"',
    "/x'",
    "/x{",
    "/x$pillion_dollar{",
)
ENDS = f'x";\n}}\nlocation /x {{ {TEAPOT} }}\n#'

ATTACKS = [
    Attack("CVE-2021-25745", {}, paths=(f"/x {{ alias {TOKEN}/; }} location ~* ^/y",)),
    Attack("CVE-2021-25748", {}, paths=BREAKOUTS, type="Prefix"),
    Attack("CVE-2022-4886", {}, paths=BREAKOUTS, type="Exact"),
    Attack("CVE-2026-24512", {}, paths=BREAKOUTS),
    Attack("CVE-2026-24512-regex", {"use-regex": "true"}, paths=BREAKOUTS),
    Attack(
        "CVE-2026-4342",
        {},
        paths=(f"/a\n}}\n{TEAPOT}\n#", "/#\n# ingress kube-system/dns"),
        type="Exact",
    ),
    Attack("CVE-2021-25746", {"proxy-body-size": ENDS, "backend-protocol": ENDS}),
    Attack("CVE-2023-5043", {"configuration-snippet": TEAPOT}),
    Attack("CVE-2023-5044", {"permanent-redirect": f"https://x.test;{TEAPOT}"}),
    Attack("CVE-2024-7646", {"proxy-read-timeout": f"1;\r{TEAPOT}"}),
    Attack("CVE-2024-7646-guard", {"auth-tls-verify-client": f"on;\r\n{TEAPOT}"}, SHUT),
    Attack("CVE-2025-24514", {"auth-url": f"http://x.test/#;}}\n{TEAPOT}"}, SHUT),
    Attack(
        "CVE-2025-1097", {"auth-tls-match-cn": f"CN=x #(\n){{}}\n}}}}\nssl_engine x;{TEAPOT}"}, SHUT
    ),
    Attack("CVE-2025-1098-target", {"mirror-target": f"http://x.test/;\n}}\n{TEAPOT}"}),
    Attack("CVE-2025-1098-host", {"mirror-host": f"x.test;\n}}\n{TEAPOT}"}),
    Attack("CVE-2025-15566", {"auth-proxy-set-headers": f"default/x;\n{TEAPOT}"}, SHUT),
    Attack("CVE-2026-1580", {"auth-method": f"GET;{TEAPOT}"}, SHUT),
    Attack("CVE-2026-3288", {"rewrite-target": f'/$1"; {TEAPOT} #'}, paths=('/x"(.*)', "/y;(.*)")),
    Attack("CVE-2020-8553", {"auth-type": "basic", "auth-secret": "../../../etc/passwd"}, SHUT),
    Attack(
        "CVE-2025-24513", {"auth-tls-secret": "default/../../x"}, SHUT, tls="../../../etc/passwd"
    ),
    Attack("CVE-2021-25742", {"server-snippet": f"location /x {{ alias {TOKEN}; }}"}),
    Attack("CVE-2021-25742-auth", {"auth-snippet": TEAPOT}, SHUT),
    Attack("CVE-2026-24513", {"auth-url": DEAD, "custom-http-errors": "401,403"}, UNANSWERED),
    Attack("alias-that-skips-a-check", {"whitelist-source-range": f"0.0.0.0/0;{TEAPOT}"}, SHUT),
    Attack("alias-of-nothing", {"limit-whitelist": f"0.0.0.0/0;{TEAPOT}"}),
]
attacks = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
GOOD = ingress(rule("good.test", ("Prefix", "/", "victim")), name="good")


def manifest(attack):
    """An Ingress with the attack, and the path / without one."""
    paths = [(attack.type, path, "victim") for path in attack.paths]
    tls = {"tls": [{"hosts": [f"{attack.name}.test"], "secretName": attack.tls}]}
    return ingress(
        rule(f"{attack.name}.test", *paths, ("Prefix", "/", "victim")),
        name=attack.name,
        annotations={"ssl-redirect": "false"} | attack.annotations,
        **(tls if attack.tls else {}),
    )


@pytest.fixture(scope="module")
def attacked(site_of_its_own):
    """A site that serves all attacks at once, and a good neighbour."""
    site_of_its_own.holds(GOOD, *map(manifest, ATTACKS))
    return site_of_its_own


def everything(blocks):
    for block in blocks:
        yield block
        yield from everything(block.inside or ())


@attacks
def test_an_attack_has_no_effect_and_its_neighbours_are_served(attack, attacked):
    assert attacked.answers(f"http://{attack.name}.test/") == attack.answer
    assert attacked.answers("http://good.test/") == "victim"
    harmless = {200, 404, 503, attack.answer}
    for path in ("/x", "/y", "/a", "/x%0A", "/x%22", "/xyz"):
        assert attacked.web.status(f"http://{attack.name}.test{path}") in harmless


@attacks
def test_whoever_wrote_an_attack_is_told_each_part_of_it(attack, attacked):
    told = [
        p for p in attacked.pair.logs("problem.found") if p["object"] == f"default/{attack.name}"
    ]
    valid = attack.annotations.keys() if attack.answer == UNANSWERED else {"use-regex", "auth-type"}
    for name in attack.annotations.keys() - valid:
        assert [p for p in told if p["field"] == name], name
    refused = [p for p in told if p["code"] == "path-invalid"]
    assert len(refused) >= sum(not path.isprintable() or " " in path for path in attack.paths)


def test_nginx_reads_no_directive_that_an_attacker_wrote(attacked):
    # The header is no comment of a tenant's, and its hash may hold 418.
    text = Wish.parse(Volume(attacked.pair.volume).live.read_bytes()).body
    blocks, comments = tokens.configuration(text)
    read = list(everything(blocks))
    assert NEVER_RENDERED.isdisjoint(block.name for block in read)
    assert not [block for block in read if block.name == "return" and "418" in block.arguments]
    assert not [comment for comment in comments if "kube-system" in comment or "418" in comment]


def test_files_have_no_names_but_hashes_of_what_they_hold(attacked):
    names = [path.name for path in Volume(attacked.pair.volume).files.iterdir()]
    assert names
    assert all(len(name) == 64 and int(name, 16) >= 0 for name in names)


@pytest.mark.parametrize("prefix", [PREFIX.upper(), PREFIX + "/", f"{PREFIX}/auth-url\n{PREFIX}"])
def test_a_name_of_an_annotation_is_no_way_in_either(prefix, site_of_its_own, attacked):
    odd = manifest(Attack("odd-name", {}))
    odd["metadata"]["annotations"] = {
        f"{prefix}/server-snippet": TEAPOT,
        f"{prefix}/auth-url": ENDS,
    }
    site_of_its_own.holds(GOOD, *map(manifest, ATTACKS), odd)
    assert attacked.answers("http://odd-name.test/") in {OPEN, SHUT}
    assert attacked.answers("http://good.test/") == "victim"


# --- who runs nginx on what (CVE-2025-1974, CVE-2026-24514) ------------------------------------


@pytest.fixture(scope="module")
def watched(fresh_site, tmp_path_factory):
    """A site whose nginx tells whose child it is."""
    folder = tmp_path_factory.mktemp("watched")
    spy = folder / "nginx"
    spy.write_text(
        "#!/bin/sh\n"
        f"tr '\\0' ' ' < /proc/$PPID/cmdline >> {folder}/parents; echo >> {folder}/parents\n"
        f'exec {NGINX} "$@"\n'
    )
    spy.chmod(0o755)
    with fresh_site(f"--nginx-bin={spy}") as site:
        site.parents = folder / "parents"
        yield site


def test_cve_2025_1974_the_generator_never_runs_nginx(watched):
    watched.holds(GOOD, *map(manifest, ATTACKS))
    parents = {line for line in watched.parents.read_text().splitlines() if line.strip()}
    assert any("-m reloader" in line for line in parents)
    assert not [line for line in parents if "-m generator" in line]


@pytest.mark.parametrize("path", ["/", "/validate", "/networking/v1/ingresses", "/healthz"])
def test_cve_2025_1974_and_2026_24514_nothing_judges_what_is_sent_to_the_generator(path, watched):
    generator = watched.pair.process("generator")
    before = resident_kb(generator.pid)
    web = Web(watched.pair.healthz_port)
    with suppress(OSError):  # it may hang up on the body
        assert web.ask(f"http://generator{path}", "POST", body=b"x" * (32 << 20)).status >= 400
    assert generator.is_running()
    assert resident_kb(generator.pid) - before < 16 << 10


def resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
