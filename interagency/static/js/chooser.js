// Choosers: an ordinary group of checkboxes, made searchable by typing. Without this script all boxes stand open.

const fold = (text) =>
  text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[’']/g, "")
    .toLowerCase();
const enhance = (fieldset) => {
  const list = fieldset.querySelector(".chooser-list");
  // What stands above an option finds it too, by words long enough to mean something.
  const above = (node) => {
    const group = node.parentElement.closest("[data-group]");
    return group ? `${group.getAttribute("aria-label")} ${above(group)}` : "";
  };
  const options = [...list.querySelectorAll(".option")].map((node) => ({
    node,
    input: node.querySelector("input"),
    text: fold(`${node.textContent} ${node.dataset.search || ""}`),
    above: fold(above(node)),
    name: node.dataset.name,
  }));
  const groups = [...list.querySelectorAll("[data-group]")].reverse();
  const search = document.createElement("input");
  search.type = "search";
  search.className = "chooser-search";
  search.autocomplete = "off";
  search.spellcheck = false;
  search.placeholder = fieldset.dataset.placeholder || "";
  search.setAttribute(
    "aria-label",
    `${fieldset.dataset.searchLabel}: ${fieldset.querySelector("legend").textContent.trim()}`,
  );
  const chips = document.createElement("ul");
  chips.className = "chips";
  const status = document.createElement("p");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  const none = document.createElement("p");
  none.className = "chooser-none";
  none.hidden = true;
  none.textContent = fieldset.dataset.none;
  list.before(chips, search, status);
  list.append(none);
  // One press chooses a whole group, such as a section of the outcome document, or clears it again.
  const wholes = fieldset.dataset.chooseAll
    ? groups.filter((group) => group.querySelectorAll(".option").length > 1)
    : [];
  const labels = wholes.map((group) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet whole";
    const boxes = [...group.querySelectorAll(".option input")];
    const isWhole = () => boxes.every((box) => box.checked);
    button.addEventListener("click", () => {
      const checked = !isWhole();
      for (const box of boxes) box.checked = checked;
      changed();
    });
    group.querySelector(".heading").append(button);
    return () => {
      button.textContent = `${isWhole() ? fieldset.dataset.clearAll : fieldset.dataset.chooseAll} (${boxes.length})`;
      button.setAttribute("aria-label", `${button.textContent}: ${group.getAttribute("aria-label")}`);
    };
  });
  const showChosen = () => {
    const chosen = options.filter((option) => option.input.checked);
    chips.replaceChildren(
      ...chosen.map((option) => {
        const item = document.createElement("li");
        item.className = "chip";
        item.append(option.name);
        const remove = document.createElement("button");
        remove.type = "button";
        remove.textContent = "×";
        remove.setAttribute("aria-label", `${fieldset.dataset.remove} ${option.name}`);
        remove.addEventListener("click", () => {
          option.input.checked = false;
          changed();
          search.focus();
        });
        item.append(remove);
        return item;
      }),
    );
    status.textContent = `${chosen.length} ${fieldset.dataset.chosen}`;
    for (const label of labels) label();
  };
  const changed = () => {
    showChosen();
    fieldset.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const filter = () => {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const option of options) {
      option.own = words.every((word) => option.text.includes(word));
      option.node.hidden = !words.every(
        (word) => option.text.includes(word) || (word.length > 3 && option.above.includes(word)),
      );
      shown += !option.node.hidden;
    }
    for (const group of groups) group.hidden = !group.querySelector(".option:not([hidden])");
    none.hidden = shown > 0;
    list.scrollTop = 0;
  };
  const visible = () => options.filter((option) => !option.node.hidden).map((option) => option.input);
  search.addEventListener("input", (event) => {
    event.stopPropagation();
    filter();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      visible()[0]?.focus();
    }
    if (event.key === "Enter") {
      event.preventDefault();
      const first = options.find((option) => option.own) || options.find((option) => !option.node.hidden);
      if (search.value && first) {
        first.input.checked = !first.input.checked;
        changed();
        search.select();
      }
    }
    if (event.key === "Escape" && search.value) {
      event.preventDefault();
      search.value = "";
      filter();
    }
  });
  list.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.value = "";
      filter();
      search.focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const shown = visible();
      const next = shown[shown.indexOf(event.target) + step];
      (next || (step < 0 ? search : event.target)).focus();
    }
    if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
      event.target.click();
    }
  });
  list.addEventListener("change", showChosen);
  showChosen();
};
document.querySelectorAll("[data-chooser]").forEach(enhance);
