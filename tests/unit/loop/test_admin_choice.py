"""Whether a template, the global options or an Ingress is at fault."""

from generator.nginx.jinja import Template, TemplateSet
from tests.drivers.fake_nginx_loop import BUILT_IN, Loop, both, by_line, silently
from tests.drivers.ingresses import ingress, rule


def shop(name, path="/", timeout=""):
    annotations = {"proxy-read-timeout": timeout} if timeout else None
    rules = rule(f"{name}.test", ("Prefix", path, "echo"))
    return ingress(rules, name=name, annotations=annotations)


def custom(addition, name="http.j2"):
    """The built-in templates, and one of them with a line more."""
    text = BUILT_IN.templates[name].text + addition
    return TemplateSet({**BUILT_IN.templates, name: Template(f"/custom/{name}", text)})


GOOD, BROKEN = custom("# mine\n"), custom("broken_directive;\n")
REFUSES = both(by_line("broken_directive"), by_line("4242s"))
POISON = shop("poison", timeout="4242")


def test_a_template_that_nginx_refuses_is_refused_and_costs_no_ingress():
    loop = Loop(REFUSES)
    loop.read_templates(BROKEN)
    loop.serve(shop("a"))
    assert "server_name a.test" in loop.served
    assert loop.held == {}
    assert loop.state.admin.refused == "nginx refuses what they give: poison"


def test_a_good_template_survives_a_cold_start_with_a_bad_ingress():
    loop = Loop(REFUSES)
    loop.read_templates(GOOD)
    loop.serve(shop("a"), POISON)
    assert loop.held == {"poison": "UNAVAILABLE"}
    assert "# mine" in loop.served
    assert not loop.state.admin.refused


def test_a_broken_template_and_a_bad_ingress_are_both_found():
    loop = Loop(REFUSES)
    loop.read_templates(BROKEN)
    loop.serve(shop("a"), POISON)
    assert loop.held == {"poison": "UNAVAILABLE"}
    assert loop.state.admin.refused
    assert "server_name a.test" in loop.served


def test_templates_that_nginx_took_are_not_doubted_for_a_bad_ingress():
    loop = Loop(REFUSES)
    loop.read_templates(GOOD)
    loop.serve(shop("a"))
    loop.serve(shop("a"), POISON)
    assert all(attempt.inputs.admin.templates == GOOD for attempt in loop.attempts)


def test_a_refused_template_is_tried_again_when_it_changes():
    loop = Loop(REFUSES)
    loop.read_templates(BROKEN)
    loop.serve(shop("a"))
    loop.read_templates(GOOD)
    loop.serve(shop("a"))
    assert "# mine" in loop.served
    assert not loop.state.admin.refused


def test_the_last_good_template_stays_not_the_built_in_one():
    loop = Loop(REFUSES)
    loop.read_templates(GOOD)
    loop.serve(shop("a"))
    loop.read_templates(BROKEN)
    loop.serve(shop("a"))
    assert "# mine" in loop.served


def test_a_template_that_does_not_render_is_refused_with_its_line():
    loop = Loop(REFUSES)
    loop.read_templates(custom("{{ nothing.here }}\n"))
    loop.serve(shop("a"))
    assert "server_name a.test" in loop.served
    assert loop.state.admin.refused.startswith("/custom/http.j2:")


def test_a_template_in_use_that_trips_over_a_new_ingress_costs_that_one():
    loop = Loop(REFUSES)
    picky = custom('{% if "trap" in server.name %}{{ nothing.here }}{% endif %}\n', "server.j2")
    loop.read_templates(picky)
    loop.serve(shop("a"))
    loop.serve(shop("a", "/new"), shop("trap"))
    assert loop.held == {"trap": "LEFT_OUT"}
    assert "location /new/" in loop.served
    assert loop.state.admin.good.templates == picky
    assert loop.state.admin.used == loop.state.admin.wanted


def test_a_template_in_use_that_trips_over_a_new_part_of_a_host_spares_the_old_part():
    def part(name, path):
        return ingress(rule("shared.test", ("Prefix", path, "echo")), name=name)

    loop = Loop(REFUSES)
    trap = "{% for l in server.locations if 'trap' in l.rule %}{{ nothing.here }}{% endfor %}\n"
    loop.read_templates(custom(trap, "server.j2"))
    loop.serve(part("old", "/old"))
    loop.serve(part("old", "/old"), part("new", "/trap"))
    assert loop.held == {"new": "LEFT_OUT"}
    assert "location /old/" in loop.served


def test_a_doubted_template_waits_until_the_search_for_culprits_is_over():
    loop = Loop(silently("proxy_read_timeout 4242s"))
    loop.read_templates(GOOD)
    loop.serve(*(shop(name) for name in "abcdefg"), POISON)
    used = [a.inputs.admin.templates == GOOD for a in loop.attempts]
    assert used == [True, *[False] * (len(used) - 2), True]
    assert loop.held == {"poison": "UNAVAILABLE"}


# --- global options ---------------------------------------------------------------------------


def options(**data):
    """The ConfigMap with these options; `_` in a name stands for `-`."""
    given = {name.replace("_", "-"): text for name, text in data.items()}
    metadata = {"name": "options", "namespace": "pillion"}
    return {"kind": "ConfigMap", "metadata": metadata, "data": given}


def refused_options(loop):
    return [(p.object.kind, p.message) for p in loop.state.options_problems()]


def test_options_that_nginx_refuses_cost_no_ingress_and_are_told():
    loop = Loop(silently("proxy_read_timeout 13s"))
    loop.serve(shop("a"), shop("b"), options(proxy_read_timeout="13"))
    assert loop.held == {}
    assert "proxy_read_timeout 60s;" in loop.served
    assert refused_options(loop) == [
        ("ConfigMap", "These options are not used: nginx refuses what they give: no line.")
    ]


def test_the_last_good_options_stay_and_the_next_edit_is_tried():
    loop = Loop(silently("proxy_read_timeout 13s"))
    loop.serve(shop("a"), options(proxy_read_timeout="7"))
    loop.serve(shop("a"), options(proxy_read_timeout="13"))
    assert "proxy_read_timeout 7s;" in loop.served
    loop.serve(shop("a"), shop("b"), options(proxy_read_timeout="13"))
    assert "proxy_read_timeout 7s;" in loop.served
    assert "b.test" in loop.served
    loop.serve(shop("a"), options(proxy_read_timeout="8"))
    assert "proxy_read_timeout 8s;" in loop.served
    assert refused_options(loop) == []


def test_good_options_survive_a_cold_start_with_a_bad_ingress():
    loop = Loop(silently("poison.test"))
    loop.serve(shop("a"), shop("poison"), options(proxy_read_timeout="7"))
    assert loop.held.keys() == {"poison"}
    assert "proxy_read_timeout 7s;" in loop.served
    assert refused_options(loop) == []
