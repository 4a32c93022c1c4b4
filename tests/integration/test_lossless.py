"""Promise C: no change drops or fails a request, kept-alive and in-flight ones included."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import generator.nginx
from tests.drivers.ingresses import ingress, rule
from tests.drivers.keepalive_clients import Tally
from tests.drivers.served_folder import Site

RELOADS = 50
SLOW_S = 20
LINES = 100
BUILT_IN = Path(generator.nginx.__file__).parent / "templates"


@dataclass
class SlowAnswer:
    """One request whose answer comes a line at a time, for 20 s."""

    site: Site
    body: bytes = b""

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def whole(self) -> bytes:
        self._thread.join()
        return self.body

    def _ask(self) -> None:
        url = f"http://foo.test/?chunks={LINES}&every_s={SLOW_S / (LINES - 1)}"
        self.body = self.site.web.ask(url).body


def _reload_under_load(site: Site, enough: Callable[[Tally], bool] = lambda _: False) -> Tally:
    """Edits a manifest, waits until that serves, and again; clients send all the while."""
    with site.pair.keepalive_clients("foo.test") as tally:
        for number in range(RELOADS):
            edited = rule("foo.test", ("Prefix", "/", "echo"), ("Prefix", f"/{number}", "echo"))
            site.holds(ingress(edited))
            if enough(tally):
                break
    return tally


@pytest.fixture(scope="module")
def reloaded(fresh_site):
    """What 50 reloads made of 8 clients' requests, and of a slow one's."""
    with fresh_site() as site:
        site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))))
        before = site.generation
        slow = SlowAnswer(site)
        tally = _reload_under_load(site)
        assert site.generation - before >= RELOADS
        return tally, slow.whole()


def test_no_request_on_a_kept_connection_fails_through_50_reloads(reloaded):
    tally, _ = reloaded
    assert tally.failures == []
    assert tally.answered > 20 * RELOADS


def test_an_answer_that_takes_20_s_survives_the_reloads(reloaded):
    _, slow = reloaded
    assert slow.decode().splitlines() == [f"chunk {number}" for number in range(LINES)]


def test_without_keepalive_min_timeout_requests_do_fail(fresh_site, tmp_path):
    """The check above can fail: this is nginx's way, by default, with idle connections."""
    text = (BUILT_IN / "http.j2").read_text()
    line = "{% for line in http.clients %}"
    without = text.replace(line, f'{line}{{% if not line.startswith("keepalive_min") %}}', 1)
    without = without.replace("{{ line }}", "{{ line }}{% endif %}", 1)
    assert without != text
    (tmp_path / "http.j2").write_text(without)
    with fresh_site("--template-dir", str(tmp_path)) as site:
        site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))))
        assert _reload_under_load(site, enough=lambda tally: bool(tally.failures)).failures
