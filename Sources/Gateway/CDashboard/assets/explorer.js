// Explorer: one person's list as they see it, why each is on it, why somebody is not, and what a like does to it.

import { ApiError, get, post } from "./api.js";
import { pushes } from "./charts.js";
import { badge, busy, count, decimal, empty, h, icon, milliseconds, panel, percent, s, text, toast, words } from "./ui.js";

export function explorerSection() {
    let person = null;
    let list = [];
    let asking = null;
    const input = h("input#who", { type: "search", autocomplete: "off", spellcheck: "false", placeholder: "Id, or words of a name, a bio, interests", "aria-label": "A person: id or words" });
    const found = h("ul.found", { hidden: true, "aria-label": "People found" });
    const search = h("form.search", { role: "search" }, icon("explorer"), input, h("button.button.primary", { type: "submit" }, "Show"), found);
    const limit = h("select", { "aria-label": "How many" }, [10, 20, 50, 100].map((value) => h("option", { value, selected: value === 20 }, `${value} people`)));
    const seen = h("input#seen", { type: "checkbox" });
    const header = h("div.person-head");
    const meta = h("p.note");
    const cards = h("ol.cards");
    const whyInput = h("input#whom", { type: "number", min: 1, placeholder: "Their id", "aria-label": "Id of the person who is missing" });
    const whyAnswer = h("div.why-answer", { "aria-live": "polite" });
    const why = h("form.why", h("label", { for: "whom" }, "Why not this person?"), whyInput, h("button.button", { type: "submit" }, "Explain"));
    const whyPanel = panel("Who is missing", null, why, whyAnswer);
    const listPanel = panel("Their list", meta, header, h("div.list-tools", limit, h("label.check", seen, "also people already judged")), cards);
    const start = empty("Whose list?", h("span", "Type an id or words of a profile. ", h("kbd", "/"), " brings you here from anywhere."));
    const body = h("div.columns.two.wide-left.explorer-body", { hidden: true }, listPanel, whyPanel);
    const element = h("div.view#view-explorer", h("h1", "Explorer"), search, start, body);

    search.addEventListener("submit", async (event) => {
        event.preventDefault();
        const words = input.value.trim();
        if (!words) return;
        if (/^\d+$/.test(words)) { location.hash = `explorer/${words}`; return; }
        await look(words);
    });
    let typing = null;
    input.addEventListener("input", () => {
        clearTimeout(typing);
        const words = input.value.trim();
        if (words.length < 2 || /^\d+$/.test(words)) { found.hidden = true; return; }
        typing = setTimeout(() => look(words), 250);
    });
    input.addEventListener("keydown", (event) => {
        if (event.key === "ArrowDown" && !found.hidden) { event.preventDefault(); found.querySelector("a")?.focus(); }
        if (event.key === "Escape") found.hidden = true;
    });
    found.addEventListener("keydown", (event) => {
        const links = [...found.querySelectorAll("a")];
        const place = links.indexOf(document.activeElement);
        if (event.key === "ArrowDown") { event.preventDefault(); links[Math.min(links.length - 1, place + 1)].focus(); }
        if (event.key === "ArrowUp") { event.preventDefault(); (links[place - 1] ?? input).focus(); }
        if (event.key === "Escape") { found.hidden = true; input.focus(); }
    });
    limit.addEventListener("change", () => load());
    seen.addEventListener("change", () => load());
    why.addEventListener("submit", (event) => {
        event.preventDefault();
        if (whyInput.value) explain(Number(whyInput.value), why.querySelector("button"));
    });

    async function look(words) {
        try {
            const people = await get(`/users/?limit=8&q=${encodeURIComponent(words)}`);
            found.replaceChildren(...(people.length ? people.map((someone) => h("li", h("a", { href: `#explorer/${someone.id}` }, avatar(someone), h("span", h("b", someone.name), h("span.note", about(someone))))))
                : [h("li.note", "Nobody has these words. Whole words only: no beginnings.")]));
            found.hidden = false;
        } catch (error) { toast(error.message, "bad"); }
    }

    async function open(id) {
        found.hidden = true;
        whyAnswer.replaceChildren();
        try {
            person = await get(`/users/${id}`);
        } catch (error) {
            person = null;
            body.hidden = true;
            start.hidden = false;
            start.replaceChildren(h("p.empty-title", error.status === 404 ? `There is no person ${id}.` : error.message));
            return;
        }
        input.value = String(person.id);
        start.hidden = true;
        body.hidden = false;
        header.replaceChildren(avatar(person), h("div", h("h3", person.name, h("span.note", ` ${person.id}`)), h("p", about(person)), person.bio ? h("p.bio", person.bio) : null,
            h("ul.chips", person.interests.map((interest) => h("li.chip", interest)))));
        list = [];
        cards.replaceChildren();
        await load();
    }

    /** Asks for the list again, and lets everybody walk to their new place. */
    async function load() {
        if (!person) return;
        asking?.abort();
        const mine = (asking = new AbortController());
        cards.setAttribute("aria-busy", "true");
        const begin = performance.now();
        try {
            const answer = await get(`/recommendations/users/${person.id}/recommendations/explain?limit=${limit.value}&exclude_seen=${!seen.checked}`, { signal: mine.signal });
            list = answer.recommendations;
            text(meta, `${list.length} people · ${answer.algorithm_version || "no model"} · made in ${milliseconds(answer.generation_time_ms)} · answered in ${milliseconds(performance.now() - begin)}`
                + (answer.degraded.length ? ` · without ${answer.degraded.join(", ")}` : ""));
            draw(answer.explanations);
        } catch (error) {
            if (error.name === "AbortError") return;
            meta.textContent = "";
            cards.replaceChildren(empty("No list", error.message));
        } finally {
            if (asking === mine) cards.removeAttribute("aria-busy");
        }
    }

    function draw(explanations) {
        const before = new Map([...cards.querySelectorAll(".card")].map((card) => [card.dataset.id, card]));
        const places = new Map([...before].map(([id, card]) => [id, { top: card.getBoundingClientRect().top, rank: Number(card.dataset.rank) }]));
        if (!list.length) {
            cards.replaceChildren(empty("An empty list", "Filters, blocks and people already judged leave nobody, or there is nobody else yet."));
            return;
        }
        cards.replaceChildren(...list.map((someone, index) => {
            const known = before.get(String(someone.id));
            const card = known ?? makeCard(someone);
            const moved = places.has(String(someone.id)) ? places.get(String(someone.id)).rank - (index + 1) : null;
            card.dataset.rank = index + 1;
            text(card.querySelector(".rank"), index + 1);
            const change = card.querySelector(".moved");
            change.className = `moved ${moved === null ? (places.size ? "new" : "") : moved > 0 ? "up" : moved < 0 ? "down" : ""}`;
            text(change, moved === null ? (places.size ? "new" : "") : moved > 0 ? `▲ ${moved}` : moved < 0 ? `▼ ${-moved}` : "");
            fillCard(card, someone, explanations?.[someone.id]);
            return card;
        }));
        if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
        for (const card of cards.children) {
            const old = places.get(card.dataset.id);
            const distance = old ? old.top - card.getBoundingClientRect().top : 0;
            if (Math.abs(distance) > 1) card.animate([{ transform: `translateY(${distance}px)` }, { transform: "none" }], { duration: 450, easing: "cubic-bezier(.2,.8,.2,1)" });
            else if (!old && places.size) card.animate([{ opacity: 0, transform: "translateY(12px)" }, { opacity: 1, transform: "none" }], { duration: 350, easing: "ease-out" });
        }
    }

    function makeCard(someone) {
        const act = (type, label, symbol) => h(`button.act.${type}`, { type: "button", title: label, "aria-label": `${label}: ${someone.name}`, dataset: { act: type },
            onclick: (event) => react(someone, type, event.currentTarget) }, icon(symbol));
        return h("li.card", { dataset: { id: someone.id } },
            h("div.card-main",
                h("div.place", h("b.rank"), h("span.moved")), avatar(someone),
                h("div.card-who", h("a.name", { href: `#explorer/${someone.id}`, title: "Their own list" }, someone.name), h("p.note", about(someone)), h("p.reasons"), h("ul.chips.sources")),
                h("div.score", ring(), h("p.note", "match")),
                h("div.acts", act("dislike", "Pass", "pass"), act("like", "Like", "heart"), act("super_like", "Super like", "star"))),
            h("details", h("summary", "Why"), h("div.terms")));
    }

    function fillCard(card, someone, explanation) {
        card.querySelector(".ring").update(someone.match_score);
        text(card.querySelector(".reasons"), explanation?.reasons.join(" · ") ?? "");
        card.querySelector(".sources").replaceChildren(...someone.sources.map((source) => h(`li.chip.source`, source)));
        const terms = card.querySelector(".terms");
        if (!explanation) { terms.replaceChildren(h("p.note", "Stage 2 was away: the order is stage 1's.")); return; }
        const all = Object.entries(explanation.contributing_features).map(([name, value]) => ({ label: words(name), value }));
        const strongest = all.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 10);
        const rest = all.slice(10).reduce((sum, item) => sum + item.value, 0);
        terms.replaceChildren(
            h("p.note", `P(likes) ${percent(explanation.score)} before calibration: intercept ${decimal(explanation.intercept, 2)} and these contributions to the log-odds`),
            pushes([...strongest, { label: `${Math.max(0, all.length - 10)} others`, value: rest }], (value) => (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(2)));
    }

    async function react(someone, type, button) {
        const answer = await busy(button, () => post("/interactions/", { user_id: person.id, target_user_id: someone.id, interaction_type: type }));
        if (!answer) return;
        const said = { like: "likes", dislike: "passes on", super_like: "super-likes" }[type];
        toast(`${person.name} ${said} ${someone.name}.${answer.matched ? " It's a match!" : ""}`, answer.matched ? "match" : "good");
        await load();
    }

    // Why not

    async function explain(id, button) {
        whyAnswer.replaceChildren(h("p.note", "Looking …"));
        await busy(button, async () => {
            let steps = null;
            try {
                steps = stages(await get(`/admin/why?user=${person.id}&target=${id}`));
            } catch (error) {
                // Gateways without that route: what can be seen from outside.
                if (error.status !== 404 && error.status !== 405) { whyAnswer.replaceChildren(h("p.problem", error.message)); return; }
            }
            whyAnswer.replaceChildren(h("ol.steps", (steps ?? await fromOutside(id)).map((step) => h(`li.${step.tone}`, h("b", step.title), step.text ? h("p", step.text) : null))));
        });
    }

    /** Any answer of the route as steps: its `stages` or `steps` where it has them, else its members. */
    function stages(answer) {
        const items = answer.stages ?? answer.steps;
        if (Array.isArray(items)) return items.map((step) => ({
            title: words(String(step.stage ?? step.name ?? step.title ?? "")), text: step.detail ?? step.reason ?? step.text ?? step.outcome ?? "",
            tone: step.passed === false || step.ok === false || /cut|filtered|excluded|missing/.test(step.outcome ?? "") ? "bad" : "good" }));
        return Object.entries(answer).filter(([, value]) => value !== null).map(([name, value]) => ({
            title: words(name), text: typeof value === "object" ? Object.entries(value).map(([key, part]) => `${words(key)}: ${typeof part === "object" ? JSON.stringify(part) : part}`).join(", ") : String(value), tone: "quiet" }));
    }

    async function fromOutside(id) {
        if (id === person.id) return [{ title: "It is the person themself", tone: "bad", text: "Nobody is recommended to themself." }];
        const steps = [];
        let target;
        try {
            target = await get(`/users/${id}`);
            steps.push({ title: `${target.name} exists`, tone: "good" });
        } catch (error) {
            if (error.status === 404) return [{ title: `There is no person ${id}`, tone: "bad", text: "They never were, or have been erased." }];
            throw error;
        }
        const done = (await get(`/interactions/user/${person.id}?limit=1000`)).filter((interaction) => interaction.target_user_id === id);
        if (done.some((interaction) => interaction.interaction_type === "block" || interaction.interaction_type === "report"))
            return [...steps, { title: "Severed", tone: "bad", text: `${person.name} has blocked or reported them.` }];
        if (done.length) {
            steps.push({ title: "Already judged", tone: "bad", text: `${person.name}: ${done[0].interaction_type}. People already judged are left out unless exclude_seen is false.` });
            return steps;
        }
        steps.push({ title: "Not judged yet", tone: "good" });
        const answer = await get(`/recommendations/users/${person.id}/recommendations/explain?limit=100`);
        const place = answer.recommendations.findIndex((someone) => someone.id === id);
        if (place >= 0) {
            const score = answer.recommendations[place].match_score;
            steps.push({ title: `On the list at place ${place + 1}`, tone: "good", text: score === null ? "" : `Match ${percent(score)}.` });
        } else {
            const last = answer.recommendations.at(-1)?.match_score;
            steps.push({ title: "Not among the first hundred", tone: "bad",
                text: `Stage 1 did not propose them, a filter or a block of theirs leaves them out, or they score below ${last === undefined || last === null ? "the last" : `the last's ${percent(last)}`}.` });
        }
        return steps;
    }

    return {
        element,
        show([id]) {
            if (id && String(person?.id) !== id) open(id);
            else if (!person) setTimeout(() => input.focus(), 0);
        },
    };
}

const about = (someone) => [someone.age, someone.gender, someone.location].filter((part) => part !== null && part !== undefined).join(" · ") || "nothing known but the id";

/** Initials on a colour of their own. */
function avatar(someone) {
    const initials = someone.name.split(/\s+/).map((part) => part[0]).slice(0, 2).join("").toUpperCase();
    const element = h("span.avatar", { "aria-hidden": "true" }, initials);
    element.style.setProperty("--hue", String((someone.id * 137.508) % 360));
    return element;
}

/** A ring that is filled as far as a probability goes. */
function ring() {
    const length = 2 * Math.PI * 20;
    const arc = s("circle.arc", { cx: 24, cy: 24, r: 20, "stroke-dasharray": `0 ${length}`, transform: "rotate(-90 24 24)" });
    const label = s("text", { x: 24, y: 28.5, "text-anchor": "middle" }, "–");
    const element = s("svg.ring", { viewBox: "0 0 48 48", width: 48, height: 48, role: "img" }, s("circle.track", { cx: 24, cy: 24, r: 20 }), arc, label);
    element.update = (share) => {
        arc.setAttribute("stroke-dasharray", `${(share ?? 0) * length} ${length}`);
        label.textContent = share === null ? "–" : `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)}`;
        element.setAttribute("aria-label", share === null ? "no match score" : `match ${percent(share)}`);
    };
    return element;
}
