from pathlib import Path

import pytest

from generator.nginx.capabilities import Capabilities
from reloader.bootstrap import bootstrap
from reloader.check import NEEDED, Build, Nginx, ask_build, parse_build
from reloader.contract import Volume
from reloader.errors import ReloaderError


def test_the_answer_to_v_is_taken_apart():
    said = (
        "nginx version: nginx/1.27.4\nbuilt by gcc 14.2.0\nconfigure arguments: --prefix=/etc/nginx"
        " --with-cc-opt='-g -O2' --with-http_ssl_module --with-http_v2_module"
        " --with-http_geoip_module=dynamic --add-module=headers-more-nginx-module-0.40\n"
    )
    build = parse_build(said)
    assert build.version == "1.27.4"
    assert {"http_v2_module", "http_geoip_module=dynamic", "headers-more-nginx-module-0.40"} < set(
        build.modules
    )
    assert build.why_unsuitable == ""


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        (
            "--prefix=/usr/share/nginx --modules-path=/usr/lib/nginx/modules",
            "/usr/lib/nginx/modules",
        ),
        ("--prefix=/etc/nginx", "/etc/nginx/modules"),
        ("", "/usr/local/nginx/modules"),
    ],
)
def test_the_folder_of_modules_is_the_one_that_nginx_was_built_with(arguments, folder):
    said = f"nginx version: nginx/1.27.4\nconfigure arguments: {arguments}\n"
    assert parse_build(said).modules_path == folder


def test_what_nginx_was_built_without_is_told():
    said = "nginx version: nginx/1.29.0\nconfigure arguments: --without-http_fastcgi_module\n"
    build = parse_build(said)
    assert build.modules == ("without-http_fastcgi_module",)
    assert not Capabilities.of(build.version, build.modules).fastcgi


@pytest.mark.parametrize("left_out", ["fastcgi", "uwsgi", "scgi"])
def test_the_first_configuration_names_no_module_that_nginx_was_built_without(left_out):
    ports = {"status_port": 1, "probe_port": None, "http_port": 2, "https_port": 3}
    written = bootstrap(Volume(Path("/v")), **ports).body.decode()
    assert f"{left_out}_temp_path" in written
    modules = [f"without-http_{left_out}_module"]
    spared = bootstrap(Volume(Path("/v")), **ports, modules=modules).body.decode()
    assert written.replace(f'    {left_out}_temp_path "/v/run/temp/{left_out}";\n', "") == spared


def test_what_is_not_nginx_is_told():
    with pytest.raises(ReloaderError, match="not one of nginx's"):
        parse_build("usage: cat [FILE]")


@pytest.mark.parametrize(
    ("end", "told"), [("kill -9 $$", "by SIGKILL"), ("exit 127", "with status 127")]
)
def test_an_answer_to_v_that_did_not_come_to_its_end_is_none(end, told, tmp_path):
    program = tmp_path / "nginx"
    said = "nginx version: nginx/1.31.3\\nconfigure arguments: --with-http_ssl_module"
    program.write_text(f"#!/bin/sh\nprintf '{said}' >&2; {end}\n")
    program.chmod(0o755)
    with pytest.raises(ReloaderError, match=f"its answer to -V ended {told}"):
        ask_build(Nginx(str(program), "", tmp_path, 60))


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (Build("1.27.3"), "it is 1.27.3; 1.27.4 is the oldest that reloads without a loss"),
        (Build("1.28.0", ("http_ssl_module",)), "it was built without http_v2_module"),
        (
            Build("1.28", (*NEEDED, "without-http_map_module")),
            "it was built without http_map_module",
        ),
        (Build("1.28"), "it was built without http_ssl_module and http_v2_module"),
    ],
)
def test_an_nginx_that_will_not_do_is_told_why(build, reason):
    assert build.why_unsuitable == reason
