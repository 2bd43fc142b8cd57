#!/usr/bin/env python3
"""Reads rendered Kubernetes objects from standard input and checks what their schemas can't: the promises of docs/deployment.md."""
import sys

import yaml

objects = [document for document in yaml.safe_load_all(sys.stdin) if document]
problems = []


def need(condition, sentence):
    if not condition:
        problems.append(sentence)


def of(kind):
    return [item for item in objects if item["kind"] == kind]


def selects(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


def check_pod(name, pod):
    spec = pod["spec"]
    context = spec["securityContext"]
    need(context["runAsNonRoot"] and context["runAsUser"] >= 10000, f"{name} may run as root")
    need(context["seccompProfile"]["type"] == "RuntimeDefault", f"{name} has no seccomp profile")
    need(spec["automountServiceAccountToken"] is False, f"{name} holds a token of the cluster")
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    for container in spec.get("initContainers", []) + spec["containers"]:
        title = f"{name}/{container['name']}"
        locked = container["securityContext"]
        need(locked["allowPrivilegeEscalation"] is False, f"{title} may gain rights")
        need(locked["readOnlyRootFilesystem"] is True, f"{title} may write its root file system")
        need(locked["capabilities"]["drop"] == ["ALL"], f"{title} keeps capabilities")
        need({"cpu", "memory"} <= set(container["resources"]["requests"]), f"{title} requests no cpu or memory")
        need("memory" in container["resources"]["limits"], f"{title} has no limit of memory")
        need(not container["image"].endswith(":latest") and ":" in container["image"], f"{title} runs an image without a fixed tag")
        need({mount["name"] for mount in container.get("volumeMounts", [])} <= volumes, f"{title} mounts a volume that isn't there")
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        need(all(len(port) <= 15 for port in ports), f"{title} has a port name of more than 15 letters")
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe in container:
                need(container[probe]["httpGet"]["port"] in ports, f"{title}: {probe} asks a port that isn't there")


for deployment in of("Deployment"):
    pod = deployment["spec"]["template"]
    check_pod(deployment["metadata"]["name"], pod)
    spec, labels = pod["spec"], pod["metadata"]["labels"]
    need(selects(deployment["spec"]["selector"]["matchLabels"], labels), "the deployment doesn't select its pods")
    need(spec["shareProcessNamespace"] is True, "the mesh asks who lives by process id: the pod must share its process namespace")
    sidecars = [container for container in spec["initContainers"] if container.get("restartPolicy") == "Always"]
    need([container["name"] for container in sidecars] == ["feature", "ranking", "candidate"], "a service of the mesh is missing")
    members = sidecars + spec["containers"]
    for container in members:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            need(probe in container, f"{container['name']} has no {probe}")
        need(any(mount["mountPath"] == "/run/duet" for mount in container["volumeMounts"]), f"{container['name']} has no sockets")
    health = [variable["value"] for container in members for variable in container["env"] if variable["name"] == "HEALTH_PORT"]
    need(len(set(health)) == len(members), "two containers of a pod share a health port")
    need("lifecycle" in spec["containers"][0], "the gateway doesn't wait for its endpoint to be withdrawn")
    settings = {item["metadata"]["name"]: item["data"] for item in of("ConfigMap")}
    timeout = max(int(data["SHUTDOWN_TIMEOUT_MS"]) for data in settings.values()) / 1000
    need(spec["terminationGracePeriodSeconds"] >= 5 + timeout * len(members), "the pod may be killed while it drains")
    need({item["topologyKey"] for item in spec["topologySpreadConstraints"]} >= {"kubernetes.io/hostname", "topology.kubernetes.io/zone"},
         "the pods aren't spread over machines and zones")
    for kind in ("Service", "PodDisruptionBudget"):
        need(of(kind), f"there is no {kind}")
        for item in of(kind):
            selector = item["spec"]["selector"]
            need(selects(selector.get("matchLabels", selector), labels), f"the {kind} selects no pod")
    for scaler in of("HorizontalPodAutoscaler"):
        need(scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"], "the autoscaler scales nothing")
        need(any(metric["type"] == "Pods" and metric["pods"]["metric"]["name"] == "duet_http_requests_in_flight"
                 for metric in scaler["spec"]["metrics"]), "nothing scales by the requests in flight")
        need("replicas" not in deployment["spec"], "the deployment's replicas would fight with the autoscaler")
for job in of("CronJob"):
    check_pod(job["metadata"]["name"], job["spec"]["jobTemplate"]["spec"]["template"])
need(any(not policy["spec"].get("ingress") and not policy["spec"].get("egress")
         and policy["spec"]["podSelector"].get("matchLabels", {}).keys() <= {"app.kubernetes.io/name"}
         and set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"} for policy in of("NetworkPolicy")),
     "nothing forbids what the network policies don't name")
need(len({item["metadata"].get("namespace") for item in objects if item["kind"] != "Namespace"}) == 1, "objects stand in several namespaces")

for problem in problems:
    print(f"kubernetes: {problem}", file=sys.stderr)
sys.exit(1 if problems else 0)
