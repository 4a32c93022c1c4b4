"""Whether a template or an Ingress is at fault."""

from msgspec.structs import replace

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
    assert loop.state.templates.refused == "nginx refuses what they give: poison"


def test_a_good_template_survives_a_cold_start_with_a_bad_ingress():
    loop = Loop(REFUSES)
    loop.read_templates(GOOD)
    loop.serve(shop("a"), POISON)
    assert loop.held == {"poison": "UNAVAILABLE"}
    assert "# mine" in loop.served
    assert not loop.state.templates.refused


def test_a_broken_template_and_a_bad_ingress_are_both_found():
    loop = Loop(REFUSES)
    loop.read_templates(BROKEN)
    loop.serve(shop("a"), POISON)
    assert loop.held == {"poison": "UNAVAILABLE"}
    assert loop.state.templates.refused
    assert "server_name a.test" in loop.served


def test_templates_that_nginx_took_are_not_doubted_for_a_bad_ingress():
    loop = Loop(REFUSES)
    loop.read_templates(GOOD)
    loop.serve(shop("a"))
    loop.serve(shop("a"), POISON)
    assert all(attempt.inputs.templates == GOOD for attempt in loop.attempts)


def test_a_refused_template_is_tried_again_when_it_changes():
    loop = Loop(REFUSES)
    loop.read_templates(BROKEN)
    loop.serve(shop("a"))
    loop.read_templates(GOOD)
    loop.serve(shop("a"))
    assert "# mine" in loop.served
    assert not loop.state.templates.refused


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
    assert loop.state.templates.refused.startswith("/custom/http.j2:")


def test_a_template_in_use_that_trips_over_a_new_ingress_costs_that_one():
    loop = Loop(REFUSES)
    picky = custom('{% if "trap" in server.name %}{{ nothing.here }}{% endif %}\n', "server.j2")
    loop.read_templates(picky)
    loop.serve(shop("a"))
    loop.serve(shop("a", "/new"), shop("trap"))
    assert loop.held == {"trap": "LEFT_OUT"}
    assert "location /new/" in loop.served
    assert loop.state.templates == replace(loop.state.templates, good=picky)


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
    used = [a.inputs.templates == GOOD for a in loop.attempts]
    assert used == [True, *[False] * (len(used) - 2), True]
    assert loop.held == {"poison": "UNAVAILABLE"}
