"""What a Secret holds is in no log, no problem and no answer, whatever is wrong with it."""

from pathlib import Path

from reloader.contract import Volume
from tests.drivers import snapshots
from tests.drivers.ingresses import ingress, rule
from tests.lab.objects import tls_secret
from tests.lab.pki import Authority

PASSWORD = "8675309011"
PAIR = Authority().issue("a.test")
KEY_LINES = [line for line in PAIR.key.splitlines() if not line.startswith("-")]
HASHES = ["$apr1$saltsalt$xx013OFx2cRtDjpNeiZXf.", "{PLAIN}correct horse", "battery staple"]
TELLTALES = [PASSWORD, *HASHES, *(line[:20] for line in KEY_LINES)]


def secret(name: str, **data: object):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


SECRETS = [
    tls_secret("good", PAIR),
    secret("cut", **{"tls.crt": PAIR.certificate, "tls.key": PAIR.key[:-60]}),
    secret("swapped", **{"tls.crt": PAIR.key, "tls.key": PAIR.certificate}),
    secret("joined", **{"tls.crt": PAIR.certificate, "tls.key": PAIR.key + "\0" + PAIR.key}),
    secret("number", password=int(PASSWORD)),
    {**secret("coded"), "data": {"tls.key": "\n".join(KEY_LINES) + "!"}},
    {**secret("odd"), "data": PAIR.key},
]


def test_no_key_and_no_password_is_ever_told(site_of_its_own):
    site = site_of_its_own
    names = [each["metadata"]["name"] for each in SECRETS]
    site.holds(
        *SECRETS,
        *(
            ingress(
                rule(f"{name}.test", ("Prefix", "/", "victim")),
                name=name,
                tls=[{"hosts": [f"{name}.test"], "secretName": name}],
            )
            for name in names
        ),
    )
    assert len(site.pair.logs("problem.found")) > len(SECRETS)
    told = site.pair.log.read_text()
    told += Volume(site.pair.volume).live.read_text() + Volume(site.pair.volume).status.read_text()
    assert [part for part in TELLTALES if part in told] == []


def test_no_hash_of_a_password_is_ever_told(site_of_its_own):
    site = site_of_its_own
    whole = "".join(f"user{number}:{each}\n" for number, each in enumerate(HASHES))
    named = {"users": secret("users", auth=whole), "wrong": secret("wrong", auth=HASHES[2])}
    site.holds(
        *named.values(),
        *(
            ingress(
                rule(f"{name}.test", ("Prefix", "/", "victim")),
                name=name,
                annotations={"auth-type": "basic", "auth-secret": name},
            )
            for name in named
        ),
    )
    assert site.web.status("http://users.test/") == 401
    assert "line 3" in site.problem("annotation-invalid")
    told = site.pair.log.read_text()
    told += Volume(site.pair.volume).live.read_text() + Volume(site.pair.volume).status.read_text()
    told += repr(snapshots.built(*named.values(), ingress(annotations={"auth-secret": "users"})))
    assert [part for part in HASHES if part in told] == []


def test_keys_on_the_volume_are_not_for_everybody(site_of_its_own):
    files = [*Path(Volume(site_of_its_own.pair.volume).files).iterdir()]
    assert files
    assert [file for file in files if file.stat().st_mode & 0o007] == []


def test_no_value_shows_a_key_of_its_own_accord():
    found = snapshots.built(tls_secret("good", PAIR), ingress(tls=[{"secretName": "good"}]))
    shown = repr(found) + repr(snapshots.snapshot(tls_secret("good", PAIR)))
    assert [part for part in TELLTALES if part in shown] == []
