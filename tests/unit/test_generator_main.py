import subprocess
import sys

from generator.__main__ import causes


def test_what_went_wrong_in_tasks_of_tasks_is_named_itself():
    volume, source = OSError("the volume"), ValueError("the source")
    groups = ExceptionGroup("tasks", [volume, ExceptionGroup("tasks", [source])])

    assert causes(groups) == (volume, source)
    assert causes(volume) == (volume,)


def test_a_start_with_manifests_does_not_pay_for_the_kubernetes_client():
    program = "import sys, generator.__main__; sys.exit('kubernetes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
