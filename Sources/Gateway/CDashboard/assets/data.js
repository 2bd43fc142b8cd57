// Data: how much there is, how fresh each copy is, who was forgotten, and who did what.

import { get, post } from "./api.js";
import { days } from "./charts.js";
import { ago, badge, busy, bytes, confirm, count, decimal, duration, empty, h, keyed, moment, panel, percent, table, text, toast, words } from "./ui.js";

const ratios = {
    like_rate: ["Likes", "of the judgements of the week"], match_rate: ["Matches", "by likes of the week"],
    acceptance_rate: ["Acceptance", "of those shown, liked afterwards"], engagement: ["Engagement", "of all people, active this week"],
    retention: ["Retention", "of last week's active, back this week"], exposure_gini: ["Exposure Gini", "0: all are shown as often"],
};

export function dataSection() {
    const figures = {};
    const tile = (id, title, note) => {
        figures[id] = { value: h("p.tile-value", "–"), note: h("p.note", note) };
        return h(`article.tile#figure-${id}`, h("h2", title), figures[id].value, figures[id].note);
    };
    const business = h("div.tiles.small");
    const refreshed = h("p.note");
    const activity = days("Interactions by day", { parts: [
        { name: "likes", tone: "rose", value: (day) => day.likes }, { name: "passes", tone: "teal", value: (day) => day.dislikes },
        { name: "other", tone: "amber", value: (day) => Math.max(0, day.interactions - day.likes - day.dislikes) } ] });
    const people = days("Active people by day", { parts: [{ name: "active people", tone: "violet", value: (day) => day.active_people }] });
    const noDays = empty("No interactions yet", "Import some, or let people in.");
    const charts = h("div.columns.two", panel("Interactions", refreshed, activity), panel("People", "active, by day", people));
    const copies = table("Copies", [
        { title: "Copy", value: (copy) => copy.name },
        { title: "Behind the log", value: (copy) => badge(copy.lag > 60 ? "bad" : copy.lag > 5 ? "warn" : "good", duration(copy.lag)) },
        { title: "Read to", number: true, value: (copy) => count(copy.position) },
        { title: "Role", value: (copy) => copy.role },
    ]);
    const flush = h("button.button.danger", { type: "button", id: "flush", onclick: (event) => empty_(event.currentTarget) }, "Flush caches");
    const pending = table("Erasures that are not complete", [
        { title: "Receipt", value: (erasure) => h("code", erasure.receipt.slice(0, 8)) },
        { title: "Person", number: true, value: (erasure) => erasure.user_id },
        { title: "Requested", value: (erasure) => ago(erasure.requested_at) },
        { title: "State", value: (erasure) => badge("warn", erasure.status) },
    ]);
    const nonePending = h("p.note");
    const trail = table("Audit log", [
        { title: "When", value: (entry) => moment(entry.time) },
        { title: "Who", value: (entry) => `${entry.actor} (${entry.role})` },
        { title: "What", value: (entry) => h("code", entry.action) },
        { title: "Whom", value: (entry) => entry.target || "–" },
        { title: "Request", value: (entry) => h("code", entry.request_id.slice(0, 8)) },
    ]);
    const more = h("button.button", { type: "button", id: "audit-more", onclick: (event) => older(event.currentTarget) }, "Older entries");
    const noTrail = h("p.note", "Nobody has used a privilege yet.");
    let entries = [];
    let cursor = null;

    const element = h("div.view#view-data", h("h1", "Data"),
        h("div.tiles", tile("people", "People", ""), tile("interactions", "Interactions", "in the log"), tile("matches", "Matches", "open"), tile("answers", "Lists served", "in the serving log"), tile("size", "Database", "on disk")),
        business, charts, noDays,
        h("div.columns.two",
            panel("Freshness of the copies", flush, copies),
            panel("Erasures", null, pending, nonePending)),
        panel("Audit", "privileges used, personal data touched", trail, noTrail, more));

    async function load() {
        try {
            const [known, erasures, log] = await Promise.all([get("/admin/figures"), get("/admin/erasures"), get("/admin/audit?limit=20")]);
            text(figures.people.value, count(known.people));
            text(figures.people.note, `${count(known.active_people)} active within a week`);
            text(figures.interactions.value, count(known.interactions));
            text(figures.matches.value, count(known.open_matches));
            text(figures.answers.value, count(known.answers));
            text(figures.size.value, bytes(known.database_bytes));
            text(refreshed, known.refreshed_at ? `summaries made ${ago(known.refreshed_at)}` : "summaries are made within a minute");
            keyed(business, Object.keys(ratios).filter((name) => name in known.business), (name) => name,
                (name) => h(`article.tile#ratio-${name}`, h("h2", ratios[name][0]), h("p.tile-value"), h("p.note", ratios[name][1])),
                (line, name) => text(line.children[1], name === "exposure_gini" ? decimal(known.business[name], 2) : percent(known.business[name])));
            business.hidden = Object.keys(known.business).length === 0;
            const ascending = [...known.days].reverse();
            noDays.hidden = ascending.length > 0;
            charts.hidden = ascending.length === 0;
            activity.update(ascending);
            people.update(ascending);
            pending.update(erasures, (erasure) => erasure.receipt);
            pending.hidden = erasures.length === 0;
            text(nonePending, erasures.length ? "" : `None is open; ${count(known.completed_erasures)} completed.`);
            if (entries.length <= 20) {
                entries = [...log];
                cursor = log.cursor ?? null;
            } else entries = [...log.filter((entry) => entry.id > entries[0].id), ...entries];
            audit();
        } catch (error) {
            if (error.name !== "AbortError") toast(error.message, "bad");
        }
    }

    function audit() {
        trail.update(entries, (entry) => entry.id);
        trail.hidden = entries.length === 0;
        noTrail.hidden = entries.length > 0;
        more.hidden = !cursor;
    }

    async function older(button) {
        const next = await busy(button, () => get(`/admin/audit?limit=20&cursor=${encodeURIComponent(cursor)}`));
        if (!next) return;
        entries = [...entries, ...next];
        cursor = next.cursor ?? null;
        audit();
    }

    async function empty_(button) {
        if (!await confirm("Flush the caches?", "Every cached list and feature is forgotten and made anew when it is asked for. Nothing is lost; for a while lists take longer.", "Flush", "danger")) return;
        const result = await busy(button, () => post("/admin/cache/flush"));
        if (result) { toast(`${count(result.removed)} entries are forgotten.`); load(); }
    }

    let timer = null;
    return {
        element,
        show() { load(); clearInterval(timer); timer = setInterval(load, 10_000); },
        hide() { clearInterval(timer); },
        update({ overview }) {
            copies.update(overview.processes.filter((process) => process.log_lag_seconds !== null).map((process) => ({
                name: process.name, lag: process.log_lag_seconds, position: process.log_position,
                role: process.service === "candidate" ? "people, seen sets, blocks" : process.counts_interactions ? "features; counts interactions" : "features" })), (copy) => copy.name);
        },
    };
}
