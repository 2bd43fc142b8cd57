// Models: versions side by side, how well they are calibrated, what they look at. Activate, and take it back.

import { get, post } from "./api.js";
import { bars, calibration } from "./charts.js";
import { ago, badge, busy, confirm, count, decimal, empty, h, moment, panel, text, toast, words } from "./ui.js";

const measures = [
    ["ndcg@10", "NDCG@10", 1], ["recall@20", "Recall@20", 1], ["auc", "AUC", 1], ["ece", "Calibration error", -1],
    ["stage1.ndcg@10", "Stage 1 alone, NDCG@10", 1], ["stage1.recall@20", "Stage 1 alone, Recall@20", 1],
    ["popularity.ndcg@10", "Popularity, NDCG@10", 0], ["popularity.recall@20", "Popularity, Recall@20", 0], ["judges", "People who judged", 0],
];
const tones = ["teal", "rose"];

/** `calibration.3.predicted` and its like, as bins. */
const binsOf = (model) => Array.from({ length: 20 }, (_, index) => ({
    predicted: model.metrics[`calibration.${index}.predicted`], observed: model.metrics[`calibration.${index}.observed`],
    count: model.metrics[`calibration.${index}.count`] ?? 0,
})).filter((bin) => bin.count > 0);
const importanceOf = (model) => Object.entries(model.metrics).filter(([name]) => name.startsWith("importance."))
    .map(([name, value]) => ({ label: words(name.slice("importance.".length)), value }));

