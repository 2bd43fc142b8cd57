// The mesh: processes, who calls whom, and how that goes. Scale and drain from here.

import { post } from "./api.js";
import { badge, busy, bytes, confirm, count, decimal, duration, empty, h, keyed, milliseconds, panel, percent, s, table, text, toast } from "./ui.js";

const order = ["gateway", "candidate", "ranking", "feature"];
const roles = { gateway: "answers HTTP", candidate: "stage 1: who might fit", ranking: "stage 2: how well", feature: "features of people" };
const calls = [["gateway", "candidate"], ["gateway", "ranking"], ["ranking", "feature"]];

export function meshSection(shared) {
    const map = h("div.mesh-map");
    const wires = s("svg.wires", { "aria-hidden": "true" });
    const groups = new Map();
    let overview = null;
    let before = null;
    let rates = new Map();
    let selected = null;

    const note = h("p.note");
    const detail = h("div.detail", { hidden: true, "aria-live": "polite" });
    const methods = table("Calls by method", [
        { title: "Caller", value: (m) => m.from },
        { title: "Method", value: (m) => h("code", m.method.replace(/^duet\.|\.v1/g, "")) },
        { title: "Calls/s", number: true, value: (m) => decimal(m.rate, 1) },
        { title: "Calls", number: true, value: (m) => count(m.calls) },
        { title: "Failed", number: true, value: (m) => (m.failures ? badge("bad", count(m.failures)) : "0") },
        { title: "Breaker", value: (m) => badge({ closed: "good", open: "bad", "half open": "warn" }[m.breaker] ?? "quiet", m.breaker) },
        { title: "Hedged after", number: true, value: (m) => milliseconds(m.hedge_delay_ms) },
    ]);
    const links = table("How each process sees each replica", [
        { title: "Caller", value: (l) => l.from },
        { title: "Replica", value: (l) => l.to },
        { title: "State", value: (l) => badge({ ready: "good", ejected: "bad", lost: "bad" }[l.state] ?? "warn", l.state) },
        { title: "In flight", number: true, value: (l) => count(l.in_flight) },
        { title: "Its load", number: true, value: (l) => count(l.reported_load) },
        { title: "EWMA", number: true, value: (l) => milliseconds(l.latency_ms) },
    ]);

    map.append(wires);
    for (const name of [...order, "stores"]) {
        const list = h("ul.nodes");
        const number = h("strong.replicas", "–");
        const change = (step) => h("button.step", {
            type: "button", "aria-label": `${step > 0 ? "One more" : "One fewer"} replica of ${name}`, dataset: { scale: name, step },
            onclick: (event) => scale(name, step, event.currentTarget),
        }, step > 0 ? "+" : "−");
        const stepper = name === "stores" ? null : h("div.stepper", { role: "group", "aria-label": `Replicas of ${name}` }, change(-1), number, change(1));
        const element = h(`section.service.service-${name}`, { "aria-label": name },
            h("header", h("div", h("h3", name), h("p.note", roles[name] ?? "the truth, and what may be lost")), stepper), list);
        groups.set(name, { element, list, number, stepper });
        map.append(element);
    }

    const element = h("div.view#view-mesh", h("h1", "Mesh"),
        panel("Processes", note, map, detail),
        h("div.columns.two.wide-left", panel("Calls", "by caller and method", methods), panel("Replicas as their callers see them", "peak-EWMA of the round trip", links)));
    new ResizeObserver(() => wire()).observe(map);

    async function scale(service, step, button) {
        const known = overview?.services?.find((candidate) => candidate.service === service);
        if (!known) return;
        const replicas = known.wanted + step;
        if (replicas < 1) return toast(`${service} keeps at least one replica.`, "bad");
        if (step < 0 && !await confirm(`${replicas} instead of ${known.wanted} of ${service}?`,
            "The newest replica finishes its calls and ends; calls go to the others.", "Scale down", "danger")) return;
        const result = await busy(button, () => post(`/admin/services/${service}/scale`, { replicas }));
        if (result) toast(result.state === "done" ? `${service} has ${replicas} ${replicas === 1 ? "replica" : "replicas"}.` : `${service} goes to ${replicas} ${replicas === 1 ? "replica" : "replicas"}.`);
    }

    async function drain(process, button) {
        if (!await confirm(`Drain ${process.name}?`, "It finishes its calls and ends, and is not replaced. Calls go to the other replicas.", "Drain", "danger")) return;
        const result = await busy(button, () => post(`/admin/processes/${process.name}/drain`));
        if (!result) return;
        toast(result.state === "done" ? `${process.name} has ended.` : `${process.name} is draining.`);
        if (selected === process.name) select(null);
    }

    function select(name) {
        selected = selected === name ? null : name;
        for (const node of map.querySelectorAll(".node")) node.setAttribute("aria-pressed", String(node.dataset.process === selected));
        describe();
        wire();
    }

    function describe() {
        const process = overview?.processes.find((candidate) => candidate.name === selected);
        detail.hidden = !process;
        if (!process) return;
        if (detail.dataset.process !== process.name) {
            const fact = (label, key) => h("div", h("dt", label), h("dd", { dataset: { fact: key } }, "–"));
            detail.dataset.process = process.name;
            detail.replaceChildren(
                h("header", h("h3", process.name),
                    h("div.actions",
                        h("button.button.danger", { type: "button", dataset: { drain: process.name }, onclick: (event) => drain(process, event.currentTarget) }, "Drain"),
                        h("button.button", { type: "button", onclick: () => select(process.name) }, "Close"))),
                h("dl.facts", fact("Process", "pid"), fact("Version", "version"), fact("Up for", "uptime"), fact("Restarts", "restarts"),
                    fact("Processor", "cpu"), fact("Memory", "memory"), fact("In flight", "flight"), fact("Waiting", "queued"),
                    fact("Refused", "refused"), fact("Answers a ping in", "trip"), fact("Behind the log", "lag"), fact("Model made", "model")),
                h("ul.problems"));
        }
        const facts = {
            pid: process.pid || "–", version: process.version || "–", uptime: duration(process.uptime_seconds), restarts: process.restarts ?? "–",
            cpu: percent(process.cpu_share, 0), memory: bytes(process.resident_bytes), flight: count(process.in_flight),
            queued: `${count(process.queued)} (${count(process.limit)} at a time)`, refused: count(process.refused), trip: milliseconds(process.round_trip_ms),
            lag: process.log_lag_seconds === null ? "–" : duration(process.log_lag_seconds),
            model: process.model_age_seconds === null ? "–" : process.model_age_seconds < 0 ? "none" : `${duration(process.model_age_seconds)} ago`,
        };
        for (const [key, value] of Object.entries(facts)) text(detail.querySelector(`[data-fact="${key}"]`), value);
        keyed(detail.querySelector(".problems"), process.problems, (problem) => problem, (problem) => h("li", problem));
        const button = detail.querySelector("[data-drain]");
        const siblings = overview.processes.filter((candidate) => candidate.service === process.service && candidate.state === "serving").length;
        const scalable = overview.services?.some((service) => service.service === process.service && service.scalable);
        if (!button.hasAttribute("aria-busy")) button.disabled = !scalable || siblings < 2;
        button.title = !overview.services ? "No supervisor of Duet's keeps these processes" : siblings < 2 ? "The last of its service" : "";
    }

    function makeNode(process) {
        return h("li", h("button.node", { type: "button", "aria-pressed": "false", dataset: { process: process.name }, onclick: () => select(process.name) },
            h("span.node-head", h("i.dot"), h("b")), h("span.node-state"), h("span.meter", h("span")), h("span.node-facts")));
    }

    function updateNode(line, process) {
        const [head, state, meter, facts] = line.firstChild.children;
        const tone = process.state === "serving" ? (process.problems.length ? "warn" : "good") : process.state === "draining" || process.phase === "starting" ? "warn" : "bad";
        head.firstChild.className = `dot ${tone}`;
        text(head.lastChild, process.name);
        line.firstChild.className = `node ${tone}`;
        text(state, process.state === "unreachable" && process.phase && process.phase !== "ready" ? process.phase : process.state);
        state.hidden = process.state === "serving" && !process.problems.length;
        meter.firstChild.style.width = `${Math.min(100, (process.cpu_share ?? 0) * 100)}%`;
        text(facts, `${percent(process.cpu_share, 0)} · ${bytes(process.resident_bytes)} · ${count(process.in_flight)} in flight`);
        line.firstChild.setAttribute("aria-label", `${process.name}, ${process.state}, processor ${percent(process.cpu_share, 0)}, ${count(process.in_flight)} in flight`);
    }

    /** Stores as the processes see them. */
    function stores() {
        const names = { database: "PostgreSQL", redis: "Redis" };
        return Object.entries(names).map(([key, label]) => {
            const seen = overview.processes.filter((process) => key in process.dependencies);
            const down = seen.filter((process) => !process.dependencies[key]);
            return { key, label, seen, down };
        });
    }

    /** Draws who calls whom: wider where more goes, red where something is wrong. */
    function wire() {
        if (!overview || !map.clientWidth) return;
        const frame = map.getBoundingClientRect();
        const stacked = getComputedStyle(map).getPropertyValue("--stacked").trim() === "1";
        wires.setAttribute("viewBox", `0 0 ${map.clientWidth} ${map.clientHeight}`);
        wires.setAttribute("width", map.clientWidth);
        wires.setAttribute("height", map.clientHeight);
        const box = (target) => {
            const area = target.getBoundingClientRect();
            return { left: area.left - frame.left, right: area.right - frame.left, top: area.top - frame.top, bottom: area.bottom - frame.top,
                x: area.left - frame.left + area.width / 2, y: area.top - frame.top + area.height / 2 };
        };
        const node = (name) => map.querySelector(`.node[data-process="${CSS.escape(name)}"]`);
        const parts = [];
        const curve = (from, to, classes, width, title) => {
            const d = stacked
                ? `M${from.x} ${from.bottom}C${from.x} ${(from.bottom + to.top) / 2} ${to.x} ${(from.bottom + to.top) / 2} ${to.x} ${to.top}`
                : `M${from.right} ${from.y}C${(from.right + to.left) / 2} ${from.y} ${(from.right + to.left) / 2} ${to.y} ${to.left} ${to.y}`;
            parts.push(s(`path.wire${classes}`, { d, "stroke-width": width }, s("title", title)));
        };
        if (stacked) {
            // In one column the services are wired, not the processes.
            for (const [from, to] of calls) {
                const rate = [...rates].filter(([key]) => key.startsWith(`${from}>`) && key.endsWith(`>${to}`)).reduce((sum, [, value]) => sum + value, 0);
                const broken = overview.links.some((link) => link.from.startsWith(from) && link.to.startsWith(to) && link.state !== "ready");
                curve(box(groups.get(from).element), box(groups.get(to).element), `${rate > 0 ? ".busy" : ""}${broken ? ".broken" : ""}`, 1.5 + Math.min(4, Math.log2(1 + rate) / 2), "");
            }
        } else {
            for (const link of overview.links) {
                const [from, to] = [node(link.from), node(link.to)];
                if (!from || !to) continue;
                const [caller, callee] = [link.from.split("-")[0], link.to.split("-")[0]];
                if (!calls.some(([first, second]) => first === caller && second === callee)) continue;
                const replicas = overview.links.filter((other) => other.from === link.from && other.to.split("-")[0] === callee).length;
                const rate = (rates.get(`${caller}>${link.from}>${callee}`) ?? 0) / Math.max(1, replicas);
                const chosen = selected && (link.from === selected || link.to === selected);
                curve(box(from), box(to),
                    `${rate > 0.05 ? ".busy" : ""}${link.state === "ready" ? "" : ".broken"}${selected ? (chosen ? ".chosen" : ".faded") : ""}`,
                    1.2 + Math.min(4, Math.log2(1 + rate) / 2), `${link.from} → ${link.to}: ${milliseconds(link.latency_ms)}`);
            }
        }
        wires.replaceChildren(...parts);
    }

    return {
        element,
        update(state) {
            overview = state.overview;
            const seconds = before ? (new Date(overview.timestamp) - new Date(before.timestamp)) / 1000 : 0;
            if (!before || seconds >= 0.5) {
                const old = new Map((before?.methods ?? []).map((method) => [`${method.from} ${method.method}`, method.calls]));
                rates = new Map();
                for (const method of overview.methods) {
                    const last = old.get(`${method.from} ${method.method}`);
                    method.rate = seconds > 0 && last !== undefined ? Math.max(0, method.calls - last) / seconds : null;
                    const key = `${method.from.split("-")[0]}>${method.from}>${method.service}`;
                    if (!/health|state|control/.test(method.method)) rates.set(key, (rates.get(key) ?? 0) + (method.rate ?? 0));
                }
                before = overview;
            }
            for (const name of order) {
                const group = groups.get(name);
                const processes = overview.processes.filter((process) => process.service === name);
                keyed(group.list, processes, (process) => process.name, makeNode, updateNode);
                const known = overview.services?.find((service) => service.service === name);
                const ready = processes.filter((process) => process.state === "serving").length;
                text(group.number, known ? (ready === known.wanted ? ready : `${ready}/${known.wanted}`) : ready);
                for (const button of group.stepper.querySelectorAll("button")) {
                    if (button.hasAttribute("aria-busy")) continue;
                    button.disabled = !known?.scalable || (button.dataset.step < 0 && known.wanted <= 1);
                }
            }
            keyed(groups.get("stores").list, stores(), (store) => store.key,
                () => h("li", h("div.node.store", h("span.node-head", h("i.dot"), h("b")), h("span.node-facts"))),
                (line, store) => {
                    const [head, facts] = line.firstChild.children;
                    head.firstChild.className = `dot ${store.down.length ? "bad" : store.seen.length ? "good" : ""}`;
                    text(head.lastChild, store.label);
                    text(facts, store.down.length ? `not reached by ${store.down.map((process) => process.name).join(", ")}` : `reached by ${store.seen.length} of ${store.seen.length} processes`);
                });
            const serving = overview.processes.filter((process) => process.state === "serving").length;
            text(note, `${serving} of ${overview.processes.length} serve${overview.services ? "" : "; kept by an orchestrator, which scales and drains them"}`);
            methods.update(overview.methods.filter((method) => !/\.(health|state|control)\.v1\./.test(method.method)), (method) => `${method.from} ${method.method}`);
            links.update(overview.links, (link) => `${link.from} ${link.to}`);
            describe();
            requestAnimationFrame(wire);
        },
    };
}
