"""Whoever may write a template may write configuration; Python and files stay out of reach."""

import pytest

from generator.nginx.errors import TemplateError
from generator.nginx.render import Memo, render
from generator.nginx.template_files import built_in, shadowed_by
from tests.drivers import models
from tests.drivers.models import location, server

MODEL = models.model(server("a.test", location("/", models.NOT_FOUND)))
ESCAPES = [
    "{{ ''.__class__ | word }}",
    "{{ '' | attr('__class__') | word }}",
    "{{ server.__class__.__mro__ | word }}",
    "{{ server['__class__'] | word }}",
    "{{ (server | attr('__init__')).__globals__ | word }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(server) | word }}",
    "{{ ('{0.__class__}' | word).format(server) }}",
    "{{ ('{0.__class__}' | attr('format'))(server) | word }}",
    "{{ '{x.__class__}'.format_map({'x': server}) | word }}",
    "{{ ['{0.__class__}'] | map('format', server) | list | first | word }}",
    "{{ surroundings | map(attribute='__class__') | first | word }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() | word }}",
    "{{ lipsum.__globals__['os'] | word }}",
    "{{ self._TemplateReference__context.eval_ctx | word }}",
    "{{ joiner.__init__.__globals__ | word }}",
    "{% include '/etc/passwd' %}",
    "{% include '../errors.py' %}",
    "{% import 'os' as os %}{{ os.environ | word }}",
    "{% include 'server.j2' %}",
    "{{ server.locations.append(1) | word }}",
    "{% for x in range(10 ** 9) %}{% endfor %}",
]


@pytest.mark.parametrize("escape", ESCAPES)
def test_a_template_does_not_get_out_of_its_sandbox(escape, tmp_path):
    (tmp_path / "server.j2").write_text(escape)
    with pytest.raises(TemplateError, match=r"server\.j2"):
        rendered(tmp_path)


@pytest.mark.parametrize("escape", ["{{ server.name ~ '; x' }}", "{{ '; x' }}", "{{ 7.5 }}"])
def test_a_template_writes_no_value_that_was_not_quoted(escape, tmp_path):
    (tmp_path / "server.j2").write_text(escape)
    with pytest.raises(TemplateError, match="is not a written value"):
        rendered(tmp_path)


def rendered(folder):
    templates, _ = shadowed_by(folder, built_in())
    return render(MODEL, models.surroundings(), templates, Memo())
