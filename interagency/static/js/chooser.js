// Choosers: an ordinary group of checkboxes, made searchable by typing. Without this script all boxes stand open.

const fold = (text) =>
  text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[’']/g, "")
    .toLowerCase();
const enhance = (fieldset) => {
  const list = fieldset.querySelector(".chooser-list");
  const options = [...list.querySelectorAll(".option")].map((node) => ({
    node,
    input: node.querySelector("input"),
    text: fold(`${node.textContent} ${node.dataset.search || ""}`),
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
  const unlisted = document.getElementById(fieldset.dataset.unlisted);
  const propose = document.createElement("button");
  propose.type = "button";
  propose.hidden = true;
  propose.addEventListener("click", () => {
    unlisted.value = [unlisted.value.trim(), search.value.trim()].filter(Boolean).join("\n");
    unlisted.closest("details").open = true;
    unlisted.dispatchEvent(new Event("input", { bubbles: true }));
    search.value = "";
    filter();
    unlisted.focus({ preventScroll: true });
    unlisted.scrollIntoView({ block: "center" });
  });
  if (unlisted) list.append(propose);
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
  };
  const changed = () => {
    showChosen();
    fieldset.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const filter = () => {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const option of options) {
      option.node.hidden = !words.every((word) => option.text.includes(word));
      shown += !option.node.hidden;
    }
    for (const group of groups) group.hidden = !group.querySelector(".option:not([hidden])");
    none.hidden = shown > 0;
    propose.hidden = none.hidden || !unlisted;
    if (unlisted) propose.textContent = fieldset.dataset.propose.replace("{name}", search.value.trim());
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
      const shown = visible();
      if (search.value && shown.length) {
        shown[0].checked = !shown[0].checked;
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
