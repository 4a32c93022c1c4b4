"""Requests with a name and a password, on a real nginx."""

import base64

import pytest

from tests.drivers.ingresses import ingress, rule

FOO = "http://foo.test"
HASHES = {
    "plain": "{PLAIN}pass",
    "apr": "$apr1$saltsalt$xx013OFx2cRtDjpNeiZXf.",
    "md5": "$1$saltsalt$hZR.9zfJXcVTsa9iTxnQR1",
    "sha256": "$5$saltsalt$9k0iflfLhuazVMAUTm0egnVlpP5ays5xBLqSJuoPfB9",
    "bcrypt": "$2b$04$VhsnYgizxGUhKFj1nyuswuc.HUZblaSMT20.hpie4WpwRQIIcSMmq",
}
FILE = {"auth": "".join(f"{user}:{hashed}\n" for user, hashed in HASHES.items())}


def secret(data, name="users"):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def guarded(site, *things, paths=(("Prefix", "/", "echo"),), **annotations):
    given = {"auth-type": "basic", "auth-secret": "users"}
    given |= {name.replace("_", "-"): text for name, text in annotations.items()}
    site.holds(ingress(rule("foo.test", *paths), annotations=given), *things)


def asked(site, user="", password="pass", path="/"):
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"} if user else {}
    return site.web.ask(f"{FOO}{path}", headers=headers)


def test_whoever_has_no_password_is_asked_for_it_and_nobody_gets_in_with_a_wrong_one(site):
    guarded(site, secret(FILE), auth_realm="Staff $only")
    reply = asked(site)
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, 'Basic realm="Staff $only"')
    assert asked(site, "apr", "wrong").status == asked(site, "nobody").status == 401


@pytest.mark.parametrize("user", HASHES)
def test_every_kind_of_hash_lets_its_user_in_and_the_backend_gets_no_password(user, site):
    guarded(site, secret(FILE))
    reply = asked(site, user)
    assert reply.status == 200
    headers = reply.echo["headers"]
    assert "Authorization" not in headers
    assert headers["X-Forwarded-Host"] == "foo.test"


def test_users_may_be_keys_and_a_change_of_the_secret_is_live(site):
    guarded(site, secret({"ada": HASHES["apr"]}), auth_secret_type="auth-map")
    assert asked(site, "ada").status == 200
    guarded(site, secret({"bob": HASHES["apr"]}), auth_secret_type="auth-map")
    assert (asked(site, "ada").status, asked(site, "bob").status) == (401, 200)


@pytest.mark.parametrize(
    ("things", "annotations"),
    [
        ([], {}),
        ([secret({"users": "x:y"})], {}),
        ([secret({"auth": "ada:not a hash\n"})], {}),
        ([secret(FILE)], {"auth_type": "digest"}),
        ([secret(FILE)], {"auth_type": ""}),
        ([secret(FILE)], {"auth_secret": "other/users"}),
    ],
    ids=["no-secret", "no-key", "no-user", "digest", "no-type", "of-another-namespace"],
)
def test_what_cannot_be_guarded_is_shut(things, annotations, site):
    guarded(site, *things, **annotations)
    assert asked(site, "apr").status == 503


def test_challenges_of_certificates_need_no_password_where_a_path_is_named_so(site):
    challenge = "/.well-known/acme-challenge"
    guarded(site, secret(FILE), paths=(("Prefix", "/", "echo"), ("Prefix", challenge, "echo")))
    assert asked(site, path=f"{challenge}/token").status == 200
    assert asked(site, path=f"{challenge}-not").status == 401
    assert asked(site, path=f"{challenge}/../../private").status == 401


@pytest.mark.parametrize(
    ("network", "satisfy", "without", "with_password"),
    [
        ("127.0.0.0/8", "any", 200, 200),
        ("192.0.2.0/24", "any", 401, 200),
        ("127.0.0.0/8", "all", 401, 200),
        ("192.0.2.0/24", "all", 403, 403),
        ("192.0.2.0/24", "some", 403, 403),
    ],
)
def test_an_address_suffices_only_where_any_guard_does(
    network, satisfy, without, with_password, site
):
    guarded(site, secret(FILE), allowlist_source_range=network, satisfy=satisfy)
    assert (asked(site).status, asked(site, "apr").status) == (without, with_password)
