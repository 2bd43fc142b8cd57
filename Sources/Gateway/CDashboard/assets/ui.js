// Small helpers: elements, numbers for people, dialogs, toasts.

const svgNamespace = "http://www.w3.org/2000/svg";

/** An element: h("p.note#id", { title: "…", onclick }, children…). */
export function h(selector, properties, ...children) {
    const [, tag, rest] = /^([a-z0-9]*)(.*)$/i.exec(selector);
    const element = document.createElement(tag || "div");
    return fill(element, rest, properties, children);
}

/** The same for SVG. */
export function s(selector, properties, ...children) {
    const [, tag, rest] = /^([a-zA-Z]*)(.*)$/.exec(selector);
    return fill(document.createElementNS(svgNamespace, tag), rest, properties, children);
}

function fill(element, rest, properties, children) {
    for (const part of rest.match(/[.#][^.#]+/g) ?? []) {
        if (part[0] === ".") element.classList.add(part.slice(1));
        else element.id = part.slice(1);
    }
    if (properties && (properties instanceof Node || Array.isArray(properties) || typeof properties !== "object")) {
        children.unshift(properties);
        properties = null;
    }
    for (const [name, value] of Object.entries(properties ?? {})) {
        if (value === undefined || value === null || value === false) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name === "style") Object.assign(element.style, value);
        else if (name === "dataset") Object.assign(element.dataset, value);
        else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

/** Sets text only where it differs, so that selections and readers are left in peace. */
export function text(element, value) {
    const string = String(value);
    if (element.textContent !== string) element.textContent = string;
}

/** Keeps a container's children in step with items: one child a key, made once, updated ever after. */
export function keyed(container, items, keyOf, make, update) {
    const old = container.children_ ?? new Map();
    const fresh = new Map();
    let previous = null;
    for (const item of items) {
        const key = keyOf(item);
        let element = old.get(key);
        if (!element) {
            element = make(item);
            element.dataset.key = key;
        }
        update?.(element, item);
        const place = previous ? previous.nextSibling : container.firstChild;
        if (element !== place) container.insertBefore(element, place);
        previous = element;
        fresh.set(key, element);
    }
    for (const [key, element] of old) if (!fresh.has(key)) element.remove();
    container.children_ = fresh;
}

// Numbers for people.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (value) => (value === null || value === undefined ? "–" : whole.format(value));
export const decimal = (value, digits = 1) => (value === null || value === undefined ? "–" : value.toFixed(digits));
export const percent = (value, digits = 1) => (value === null || value === undefined ? "–" : `${(value * 100).toFixed(digits)} %`);

/** Three digits that matter. */
export function milliseconds(value) {
    if (value === null || value === undefined) return "–";
    if (value >= 1000) return `${(value / 1000).toFixed(value >= 10000 ? 0 : 1)} s`;
    return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;
}

export function bytes(value) {
    if (value === null || value === undefined) return "–";
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
    return `${value >= 100 || unit === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

export function duration(seconds) {
    if (seconds === null || seconds === undefined) return "–";
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 90) return `${Math.round(seconds)} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
    return `${Math.round(seconds / 86400)} d`;
}

export const ago = (time) => (time ? `${duration(Math.max(0, (Date.now() - new Date(time)) / 1000))} ago` : "never");

export const moment = (time) =>
    time ? new Date(time).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" }) : "–";

/** snake_case as words. */
export const words = (name) => name.replace(/[_.]/g, " ");

// Panels, states, actions.

export const panel = (title, note, ...content) =>
    h("section.panel", { "aria-label": title },
        h("header.panel-head", h("h2", title), note instanceof Node ? note : note ? h("p.note", note) : null), ...content);

export const empty = (title, advice) => h("div.empty", h("p.empty-title", title), advice ? h("p", advice) : null);

export const badge = (kind, label) => h(`span.badge.${kind}`, label);

export function toast(message, kind = "good") {
    const element = h(`div.toast.${kind}`, { role: kind === "bad" ? "alert" : "status" }, message);
    document.getElementById("toasts").append(element);
    setTimeout(() => element.classList.add("going"), 4500);
    setTimeout(() => element.remove(), 5000);
}

/** Asks before something that others feel. Resolves to whether it shall be done. */
export function confirm(title, explanation, action, kind = "primary") {
    return new Promise((resolve) => {
        const dialog = h("dialog.confirm", { "aria-label": title },
            h("form", { method: "dialog" }, h("h2", title), h("p", explanation),
                h("div.actions",
                    h("button.button", { value: "no", autofocus: kind === "danger" }, "Leave it"),
                    h(`button.button.${kind}`, { value: "yes", autofocus: kind !== "danger" }, action))));
        dialog.addEventListener("close", () => {
            resolve(dialog.returnValue === "yes");
            dialog.remove();
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}

/** Runs an action of a button: busy meanwhile, its failure shown. Returns what it returned; undefined if it failed. */
export async function busy(button, action) {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
        return await action();
    } catch (error) {
        if (error.name !== "AbortError") toast(error.message, "bad");
        return undefined;
    } finally {
        button.disabled = false;
        button.removeAttribute("aria-busy");
    }
}

/** A table whose rows are kept: columns are { title, value(row) → text or node, number?, hide? }. */
export function table(caption, columns) {
    const body = h("tbody");
    const element = h("div.table-frame", { tabindex: "0", role: "region", "aria-label": caption },
        h("table", h("caption.visually-hidden", caption),
            h("thead", h("tr", columns.map((column) => h(`th${column.number ? ".number" : ""}`, { scope: "col" }, column.title)))), body));
    element.update = (rows, keyOf) => keyed(body, rows, keyOf,
        () => h("tr", columns.map((column) => h(`td${column.number ? ".number" : ""}`))),
        (line, row) => columns.forEach((column, index) => {
            const value = column.value(row);
            const cell = line.children[index];
            if (value instanceof Node) {
                if (cell.firstChild?.isEqualNode?.(value)) return;
                cell.replaceChildren(value);
            } else text(cell, value);
        }));
    return element;
}

const icons = {
    overview: "M3 13h4l3-8 4 14 3-9 2 3h2",
    mesh: "M6 6m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0M18 6m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0M12 18m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0M9 6h6M7.5 8.6l3 6.8M16.500 8.600l-3 6.800",
    models: "M4 20V10M10 20V4M16 20v-7M22 20H2",
    explorer: "M10.500 10.500m-6.500 0a6.500 6.500 0 1 0 13 0a6.500 6.500 0 1 0-13 0M15.500 15.500L21 21",
    data: "M4 6c0-1.700 3.600-3 8-3s8 1.300 8 3-3.600 3-8 3-8-1.300-8-3M4 6v12c0 1.700 3.600 3 8 3s8-1.300 8-3V6M4 12c0 1.700 3.600 3 8 3s8-1.300 8-3",
    sun: "M12 12m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 2v2M12 20v2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M2 12h2M20 12h2M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400",
    moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500",
    leave: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
    up: "M12 19V5M6 11l6-6 6 6",
    heart: "M12 20S4 15 4 9.200C4 6.300 6.200 4.500 8.300 4.500c1.700 0 3 .9 3.700 2.300.7-1.400 2-2.300 3.700-2.300 2.100 0 4.300 1.800 4.300 4.700C20 15 12 20 12 20",
    star: "M12 3.500l2.600 5.500 6 .8-4.400 4.100 1.100 6L12 17l-5.300 2.900 1.100-6L3.400 9.800l6-.8z",
    pass: "M6 6l12 12M18 6L6 18",
};

export const icon = (name) =>
    s("svg.icon", { viewBox: "0 0 24 24", width: 20, height: 20, fill: "none", stroke: "currentColor", "stroke-width": 1.8,
        "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" }, s("path", { d: icons[name] }));
