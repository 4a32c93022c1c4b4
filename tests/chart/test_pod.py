"""The pod's walls and order hold for every case, whatever its values say."""

import pytest
import yaml

from tests.drivers import charts

TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.fixture
def spec(case):
    return charts.pod_spec(yaml.safe_load((case / "values.yaml").read_text()))


@pytest.fixture
def containers(spec):
    return {each["name"]: each for each in (*spec["initContainers"], *spec["containers"])}


def test_the_token_is_in_the_generator_alone(spec, containers):
    assert spec["automountServiceAccountToken"] is False
    holders = [volume["name"] for volume in spec["volumes"] if "projected" in volume]
    assert holders == ["token"]
    mounts = {
        name: [each["mountPath"] for each in container["volumeMounts"] if each["name"] == "token"]
        for name, container in containers.items()
    }
    assert mounts == {"generator": [TOKEN_FOLDER], "reloader": [], "nginx": []}


def test_the_generator_is_another_user_than_nginx_and_its_reloader(containers):
    users = {name: each["securityContext"]["runAsUser"] for name, each in containers.items()}
    assert users["nginx"] == users["reloader"] != users["generator"] != 0


def test_no_container_may_gain_anything(containers):
    for container in containers.values():
        context = container["securityContext"]
        assert context["capabilities"]["drop"] == ["ALL"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True


def test_only_what_opens_ports_may_get_a_capability_and_only_that_one(containers):
    contexts = {name: each["securityContext"] for name, each in containers.items()}
    added = {name: each["capabilities"].get("add") for name, each in contexts.items()}
    assert added["generator"] is None
    assert added["nginx"] == added["reloader"]
    assert added["nginx"] in (None, ["NET_BIND_SERVICE"])


def test_nginx_reads_the_volume_and_writes_beside_it(containers):
    mounts = {each["mountPath"]: each for each in containers["nginx"]["volumeMounts"]}
    assert mounts["/pillion"]["readOnly"] is True
    assert mounts["/pillion/run"]["name"] == "run"


def test_nginx_has_as_many_workers_as_its_own_limit_has_processors(containers):
    (given,) = [
        e for e in containers["generator"]["env"] if e["name"] == "PILLION_WORKER_PROCESSES"
    ]
    limit = given["valueFrom"]["resourceFieldRef"]
    assert limit == {"containerName": "nginx", "resource": "limits.cpu"}


def test_sidecars_start_before_nginx_and_end_after_it(spec):
    assert [c["name"] for c in spec["containers"]] == ["nginx"]
    sidecars = [(each["name"], each.get("restartPolicy")) for each in spec["initContainers"]]
    assert sidecars == [("reloader", "Always"), ("generator", "Always")]


def test_readiness_is_nginx_s_own(containers):
    ready = {
        name: c["readinessProbe"]["httpGet"]
        for name, c in containers.items()
        if "readinessProbe" in c
    }
    assert ready == {"nginx": {"path": "/readyz", "port": 10247}}


@pytest.mark.parametrize(
    ("values", "low", "user", "directives"),
    [
        ({}, "0", 101, "daemon off;"),
        ({"lowPorts": "node"}, None, 101, "daemon off;"),
        ({"hostNetwork": True}, None, 0, "daemon off; user root;"),
        ({"hostNetwork": True, "lowPorts": "node"}, None, 101, "daemon off;"),
        (
            {"hostNetwork": True, "containerPort": {"http": 8080, "https": 8443}},
            None,
            101,
            "daemon off;",
        ),
    ],
)
def test_nginx_is_root_only_where_ports_leave_no_other_way(values, low, user, directives):
    spec = charts.pod_spec({"controller": values})
    (nginx,) = spec["containers"]
    sysctls = {each["name"]: each["value"] for each in spec["securityContext"].get("sysctls", [])}
    assert sysctls.get("net.ipv4.ip_unprivileged_port_start") == low
    assert nginx["securityContext"]["runAsUser"] == user
    assert nginx["command"][-1] == directives


@pytest.mark.parametrize(
    ("values", "replicas"),
    [
        ({}, 2),
        ({"hostPort": {"enabled": True}}, 1),
        ({"replicaCount": 0}, 0),
        ({"autoscaling": {"enabled": True}}, None),
    ],
)
def test_there_are_two_pods_unless_said_or_hindered(values, replicas):
    assert charts.workload({"controller": values})["spec"].get("replicas") == replicas


@pytest.mark.parametrize(
    ("values", "argument", "where"),
    [
        ({}, "$(POD_NAMESPACE)/edge-pillion-controller", ["ingress"]),
        ({"configMapNamespace": "ops"}, "ops/edge-pillion-controller", ["ops"]),
        ({"extraArgs": {"configmap": "ops/ours"}}, "ops/ours", []),
    ],
)
def test_the_generator_reads_the_config_map_that_the_chart_makes_unless_told_another(
    values, argument, where
):
    generator = charts.generator({"controller": values})
    (read,) = (each for each in generator["args"] if each.startswith("--configmap="))
    made = [each["metadata"]["namespace"] for each in charts.config_maps({"controller": values})]
    assert (read, made) == (f"--configmap={argument}", where)


def test_numbers_and_booleans_in_the_options_are_written_as_people_write_them():
    config = {"hsts-max-age": 31536000, "use-http2": False, "proxy-body-size": "8m"}
    (made,) = charts.config_maps({"controller": {"config": config}})
    assert made["data"] == {
        "hsts-max-age": "31536000",
        "use-http2": "false",
        "proxy-body-size": "8m",
    }


@pytest.mark.parametrize(
    ("nginx", "reloader", "asked"),
    [
        ({"requests": {"memory": "1Gi"}}, {}, "1Gi"),
        ({"requests": {"memory": "1Gi"}}, {"limits": {"memory": "1.5G"}}, "1Gi"),
        ({"requests": {"memory": "1Gi"}}, {"requests": {"memory": "300Mi"}}, "300Mi"),
        ({"requests": {"memory": None}}, {"limits": {"memory": "64Mi"}}, None),
    ],
)
def test_the_reloader_asks_for_as_much_memory_as_nginx_unless_told(nginx, reloader, asked):
    spec = charts.pod_spec(
        {"controller": {"resources": nginx, "reloader": {"resources": reloader}}}
    )
    (container,) = [each for each in spec["initContainers"] if each["name"] == "reloader"]
    assert container["resources"]["requests"].get("memory") == asked
