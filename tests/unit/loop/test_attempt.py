"""What an attempt costs: only what is new is written again."""

from msgspec import field

from generator.nginx.jinja import TemplateSet
from tests.drivers.fake_nginx_loop import BUILT_IN, Loop
from tests.drivers.ingresses import ingress, rule


def shop(name, path="/"):
    return ingress(rule(f"{name}.test", ("Prefix", path, "echo")), name=name)


class Counting(TemplateSet, frozen=True, dict=True):
    """Templates that count how often each is rendered."""

    rendered: list[str] = field(default_factory=list)

    def render(self, name, **values):
        self.rendered.append(name)
        return super().render(name, **values)


def test_a_change_of_one_host_writes_that_host_and_nothing_else_anew():
    loop, rendered = Loop(judge=lambda _: None), []
    loop.read_templates(Counting(BUILT_IN.templates, BUILT_IN.program, rendered))
    loop.serve(shop("one"), shop("two"))
    assert "nginx.j2" in rendered
    loop.serve(shop("one"), shop("two", "/new"))
    rendered.clear()
    loop.serve(shop("one"), shop("two", "/other"))
    assert rendered == ["server.j2"]
