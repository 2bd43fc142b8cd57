// The API, and the token that it wants. The token stays in this tab.

const key = "duet-token";

export const token = {
    get value() { return sessionStorage.getItem(key); },
    set value(text) { text ? sessionStorage.setItem(key, text) : sessionStorage.removeItem(key); },
};

export class ApiError extends Error {
    constructor(status, message, detail) {
        super(message);
        this.status = status;
        this.detail = detail;
    }
}

let onRefused = () => {};
/** Called when the token is missing, has ended or has the wrong role. */
export function whenRefused(action) { onRefused = action; }

/** Asks the API: JSON in, JSON out. Throws an ApiError; its status is 0 when nobody answered. */
export async function ask(method, path, { body, signal } = {}) {
    const headers = { Authorization: `Bearer ${token.value}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
        response = await fetch(`/api/v1${path}`, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new ApiError(0, "The gateway does not answer.");
    }
    if (!response.ok) throw await failure(response);
    if (response.status === 204) return null;
    const value = await response.json();
    const cursor = response.headers.get("X-Next-Cursor");
    if (cursor && Array.isArray(value)) value.cursor = cursor;
    return value;
}

export const get = (path, options) => ask("GET", path, options);
export const post = (path, body, options) => ask("POST", path, { ...options, body });

async function failure(response) {
    const body = await response.json().catch(() => ({}));
    if (response.status === 401 || (response.status === 403 && /role/.test(body.error ?? ""))) onRefused(body.error);
    return new ApiError(response.status, body.error ?? `The answer was ${response.status}.`, body.detail);
}

/**
 * Follows the stream of overviews until stopped; connects anew by itself.
 * EventSource can't send a token, so this reads the events itself.
 */
export function follow(onOverview, onState) {
    const stop = new AbortController();
    let wait = 250;
    const run = async () => {
        while (!stop.signal.aborted && token.value) {
            try {
                const response = await fetch("/api/v1/admin/stream", {
                    headers: { Authorization: `Bearer ${token.value}`, Accept: "text/event-stream" }, signal: stop.signal, cache: "no-store",
                });
                if (!response.ok) throw await failure(response);
                const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
                let text = "";
                for (;;) {
                    const { value, done } = await silence(reader.read(), 6000);
                    if (done) break;
                    text += value;
                    let end;
                    while ((end = text.indexOf("\n\n")) >= 0) {
                        const data = text.slice(0, end).split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
                        text = text.slice(end + 2);
                        if (data.length) {
                            wait = 250;
                            onState("live");
                            onOverview(JSON.parse(data.join("\n")));
                        }
                    }
                }
            } catch (error) {
                if (stop.signal.aborted) return;
                onState("lost", error.message);
                await new Promise((resolve) => setTimeout(resolve, wait));
                wait = Math.min(5000, wait * 2);
            }
        }
    };
    run();
    return () => stop.abort();
}

/** A stream that says nothing for so long is as good as broken. */
function silence(promise, milliseconds) {
    let timer;
    const limit = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("The gateway has fallen silent.")), milliseconds);
    });
    return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
