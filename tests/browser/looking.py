"""One visit of a page, looked at in both widths and both themes: what was found, by the name of the check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, ViewportSize

AXE = Axe().axe_script
WIDE, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=740)
# What passed is counted, not described: describing it takes most of the time.
VIOLATIONS: dict[str, object] = {"resultTypes": ["violations"]}
# What a narrow page can break that a wide one of the same markup does not.
ON_A_PHONE = VIOLATIONS | {
    "runOnly": [
        "aria-hidden-focus", "avoid-inline-spacing", "css-orientation-lock", "empty-heading", "heading-order",
        "landmark-one-main", "link-in-text-block", "meta-viewport", "nested-interactive", "region",
        "scrollable-region-focusable", "target-size",
    ]
}  # fmt: skip
# What the dark theme changes is colours.
IN_THE_DARK = VIOLATIONS | {"runOnly": ["color-contrast", "link-in-text-block"]}

# Axe takes time with each element. Of brothers of one shape (elements, classes, states, names of attributes, where
# there is text and where none) it is shown two. Cells stay, as they belong to columns; so does what is referred to
# from outside.
THIN = """() => {
  const VALUES = new Set(["class", "role", "type", "style", "tabindex", "scope", "lang", "dir"]);
  const POINTS = ["for", "headers", "list", "form", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns",
                  "aria-activedescendant", "aria-details", "aria-errormessage"];
  const pointers = new Map();
  for (const name of POINTS)
    for (const one of document.querySelectorAll(`[${name}]`))
      for (const id of one.getAttribute(name).trim().split(/\\s+/))
        pointers.set(id, [...(pointers.get(id) ?? []), one]);
  const needed = (one) => [one, ...one.querySelectorAll("[id]")].some(
    (part) => (pointers.get(part.id) ?? []).some((from) => !one.contains(from)));
  const shape = (one) => {
    const seen = new Map();
    let inner = "";
    for (const child of [...one.children]) {
      const found = shape(child);
      const count = (seen.get(found) ?? 0) + 1;
      if (count > 2 && one.localName !== "tr" && !needed(child)) { child.remove(); continue; }
      seen.set(found, count);
      if (count <= 2) inner += found;
    }
    const says = [...one.attributes].map(({ name, value }) =>
      VALUES.has(name) || name.startsWith("aria-") && /^(true|false|page|mixed|step|date)$/.test(value)
        ? `${name}=${value}` : name + (value.trim() ? "" : "=")).sort().join(" ");
    const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) ? "text" : "";
    return `<${one.localName} ${says}>${text}${inner}</>`;
  };
  shape(document.body);
}"""
# Of the whole page, as thinning it might hide them.
IDS = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id), known = new Set(ids);
  const found = ids.filter((id, place) => ids.indexOf(id) !== place).map((id) => `#${id} twice`);
  for (const name of ["for", "headers", "list", "form", "aria-labelledby", "aria-describedby"])
    for (const one of document.querySelectorAll(`[${name}]`))
      for (const id of one.getAttribute(name).trim().split(/\\s+/))
        if (!known.has(id)) found.push(`${name}=${id} leads nowhere`);
  return found;
}"""
SIDEWAYS = "document.scrollingElement.scrollWidth > innerWidth"
# Of the first such row of a page: further ones lead on within it.
STAND = """(selector) => {
  const links = [...document.querySelectorAll(selector)], row = links[0]?.closest(".places, .ways, .views");
  return links.filter((one) => row.contains(one)).map((one) => one.getBoundingClientRect())
    .filter((box) => box.width).map((box) => [Math.round(box.x * 10) / 10, Math.round(box.width * 10) / 10]);
}"""
# Rows of links that lead from page to page.
ROWS_OF_LINKS = (".places a", ".ways a", ".views a[href*='calendar']")


@dataclass
class Found:
    """What visits found, by check: `(role, path, width, what)` each; and where rows of links stood."""

    sideways: list[object] = field(default_factory=list)
    axe: list[object] = field(default_factory=list)
    ids: list[object] = field(default_factory=list)
    refused: list[object] = field(default_factory=list)
    stand: dict[tuple[str, str, int], dict[str, list[list[float]]]] = field(default_factory=dict)


def axe(page: Page, options: dict[str, object] = VIOLATIONS) -> list[tuple[str, Any]]:
    """`(rule, element)` of what axe finds at `page`, at most three elements a rule."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE)
    found = page.evaluate("(options) => axe.run(options).then((all) => all.violations)", options)
    return [(one["id"], node["target"]) for one in found for node in one["nodes"][:3]]


@contextmanager
def complaints(page: Page) -> Iterator[list[tuple[str, str]]]:
    """What the browser complains about meanwhile, each with the address it is about."""
    said: list[tuple[str, str]] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append((message.text, message.location["url"]))

    def fail(error: Exception) -> None:
        said.append((str(error), ""))

    page.on("console", note)
    page.on("pageerror", fail)
    yield said
    page.remove_listener("console", note)
    page.remove_listener("pageerror", fail)


def look(page: Page, who: str, path: str, found: Found) -> None:
    """Go to `path` and note in `found` what is wrong with it, in each width and theme.

    It begins and ends on a phone, since each change of width draws the page again. What is folded by width is folded
    by styles alone: a page made wide is as one that was opened wide.
    """
    page.set_viewport_size(PHONE)
    with complaints(page) as said:
        page.goto(path)
        _note(page, who, path, found)
        page.set_viewport_size(WIDE)
        _note(page, who, path, found)
    # That a page itself is not there (404) is no complaint about it.
    own = ("Failed to load resource", page.url)
    found.refused += [(who, path, text) for text, about in said if (text[: len(own[0])], about) != own]
    found.ids += [(who, path, text) for text in page.evaluate(IDS)]
    page.evaluate(THIN)
    found.axe += [(who, path, "wide, light", *one) for one in axe(page)]
    page.emulate_media(color_scheme="dark")
    found.axe += [(who, path, "wide, dark", *one) for one in axe(page, IN_THE_DARK)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    found.axe += [(who, path, "phone, light", *one) for one in axe(page, ON_A_PHONE)]


def _note(page: Page, who: str, path: str, found: Found) -> None:
    width = page.evaluate("innerWidth")
    if page.evaluate(SIDEWAYS):
        found.sideways.append((who, path, width))
    for selector in ROWS_OF_LINKS:
        stand = page.evaluate(STAND, selector)
        if stand:
            found.stand.setdefault((who, selector, width), {})[path] = stand
