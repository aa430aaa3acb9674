"""`deploy/kubernetes/`: the schemas of Kubernetes, and required options of each process."""

import re
import runpy
from typing import Any

import kubernetes_validate
import pytest
import yaml
from django.test import Client

from partnerportal.embedded.environment import BASE_DIR
from partnerportal.environment import SECRETS

FOLDER = BASE_DIR / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    (document["kind"], document["metadata"]["name"]): document
    for name in KUSTOMIZATION["resources"]
    for document in yaml.safe_load_all((FOLDER / name).read_text())
}
ENVIRONMENT = dict(line.split("=", 1) for line in (FOLDER / "settings.env").read_text().splitlines() if line and line[0] != "#")
#: The oldest version of Kubernetes that is still maintained, and the newest one.
VERSIONS = ("1.33", "1.36")
PODS = {name: found["spec"]["template"] for (kind, name), found in OBJECTS.items() if kind in {"Deployment", "Job"}}
CONTAINERS = [
    (name, container) for name, pod in PODS.items() for part in ("initContainers", "containers") for container in pod["spec"].get(part, ())
]
every_pod = pytest.mark.parametrize("name", PODS)
every_container = pytest.mark.parametrize(("pod", "container"), CONTAINERS, ids=[f"{pod}-{c['name']}" for pod, c in CONTAINERS])


def container_of(name: str) -> dict[str, Any]:
    (container,) = PODS[name]["spec"]["containers"]
    return container


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("found", OBJECTS.values(), ids=["-".join(key) for key in OBJECTS])
def test_objects_follow_the_schema(found: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(found, version, strict=True)


def test_the_schema_rejects_mistakes() -> None:
    """The package would accept everything if it didn't find its schemas."""
    broken = yaml.safe_load(yaml.safe_dump(OBJECTS["Deployment", "portal-web"]))
    broken["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)


def test_every_file_is_used() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"kustomization.yaml"}
    assert files == {
        *KUSTOMIZATION["resources"],
        *(name for generator in KUSTOMIZATION["configMapGenerator"] for name in generator["envs"]),
    }


def test_all_processes_exist() -> None:
    assert set(PODS) == {"portal-web", "portal-worker", "portal-beat", "portal-migrate"}


@every_container
def test_containers_are_unprivileged_and_limited(pod: str, container: dict[str, Any]) -> None:
    assert container["image"] == KUSTOMIZATION["images"][0]["name"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert {"cpu", "memory"} <= container["resources"]["limits"].keys() & container["resources"]["requests"].keys()
    assert container["envFrom"] == [{"configMapRef": {"name": "portal-settings"}}]
    assert "env" not in container


@every_pod
def test_pods_run_as_the_user_of_the_image(name: str) -> None:
    spec = PODS[name]["spec"]
    user = re.search(r"^USER (\d+)$", (BASE_DIR / "Dockerfile").read_text(), re.MULTILINE)
    assert user is not None
    assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["fsGroup"] == int(user[1])
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False


@every_pod
def test_secrets_are_files(name: str) -> None:
    spec = PODS[name]["spec"]
    (volume,) = [volume for volume in spec["volumes"] if "secret" in volume]
    assert volume["secret"] == {"secretName": "portal-secrets", "defaultMode": 0o440}
    for container in [*spec.get("initContainers", ()), *spec["containers"]]:
        mounted = {mount["name"]: mount for mount in container["volumeMounts"]}
        assert mounted[volume["name"]] == {"name": volume["name"], "mountPath": "/run/secrets/portal", "readOnly": True}


def test_settings_contain_no_secret_and_are_known() -> None:
    files = {
        name.removesuffix("_FILE"): value for name, value in ENVIRONMENT.items() if name.endswith("_FILE") and name != "HEARTBEAT_FILE"
    }
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"} <= files.keys() <= set(SECRETS)
    assert files == {name: f"/run/secrets/portal/{name}" for name in files}
    assert ENVIRONMENT.keys().isdisjoint(SECRETS)
    explained = set(re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE))
    assert {name for name in ENVIRONMENT if name.removesuffix("_FILE") not in files} - explained == set()


def test_beat_runs_once() -> None:
    beat = OBJECTS["Deployment", "portal-beat"]["spec"]
    assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})
    assert "beat" in container_of("portal-beat")["command"]


