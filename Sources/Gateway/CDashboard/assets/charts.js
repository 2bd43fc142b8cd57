// Charts drawn as SVG: lines over time, sparks, bars, calibration. Colours come from classes, so that both themes fit.

import { h, s, text } from "./ui.js";

/** A round number at or above value: 1, 2, 2.5 or 5 times a power of ten. */
function ceiling(value) {
    if (!(value > 0)) return 1;
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999999);
}

/** Breaks a line where there is nothing to draw. */
function path(points) {
    let command = "M";
    let result = "";
    for (const [x, y] of points) {
        if (y === null) { command = "M"; continue; }
        result += `${command}${x.toFixed(1)} ${y.toFixed(1)}`;
        command = "L";
    }
    return result;
}

/** What lies under a line, piece by piece: nothing where there is no line. */
function areas(points, floor) {
    const pieces = [[]];
    for (const point of points) point[1] === null ? pieces.push([]) : pieces.at(-1).push(point);
    return pieces.filter((piece) => piece.length > 1)
        .map((piece) => `${path(piece)}L${piece.at(-1)[0].toFixed(1)} ${floor}L${piece[0][0].toFixed(1)} ${floor}Z`).join("");
}

/**
 * Lines over time with a crosshair. `series`: { name, tone, value(point) → number or null }.
 * Pointer and arrow keys move the crosshair; what it shows is also told to screen readers.
 */
export function timeChart(title, { series, format, area = false, height = 190, minimum = 1 }) {
    const svg = s("svg.chart", { role: "img", "aria-label": title, height });
    const read = h("output.chart-read", { "aria-live": "off" });
    const legend = h("div.legend", series.map((line) => h(`span.key.tone-${line.tone}`, line.name)));
    const frame = h("div.chart-frame", { tabindex: "0", role: "group", "aria-label": `${title}. Arrow keys read values.` }, svg, read);
    let points = [];
    let index = null;
    let shape = null;

    function draw() {
        const width = frame.clientWidth;
        if (!width) return;
        const margin = { left: 54, right: 8, top: 10, bottom: 22 };
        const end = points.length ? new Date(points.at(-1).time).getTime() : Date.now();
        const first = points.length ? new Date(points[0].time).getTime() : end;
        const start = Math.min(first, end - 60_000);
        const values = points.flatMap((point) => series.map((line) => line.value(point))).filter((value) => value !== null);
        const top = ceiling(Math.max(minimum, ...values) * 1.02);
        const x = (time) => margin.left + ((time - start) / (end - start)) * (width - margin.left - margin.right);
        const y = (value) => height - margin.bottom - (value / top) * (height - margin.top - margin.bottom);
        shape = { x, y, width };
        svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
        svg.setAttribute("width", width);
        const parts = [];
        for (const share of [0, 0.25, 0.5, 0.75, 1]) {
            parts.push(s(`line.grid${share === 0 ? ".base" : ""}`, { x1: margin.left, x2: width - margin.right, y1: y(top * share), y2: y(top * share) }));
            if (share !== 0.25 && share !== 0.75)
                parts.push(s("text.tick", { x: margin.left - 8, y: y(top * share) + 4, "text-anchor": "end" }, format(top * share)));
        }
        const span = end - start;
        const step = [15, 30, 60, 120, 300].map((seconds) => seconds * 1000).find((size) => span / size <= Math.max(2, width / 110)) ?? 300_000;
        for (let time = Math.ceil(start / step) * step; time <= end; time += step) {
            const label = new Date(time).toLocaleTimeString("en-GB", step < 60_000 ? {} : { hour: "2-digit", minute: "2-digit" });
            const place = x(time);
            if (place > margin.left + 14 && place < width - 24) parts.push(s("text.tick", { x: place, y: height - 5, "text-anchor": "middle" }, label));
        }
        for (const line of series) {
            const drawn = points.map((point) => {
                const value = line.value(point);
                return [x(new Date(point.time).getTime()), value === null ? null : y(value)];
            });
            if (area) parts.push(s(`path.area.tone-${line.tone}`, { d: areas(drawn, y(0)) }));
            parts.push(s(`path.line.tone-${line.tone}`, { d: path(drawn) }));
            const last = drawn.at(-1);
            if (last && last[1] !== null) parts.push(s(`circle.dot.tone-${line.tone}`, { cx: last[0], cy: last[1], r: 3 }));
        }
        parts.push(s("line.cross", { y1: margin.top, y2: height - margin.bottom }));
        svg.replaceChildren(...parts);
        show();
    }

    function show() {
        const cross = svg.querySelector(".cross");
        if (!cross) return;
        const point = index === null ? null : points[Math.min(index, points.length - 1)];
        cross.style.display = point ? "" : "none";
        read.hidden = !point;
        if (!point) return;
        const place = shape.x(new Date(point.time).getTime());
        cross.setAttribute("x1", place);
        cross.setAttribute("x2", place);
        read.replaceChildren(h("strong", new Date(point.time).toLocaleTimeString("en-GB")),
            ...series.map((line) => {
                const value = line.value(point);
                return h(`span.key.tone-${line.tone}`, `${line.name} ${value === null ? "–" : format(value)}`);
            }));
        const left = Math.min(Math.max(4, place + 12), shape.width - read.offsetWidth - 4);
        read.style.left = `${place > shape.width / 2 ? Math.max(4, place - read.offsetWidth - 12) : left}px`;
    }

    frame.addEventListener("pointermove", (event) => {
        if (!points.length || !shape) return;
        const at = event.clientX - frame.getBoundingClientRect().left;
        let nearest = 0;
        points.forEach((point, place) => {
            const distance = (candidate) => Math.abs(shape.x(new Date(candidate.time).getTime()) - at);
            if (distance(point) < distance(points[nearest])) nearest = place;
        });
        index = nearest;
        show();
    });
    frame.addEventListener("pointerleave", () => { index = null; show(); });
    frame.addEventListener("blur", () => { index = null; read.setAttribute("aria-live", "off"); show(); });
    frame.addEventListener("keydown", (event) => {
        const move = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[event.key];
        if (move === undefined || !points.length) return;
        event.preventDefault();
        read.setAttribute("aria-live", "polite");
        index = Math.min(points.length - 1, Math.max(0, (index ?? points.length - 1) + move));
        show();
    });
    new ResizeObserver(draw).observe(frame);
    const element = h("div.time-chart", legend, frame);
    element.update = (values) => { points = values; draw(); };
    return element;
}

