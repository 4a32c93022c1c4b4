"""A control plane to play with: `python -m tests.lab` keeps one until Ctrl-C."""

import contextlib
import signal

from tests.lab import binaries
from tests.lab.control_plane import ControlPlane


def main() -> None:
    """Starts it and says how to reach it."""
    binaries.provide(*binaries.CONTROL_PLANE)
    with ControlPlane() as plane:
        print(f"export KUBECONFIG={plane.kubeconfig()}")
        print(f"export PATH={binaries.find('kubectl').parent}:$PATH", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
