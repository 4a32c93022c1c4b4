"""Templates of users in the place of the built-in ones."""

import re
from pathlib import Path

import pytest

from generator.nginx.errors import TemplateError
from generator.nginx.jinja import NAMES, indent
from generator.nginx.render import Memo, render
from generator.nginx.template_files import built_in, shadowed_by
from tests.drivers import models
from tests.drivers.odd_files import ODD, put

MODEL = models.model(
    models.server("a.test", models.location("/", models.NOT_FOUND)),
    upstreams=[models.upstream("echo", ("10.0.0.1", 80))],
)


class Folder:
    """A folder of `--template-dir`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str) -> str:
        (self.path / name).write_text(text)
        return str(self.path / name)

    def render(self) -> str:
        templates, _ = shadowed_by(self.path, built_in())
        return render(MODEL, models.surroundings(), templates, Memo()).body(1).decode()

    def problems(self) -> list[str]:
        _, problems = shadowed_by(self.path, built_in())
        return [f"{p.message} {p.advice}" for p in problems]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_the_built_in_templates_compile_and_say_what_they_need():
    templates = built_in()
    templates.compile()
    for name in NAMES:
        assert re.match(r"\{# needs: .+ #\}\n", templates.templates[name].text)


def test_a_file_takes_the_place_of_the_template_of_its_name_and_of_no_other(folder):
    before = folder.render()
    text = built_in().templates["location.j2"].text
    folder.write("location.j2", text.replace("    set", "    etag off;\n    set", 1))
    after = folder.render()
    assert after.count("        etag off;\n") == 2
    assert re.sub(" *etag off;\n", "", after) == before


def test_an_empty_folder_changes_nothing(folder):
    assert shadowed_by(folder.path, built_in()) == (built_in(), ())


def test_a_file_of_another_name_is_told_with_the_name_that_was_meant(folder):
    folder.write("locaton.j2", "")
    folder.write("README", "")
    readme, near = folder.problems()
    assert near == (
        "locaton.j2 is not the name of a template. "
        "Did you mean location.j2? Meanwhile: the file is not used."
    )
    assert (
        "There are nginx.j2, http.j2, piece.j2, server.j2, location.j2, upstream.j2, pool.j2."
        in readme
    )


def test_hidden_files_are_passed_over_as_a_mounted_configmap_has_some(folder):
    (folder.path / "..2026_01_01").mkdir()
    (folder.path / "..data").symlink_to("..2026_01_01")
    (folder.path / "..data" / "upstream.j2").write_text("# mine\n")
    (folder.path / "upstream.j2").symlink_to("..data/upstream.j2")
    assert folder.problems() == []
    assert "# mine" in folder.render()


def refusal(folder):
    with pytest.raises(TemplateError) as refused:
        folder.render()
    return refused.value


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("{% if %}", 1, "Expected an expression"),
        ("server {\n{{ server.nmae }}\n}", 2, r"ServerView has no nmae\. Did you mean name\?"),
        ("{{ server.zz }}", 1, "ServerView has no zz. It has name, listens, certificate, lines"),
        ("\n\n{{ nothing }}", 3, "'nothing' is undefined"),
        ('\n{{ "; include /x" }}', 2, r"not a written value: put `\| text` behind it"),
        ("\n{{ server.name | upper }}", 2, "not a written value"),
        ("{{ 1 // 0 }}", 1, "by zero"),
        ("\n{{ ''.__class__.__mro__ }}", 2, "access to attribute '__class__'"),
        ("{{ server.locations.append(1) }}", 1, "no attribute 'append'"),
        ('{% include "other.j2" %}', 1, "other.j2"),
    ],
)
def test_a_template_that_does_not_work_is_refused_with_its_file_and_line(
    folder, text, line, message
):
    file = folder.write("server.j2", text)
    refused = refusal(folder)
    assert (refused.file, refused.line) == (file, line)
    assert re.search(message, refused.message)
    assert str(refused).startswith(f"{file}:{line} ")


def test_a_mistake_in_an_included_template_is_told_where_it_stands(folder):
    file = folder.write("location.j2", "location / {\n    {{ location.up }};\n}\n")
    assert (refusal(folder).file, refusal(folder).line) == (file, 2)


@pytest.mark.parametrize("name", ["generation", "servers", "upstreams"])
def test_what_has_to_be_there_once_has_to_be_there_once(folder, name):
    text = built_in().templates["http.j2"].text
    for count, without in ((0, ""), (2, f"{{{{ {name} }}}} {{{{ {name} }}}}")):
        folder.write("http.j2", text.replace(f"{{{{ {name} }}}}", without))
        assert f"{{{{ {name} }}}} has to be written once, not {count}" in refusal(folder).message


def test_a_file_that_is_not_text_is_refused_with_its_line(folder):
    (folder.path / "http.j2").write_bytes(b"# one\n# \xff\n")
    assert "http.j2:2 This is not UTF-8 text." in str(refusal(folder))


@pytest.mark.parametrize("kind", sorted(set(ODD) - {"nested", "number", "numbered"}))
def test_what_is_no_template_is_refused_and_never_waited_for(kind, folder):
    put(kind, folder.path / "http.j2")
    with pytest.raises(TemplateError, match=r"http\.j2"):
        folder.render()


def test_a_template_may_be_a_link_as_in_a_mounted_config_map(folder):
    data = folder.path / "..2026" / "http.j2"
    data.parent.mkdir()
    data.write_text(built_in().templates["http.j2"].text + "# mounted\n")
    (folder.path / "http.j2").symlink_to(data)
    assert "# mounted" in folder.render()


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(TemplateError, match=r"nowhere No such file or directory\."):
        shadowed_by(tmp_path / "nowhere", built_in())


def test_indenting_leaves_values_alone_that_hold_other_line_ends():
    assert indent('a "x\u2028y\x0bz";\n\nb\n', 4) == '    a "x\u2028y\x0bz";\n\n    b\n'
