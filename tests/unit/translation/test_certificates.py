"""From Secrets to what nginx loads: nothing that nginx refuses, and nothing else of the Secret."""

import base64
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.objects import Metadata, Secret
from generator.translation.certificates import Unusable, certificate_of, covers
from tests.drivers import nginx

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
CURVE_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def issued(key, *hosts, issuer="lab-ca", subject="shop.test", by=OTHER_KEY):
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (subject, issuer)]
    builder = (
        x509.CertificateBuilder(issuer_name=names[1], subject_name=names[0])
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + dt.timedelta(days=36500))
    )
    if hosts:
        san = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(san, critical=False)
    return builder.sign(by, hashes.SHA256()).public_bytes(Encoding.PEM)


def with_sha1(pem):
    """The same certificate, as if an authority of long ago had signed it."""
    sha256, sha1 = (bytes.fromhex(f"2a864886f70d0101{n}") for n in ("0b", "05"))
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER).replace(sha256, sha1)
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def key_pem(key, encryption=None, form=PrivateFormat.PKCS8):
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


def secret(certificate, key):
    return Secret(metadata=Metadata(name="tls"), data={"tls.crt": certificate, "tls.key": key})


def loaded(certificate, folder):
    """What nginx says against a certificate."""
    (folder / "pair.pem").write_bytes(certificate.file.content)
    files = f"ssl_certificate {folder}/pair.pem; ssl_certificate_key {folder}/pair.pem;"
    return nginx.complaint_about(f"listen 127.0.0.1:8443 ssl; {files}", folder)


KEYS = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "p-256": CURVE_KEY,
    "p-224": ec.generate_private_key(ec.SECP224R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}


@pytest.mark.parametrize("name", KEYS)
def test_nginx_loads_each_type_of_key_that_is_let_in(name, tmp_path):
    key = KEYS[name]
    certificate = certificate_of(secret(issued(key, "shop.test"), key_pem(key)))
    assert loaded(certificate, tmp_path) == ""


def test_keys_may_be_written_as_openssl_wrote_them_before(tmp_path):
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    key = parameters + key_pem(CURVE_KEY, form=PrivateFormat.TraditionalOpenSSL)
    certificate = certificate_of(secret(issued(CURVE_KEY), key.replace(b"\n", b"\r\n")))
    assert loaded(certificate, tmp_path) == ""


def test_a_chain_is_kept_in_order_and_nothing_but_certificates_and_the_key_goes_on():
    chain = issued(CURVE_KEY) + issued(OTHER_KEY, subject="lab-ca")
    content = certificate_of(
        secret(b"# a note\n" + chain + b"ssl_engine evil;\n", key_pem(CURVE_KEY))
    ).file.content
    assert content == chain + key_pem(CURVE_KEY)


MISTAKES = {
    "no certificate": (b"", key_pem(CURVE_KEY), "has no tls.crt"),
    "no key": (issued(CURVE_KEY), b" \n", "has no tls.key"),
    "garbage": (b"x", key_pem(CURVE_KEY), "has a tls.crt that is not a PEM certificate"),
    "garbage for a key": (issued(CURVE_KEY), b"x", "has a tls.key that is not a PEM private key"),
    "the key of another": (
        issued(CURVE_KEY),
        key_pem(OTHER_KEY),
        "has a tls.key that is not the key of tls.crt",
    ),
    "the authority first": (
        issued(OTHER_KEY, subject="lab-ca") + issued(CURVE_KEY),
        key_pem(CURVE_KEY),
        "has a tls.crt in the wrong order: the server's own certificate comes first",
    ),
    "an encrypted key": (
        issued(CURVE_KEY),
        key_pem(CURVE_KEY, BestAvailableEncryption(b"secret")),
        "has a tls.key that is encrypted",
    ),
}
SHORT = {
    "rsa": rsa.generate_private_key(65537, 1024),
    "p-192": ec.generate_private_key(ec.SECP192R1()),
}
MISTAKES |= {
    f"a short {name} key": (issued(key), key_pem(key), "has a certificate with a key that is too")
    for name, key in SHORT.items()
}
MISTAKES |= {
    "an authority with a short key": (
        issued(CURVE_KEY) + issued(SHORT["rsa"], subject="lab-ca"),
        key_pem(CURVE_KEY),
        "has a certificate with a key that is too short",
    ),
    "a broken digest": (
        with_sha1(issued(CURVE_KEY, by=KEYS["rsa"])),
        key_pem(CURVE_KEY),
        "has a certificate that is signed with sha1, which is broken",
    ),
    "a key that no server has": (
        issued(dsa_key := dsa.generate_private_key(2048)),
        key_pem(dsa_key),
        "has a tls.key of a type that nginx does not serve",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_nginx_would_refuse_is_unusable_and_says_why(name):
    certificate, key, reason = MISTAKES[name]
    with pytest.raises(Unusable, match=reason):
        certificate_of(secret(certificate, key))


def test_a_root_may_be_signed_as_it_was_long_ago(tmp_path):
    key = KEYS["rsa"]
    root = with_sha1(issued(key, issuer="root", subject="root", by=key))
    pair = certificate_of(
        secret(issued(CURVE_KEY, issuer="root", by=key) + root, key_pem(CURVE_KEY))
    )
    assert loaded(pair, tmp_path) == ""


DER = base64.b64decode("".join(issued(CURVE_KEY, "shop.test").decode().split("\n")[1:-2]))


@given(st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), max_size=3))
@settings(max_examples=500, deadline=None)
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_a_mangled_certificate_costs_its_secret_alone(changes):
    mangled = bytearray(DER)
    for place, byte in changes:
        mangled[place] = byte
    body = base64.encodebytes(bytes(mangled)).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    try:
        certificate = certificate_of(secret(pem.encode(), key_pem(CURVE_KEY)))
    except Unusable:
        return
    covers(certificate, "shop.test")


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("shop.test", True),
        ("a.shop.test", True),
        ("*.shop.test", True),
        ("a.b.shop.test", False),
        ("other.test", False),
    ],
)
def test_a_certificate_is_for_its_names_and_one_label_in_the_place_of_a_star(host, covered):
    pair = certificate_of(secret(issued(CURVE_KEY, "Shop.test", "*.shop.test"), key_pem(CURVE_KEY)))
    assert covers(pair, host) is covered


def test_a_secret_never_shows_its_data():
    assert "PRIVATE" not in repr(secret(b"", key_pem(CURVE_KEY)))