def test_an_update_of_the_web_process_loses_no_request() -> None:
    web = OBJECTS["Deployment", "portal-web"]["spec"]
    assert web["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert OBJECTS["PodDisruptionBudget", "portal-web"]["spec"]["minAvailable"] < web["replicas"]
    gunicorn = runpy.run_path(str(BASE_DIR / "gunicorn.conf.py"))
    (_sleep, pause) = container_of("portal-web")["lifecycle"]["preStop"]["exec"]["command"]
    assert int(pause) + gunicorn["graceful_timeout"] < web["template"]["spec"]["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("name", ["portal-web", "portal-worker", "portal-beat"])
def test_new_code_waits_for_the_migration(name: str) -> None:
    (waiting,) = PODS[name]["spec"]["initContainers"]
    assert "migrate --check" in " ".join(waiting["command"])
    assert container_of("portal-migrate")["command"] == ["python", "manage.py", "migrate", "--noinput"]


@pytest.mark.django_db
@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_probes_of_the_web_process_are_answered(settings: Any, client: Client, probe: str) -> None:
    """Over plain HTTP, with the host of the probe."""
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ENVIRONMENT["ALLOWED_HOSTS"].split(","), True
    request = container_of("portal-web")[probe]["httpGet"]
    (host,) = request["httpHeaders"]
    assert client.get(request["path"], headers={host["name"]: host["value"]}).status_code == 200


def test_probes_use_both_checks() -> None:
    """Pods aren't taken out of service by an outage of the broker, during which pages work."""
    web = container_of("portal-web")
    paths = {probe: web[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert paths == {"startupProbe": "/readyz", "readinessProbe": "/healthz", "livenessProbe": "/healthz"}


@pytest.mark.parametrize("name", ["portal-worker", "portal-beat"])
def test_other_processes_are_checked_by_their_heartbeat(name: str) -> None:
    for probe in ("startupProbe", "livenessProbe"):
        assert ENVIRONMENT["HEARTBEAT_FILE"] in " ".join(container_of(name)[probe]["exec"]["command"])
    assert ENVIRONMENT["HEARTBEAT_FILE"].startswith("/tmp/")  # noqa: S108


def test_only_the_worker_reaches_the_internet() -> None:
    policies = {name: found["spec"] for (kind, name), found in OBJECTS.items() if kind == "NetworkPolicy"}
    assert policies["portal-deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    outside = {name for name, spec in policies.items() if "ipBlock" in str(spec)}
    assert outside == {"portal-worker"}
    assert policies["portal-worker"]["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "portal-worker"}}
    assert {port["port"] for rule in policies["portal-worker"]["egress"] for port in rule["ports"]} == {25, 465, 587}
    (selected,) = policies["portal-services"]["podSelector"]["matchExpressions"]
    assert set(selected["values"]) == set(PODS)


def test_names_fit_together() -> None:
    for (kind, name), found in OBJECTS.items():
        if kind == "Deployment":
            assert found["spec"]["selector"]["matchLabels"].items() <= found["spec"]["template"]["metadata"]["labels"].items(), name
    service = OBJECTS["Service", "portal-web"]["spec"]
    assert service["selector"] == PODS["portal-web"]["metadata"]["labels"]
    assert {port["targetPort"] for port in service["ports"]} == {port["name"] for port in container_of("portal-web")["ports"]}
    (path,) = OBJECTS["Ingress", "portal"]["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"]["service"] == {"name": "portal-web", "port": {"name": service["ports"][0]["name"]}}
    assert f"https://{OBJECTS['Ingress', 'portal']['spec']['rules'][0]['host']}" == ENVIRONMENT["SITE_URL"]
