// The page: who is asking, which section shows, and the stream that keeps it fresh.

import { ask, follow, token, whenRefused } from "./api.js";
import { h, icon, text, toast } from "./ui.js";
import { dataSection } from "./data.js";
import { explorerSection } from "./explorer.js";
import { meshSection } from "./mesh.js";
import { modelsSection } from "./models.js";
import { overviewSection } from "./overview.js";

const sections = [
    { id: "overview", title: "Overview", make: overviewSection },
    { id: "mesh", title: "Mesh", make: meshSection },
    { id: "models", title: "Models", make: modelsSection },
    { id: "explorer", title: "Explorer", make: explorerSection },
    { id: "data", title: "Data", make: dataSection },
];
const main = document.getElementById("main");
const navigation = document.getElementById("sections");
const connection = document.getElementById("connection");
const leave = document.getElementById("leave");
const memory = 900;

/** What all sections share: the latest overview, and the points of the last quarter of an hour. */
const state = { overview: null, points: [], isLive: false };
let shown = null;
let stop = null;

// Sections

for (const [index, section] of sections.entries()) {
    section.link = h("a", { href: `#${section.id}`, title: `${section.title} (${index + 1})` }, icon(section.id), h("span", section.title), h("b.count", { hidden: true }));
    navigation.append(section.link);
}

function route() {
    if (!token.value) return;
    const [id, ...rest] = location.hash.slice(1).split("/");
    const section = sections.find((candidate) => candidate.id === id) ?? sections[0];
    for (const other of sections) {
        if (other === section) other.link.setAttribute("aria-current", "page");
        else other.link.removeAttribute("aria-current");
    }
    document.title = `${section.title} · Duet`;
    if (shown !== section) {
        shown?.view?.hide?.();
        shown = section;
        section.view ??= section.make(state);
        main.replaceChildren(section.view.element);
        window.scrollTo(0, 0);
    }
    section.view.show?.(rest.map(decodeURIComponent));
    if (state.overview) section.view.update?.(state);
}
window.addEventListener("hashchange", route);

document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
    const number = Number(event.key);
    if (token.value && number >= 1 && number <= sections.length) location.hash = sections[number - 1].id;
    else if (event.key === "t") toggleTheme();
    else if (event.key === "/" && token.value) {
        event.preventDefault();
        location.hash = "explorer";
        setTimeout(() => document.getElementById("who")?.focus(), 0);
    }
});

// The stream

function updated(overview) {
    if (overview.history) state.points = overview.history;
    if (overview.point.seconds > 0 && state.points.at(-1)?.time !== overview.point.time) state.points.push(overview.point);
    if (state.points.length > memory) state.points.splice(0, state.points.length - memory);
    state.overview = overview;
    const alerts = sections[0].link.querySelector(".count");
    alerts.hidden = overview.alerts.length === 0;
    alerts.classList.toggle("critical", overview.alerts.some((alert) => alert.severity === "critical"));
    text(alerts, overview.alerts.length);
    alerts.setAttribute("aria-label", `${overview.alerts.length} active alerts`);
    shown?.view?.update?.(state);
}

function connected(how, why) {
    state.isLive = how === "live";
    connection.hidden = false;
    connection.className = `pill ${how}`;
    text(connection, state.isLive ? "Live" : "Reconnecting");
    connection.title = why ?? "A new value every second";
    document.body.classList.toggle("stale", !state.isLive);
}

function start() {
    navigation.hidden = leave.hidden = false;
    shown = null;
    for (const section of sections) section.view = undefined;
    route();
    stop?.();
    stop = follow(updated, connected);
}

// The token

function signIn(reason) {
    stop?.();
    stop = null;
    navigation.hidden = leave.hidden = connection.hidden = true;
    document.body.classList.remove("stale");
    document.title = "Duet";
    const input = h("input#token", { type: "password", autocomplete: "off", spellcheck: "false", required: true, placeholder: "eyJ…", "aria-describedby": "token-help" });
    const problem = h("p.problem", { role: "alert", hidden: !reason }, reason ?? "");
    const button = h("button.button.primary", { type: "submit" }, "Open");
    const form = h("form.sign-in",
        h("img.mark", { src: document.querySelector(".brand img").src, alt: "", width: 64, height: 64 }),
        h("h1", "Duet"),
        h("p", "The operator's page. It needs a token with the role ", h("strong", "admin"), "; the token stays in this tab."),
        h("label", { for: "token" }, "Token"), input, problem, button,
        h("p.note#token-help", "Where Duet runs: ", h("code", "duet token --role admin | tail -1")));
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        token.value = input.value.trim();
        button.disabled = true;
        try {
            await ask("GET", "/admin/alerts");
            start();
        } catch (error) {
            problem.hidden = false;
            text(problem, error.status === 0 ? error.message : error.status === 403 ? "This token has another role than admin." : error.message);
            token.value = null;
            button.disabled = false;
            input.select();
        }
    });
    main.replaceChildren(form);
    input.focus();
}
whenRefused((reason) => {
    if (!stop) return;
    token.value = null;
    signIn(reason ?? "The token is not valid any more.");
});
leave.append(icon("leave"));
leave.addEventListener("click", () => {
    token.value = null;
    signIn();
    toast("The token is forgotten.");
});

// Light and dark

const theme = document.getElementById("theme");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
function paint() { theme.replaceChildren(icon(isDark() ? "sun" : "moon")); }
function toggleTheme() {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem("duet-theme", document.documentElement.dataset.theme);
    paint();
}
const remembered = localStorage.getItem("duet-theme");
if (remembered) document.documentElement.dataset.theme = remembered;
theme.addEventListener("click", toggleTheme);
prefersDark.addEventListener("change", paint);
paint();

if (token.value) start(); else signIn();
