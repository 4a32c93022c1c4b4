"""The walls of the pod: what an intruder tries, and how the pod looks without the wall.

An attempt is a script for `sh` that ends with 0 when the intruder got through. Each
is seen to get through once its wall is gone, so that one that holds means something.
"""

from dataclasses import dataclass
from typing import Any

TOKEN = "/run/secrets/kubernetes.io/serviceaccount/token"
"""Where the generator has it; /var/run is a link, which /proc would follow from its own root."""


@dataclass(frozen=True)
class Opening:
    """Values of the chart that take walls away."""

    name: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Wall:
    """One wall."""

    name: str
    container: str
    """Where the intruder is."""
    attempt: str
    opening: Opening
    """What has to be given away for the attempt to get through."""

    def __str__(self) -> str:
        return f"{self.container}: {self.name}"


_ONE_USER = {"containerSecurityContext": {"runAsUser": 101, "runAsGroup": 101}}
ONE_USER = Opening("one-user", {"controller": _ONE_USER})
EVERYBODY_S_TOKEN = Opening(
    "everybody-s-token",
    {"controller": {"extraVolumeMounts": [{"name": "token", "mountPath": "/run/secrets/token"}]}},
)
WRITABLE_VOLUME = Opening(
    "writable-volume",
    {
        "controller": _ONE_USER
        | {"extraVolumeMounts": [{"name": "volume", "mountPath": "/writable"}]}
    },
)
UNHARDENED = Opening(
    "unhardened",
    {
        "controller": {
            "podSecurityContext": {
                "runAsNonRoot": False,
                "seccompProfile": {"type": "Unconfined"},
            },
            "containerSecurityContext": {
                "runAsUser": 0,
                "runAsGroup": 0,
                "runAsNonRoot": False,
                "allowPrivilegeEscalation": True,
                "readOnlyRootFilesystem": False,
                "capabilities": {"drop": []},
            },
        }
    },
)


_PID = """
pid_of() {
    for folder in /proc/[0-9]*; do
        if tr '\\0' ' ' < $folder/cmdline 2>/dev/null | grep -q "$1"; then
            echo ${folder#/proc/}; return
        fi
    done
}
generator=$(pid_of '[m] generator')
nginx=$(pid_of '[m]aster process')
test -n "$generator" && test -n "$nginx" || { echo 'no such process'; exit 9; }
"""

_API = """
import glob, os, ssl, sys, urllib.request
paths = glob.glob("/run/secrets/**/token", recursive=True)
tokens = [open(path).read() for path in paths if os.path.isfile(path)]
server = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}"
asked = urllib.request.Request(server + "@PATH@")
if tokens:
    asked.add_header("Authorization", "Bearer " + tokens[0])
unverified = ssl._create_unverified_context()
try:
    print(urllib.request.urlopen(asked, timeout=10, context=unverified).read()[:300])
except urllib.error.HTTPError as refused:
    sys.exit(f"{refused.code} {refused.reason}")
"""


_IN_THE_VOLUME = "cd /writable 2>/dev/null || cd /pillion; {}"


def _of_processes(script: str) -> str:
    """It is told the pids of the generator and of nginx's master."""
    return _PID + script


def _api(path: str) -> str:
    return f"python3 - <<'END'\n{_API.replace('@PATH@', path)}\nEND\n"


def _in_both(name: str, attempt: str, opening: Opening) -> list[Wall]:
    return [Wall(name, container, attempt, opening) for container in ("nginx", "reloader")]


def walls() -> list[Wall]:
    """Every wall of the pod."""
    token = r"eyJhbGciOi[A-Za-z0-9_-]+\."
    return [
        *_in_both(
            "there is no token in a file",
            f"grep -rlsE '{token}' / --exclude-dir=proc --exclude-dir=sys | grep .",
            EVERYBODY_S_TOKEN,
        ),
        *_in_both(
            "the generator's environment cannot be read",
            _of_processes("test -n \"$(tr '\\0' '\\n' < /proc/$generator/environ)\""),
            ONE_USER,
        ),
        *_in_both(
            "the generator's files cannot be reached through /proc",
            _of_processes(f"grep -E '{token}' /proc/$generator/root{TOKEN}"),
            ONE_USER,
        ),
        *_in_both(
            "the generator's memory cannot be read",
            _of_processes("grep -q . /proc/$generator/maps"),
            ONE_USER,
        ),
        *_in_both(
            "the generator cannot be signalled",
            _of_processes("kill -0 $generator"),
            ONE_USER,
        ),
        *_in_both(
            "a wish cannot be written",
            _IN_THE_VOLUME.format(
                "touch next/other || mv next/nginx.conf next/gone || mv next gone"
            ),
            WRITABLE_VOLUME,
        ),
        *_in_both(
            "certificates cannot be written",
            _IN_THE_VOLUME.format("touch files/other || mv files gone"),
            WRITABLE_VOLUME,
        ),
        *_in_both(
            "the API shows no Secret",
            _api("/api/v1/secrets"),
            EVERYBODY_S_TOKEN,
        ),
        *_in_both(
            "the API shows no Ingress",
            _api("/apis/networking.k8s.io/v1/ingresses"),
            EVERYBODY_S_TOKEN,
        ),
        Wall(
            "nginx cannot be signalled",
            "generator",
            _of_processes("kill -0 $nginx"),
            ONE_USER,
        ),
        *(
            wall
            for container in ("nginx", "reloader", "generator")
            for wall in (
                Wall(
                    "no capability is held",
                    container,
                    "grep -E '^Cap(Eff|Prm|Bnd):.*[1-9a-f]' /proc/self/status",
                    UNHARDENED,
                ),
                Wall(
                    "no privilege is gained by a set-uid program",
                    container,
                    "grep -E '^NoNewPrivs:.*0' /proc/self/status",
                    UNHARDENED,
                ),
                Wall(
                    "system calls are filtered",
                    container,
                    "grep -E '^Seccomp:.*0' /proc/self/status",
                    UNHARDENED,
                ),
                Wall(
                    "the root is read-only",
                    container,
                    "touch /usr/x || touch /etc/x || touch /opt/x || touch /var/x || touch /x",
                    UNHARDENED,
                ),
            )
        ),
    ]
