import pytest

from generator.model import File
from generator.volume.files import named_files, read_file
from reloader.contract import Volume

KEY = File(b"key")


@pytest.fixture
def volume(tmp_path):
    found = Volume(tmp_path)
    found.files.mkdir()
    (found.files / KEY.digest).write_bytes(KEY.content)
    return found


def test_a_file_is_read_by_the_hash_of_its_bytes(volume):
    assert read_file(volume, KEY.digest) == KEY


def test_a_file_that_has_not_the_bytes_of_its_name_is_none(volume):
    (volume.files / KEY.digest).write_bytes(b"another")
    assert read_file(volume, KEY.digest) is None


@pytest.mark.parametrize("digest", [File(b"gone").digest, "", "..", "a\0b", "../files"])
def test_what_is_missing_or_no_hash_is_none(volume, digest):
    assert read_file(volume, digest) is None


def test_the_files_that_a_text_names_are_found_each_once():
    one, other = KEY.digest, File(b"other").digest
    text = f"ssl_certificate /v/files/{one};\nssl_certificate_key /v/files/{one}; /files/{other}"
    assert named_files(text) == (one, other)


def test_a_message_that_names_no_file_names_none():
    assert named_files('unknown directive "foo" in /v/live/nginx.conf:4') == ()
