"""Whatever stands in the cluster, nginx takes what is made of it, without a warning of ours."""

from generator.build import Memo, build
from generator.nginx import render as rendering
from generator.nginx.overlay import built_in
from tests import nginx
from tests.fuzz import strategies
from tests.fuzz.running import holds_for
from tests.fuzz.test_structure import OPTIONS
from tests.snapshots import snapshot

TEMPLATES = built_in()
MANY = strategies.cluster(5, 10)
"""nginx takes as long for ten Ingresses as for one; a culprit is found by shrinking."""


def test_nginx_takes_all_that_parsing_lets_in(tmp_path):
    (tmp_path / "files").mkdir()
    environment = nginx.environment(tmp_path)

    def check(things):
        model = build(snapshot(*things), OPTIONS, Memo()).model
        for file in model.files():
            (tmp_path / "files" / file.digest).write_bytes(file.content)
        text = rendering.render(model, environment, TEMPLATES, rendering.Memo()).body(1)
        assert nginx.complaint(text, tmp_path) == ""

    holds_for(MANY, check, most=20)