/** A line without axes, as wide as its frame. */
export function spark(tone) {
    const svg = s(`svg.spark`, { viewBox: "0 0 120 32", preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.update = (values) => {
        const known = values.filter((value) => value !== null);
        if (known.length < 2) { svg.replaceChildren(); return; }
        const top = Math.max(...known) || 1;
        const drawn = values.map((value, place) => [(place / (values.length - 1)) * 120, value === null ? null : 30 - (value / top) * 27]);
        svg.replaceChildren(
            s(`path.area.tone-${tone}`, { d: areas(drawn, 32) }),
            s(`path.line.tone-${tone}`, { d: path(drawn), "vector-effect": "non-scaling-stroke" }));
    };
    return svg;
}

/** Bars with a label before and a value behind: { label, value, note?, tone?, part? }; part of a bar may be filled in full. */
export function bars(title, { format, limit }) {
    const list = h("ul.bars", { "aria-label": title });
    list.update = (items) => {
        const top = limit ?? Math.max(1e-12, ...items.map((item) => Math.abs(item.value)));
        const old = new Map([...list.children].map((line) => [line.dataset.key, line]));
        list.replaceChildren(...items.map((item) => {
            const line = old.get(item.label) ?? h("li", { dataset: { key: item.label } },
                h("span.bar-label"), h("span.bar-track", h("span.bar-fill"), h("span.bar-part")), h("span.bar-value"));
            const [label, track, value] = line.children;
            text(label, item.label);
            label.title = item.note ?? item.label;
            track.firstChild.className = `bar-fill tone-${item.tone ?? "teal"}${item.part === undefined ? "" : " faint"}`;
            track.firstChild.style.width = `${(100 * Math.min(1, Math.abs(item.value) / top)).toFixed(2)}%`;
            track.lastChild.className = `bar-part tone-${item.tone ?? "teal"}`;
            track.lastChild.style.width = item.part === undefined ? "0" : `${(100 * Math.min(1, item.part / top)).toFixed(2)}%`;
            text(value, format(item.value, item));
            return line;
        }));
    };
    return list;
}

/** Contributions that push a score up or down from its middle. */
export function pushes(items, format) {
    const top = Math.max(1e-9, ...items.map((item) => Math.abs(item.value)));
    return h("ul.pushes", items.map((item) => {
        const width = `${(50 * Math.abs(item.value) / top).toFixed(2)}%`;
        return h("li", h("span.bar-label", { title: item.label }, item.label),
            h("span.push-track", h(`span.push.${item.value >= 0 ? "up" : "down"}`, { style: { width } })),
            h("span.bar-value", format(item.value)));
    }));
}

/** Predicted against observed shares: on the diagonal a probability means what it says. `bins`: { predicted, observed, count }. */
export function calibration(models) {
    const [size, margin] = [320, 48];
    const place = (value) => margin + value * (size - 2 * margin);
    const known = models.flatMap((model) => model.bins);
    const top = Math.min(1, Math.ceil(10 * Math.max(0.1, ...known.flatMap((bin) => [bin.predicted, bin.observed]))) / 10);
    const x = (value) => place(value / top);
    const y = (value) => size - place(value / top);
    const parts = [];
    for (const share of [0, 0.5, 1]) {
        const value = share * top;
        parts.push(s("line.grid", { x1: x(0), x2: x(top), y1: y(value), y2: y(value) }),
            s("text.tick", { x: x(0) - 6, y: y(value) + 4, "text-anchor": "end" }, `${Math.round(value * 100)}%`),
            s("text.tick", { x: x(value), y: size - margin + 18, "text-anchor": "middle" }, `${Math.round(value * 100)}%`));
    }
    parts.push(s("line.diagonal", { x1: x(0), y1: y(0), x2: x(top), y2: y(top) }),
        s("text.tick", { x: size / 2, y: size - 8, "text-anchor": "middle" }, "predicted"),
        s("text.tick", { x: 10, y: size / 2, "text-anchor": "middle", transform: `rotate(-90 10 ${size / 2})` }, "observed"));
    const most = Math.max(1, ...known.map((bin) => bin.count));
    for (const model of models) {
        const bins = model.bins.filter((bin) => bin.count > 0);
        parts.push(s(`path.line.tone-${model.tone}`, { d: path(bins.map((bin) => [x(bin.predicted), y(bin.observed)])) }),
            ...bins.map((bin) => s(`circle.point.tone-${model.tone}`, { cx: x(bin.predicted), cy: y(bin.observed), r: 2 + 3 * Math.sqrt(bin.count / most) },
                s("title", `${model.name}: predicted ${(bin.predicted * 100).toFixed(1)} %, observed ${(bin.observed * 100).toFixed(1)} % of ${bin.count}`))));
    }
    return s("svg.calibration", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": "Calibration: predicted against observed shares" }, parts);
}

/** Columns by day, stacked: `parts`: { name, tone, value(day) }. */
export function days(title, { parts, height = 180 }) {
    const svg = s("svg.chart", { role: "img", "aria-label": title, height });
    const frame = h("div.chart-frame", svg);
    let items = [];
    function draw() {
        const width = frame.clientWidth;
        if (!width || !items.length) { svg.replaceChildren(); return; }
        const margin = { left: 46, right: 4, top: 8, bottom: 20 };
        const sum = (day) => parts.reduce((total, part) => total + part.value(day), 0);
        const top = ceiling(Math.max(1, ...items.map(sum)));
        const slot = (width - margin.left - margin.right) / items.length;
        const y = (value) => height - margin.bottom - (value / top) * (height - margin.top - margin.bottom);
        svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
        svg.setAttribute("width", width);
        const drawn = [];
        for (const share of [0, 0.5, 1])
            drawn.push(s("line.grid", { x1: margin.left, x2: width, y1: y(top * share), y2: y(top * share) }),
                s("text.tick", { x: margin.left - 8, y: y(top * share) + 4, "text-anchor": "end" }, new Intl.NumberFormat("en", { notation: "compact" }).format(top * share)));
        const every = Math.ceil(items.length / Math.max(2, width / 90));
        items.forEach((day, index) => {
            let base = 0;
            const left = margin.left + index * slot + slot * 0.15;
            const group = s("g", s("title", `${day.day}: ${parts.map((part) => `${part.value(day).toLocaleString("en")} ${part.name}`).join(", ")}`));
            for (const part of parts) {
                const value = part.value(day);
                const [from, to] = [y(base), y(base + value)];
                if (value > 0) group.append(s(`rect.column.tone-${part.tone}`, { x: left, width: Math.max(1, slot * 0.7), y: to, height: Math.max(0.5, from - to), rx: Math.min(2, slot * 0.2) }));
                base += value;
            }
            drawn.push(group);
            if (index % every === 0)
                drawn.push(s("text.tick", { x: left + slot * 0.35, y: height - 4, "text-anchor": "middle" }, day.day.slice(5).replace("-", "/")));
        });
        svg.replaceChildren(...drawn);
    }
    new ResizeObserver(draw).observe(frame);
    const element = h("div.time-chart", h("div.legend", parts.map((part) => h(`span.key.tone-${part.tone}`, part.name))), frame);
    element.update = (values) => { items = values; draw(); };
    return element;
}
