"""Uses the operator's page as a person would. See check-page.sh."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from playwright.sync_api import expect, sync_playwright

duet, store, empty, shots = sys.argv[1:5]
shots = pathlib.Path(shots)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SECTIONS = ["overview", "mesh", "models", "explorer", "data"]
checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        raise SystemExit(f"Not so: {what}")


def run(*arguments):
    return subprocess.run([duet, *arguments], check=True, text=True, capture_output=True).stdout


class Mesh:
    def __init__(self, folder):
        self.folder = folder
        self.base = json.loads(pathlib.Path(folder, "state.json").read_text())["places"]["address"]
        self.token = run("token", "--dir", folder, "--role", "admin").strip().splitlines()[-1]
        self.user = run("token", "--dir", folder, "--role", "user", "--sub", "1").strip().splitlines()[-1]

    def ask(self, path, body=None):
        request = urllib.request.Request(
            f"{self.base}/api/v1{path}", data=None if body is None else json.dumps(body).encode(), method="GET" if body is None else "POST",
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


def wait_for(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return check(True, what)
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.1)
    check(False, f"{what} within {seconds} s")


def number(text):
    return float(re.sub(r"[^0-9.\-]", "", text.replace("−", "-")) or "nan")


def open_page(browser, mesh, viewport=WIDE, scheme="light", signed_in=True):
    context = browser.new_context(viewport=viewport, color_scheme=scheme)
    if signed_in:
        context.add_init_script(f"sessionStorage.setItem('duet-token', '{mesh.token}')")
    page = context.new_page()
    page.faults = []
    page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(f"{mesh.base}/dashboard")
    return page


def go(page, section):
    page.locator(f'#sections a[href="#{section}"]').click()
    page.locator(f"#view-{section}").wait_for()


def agree(page):
    """Confirms what a dialog asks."""
    page.locator("dialog button[value=yes]").click()
    page.locator("dialog").wait_for(state="detached")


def traffic(mesh, seconds=3):
    """A little of everything, so that there is something to see."""
    end, user = time.monotonic() + seconds, 1
    while time.monotonic() < end:
        mesh.ask(f"/recommendations/users/{user % 40 + 1}/recommendations?limit=20")
        mesh.ask(f"/users/{user % 40 + 1}")
        user += 1


def signing_in(browser, mesh):
    page = open_page(browser, mesh, signed_in=False)
    page.locator("#token").fill("nonsense")
    page.keyboard.press("Enter")
    expect(page.locator(".sign-in .problem")).to_be_visible()
    page.locator("#token").fill(mesh.user)
    page.keyboard.press("Enter")
    expect(page.locator(".sign-in .problem")).to_contain_text("role")
    page.locator("#token").fill(mesh.token)
    page.keyboard.press("Enter")
    page.locator("#view-overview").wait_for()
    check(page.evaluate("Object.keys(localStorage).every(key => !localStorage[key].includes('eyJ'))"), "the token is in no lasting place")
    page.screenshot(path=shots / "overview-first.png")
    page.locator("#leave").click()
    expect(page.locator("#token")).to_be_focused()
    page.screenshot(path=shots / "sign-in.png")
    page.context.close()


def overview(browser, mesh):
    page = open_page(browser, mesh)
    traffic(mesh, 5)
    expect(page.locator("#connection")).to_have_text("Live")
    wait_for("traffic shows", lambda: number(page.locator("#tile-traffic .tile-value").inner_text()) > 0)
    traffic(mesh, 2)
    page.wait_for_timeout(1500)
    # The stream and the route tell the same: the look that both speak of is named by its time.
    shown = page.evaluate("""async () => {
        const answer = await (await fetch('/api/v1/admin/overview', { headers: { Authorization: `Bearer ${sessionStorage.getItem('duet-token')}` } })).json();
        await new Promise(resolve => setTimeout(resolve, 0));
        return { answer, tiles: Object.fromEntries([...document.querySelectorAll('#view-overview .tile')].map(tile => [tile.id, tile.querySelector('.tile-value').textContent])),
            routes: [...document.querySelectorAll('#view-overview tbody tr')].map(row => [...row.cells].map(cell => cell.textContent)) };
    }""")
    answer, tiles = shown["answer"], shown["tiles"]
    # A second may lie between the two; the window is ten.
    check(abs(number(tiles["tile-traffic"]) - answer["traffic"]["requests_per_second"]) <= 0.5 * answer["traffic"]["requests_per_second"] + 2, "the rate is the API's")
    check(abs(number(tiles["tile-hits"]) - 100 * answer["traffic"]["hit_rate"]) < 15, "the hit rate is the API's")
    check([row[0] for row in shown["routes"]][:2] == [route["route"] for route in answer["routes"]][:2], "the routes are the API's")
    check(len(page.locator("#view-overview .chip").all()) == len(answer["dependencies"]), "every dependency has a chip")
    # The crosshair by keyboard.
    page.locator(".chart-frame").first.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".chart-read").first).to_be_visible()
    page.screenshot(path=shots / "overview.png", full_page=True)
    check(not page.faults, f"no fault in the console: {page.faults}")
    page.context.close()


def mesh_section(browser, mesh):
    page = open_page(browser, mesh)
    go(page, "mesh")
    page.locator('.node[data-process="ranking-1"]').wait_for()
    answer = mesh.ask("/admin/overview")
    names = {node.get_attribute("data-process") for node in page.locator(".node[data-process]").all()}
    check(names == {process["name"] for process in answer["processes"]}, "every process has its node")
    # Details of one process.
    page.locator('.node[data-process="ranking-2"]').click()
    pid = next(process["pid"] for process in answer["processes"] if process["name"] == "ranking-2")
    expect(page.locator('[data-fact="pid"]')).to_have_text(str(pid))
    page.screenshot(path=shots / "mesh.png", full_page=True)
    # One more, then drain it, then one fewer from three.
    page.locator('[data-scale="ranking"][data-step="1"]').click()
    wait_for("a third ranking replica serves", lambda: sum(
        process["service"] == "ranking" and process["state"] == "serving" for process in mesh.ask("/admin/overview")["processes"]) == 3)
    page.locator('.node[data-process="ranking-3"]').wait_for()
    page.locator('.node[data-process="ranking-3"]').click()
    page.locator("[data-drain]").click()
    agree(page)
    wait_for("the drained replica is gone", lambda: all(process["name"] != "ranking-3" for process in mesh.ask("/admin/overview")["processes"]))
    expect(page.locator('.node[data-process="ranking-3"]')).to_have_count(0)
    page.locator('[data-scale="candidate"][data-step="1"]').click()
    wait_for("a third candidate replica serves", lambda: sum(
        process["service"] == "candidate" and process["state"] == "serving" for process in mesh.ask("/admin/overview")["processes"]) == 3)
    expect(page.locator(".service-candidate .replicas")).to_have_text("3")
    page.locator('[data-scale="candidate"][data-step="-1"]').click()
    page.locator("dialog button[value=no]").click()
    page.locator('[data-scale="candidate"][data-step="-1"]').click()
    agree(page)
    wait_for("two candidate replicas are left", lambda: sum(
        process["service"] == "candidate" for process in mesh.ask("/admin/overview")["processes"]) == 2)
    trail = [entry["action"] for entry in mesh.ask("/admin/audit?limit=10")]
    check("service.scale" in trail and "process.drain" in trail, "scaling and draining are written down")
    # Calls and links are those of the API.
    traffic(mesh, 1)
    page.wait_for_timeout(1500)
    answer = mesh.ask("/admin/overview")
    links = {tuple(row.locator("td").all_inner_texts()[:2]) for row in page.locator('[aria-label="How each process sees each replica"] tbody tr').all()}
    check(links == {(link["from"], link["to"]) for link in answer["links"]}, "who sees whom is the API's")
    # A process that hangs.
    victim = next(process for process in answer["processes"] if process["name"] == "ranking-2")
    os.kill(victim["pid"], signal.SIGSTOP)
    try:
        expect(page.locator('.node[data-process="ranking-2"]')).to_have_class(re.compile("bad"), timeout=10_000)
        page.locator('.node[data-process="ranking-1"]').click()
        page.screenshot(path=shots / "mesh-hangs.png", full_page=True)
        go(page, "overview")
        expect(page.locator(".alert", has_text="ProcessDown")).to_be_visible(timeout=20_000)
        expect(page.locator("#sections .count").first).to_be_visible()
        page.screenshot(path=shots / "overview-alert.png", full_page=True)
    finally:
        os.kill(victim["pid"], signal.SIGCONT)
    expect(page.locator(".alert", has_text="ProcessDown")).to_have_count(0, timeout=20_000)
    check(not page.faults, f"no fault in the console: {page.faults}")
    page.context.close()


def models(browser, mesh):
    page = open_page(browser, mesh)
    go(page, "models")
    known = mesh.ask("/admin/models")
    check(len(known) == 2, "there are two models")
    expect(page.locator(".model")).to_have_count(2)
    for index, model in enumerate(sorted(known, key=lambda model: not model["active"])):
        cell = page.locator('tr[data-measure="ndcg@10"] td').nth(index).inner_text()
        check(abs(number(cell) - model["metrics"]["ndcg@10"]) < 0.0001, "NDCG@10 is the registry's")
    expect(page.locator("svg.calibration circle")).to_have_count(
        sum(model["metrics"].get(f"calibration.{index}.count", 0) > 0 for model in known for index in range(20)))
    page.screenshot(path=shots / "models.png", full_page=True)
    other = next(model["version"] for model in known if not model["active"])
    active = next(model["version"] for model in known if model["active"])
    page.locator(f'[data-activate="{other}"]').click()
    agree(page)
    wait_for("the other model is active", lambda: next(model["version"] for model in mesh.ask("/admin/models") if model["active"]) == other)
    expect(page.locator(".model.active")).to_contain_text(other)
    page.locator("#rollback").click()
    agree(page)
    wait_for("the first is active again", lambda: next(model["version"] for model in mesh.ask("/admin/models") if model["active"]) == active)
    page.locator(".model input").first.uncheck()
    expect(page.locator(".compare thead th")).to_have_count(2)
    page.locator(".model input").first.check()
    check(not page.faults, f"no fault in the console: {page.faults}")
    page.context.close()


def explorer(browser, mesh):
    page = open_page(browser, mesh)
    page.locator("#view-overview").wait_for()
    page.keyboard.press("/")
    expect(page.locator("#who")).to_be_focused()
    name = mesh.ask("/users/7")["name"]
    page.locator("#who").fill(name)
    page.locator(".found a").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".card").first.wait_for()
    page.locator("#who").fill("7")
    page.keyboard.press("Enter")
    expect(page.locator(".person-head h3")).to_contain_text("7")
    page.locator(".card").nth(19).wait_for()
    # The page asks with explanations; a list without is the same list.
    answer = mesh.ask("/recommendations/users/7/recommendations/explain?limit=20")
    cards = page.locator(".card").all()
    check([int(card.get_attribute("data-id")) for card in cards] == [person["id"] for person in answer["recommendations"]], "the list is the API's")
    for card, person in zip(cards, answer["recommendations"]):
        ring = card.locator(".ring text").text_content()
        check(abs(number(ring) - 100 * person["match_score"]) <= 0.51, "each ring shows the API's probability")
        check(card.locator(".source").all_inner_texts() == person["sources"], "each card shows the API's sources")
        check(card.locator(".reasons").inner_text() == " · ".join(answer["explanations"][str(person["id"])]["reasons"]), "each card shows the API's reasons")
    cards[0].locator("summary").click()
    expect(cards[0].locator(".pushes li")).not_to_have_count(0)
    page.screenshot(path=shots / "explorer.png", full_page=True)
    # A like takes its person off the list and moves the others.
    gone = cards[0].get_attribute("data-id")
    cards[0].locator('[data-act="like"]').click()
    expect(page.locator(f'.card[data-id="{gone}"]')).to_have_count(0, timeout=10_000)
    check(any(interaction["target_user_id"] == int(gone) and interaction["interaction_type"] == "like" for interaction in mesh.ask("/interactions/user/7?limit=5")), "the like is in the log")
    for act in ["dislike", "super_like"]:
        card = page.locator(".card").first
        before = card.get_attribute("data-id")
        card.locator(f'[data-act="{act}"]').click()
        expect(page.locator(f'.card[data-id="{before}"]')).to_have_count(0, timeout=10_000)
    page.wait_for_timeout(600)
    page.screenshot(path=shots / "explorer-moved.png")
    page.locator(".list-tools select").select_option("50")
    expect(page.locator(".card")).to_have_count(len(mesh.ask("/recommendations/users/7/recommendations?limit=50")["recommendations"]))
    page.locator("#seen").check()
    page.wait_for_timeout(800)
    # Why not this person?
    for someone, sign in [(7, "themself"), (int(gone), "judged"), (10_000_000, "no person")]:
        page.locator("#whom").fill(str(someone))
        page.locator(".why button").click()
        expect(page.locator(".steps li").first).to_be_visible()
        told = page.locator(".steps").inner_text().lower()
        if page.request.get(f"{mesh.base}/api/v1/admin/why?user=7&target=1", headers={"Authorization": f"Bearer {mesh.token}"}).status == 404:
            check(sign in told, f"why not {someone} says {sign}: {told}")
    page.locator(".card a.name").first.click()
    page.wait_for_function("location.hash !== '#explorer/7'")
    page.goto(f"{mesh.base}/dashboard#explorer/10000000")
    expect(page.locator(".empty-title").first).to_contain_text("no person")
    # 404 is what was asked for.
    faults = [fault for fault in page.faults if "404" not in fault]
    check(not faults, f"no fault in the console: {faults}")
    page.context.close()


def data(browser, mesh):
    page = open_page(browser, mesh)
    go(page, "data")
    wait_for("people are counted", lambda: number(page.locator("#figure-people .tile-value").inner_text()) > 0)
    known = mesh.ask("/admin/figures")
    check(number(page.locator("#figure-people .tile-value").inner_text()) == known["people"], "the number of people is the API's")
    check(number(page.locator("#figure-interactions .tile-value").inner_text()) == known["interactions"], "the number of interactions is the API's")
    check(number(page.locator("#figure-matches .tile-value").inner_text()) == known["open_matches"], "the number of matches is the API's")
    wait_for("copies show", lambda: page.locator('[aria-label="Copies"] tbody tr').count() == 4)
    entries = mesh.ask("/admin/audit?limit=20")
    check(page.locator('[aria-label="Audit log"] tbody tr').count() == len(entries), "the audit log is the API's")
    if page.locator("#audit-more").is_visible():
        page.locator("#audit-more").click()
        expect(page.locator('[aria-label="Audit log"] tbody tr')).not_to_have_count(len(entries))
    page.locator("#flush").click()
    agree(page)
    expect(page.locator('[aria-label="Audit log"]')).to_contain_text("cache.flush")
    page.screenshot(path=shots / "data.png", full_page=True)
    check(not page.faults, f"no fault in the console: {page.faults}")
    page.context.close()


def everywhere(browser, mesh):
    """Both widths, both themes, by keyboard: nothing sticks out, everything is reached."""
    for viewport, size in [(WIDE, "wide"), (NARROW, "narrow")]:
        for scheme in ["light", "dark"]:
            page = open_page(browser, mesh, viewport, scheme)
            page.locator("#view-overview").wait_for()
            for index, section in enumerate(SECTIONS):
                page.keyboard.press(str(index + 1))
                page.locator(f"#view-{section}").wait_for()
                if section == "explorer":
                    page.evaluate("location.hash = 'explorer/3'")
                    page.locator(".card").first.wait_for()
                page.evaluate("document.activeElement.blur()")
                page.wait_for_timeout(1300)
                overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                check(overflow <= 0, f"{section} is no wider than {viewport['width']} px (by {overflow})")
                page.screenshot(path=shots / f"{section}-{size}-{scheme}.png", full_page=True)
            page.keyboard.press("t")
            check(page.evaluate("document.documentElement.dataset.theme") == ("dark" if scheme == "light" else "light"), "t changes the theme")
            page.keyboard.press("Tab")
            check(page.evaluate("document.activeElement !== document.body"), "Tab reaches something")
            check(not page.faults, f"no fault in the console: {page.faults}")
            page.context.close()


def nothing_there(browser, mesh):
    page = open_page(browser, mesh)
    for section in SECTIONS:
        go(page, section)
        page.wait_for_timeout(1300)
        page.screenshot(path=shots / f"empty-{section}.png", full_page=True)
    go(page, "models")
    expect(page.locator("#view-models")).to_contain_text("No model yet")
    go(page, "data")
    expect(page.locator("#figure-people .tile-value")).to_have_text("0")
    go(page, "explorer")
    page.locator("#who").fill("1")
    page.keyboard.press("Enter")
    expect(page.locator("#view-explorer")).to_contain_text("There is no person 1")
    faults = [fault for fault in page.faults if "404" not in fault]
    check(not faults, f"no fault in the console: {faults}")
    page.context.close()


def gone(browser, mesh):
    """The whole installation ends while the page is open, and comes back."""
    page = open_page(browser, mesh)
    expect(page.locator("#connection")).to_have_text("Live")
    run("down", "--dir", mesh.folder)
    expect(page.locator("#connection")).to_have_text("Reconnecting", timeout=15_000)
    go(page, "data")
    page.wait_for_timeout(500)
    page.screenshot(path=shots / "gone.png")
    port = mesh.base.rsplit(":", 1)[1]
    run("up", "--detach", "--dir", mesh.folder, "--port", port)
    expect(page.locator("#connection")).to_have_text("Live", timeout=20_000)
    page.context.close()


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    mesh = Mesh(store)
    for step in [signing_in, overview, mesh_section, models, explorer, data, everywhere]:
        step(browser, mesh)
        print(f"{step.__name__}: as the API says", flush=True)
    nothing_there(browser, Mesh(empty))
    print("an empty store: every section shows", flush=True)
    gone(browser, mesh)
    print("a gateway that goes and comes back: noticed", flush=True)
    browser.close()
print(f"{checks} passed, 0 failed")
