"""Whatever stands in the cluster, nginx takes what is made of it, without a warning of ours."""

from generator.nginx import render as rendering
from generator.nginx.template_files import built_in
from generator.translation import Memo, translate
from tests.drivers import nginx
from tests.drivers.snapshots import snapshot
from tests.fuzz import strategies
from tests.fuzz.running import holds_for
from tests.fuzz.test_structure import OPTIONS

TEMPLATES = built_in()
MANY = strategies.cluster(5, 10)
"""nginx takes as long for ten Ingresses as for one; a culprit is found by shrinking."""


def test_nginx_takes_all_that_parsing_lets_in(tmp_path):
    (tmp_path / "files").mkdir()
    surroundings = nginx.surroundings(tmp_path)

    def check(things):
        model = translate(snapshot(*things), OPTIONS, Memo()).model
        for file in model.files():
            (tmp_path / "files" / file.digest).write_bytes(file.content)
        text = rendering.render(model, surroundings, TEMPLATES, rendering.Memo()).body(1)
        assert nginx.complaint(text, tmp_path) == ""

    holds_for(MANY, check, most=20)
