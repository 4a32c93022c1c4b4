"""`pillion lint` and `pillion render`, as they are typed."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from generator.settings.command_line import run
from pillion.__main__ import pillion

SHOP = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: SIZE
spec:
  rules:
  - host: shop.test
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 8080}]}]
"""


@dataclass
class Ended:
    status: int
    out: str
    err: str


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """Runs `pillion` in a folder that holds `shop.yaml`, with this body size."""
    monkeypatch.chdir(tmp_path)

    def of(*arguments: str, size: str = "8m") -> Ended:
        Path("shop.yaml").write_text(SHOP.replace("SIZE", size))
        status = 0
        try:
            run(pillion, arguments)
        except SystemExit as end:
            status = int(end.code or 0)
        told = capsys.readouterr()
        return Ended(status, told.out, told.err)

    return of


def test_lint_names_file_line_object_field_and_the_way_out(command):
    ended = command("lint", "--manifests", "shop.yaml", size="8 megabytes")
    assert ended.status == 1
    assert ended.out == (
        'shop.yaml:6 error default/shop proxy-body-size: "8 megabytes" is not a size.\n'
        "    Write a number with k, m or g, such as 8m. Meanwhile: 1m, the default.\n"
    )
    assert ended.err == "1 error.\n"


def test_lint_of_what_is_right_says_so(command):
    ended = command("lint", "--manifests", ".")
    assert (ended.status, ended.out, ended.err) == (0, "", "No problems found.\n")


def test_a_warning_alone_does_not_fail(command):
    Path("old.yaml").write_text(
        "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}"
    )
    ended = command("lint", "--manifests", "old.yaml")
    assert ended.status == 0
    assert ended.err == "1 warning.\n"


def test_lint_tells_the_line_of_a_file_that_does_not_parse(command):
    Path("broken.yaml").write_text("a: 1\nb: [\n")
    ended = command("lint", "--manifests", "broken.yaml")
    assert ended.status == 1
    assert ended.out.startswith("broken.yaml:3 error file: This is not YAML: ")


def test_lint_for_github_is_shown_beside_the_line(command):
    ended = command("lint", "--manifests", "shop.yaml", "--output=github", size="a%b")
    assert ended.out == (
        "::error file=shop.yaml,line=6,title=annotation-invalid::default/shop proxy-body-size: "
        '"a%25b" is not a size.%0AWrite a number with k, m or g, such as 8m. '
        "Meanwhile: 1m, the default.\n"
    )


def test_lint_as_json_is_a_list(command):
    ended = command("lint", "--manifests", "shop.yaml", "--output=json", size="big")
    (finding,) = json.loads(ended.out)
    assert finding["file"] == "shop.yaml"
    assert finding["line"] == 6
    assert (finding["namespace"], finding["name"]) == ("default", "shop")
    assert (finding["code"], finding["field"]) == ("annotation-invalid", "proxy-body-size")


def test_lint_tells_of_templates_that_are_not_used(command):
    Path("templates").mkdir()
    flags = ("lint", "--manifests=shop.yaml", "--template-dir=templates", "--output=json")
    Path("templates/servr.j2").touch()
    (other,) = json.loads(command(*flags).out)
    Path("templates/server.j2").write_text("{% if %}")
    broken = command(*flags)
    (unread,) = json.loads(broken.out)
    assert (other["code"], other["file"]) == ("template-refused", "templates/servr.j2")
    assert (unread["code"], unread["file"]) == ("template-refused", "templates")
    assert unread["message"].startswith("templates/server.j2:1 Expected an expression")
    assert broken.status == 1


def test_render_prints_the_configuration_and_tells_problems_beside_it(command):
    ended = command("render", "--manifests", "shop.yaml", size="big")
    assert ended.status == 0
    assert "server_name shop.test;" in ended.out
    assert "server 10.0.0.1:8080" in ended.out
    assert '"big" is not a size.' in ended.err


def test_render_shows_what_would_change(command):
    command_flags = ("render", "--manifests", "shop.yaml", "--volume", "volume")
    Path("live.conf").write_text(command(*command_flags).out)
    ended = command(*command_flags, "--diff", "live.conf", size="16m")
    assert ended.status == 1
    assert "+            client_max_body_size 16m;" in ended.out
    assert "server_name shop.test" not in ended.out


def test_render_of_no_file_is_one_line(command):
    ended = command("render", "--manifests", ".", "--diff", "nowhere")
    assert ended.status == 1
    assert ended.err == "pillion: --diff nowhere cannot be read: No such file or directory.\n"


def test_without_a_command_the_help_is_shown(command):
    ended = command()
    assert ended.status == 0
    assert "pillion up --manifests k8s/" in ended.out


def test_help_of_up_groups_the_flags(command):
    assert "\nHow it runs:\n" in command("up", "--help").out
