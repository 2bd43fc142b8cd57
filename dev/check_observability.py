"""Compares rules and dashboards with a running mesh, then breaks the mesh and waits for the alert. See check-observability.sh."""

import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

duet, directory, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])

# Families that a healthy mesh doesn't show before something has happened; the sources must name them.
RARE = {"duet_recommendation_degraded_total", "duet_interactions_total"}
WORD = re.compile(r"\b((?:duet|process)_[a-z0-9_]+)\b")


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{what} did not come within {seconds} s.")


def named_families():
    """Metric families that rules and dashboards ask for, with where."""
    texts = {path.name: "\n".join(re.findall(r"expr: ?(.*(?:\n {10,}.*)*)", path.read_text()))
             for path in (folder / "rules/recording.yml", folder / "rules/alerts.yml")}
    for path in folder.glob("dashboards/*.json"):
        panels = json.loads(path.read_text())["panels"]
        texts[path.name] = "\n".join(target["expr"] for panel in panels for target in panel["targets"])
    return {(re.sub(r"_(bucket|sum|count)$", "", name), name): where for where, text in texts.items() for name in WORD.findall(text)}


def check_names(bridge):
    exported = set()
    for group in json.loads(get(f"{bridge}/targets")):
        path = group["labels"]["__metrics_path__"]
        text = get(bridge + path)
        findings = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
        if findings.returncode != 0 or findings.stdout or findings.stderr:
            raise SystemExit(f"{path}: {findings.stdout}{findings.stderr}")
        exported |= set(re.findall(r"^# TYPE (\S+)", text, re.M))
    sources = subprocess.run(["git", "grep", "-hoE", '"duet_[a-z_]+"', "--", "Sources"], text=True, capture_output=True).stdout
    names = named_families()
    unknown = sorted(
        f"{where}: {name}" for (family, name), where in names.items()
        if not {family, name} & exported and not (name in RARE and f'"{name}"' in sources))
    if unknown:
        raise SystemExit("No process exports\n  " + "\n  ".join(unknown))
    print(f"{len(names)} names in rules and dashboards, {len(exported)} families exported: all found")


def test_configuration(into, bridge, alertmanager, webhook):
    """The shipped files with short times, every receiver a webhook."""
    (into / "rules").mkdir()
    for path in (folder / "rules").glob("*.yml"):
        (into / "rules" / path.name).write_text(re.sub(r"for: \d+[smh]", "for: 1s", path.read_text()))
    text = (folder / "prometheus.yml").read_text()
    text = re.sub(r"(interval|timeout): \d+s", r"\1: 1s", text).replace("127.0.0.1:9093", alertmanager)
    (into / "prometheus.yml").write_text(text.replace("http://127.0.0.1:9464", bridge))
    text = (folder / "alertmanager.yml").read_text()
    text = re.sub(r"^  (smtp|slack)_.*\n", "", text, flags=re.M)
    text = re.sub(r"group_(wait|interval): \w+", r"group_\1: 1s", text)
    names = re.findall(r"^  - name: (\w+)", text, re.M)
    receivers = "".join(
        f"  - name: {name}\n    webhook_configs: [{{url: '{webhook}/{name}', send_resolved: true}}]\n" for name in names)
    (into / "alertmanager.yml").write_text(text[: text.index("receivers:\n")] + "receivers:\n" + receivers)


class Webhook(http.server.BaseHTTPRequestHandler):
    seen = set()  # (receiver, alert, instance, status)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in body["alerts"]:
            labels = alert["labels"]
            self.seen.add((self.path[1:], labels["alertname"], labels.get("instance"), alert["status"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def process(name):
    status = subprocess.run([duet, "status", "--json", "--dir", directory], text=True, capture_output=True)
    return next(entry["pid"] for entry in json.loads(status.stdout)["processes"] if entry["replica"] == name)


def check_alert(victim, receiver, alert, instance):
    """Freezes a process until the alert has come to the receiver, and thaws it until the alert has gone."""
    pid = process(victim)
    os.kill(pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        wait_for(f"{alert} of {instance}", lambda: (receiver, alert, instance, "firing") in Webhook.seen)
        fired = time.monotonic() - start
    finally:
        os.kill(pid, signal.SIGCONT)
    start = time.monotonic()
    wait_for(f"The end of {alert}", lambda: (receiver, alert, instance, "resolved") in Webhook.seen, 90)
    print(f"{victim} frozen: {alert} reached {receiver} after {fired:.0f} s, its end {time.monotonic() - start:.0f} s after the thaw")


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = [free_port() for _ in range(3)]
    bridge, alertmanager, prometheus = f"http://127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}", f"127.0.0.1:{ports[2]}"
    children = []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        log = open(scratch / "log", "w+")

        def start(*command):
            children.append(subprocess.Popen(command, stdout=log, stderr=log))

        try:
            start(duet, "metrics", "--dir", directory, "--port", str(ports[0]))
            wait_for("duet metrics", lambda: get(f"{bridge}/targets"))
            check_names(bridge)
            test_configuration(scratch, bridge, alertmanager, f"http://127.0.0.1:{server.server_port}")
            start("prometheus-alertmanager", f"--config.file={scratch}/alertmanager.yml", f"--storage.path={scratch}/am",
                  f"--web.listen-address={alertmanager}", "--cluster.listen-address=")
            start("prometheus", f"--config.file={scratch}/prometheus.yml", f"--storage.tsdb.path={scratch}/tsdb",
                  f"--web.listen-address={prometheus}")
            wait_for("Seven healthy targets", lambda: get(f"http://{prometheus}/api/v1/targets").count('"health":"up"') >= 7)
            check_alert("ranking-2", "slack", "ProcessDown", "ranking-2")
            check_alert("redis", "slack", "RedisUnreachable", "gateway-1")
        except BaseException:
            log.flush()
            print(pathlib.Path(log.name).read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait()


main()
