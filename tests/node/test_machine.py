"""The node itself, before anything of ours runs on it."""

import pytest

from tests.drivers.web import Web
from tests.lab import images
from tests.lab.namespace import ADDRESS
from tests.lab.waiting import eventually

PORT = 30080
POD = f"""
apiVersion: v1
kind: Pod
metadata: {{name: hello, labels: {{app: hello}}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: hello
    image: {images.backend().reference}
    imagePullPolicy: Never
---
apiVersion: v1
kind: Service
metadata: {{name: hello}}
spec:
  type: NodePort
  selector: {{app: hello}}
  ports: [{{port: 80, targetPort: 8080, nodePort: {PORT}}}]
"""


@pytest.mark.usefixtures("machine")
def test_a_pod_runs_and_its_service_answers_at_the_node_s_address(plane):
    plane.kubectl("apply", "-f", "-", stdin=POD)
    web = Web(PORT, address=ADDRESS)
    eventually(lambda: web.status("http://hello.test/") == 200, within_s=60)
    assert "answers at" in plane.kubectl("logs", "hello")
    assert plane.kubectl("exec", "hello", "--", "id", "-u").strip() == "65532"
    plane.kubectl("delete", "-f", "-", "--now", stdin=POD)
