"""The self-signed certificate: kept over restarts, renewed before it ends."""

import datetime as dt

import pytest
from cryptography import x509

from generator.volume.default_certificate import fallback_certificate, make
from generator.volume.publisher import Publisher
from reloader.contract import Volume, Wish
from tests.drivers import nginx

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.fixture
def volume(tmp_path):
    return Volume(tmp_path)


def served(volume, *certificates):
    """A wish on the volume that names these."""
    publisher = Publisher(volume)
    publisher.prepare()
    lines = "".join(f"ssl_certificate {volume.files}/{c.file.digest};\n" for c in certificates)
    publisher.publish(Wish.of(1, lines.encode()), [c.file for c in certificates])


def test_it_has_a_name_that_clients_look_at_and_nginx_loads_it(tmp_path):
    certificate = make(NOW)
    leaf = x509.load_pem_x509_certificate(certificate.file.content)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ingress.local"]
    (tmp_path / "pair.pem").write_bytes(certificate.file.content)
    pair = f"ssl_certificate {tmp_path}/pair.pem; ssl_certificate_key {tmp_path}/pair.pem;"
    assert nginx.complaint_about(f"listen 127.0.0.1:8443 ssl; {pair}", tmp_path) == ""


def test_the_one_that_is_served_is_taken_again_so_that_a_restart_changes_nothing(volume):
    certificate = make(NOW)
    served(volume, make(NOW - dt.timedelta(days=340)), certificate)
    assert fallback_certificate(volume, NOW + dt.timedelta(days=300)) == certificate


def test_one_that_ends_within_a_month_is_made_anew(volume):
    certificate = make(NOW)
    served(volume, certificate)
    assert fallback_certificate(volume, NOW + dt.timedelta(days=336)) != certificate


def test_one_that_somebody_changed_on_the_volume_is_made_anew(volume):
    certificate = make(NOW)
    served(volume, certificate)
    (volume.files / certificate.file.digest).write_bytes(make(NOW).file.content)
    assert fallback_certificate(volume, NOW) != certificate


def test_a_volume_without_a_wish_or_without_the_file_gets_a_new_one(volume):
    assert fallback_certificate(volume, NOW).file.content.count(b"-----BEGIN ") == 2
    certificate = make(NOW)
    served(volume, certificate)
    (volume.files / certificate.file.digest).unlink()
    assert fallback_certificate(volume, NOW) != certificate
