import errno

from structlog.testing import capture_logs

from reloader.contract import Volume
from reloader.errors import ReloaderError
from reloader.log_events import Event
from reloader.obstacles import Obstacles

FULL = OSError(errno.ENOSPC, "No space left on device", "/volume/live")
MISSING = ReloaderError(Event.NGINX_MISSING, "nginx: it does not answer")


def test_an_obstacle_is_logged_once_until_it_is_cleared_and_tried_ever_less_often(tmp_path):
    obstacles = Obstacles(Volume(tmp_path))
    with capture_logs() as logged:
        assert [obstacles.meet(FULL) for _ in range(3)] == [0.1, 0.2, 0.4]
        obstacles.clear()
        assert [obstacles.meet(error) for error in (FULL, MISSING)] == [0.1, 0.2]
    full = ("volume.unusable", "/volume/live: No space left on device")
    assert [(line["event"], line["message"]) for line in logged] == [
        full,
        full,
        ("nginx.missing", "nginx: it does not answer"),
    ]
