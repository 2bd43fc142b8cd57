// Overview: traffic, latency, what goes wrong, where the time goes.

import { bars, spark, timeChart } from "./charts.js";
import { ago, badge, count, decimal, empty, h, keyed, milliseconds, panel, percent, table, text, words } from "./ui.js";

export function overviewSection() {
    const tiles = [
        { id: "traffic", title: "Requests a second", tone: "teal", value: (t) => decimal(t.requests_per_second, t.requests_per_second < 10 ? 1 : 0), point: (p) => p.requests_per_second,
            note: (o) => `over ${decimal(o.traffic.seconds, 0)} s` },
        { id: "latency", title: "Latency, 95th percentile", tone: "rose", value: (t) => milliseconds(t.p95_ms), point: (p) => p.p95_ms,
            note: (o) => `p50 ${milliseconds(o.traffic.p50_ms)} · p99 ${milliseconds(o.traffic.p99_ms)}` },
        { id: "errors", title: "Errors", tone: "red", value: (t) => percent(t.error_rate, 2), point: (p) => p.error_rate, note: () => "answers of 500 and above" },
        { id: "hits", title: "Cache hits", tone: "violet", value: (t) => percent(t.hit_rate), point: (p) => p.hit_rate, note: () => "of the lists asked for" },
        { id: "degraded", title: "Degraded", tone: "amber", value: (t) => percent(t.degraded_rate), point: (p) => p.degraded_rate, note: () => "of the lists made anew" },
    ].map((tile) => {
        tile.number = h("p.tile-value", "–");
        tile.below = h("p.note", " ");
        tile.spark = spark(tile.tone);
        tile.element = h(`article.tile#tile-${tile.id}`, h("h2", tile.title), tile.number, tile.below, tile.spark);
        return tile;
    });

    const traffic = timeChart("Requests a second", {
        series: [{ name: "requests/s", tone: "teal", value: (p) => p.requests_per_second }], format: (value) => decimal(value, value < 10 && value % 1 ? 1 : 0), area: true });
    const latency = timeChart("Latency", {
        series: [
            { name: "p50", tone: "teal", value: (p) => p.p50_ms }, { name: "p95", tone: "violet", value: (p) => p.p95_ms },
            { name: "p99", tone: "rose", value: (p) => p.p99_ms },
        ], format: (value) => milliseconds(value).replace(".00", "").replace(/\.0 /, " ") });

    const alerts = h("ul.alerts");
    const calm = h("div.calm", h("p", "Nothing needs you."), h("p.note", "Alerts appear here while their condition holds."));
    const dependencies = h("ul.chips");
    const stages = bars("Mean time of each stage", { format: milliseconds });
    const noStages = h("p.note", "No list was made in these minutes.");
    const sources = bars("People proposed and kept, by source", { format: (value, item) => `${count(value)} → ${count(item.part)} → ${count(item.shown)}` });
    const noSources = h("p.note", "Stage 1 proposed nobody in these minutes.");
    const window = h("p.note");
    const routes = table("Routes", [
        { title: "Route", value: (route) => h("code", route.route) },
        { title: "Requests", number: true, value: (route) => count(route.requests) },
        { title: "Failed", number: true, value: (route) => (route.failures ? badge("bad", count(route.failures)) : "0") },
        { title: "p50", number: true, value: (route) => milliseconds(route.p50_ms) },
        { title: "p95", number: true, value: (route) => milliseconds(route.p95_ms) },
    ]);
    const noRoutes = empty("No requests yet", "The first answer shows up here within a second.");

    const element = h("div.view#view-overview",
        h("h1", "Overview"),
        h("div.tiles", tiles.map((tile) => tile.element)),
        h("div.columns.two", panel("Traffic", "the last quarter of an hour", traffic), panel("Latency", "as the gateways measure it", latency)),
        h("div.columns.three",
            panel("Alerts", null, alerts, calm, h("h3", "Dependencies"), dependencies),
            panel("Where a new list's time goes", "mean of each stage", stages, noStages),
            panel("Who proposes", "proposed → kept → in a first twenty", sources, noSources)),
        panel("Routes", window, routes, noRoutes));

    return {
        element,
        update({ overview, points }) {
            for (const tile of tiles) {
                text(tile.number, tile.value(overview.traffic));
                text(tile.below, tile.note(overview));
                tile.spark.update(points.slice(-120).map(tile.point));
            }
            traffic.update(points);
            latency.update(points);
            keyed(alerts, overview.alerts, (alert) => alert.name,
                () => h("li.alert", h("div.alert-head", badge("warn", ""), h("strong"), h("span.note")), h("p")),
                (line, alert) => {
                    const [kind, name, since] = line.firstChild.children;
                    kind.className = `badge ${alert.severity === "critical" ? "bad" : "warn"}`;
                    text(kind, alert.severity);
                    text(name, alert.name);
                    text(since, ago(alert.since));
                    text(line.lastChild, `${alert.summary}.`);
                });
            calm.hidden = overview.alerts.length > 0;
            keyed(dependencies, overview.dependencies, (dependency) => dependency.name,
                () => h("li.chip", h("i.dot"), h("span")),
                (line, dependency) => {
                    line.firstChild.className = `dot ${dependency.healthy ? "good" : "bad"}`;
                    line.title = dependency.detail ?? "healthy";
                    text(line.lastChild, words(dependency.name) + (dependency.healthy ? "" : `: ${dependency.detail}`));
                });
            stages.update(overview.stages.map((stage) => ({ label: stage.stage, value: stage.mean_ms, tone: "rose" })));
            noStages.hidden = overview.stages.length > 0;
            const busiest = overview.sources.filter((source) => source.proposed > 0).sort((a, b) => b.proposed - a.proposed);
            sources.update(busiest.map((source) => ({ label: source.source, value: source.proposed, part: source.kept, shown: source.shown, tone: "violet" })));
            noSources.hidden = busiest.length > 0;
            text(window, `the last ${decimal(overview.routes_seconds, 0)} s`);
            routes.update(overview.routes, (route) => route.route);
            routes.hidden = overview.routes.length === 0;
            noRoutes.hidden = overview.routes.length > 0;
        },
    };
}
