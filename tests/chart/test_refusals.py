"""What cannot work is refused before anything is applied, with a way out."""

import pytest

from tests.drivers import charts


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"controller": {"kind": "Both"}},
            "at '/controller/kind': value must be one of 'Deployment', 'DaemonSet'",
        ),
        (
            {"controller": {"replicaCount": "three"}},
            "at '/controller/replicaCount': got string, want null or integer",
        ),
        (
            {"controller": {"nginx": {"image": {"tag": 1.31}}}},
            "at '/controller/nginx/image/tag': got number, want null or string",
        ),
        (
            {"controller": {"service": {"type": "loadbalancer"}}},
            "at '/controller/service/type': value must be one of "
            "'LoadBalancer', 'NodePort', 'ClusterIP'",
        ),
        (
            {"controller": {"containerPort": {"http": 0}}},
            "at '/controller/containerPort/http': minimum: got 0, want 1",
        ),
        (
            {"controller": {"tolerations": {"key": "edge"}}},
            "at '/controller/tolerations': got object, want null or array",
        ),
        (
            {"controller": {"scope": {"namespace": 7}}},
            "at '/controller/scope/namespace': got number, want null or string or array",
        ),
        (
            {"controller": {"minAvailable": 2, "maxUnavailable": 1}},
            "controller.minAvailable and controller.maxUnavailable exclude each other. "
            "Give one of them.",
        ),
        (
            {"controller": {"hostNetwork": True, "lowPorts": "sysctl"}},
            "controller.lowPorts: sysctl needs a network of the pod's own, and "
            "controller.hostNetwork takes it away. Use hostPort.enabled instead of hostNetwork, "
            "or lowPorts: root, or node where the nodes allow it.",
        ),
        (
            {"controller": {"reloader": {"resources": {"limits": {"memory": "0.05G"}}}}},
            "controller.reloader.resources.limits.memory is 0.05G, below "
            "controller.resources.requests.memory, 90Mi. The reloader runs nginx -t, which needs "
            "as much as nginx: give it as much, or no limit.",
        ),
        (
            {"controller": {"autoscaling": {"enabled": True, "minReplicas": 20}}},
            "controller.autoscaling.minReplicas is 20, above maxReplicas, 11.",
        ),
        (
            {
                "controller": {
                    "templates": {"location.j2": ""},
                    "customTemplate": {"configMapName": "ours"},
                }
            },
            "controller.templates and controller.customTemplate.configMapName exclude each other. "
            "Give the templates by one of them.",
        ),
        (
            {"rbac": {"secretNames": ["shop-tls"]}},
            'rbac.secretNames: "shop-tls" is not namespace/name, such as shop/tls.',
        ),
        (
            {"controller": {"extraArgs": {"http-port": 10254}}},
            "controller.containerPort.http and controller.metrics.port are both 10254. "
            "Give each its own port.",
        ),
        (
            {"controller": {"config": {"proxy-body-size": ["8m"]}}},
            "at '/controller/config/proxy-body-size': got array, "
            "want null or boolean or number or string",
        ),
        (
            {"controller": {"config": {"ssl-redirect": False}, "extraArgs": {"configmap": "a/b"}}},
            "controller.config and controller.extraArgs.configmap exclude each other. "
            "Give the global options by one of them.",
        ),
        (
            {"controller": {"config": {"global-auth-url": "http://auth.test/"}}},
            "controller.config.global-auth-url has no effect in this version: requests would be "
            "let in unchecked. Set the auth- annotations on each Ingress. Then take the key out.",
        ),
        (
            {"controller": {"config": {"bind-address": "10.0.0.1"}}},
            "controller.config.bind-address has no effect in this version: nginx would listen on "
            "every address.",
        ),
    ],
)
def test_what_cannot_work_is_refused(values, told):
    assert told in " ".join(charts.refusal(values).split())


def test_every_option_that_guards_and_is_not_there_is_refused():
    guards = charts.told()["guards"]
    for key, guard in guards.items():
        told = " ".join(charts.refusal({"controller": {"config": {key: "other"}}}).split())
        assert f"controller.config.{key} has no effect in this version: {guard['effect']}" in told


def test_such_an_option_may_have_its_default():
    guards = charts.told()["guards"]
    defaults = {key: guard["default"] for key, guard in guards.items()}
    as_booleans = {key: False for key, default in defaults.items() if default == "false"}
    (config,) = charts.config_maps({"controller": {"config": defaults | as_booleans}})
    assert config["data"]["enable-modsecurity"] == "false"
