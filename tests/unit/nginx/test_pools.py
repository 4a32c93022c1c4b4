"""The configuration where nginx takes endpoints without a reload, as text."""

from types import MappingProxyType

import pytest
from msgspec.structs import replace

from generator.model import Pool, Protocol, Proxy
from generator.nginx.jinja import Template, TemplateSet
from generator.nginx.render import Memo, render
from generator.nginx.template_files import built_in
from tests.drivers import models
from tests.drivers.models import location, server, upstream

TEMPLATES = built_in()
LUA = replace(models.WHEEL, lua=True, lua_modules=("/modules/lua.so",))
POOL = Pool("default", Protocol.HTTP)


def pooled(name, *endpoints, pool=POOL):
    return replace(upstream(name, *endpoints or (("10.0.0.1", 80),)), pool=pool)


def to(target, path="/", **handler):
    action = Proxy(upstream=target.name, pool=target.pool, protocol=(target.pool or POOL).protocol)
    return location(path, action, **handler)


def rendered(*upstreams, capabilities=LUA, templates=TEMPLATES, statements=()):
    locations = [to(u, f"/{n}", statements=statements) for n, u in enumerate(upstreams)]
    model = models.model(server("a.test", *locations), upstreams=upstreams)
    surroundings = models.surroundings(capabilities=capabilities)
    return render(model, surroundings, templates, Memo())


def test_a_change_of_endpoints_leaves_the_text_as_it_is():
    one, two = (rendered(pooled("web", (address, 80))) for address in ("10.0.0.1", "10.0.0.2"))
    assert one == two
    assert (one.endpoints, two.endpoints) == (
        {pooled("web").name: " 10.0.0.1:80"},
        {pooled("web").name: " 10.0.0.2:80"},
    )


def test_ipv6_addresses_stand_in_brackets():
    found = rendered(pooled("web", ("10.0.0.1", 80), ("fd00::1", 80)))
    assert [*found.endpoints.values()] == [" 10.0.0.1:80 [fd00::1]:80"]


def test_without_lua_or_without_a_pool_endpoints_stand_in_the_text():
    for found in (
        rendered(pooled("web"), capabilities=models.WHEEL),
        rendered(pooled("web", pool=None)),
    ):
        assert "server 10.0.0.1:80 max_fails=0;" in found.text(1)
        assert "$pillion_upstream" not in found.text(1)
        assert found.endpoints == {}


def test_a_model_with_pools_is_written_as_ever_where_there_is_no_lua():
    with_pool, without = pooled("web"), pooled("web", pool=None)
    texts = [rendered(u, capabilities=models.WHEEL) for u in (with_pool, without)]
    assert texts[0] == texts[1]


def test_which_upstream_is_meant_is_said_first_since_a_rewrite_may_end_it():
    rewrite = models.rewrite("^", "/x")
    text = rendered(pooled("web"), statements=(rewrite,)).text(1)
    assert text.index("set $pillion_upstream") < text.index('rewrite "^" /x break')


def test_services_of_a_namespace_share_connections_and_those_of_others_do_not():
    shared = [pooled(name) for name in ("one", "two", "three")]
    others = [
        pooled("four", pool=Pool("other", Protocol.HTTP)),
        pooled("five", pool=Pool("default", Protocol.GRPC)),
    ]
    text = rendered(*shared, *others).text(1)
    assert text.count("balancer_by_lua_block") == 3
    assert text.count("keepalive 256;") == 1  # 64 for each, in a power of two
    assert text.count("keepalive 64;") == 2


@pytest.mark.parametrize("name", ["nginx.j2", "http.j2"])
def test_templates_that_lack_the_parts_keep_endpoints_in_the_text(name):
    lines = TEMPLATES.templates[name].text.splitlines(keepends=True)
    older, inside = [], False
    for line in lines:
        begins = "if endpoints" in line or "lua_modules" in line
        inside = inside or begins
        if not inside:
            older.append(line)
        if inside and line.strip() in ("{% endif %}", "{% endfor %}"):
            inside = False
    template = Template("/mine", "".join(older))
    shadowed = MappingProxyType({**TEMPLATES.templates, name: template})
    found = rendered(pooled("web"), templates=TemplateSet(shadowed, TEMPLATES.program))
    assert "server 10.0.0.1:80 max_fails=0;" in found.text(1)
    assert "lua" not in found.text(1)


def test_the_program_is_one_of_the_files_that_the_configuration_names():
    found = rendered(pooled("web"))
    assert found.programs == (TEMPLATES.program,)
    assert f"init_by_lua_file /volume/files/{TEMPLATES.program.digest};" in found.text(1)
