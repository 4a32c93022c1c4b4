import pytest

from reloader.check import Build, parse_build
from reloader.errors import ReloaderError


def test_the_answer_to_v_is_taken_apart():
    said = (
        "nginx version: nginx/1.27.4\nbuilt by gcc 14.2.0\nconfigure arguments: --prefix=/etc/nginx"
        " --with-cc-opt='-g -O2' --with-http_ssl_module --with-http_v2_module"
        " --with-http_geoip_module=dynamic --add-module=headers-more-nginx-module-0.40\n"
    )
    build = parse_build(said)
    assert build.version == "1.27.4"
    assert {"http_v2_module", "http_geoip_module=dynamic", "headers-more-nginx-module-0.40"} < set(
        build.modules
    )
    assert build.why_unsuitable == ""


def test_what_is_not_nginx_is_told():
    with pytest.raises(ReloaderError, match="not one of nginx's"):
        parse_build("usage: cat [FILE]")


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (Build("1.27.3"), "it is 1.27.3; 1.27.4 is the oldest that reloads without a loss"),
        (Build("1.28.0", ("http_ssl_module",)), "it was built without http_v2_module"),
        (Build("1.28"), "it was built without http_ssl_module and http_v2_module"),
    ],
)
def test_an_nginx_that_will_not_do_is_told_why(build, reason):
    assert build.why_unsuitable == reason
