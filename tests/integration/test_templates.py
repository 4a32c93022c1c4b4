"""Templates of one's own, by --template-dir: live, and refused where they do not work."""

import shutil
from pathlib import Path

import pytest

import generator.nginx
from tests.drivers.ingresses import ingress, rule
from tests.lab.waiting import eventually

BUILT_IN = Path(generator.nginx.__file__).parent / "templates"
FOO = "http://foo.test/"
SERVER = (BUILT_IN / "server.j2").read_text()
BEFORE_LOCATIONS = "server {\n"


def _with_header(value: str) -> str:
    """The built-in template, and one header more; an odd value makes nginx refuse it."""
    assert BEFORE_LOCATIONS in SERVER
    return SERVER.replace(BEFORE_LOCATIONS, f"{BEFORE_LOCATIONS}    add_header X-Own {value};\n")


@pytest.fixture(scope="module")
def own(fresh_site, tmp_path_factory):
    """A site with a folder of templates, `own.templates`, and one host."""
    folder = tmp_path_factory.mktemp("templates")
    with fresh_site(f"--template-dir={folder}") as site:
        site.templates = folder
        site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))))
        yield site


@pytest.fixture(autouse=True)
def _built_in_again(own):
    yield
    for path in own.templates.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    eventually(lambda: _header(own) is None)


def _header(site) -> str | None:
    return site.web.ask(FOO).headers["X-Own"]


def _refusals(site) -> list[str]:
    return [str(line) for line in site.pair.logs("templates.refused")]


def test_a_template_takes_the_place_of_the_built_in_one_while_it_is_there(own):
    (own.templates / "server.j2").write_text(_with_header("one"))
    eventually(lambda: _header(own) == "one")
    (own.templates / "server.j2").write_text(_with_header("two"))
    eventually(lambda: _header(own) == "two")


def test_a_mounted_config_map_is_followed_through_its_swaps(own):
    def mount(version: str) -> None:
        """As the kubelet does: a new folder, then `..data` is renamed to point to it."""
        data = own.templates / f"..{version}"
        data.mkdir()
        (data / "server.j2").write_text(_with_header(version))
        (own.templates / "..data_tmp").symlink_to(data.name)
        (own.templates / "..data_tmp").rename(own.templates / "..data")

    mount("first")
    (own.templates / "server.j2").symlink_to("..data/server.j2")
    eventually(lambda: _header(own) == "first")
    mount("second")
    eventually(lambda: _header(own) == "second")


@pytest.mark.parametrize("broken", ["{% if %}", "{{ nothing.of.this }}", _with_header("a b c d")])
def test_one_that_does_not_work_is_refused_by_name_and_the_last_good_one_stays(broken, own):
    (own.templates / "server.j2").write_text(_with_header("good"))
    eventually(lambda: _header(own) == "good")
    told = len(_refusals(own))
    (own.templates / "server.j2").write_text(broken)
    refusal = eventually(lambda: _refusals(own)[told:])[0]
    assert "server.j2" in refusal
    own.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"), ("Prefix", f"/{told}", "echo"))))
    assert _header(own) == "good"
