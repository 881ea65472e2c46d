"""Your own code in a real browser: run it, read its errors, use it as a start; and a server without a jail."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.visit import DRAWN, SECONDS, button, cards, leave_by, open_page, result, wait_until

from benchmarks.live import serve, server_process
from inits.experiments.pasted import PastedSpec

pytestmark = [pytest.mark.browser, pytest.mark.keras]

CHECKS = 90 * SECONDS  # the jail starts meanwhile
NO_COMPUTE = {"INITS_SCHEDULER": "tcp://127.0.0.1:9"}  # refused at once, so no compute process starts
AGREE = "Run my own code without a jail, in this session"
NO_JAIL = re.compile("there is no jail for Linux on riscv64")
LOUD = """\
print("**bold** <b>tag</b> $x$ :red[no]")

def helper(shape):
    raise ValueError("<img src=x onerror=alert(1)> **b** `c`")

def noisy(shape):
    return helper(shape)
"""
LOOP = "def f(shape):\n    while True: pass"
BY_HAND = re.compile(r"kernels are consistent with VarianceScaling\(scale=2\.0, .*untruncated_normal")
TINY = "def tiny(shape):\n    return np.random.normal(0.0, 0.02, shape)"


def link(source: str, name: str = "mine") -> str:
    return f"/custom?init={PastedSpec(name, source)}"


def choose(page: Page, example: str) -> None:
    page.get_by_role("combobox", name=re.compile("Example")).click()
    page.get_by_role("option", name=example, exact=True).click()


def wait_for_checks(page: Page) -> Page:
    expect(page.get_by_text("Checks", exact=True)).to_be_visible(timeout=CHECKS)
    return page


def test_examples_run_and_every_check_is_shown(page: Page, app: str) -> None:
    wait_for_checks(open_page(page, f"{app}/custom"))
    expect(page.locator("h1")).to_have_text("What does MyInitializer draw?")
    main = page.get_by_test_id("stMain")
    names = "Shape|Dtype|Finite|Same seed|Layers differ|Symmetry|Scale|Nearest distribution"
    expect(main.locator("strong", has_text=re.compile(f"^({names})$"))).to_have_text(names.split("|"))
    expect(main).to_contain_text(
        "3 of 3 kernels are consistent with RandomUniform(minval=-0.05, maxval=0.05)"
    )
    expect(page.locator(DRAWN).first).to_be_visible(timeout=60 * SECONDS)
    choose(page, "Class that ignores the shape")
    expect(page.locator("h1")).to_have_text("What does OneSize draw?")
    expect(page.get_by_text("3 of 3 kernels have another shape")).to_be_visible()
    expect(button(page, "Train it")).to_have_count(0)
    before, code = page.url, page.locator(".cm-content")
    code.click()
    page.keyboard.type("# mine")
    button(page, "Run").click()
    expect(page).not_to_have_url(before)
    expect(page.get_by_text("These results are for the previous code")).to_have_count(0)
    page.go_back()
    expect(code).not_to_contain_text("# mine")
    expect(page).to_have_url(before)
    page.reload()
    expect(page.locator("h1")).to_have_text("What does OneSize draw?", timeout=60 * SECONDS)


def test_what_code_prints_and_raises_is_shown_literally_with_its_own_lines(page: Page, app: str) -> None:
    open_page(page, app + link(LOUD, "noisy"))
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("noisy stopped in line 4")).to_be_visible(timeout=CHECKS)
    expect(main).to_contain_text("ValueError: <img src=x onerror=alert(1)> **b** `c`")
    expect(main).to_contain_text("**bold** <b>tag</b> $x$ :red[no]")
    assert main.locator("b, img[src=x], .katex").count() == 0
    expect(main.get_by_text("Line 7, in noisy")).to_be_visible()
    expect(main.get_by_text("Line 4, in helper")).to_be_visible()
    words = main.inner_text()
    assert "/site-packages/" not in words
    assert "child.py" not in words


def test_code_is_explored_and_trained_beside_an_initializer_of_keras(page: Page, app: str) -> None:
    wait_for_checks(open_page(page, app + link(TINY, "My tiny")))
    page.locator(".cm-content").click()
    page.keyboard.type("\n")
    page.get_by_test_id("stHeader").get_by_role("link", name="Lessons").click(
        delay=0
    )  # before the text is sent
    expect(page.locator("h1")).to_have_text("What would you like to find out?")
    assert page.url == f"{app}/lessons"
    wait_for_checks(open_page(page, f"{app}/custom?lesson=own"))
    page.locator(".cm-content").click()
    page.keyboard.type("# mine")
    button(page, "Next step").click()
    expect(page.locator("h1")).to_have_text("Which initializer should I use?")
    page.go_back()
    expect(page.locator(".cm-content")).to_contain_text("# mine")
    wait_for_checks(open_page(page, app + link(TINY, "My tiny")))
    leave_by(page, button(page, "Explore it").click)
    expect(page.locator("h1")).to_have_text("What does My tiny draw?")
    expect(page.locator(DRAWN).first).to_be_visible(timeout=60 * SECONDS)
    expect(page.get_by_text("RandomNormal(mean=0.0, stddev=0.02)").first).to_be_visible()
    page.get_by_text("A whole network", exact=True).click()
    expect(page.get_by_role("cell", name="128 × 10")).to_be_visible(timeout=20 * SECONDS)
    button(page, "Train it").click()
    expect(page.locator(".st-key-train-cards strong").last).to_have_text(
        re.compile("tiny"), timeout=20 * SECONDS
    )
    assert cards(page)[-1] == "My tiny"
    expect(page.locator("h1")).to_be_focused()
    button(page, "Edit").first.click()  # and it is offered for the other starts
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Initializer: usual values", exact=True).click()
    page.get_by_role("menuitem", name="My tiny (your code)").click()
    dialog.get_by_role("button", name="Save", exact=True).click()
    wait_until(page, lambda: cards(page)[0] == "1 My tiny")

    open_page(
        page, f"{app}/train?hidden=2x64&data=digits&seeds=2&starts=HeNormal;{PastedSpec('My tiny', TINY)}"
    )
    wait_until(page, lambda: cards(page) == ["HeNormal", "My tiny"])
    expect(page.locator(".st-key-train-cards img")).to_have_count(2)
    button(page, "Run").click()
    rows = {row["start"]: row for row in result(page)}
    assert set(rows) == {"HeNormal", "My tiny"}
    assert {row["outcome"] for row in rows.values()} == {"completed"}


def test_other_users_are_answered_while_a_loop_runs_and_after_the_jail_died(
    page: Page, new_tab: Page, app: str
) -> None:
    wait_for_checks(open_page(page, f"{app}/custom"))  # the jail is there
    open_page(new_tab, app + link(LOOP, "endless"))
    expect(new_tab.get_by_text("Running, at most 4 s.")).to_be_visible()
    choose(page, "He by hand")
    expect(page.get_by_text(BY_HAND)).to_be_visible()
    expect(new_tab.get_by_text("The code ran longer than 4 s and was stopped.")).to_be_visible()

    children = server_process(app).children()
    zygotes = [one for one in children if any("inits.sandbox.zygote" in word for word in one.cmdline())]
    assert zygotes
    for process in zygotes:
        process.kill()
    choose(page, "Class that ignores the shape")
    expect(page.get_by_text("3 of 3 kernels have another shape")).to_be_visible(timeout=CHECKS)


def test_without_a_jail_only_the_person_who_started_the_app_runs_their_own_code(
    page: Page, new_tab: Page, environ: dict[str, str], tmp_path: Path
) -> None:
    without = {**environ, **NO_COMPUTE, "PYTHONPATH": "tests/e2e/no_jail"}  # as on a machine without a jail
    output = tmp_path / "output.txt"
    with serve("app.py", environ=without, output=output) as address:
        (start,) = re.findall(r"^  (http\S+[?]token=\S+)$", output.read_text("utf-8"), re.M)
        assert start.startswith(f"{address}/custom?token=")
        other = new_tab
        for token, headers in (("x" * 32, {}), (start[-32:], {"X-Forwarded-For": "203.0.113.7"})):
            other.set_extra_http_headers(headers)
            open_page(other, address + link(TINY, "mine") + f"&token={token}")
            expect(other.get_by_text(NO_JAIL)).to_be_visible(timeout=20 * SECONDS)
            expect(other.get_by_text("open the address that the terminal")).to_have_count(0 if headers else 1)
            expect(button(other, AGREE)).to_have_count(0)
        button(other, "Run").click()
        expect(other.get_by_text(NO_JAIL)).to_be_visible(timeout=20 * SECONDS)

        open_page(page, start + link(TINY, "mine").replace("/custom?", "&"))
        button(page, AGREE).click(timeout=20 * SECONDS)
        assert "init=" in page.url
        assert "token" not in page.url  # nor is it in a copied link
        expect(page.get_by_text("Press Run to run this code.")).to_be_visible(timeout=20 * SECONDS)
        button(page, "Run").click()
        wait_for_checks(page)
        expect(page.get_by_text("RandomNormal(mean=0.0, stddev=0.02)").first).to_be_visible()
    assert output.read_text("utf-8").count("token=") == 1


@pytest.mark.parametrize(("path", "kept"), [("train", ""), ("explore?seed=3", "seed=3")])
def test_deep_links_open_first_on_a_new_server_and_an_operator_can_disable_code(
    page: Page, environ: dict[str, str], path: str, kept: str
) -> None:
    with serve("app.py", environ={**environ, **NO_COMPUTE, "INITS_CODE": "off"}) as address:
        open_page(page, f"{address}/{path}")
        expect(page.get_by_test_id("stTopNavLink").filter(has_text="Train")).to_be_visible()
        assert kept in page.url
        assert not page.get_by_text("Page not found").count()
        page.get_by_test_id("stHeader").get_by_role("link", name="Your code").click()
        expect(page.get_by_text("it is switched off on this server")).to_be_visible()
        expect(button(page, AGREE)).to_have_count(0)
