"""One namespace of a cluster, seen and touched through the Kubernetes API."""

from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

from conformance.service import wait_for

COMPONENT = "app.kubernetes.io/component"


class Cluster:
    """A namespace; every answer is an object of the Kubernetes client."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.core: Any = client.CoreV1Api()
        self.apps: Any = client.AppsV1Api()

    def make(self) -> None:
        """The namespace, in which every pod must keep to the restricted Pod Security Standard."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.core.create_namespace({"metadata": {"name": self.namespace, "labels": labels}})

    def remove(self) -> None:
        """The namespace with everything in it; returns when it is gone."""
        self.core.delete_namespace(self.namespace)
        wait_for(f"the namespace {self.namespace} to go", lambda: self._gone(self.core.read_namespace, self.namespace))

    def pods(self, component: str | None = None) -> list[Any]:
        """Pods that are not over, those that are stopping included."""
        chosen = f"{COMPONENT}={component}" if component else None
        found = self.core.list_namespaced_pod(self.namespace, label_selector=chosen).items
        return [pod for pod in found if pod.status.phase in {"Pending", "Running"}]

    def ready_pods(self, component: str) -> list[Any]:
        return [pod for pod in self.pods(component) if is_ready(pod) and not pod.metadata.deletion_timestamp]

    def deployment(self, component: str) -> Any:
        return self.apps.read_namespaced_deployment(f"imagemill-{component}", self.namespace)

    def scale(self, kind: str, name: str, replicas: int) -> None:
        """`kind` is `deployment` or `stateful_set`."""
        patch = getattr(self.apps, f"patch_namespaced_{kind}_scale")
        patch(name, self.namespace, {"spec": {"replicas": replicas}})

    def kill(self, pod: Any) -> None:
        """`kubectl delete pod --grace-period=0 --force`."""
        try:
            self.core.delete_namespaced_pod(pod.metadata.name, self.namespace, grace_period_seconds=0)
        except ApiException as error:
            if error.status != 404:
                raise

    def run(self, pod: str, *command: str, container: str | None = None) -> str:
        """What a command in a pod writes. Raises ApiException, or OSError when the pod goes meanwhile."""
        chosen = {"container": container} if container else {}
        # A client of its own: while it speaks, its ordinary requests would become web sockets too.
        said: str = stream(
            client.CoreV1Api().connect_get_namespaced_pod_exec,
            pod,
            self.namespace,
            command=list(command),
            stdout=True,
            stderr=True,
            stdin=False,
            tty=False,
            **chosen,
        )
        return said

    def sql(self, statement: str) -> list[str]:
        """The rows of a query in the PostgreSQL of the release, fields separated by `|`."""
        quiet = ("-U", "imagemill", "-d", "imagemill", "-v", "ON_ERROR_STOP=1", "-qAtc")
        return self.run("imagemill-postgresql-0", "psql", *quiet, statement).splitlines()

    def messages(self) -> int:
        """XLEN of the queue."""
        return int(self.run("imagemill-redis-0", "redis-cli", "XLEN", "imagemill:jobs"))

    def _gone(self, read: Any, name: str) -> bool:
        try:
            read(name)
        except ApiException as error:
            return bool(error.status == 404)
        return False


def is_ready(pod: Any) -> bool:
    """Whether the pod's condition Ready is true."""
    return any(condition.type == "Ready" and condition.status == "True" for condition in pod.status.conditions or [])


def restarts(pods: list[Any]) -> dict[str, int]:
    """How often the containers of each pod were started again, by the pod's name."""
    return {pod.metadata.name: sum(s.restart_count for s in pod.status.container_statuses or []) for pod in pods}