export function modelsSection() {
    let models = [];
    let compared = [];
    const list = h("ul.models");
    const back = h("button.button", { type: "button", id: "rollback", onclick: (event) => rollBack(event.currentTarget) }, "Roll back");
    const comparison = h("div");
    const plots = h("div.columns.two");
    const element = h("div.view#view-models", h("div.view-head", h("h1", "Models"), back),
        h("div.columns.two.narrow-left", panel("Versions", "choose up to two to compare", list), panel("Side by side", "measured on held-out likes, when each was made", comparison)), plots);

    async function load() {
        try {
            models = await get("/admin/models");
        } catch (error) {
            if (!models.length) list.replaceChildren(empty("The models can't be read", error.message));
            return;
        }
        compared = compared.filter((version) => models.some((model) => model.version === version));
        if (!compared.length) {
            const active = models.find((model) => model.active);
            compared = [active, models.find((model) => model !== active)].filter(Boolean).map((model) => model.version);
        }
        draw();
    }

    function draw() {
        back.disabled = !models.some((model) => !model.active && model.activated_at);
        back.title = back.disabled ? "No other model was active before" : "Serve the model that was served before";
        if (!models.length) {
            list.replaceChildren(empty("No model yet", h("span", "Train one: ", h("code", "duet train"), ". Until then lists come in stage 1's order.")));
            comparison.replaceChildren(empty("Nothing to compare"));
            plots.replaceChildren();
            return;
        }
        list.replaceChildren(...models.map((model) => {
            const place = compared.indexOf(model.version);
            return h(`li.model${model.active ? ".active" : ""}`,
                h("label", h("input", { type: "checkbox", checked: place >= 0, "aria-label": `Compare ${model.version}`, onchange: (event) => compare(model.version, event.currentTarget.checked) }),
                    h(`i.swatch${place >= 0 ? `.tone-${tones[place]}` : ""}`),
                    h("span.model-name", h("b", model.version), h("span.note", `made ${ago(model.created_at)}${model.metrics["ndcg@10"] ? ` · NDCG@10 ${decimal(model.metrics["ndcg@10"], 3)}` : ""}`))),
                model.active ? badge("good", "active")
                    : h("button.button.small", { type: "button", dataset: { activate: model.version }, onclick: (event) => activate(model.version, event.currentTarget) }, "Activate"));
        }));
        const chosen = compared.map((version) => models.find((model) => model.version === version)).filter(Boolean);
        comparison.replaceChildren(chosen.length ? sideBySide(chosen) : empty("Choose a model", "Tick one or two versions."));
        const calibrated = chosen.map((model, index) => ({ name: model.version, tone: tones[index], bins: binsOf(model) })).filter((model) => model.bins.length);
        const weighed = chosen.map((model, index) => ({ model, tone: tones[index], items: importanceOf(model) })).filter((entry) => entry.items.length);
        plots.replaceChildren(
            panel("Calibration", "on the diagonal a probability means what it says",
                calibrated.length ? h("div.plot", h("div.legend", calibrated.map((model) => h(`span.key.tone-${model.tone}`, model.name))), calibration(calibrated))
                    : empty("Not kept for this version", "Models made from now on keep it.")),
            panel("What it looks at", "how far a feature moves the log-odds of an average pair",
                weighed.length ? weighed.map(({ model, tone, items }) => {
                    const chart = bars(`Importance of features in ${model.version}`, { format: (value) => decimal(value, 2) });
                    chart.update(items.sort((a, b) => b.value - a.value).slice(0, 12).map((item) => ({ ...item, tone })));
                    return h("div", weighed.length > 1 ? h("h3", model.version) : null, chart);
                }) : empty("Not kept for this version", "Models made from now on keep it.")));
    }

    function sideBySide(chosen) {
        const cell = (model, name) => model.metrics[name];
        const better = (name, direction) => {
            if (chosen.length < 2 || !direction) return null;
            const [first, second] = chosen.map((model) => cell(model, name));
            if (first === undefined || second === undefined || first === second) return null;
            return (first - second) * direction > 0 ? 0 : 1;
        };
        const show = (name, value) => (value === undefined ? "–" : name === "judges" ? count(value) : decimal(value, 4));
        const rows = measures.filter(([name]) => chosen.some((model) => cell(model, name) !== undefined)).map(([name, label, direction]) => {
            const best = better(name, direction);
            return h("tr", { dataset: { measure: name } }, h("th", { scope: "row" }, label),
                chosen.map((model, index) => h(`td.number${best === index ? ".best" : ""}`, show(name, cell(model, name)))));
        });
        const lineage = [...new Set(chosen.flatMap((model) => Object.keys(model.lineage)))].sort();
        return h("div.table-frame", { tabindex: "0", role: "region", "aria-label": "Models side by side" },
            h("table.compare", h("thead", h("tr", h("th", { scope: "col" }, ""), chosen.map((model, index) => h("th.number", { scope: "col" }, h("span.key", { class: `key tone-${tones[index]}` }, model.version))))),
                h("tbody", h("tr", h("th", { scope: "row" }, "Made"), chosen.map((model) => h("td.number", moment(model.created_at)))), rows),
                h("tbody.lineage", lineage.map((name) => h("tr", h("th", { scope: "row" }, words(name)), chosen.map((model) => h("td.number", model.lineage[name] ?? "–")))))));
    }

    function compare(version, isChosen) {
        compared = isChosen ? [...compared, version].slice(-2) : compared.filter((other) => other !== version);
        draw();
    }

    async function activate(version, button) {
        if (!await confirm(`Serve ${version}?`, "Every ranking process takes it up within moments; lists that are cached are made anew. Roll back undoes it.", "Activate")) return;
        if (await busy(button, () => post(`/admin/models/${encodeURIComponent(version)}/activate`))) toast(`${version} is active.`);
        await load();
    }

    async function rollBack(button) {
        if (!await confirm("Roll back?", "The model that was active before the present one is served again.", "Roll back", "danger")) return;
        const model = await busy(button, () => post("/admin/models/rollback"));
        if (model) toast(`${model.version} is active again.`);
        await load();
    }

    let timer = null;
    return {
        element,
        show() { load(); clearInterval(timer); timer = setInterval(load, 15_000); },
        hide() { clearInterval(timer); },
    };
}
