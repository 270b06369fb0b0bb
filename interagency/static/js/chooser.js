// Choosers: what is chosen stands as chips, and the input searches a list that comes once and is kept by the browser.
// Without this script names are typed, and what is chosen stands as ticks.

// As the search folds words: without accents, and with one of the Arabic letters that are written for each other.
const ALIKE = { ة: "ه", ى: "ي", ی: "ي", ٱ: "ا", ک: "ك" };
const fold = (text) =>
  text
    .normalize("NFKD")
    .replace(/[\p{M}\p{Cf}\u0640’']/gu, "")
    .replace(/[ةىیٱک]/g, (sign) => ALIKE[sign])
    .toLowerCase();

const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

const lists = new Map();
/** The groups of the list at `address`; choosers of one list read it once. */
const read = (address) => {
  if (!lists.has(address)) {
    const answer = fetch(address).then((response) => (response.ok ? response.json() : Promise.reject(response.status)));
    answer.catch(() => lists.delete(address));
    lists.set(address, answer);
  }
  return lists.get(address);
};

const enhance = (fieldset) => {
  const words = fieldset.dataset;
  const chips = fieldset.querySelector("[data-chips]");
  const box = fieldset.querySelector(".chooser-box");
  const search = box.querySelector("input");
  const title = fieldset.querySelector("legend").textContent.trim();
  const list = make("div", { className: "chooser-list", id: `${fieldset.id}-list`, hidden: true });
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", title);
  const browse = make("button", { type: "button", className: "quiet", textContent: words.browse });
  browse.setAttribute("aria-controls", list.id);
  const status = make("p", { className: "visually-hidden" });
  status.setAttribute("role", "status");
  const none = make("p", { className: "chooser-none", hidden: true, textContent: words.none });
  // What is on no list is proposed, where the list takes proposals.
  const propose = make("button", { type: "button", className: "propose", hidden: true });
  fieldset.querySelector("[data-how]").hidden = true;
  box.append(browse, list, status);
  let options = [];
  let groups = [];
  let labels = [];

  const chosen = () => [...chips.querySelectorAll("input")].filter((input) => input.name === words.name);
  const say = (text, name) => {
    status.textContent = text.replace("{n}", chips.children.length).replace("{name}", () => name);
  };
  // Chips stand in the order of the list, as the page shows them after saving.
  const arrange = () => {
    if (!options.length) return;
    const places = new Map(options.map((option, place) => [option.input.value, place]));
    const place = (chip) => {
      const { name, value } = chip.querySelector("input");
      return (name === words.name ? places.get(value) : null) ?? options.length;
    };
    const before = [...chips.children];
    const after = before.toSorted((one, other) => place(one) - place(other));
    if (after.some((chip, at) => chip !== before[at])) chips.replaceChildren(...after);
  };
  const changed = () => {
    arrange();
    const values = new Set(chosen().map((input) => input.value));
    for (const option of options) option.input.checked = values.has(option.input.value);
    for (const label of labels) label();
    fieldset.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // --- what is chosen ---
  const dress = (chip) => {
    const name = chip.textContent.trim();
    const remove = make("button", { type: "button", textContent: "×" });
    remove.setAttribute("aria-label", words.remove.replace("{name}", name));
    remove.addEventListener("click", () => {
      chip.remove();
      changed();
      say(words.removed, name);
      search.focus();
    });
    chip.querySelector("input").classList.add("visually-hidden");
    chip.querySelector("input").tabIndex = -1;
    chip.append(remove);
  };
  const add = (value, text, name = words.name) => {
    const input = make("input", { type: "checkbox", name, value, checked: true });
    const chip = make("li", { className: "chip" }, make("label", {}, input, make("span", { textContent: text })));
    chips.append(chip);
    dress(chip);
  };
  const addNew = (name) =>
    add(
      name,
      words.proposed.replace("{name}", () => name),
      words.unlisted,
    );
  const toggle = (option) => {
    const standing = chosen().find((input) => input.value === option.input.value);
    if (standing) standing.closest("li").remove();
    else add(option.input.value, option.name);
    changed();
    say(standing ? words.removed : words.added, option.name);
  };

  // --- the list ---
  // One press chooses a whole group, such as a section of the outcome document, or clears it again.
  const offerWhole = (node, group) => {
    const inside = options.filter((option) => node.contains(option.node));
    if (!words.chooseAll || inside.length < 2) return;
    const isWhole = () => inside.every((option) => option.input.checked);
    const button = make("button", { type: "button", className: "quiet whole" });
    button.addEventListener("click", () => {
      const clears = isWhole();
      const values = new Set(inside.map((option) => option.input.value));
      for (const input of chosen()) if (values.has(input.value)) input.closest("li").remove();
      if (!clears) for (const option of inside) add(option.input.value, option.name);
      changed();
      search.value = "";
      say(clears ? words.removed : words.added, group);
    });
    node.querySelector(".heading").append(button);
    labels.push(() => {
      button.textContent = `${isWhole() ? words.clearAll : words.chooseAll} (${inside.length})`;
      button.setAttribute("aria-label", `${button.textContent}: ${group}`);
    });
  };
  const draw = (content, within, above = "") => {
    const path = `${above} ${content.title}`;
    const node = make("div", {}, make("div", { className: "heading", textContent: content.title }));
    node.setAttribute("role", "group");
    node.setAttribute("aria-label", content.title);
    for (const [value, label, detail, more] of content.options) {
      const input = make("input", { type: "checkbox", value, tabIndex: -1 });
      const text = make("span", {}, make("strong", { textContent: label }));
      if (detail) text.append(" ", make("span", { className: "detail", textContent: detail }));
      const line = make("label", { className: "option" }, input, text);
      options.push({ node: line, input, name: label, text: fold(`${label} ${detail} ${more}`), above: fold(path) });
      node.append(line);
    }
    for (const inner of content.groups) {
      const sub = draw(inner, node, path);
      sub.classList.add("sub");
    }
    groups.unshift(node);
    within.append(node);
    offerWhole(node, content.title);
    return node;
  };
  let ready = null;
  const load = () => {
    ready ??= read(words.chooser)
      .then((content) => {
        for (const group of content) draw(group, list);
        list.append(none, propose);
        changed();
      })
      .catch(() => {
        ready = null;
        options = [];
        groups = [];
        labels = [];
        status.textContent = words.unread;
        status.className = "hint";
        throw new Error(words.unread);
      });
    return ready;
  };
  const visible = () => options.filter((option) => !option.node.hidden);
  const filter = () => {
    const asked = fold(search.value).split(/\s+/).filter(Boolean);
    // Under more than one heading the same choice is found once.
    const seen = new Set();
    for (const option of options) {
      // What stands above an option finds it too, by words long enough to mean something.
      const isAbove = (word) => word.length > 3 && option.above.includes(word);
      option.own = asked.every((word) => option.text.includes(word));
      const fits = asked.every((word) => option.text.includes(word) || isAbove(word));
      option.node.hidden = !fits || (asked.length > 0 && seen.has(option.input.value));
      if (fits) seen.add(option.input.value);
    }
    for (const group of groups) group.hidden = !group.querySelector(".option:not([hidden])");
    const shown = visible();
    none.hidden = shown.length > 0;
    propose.hidden = none.hidden || !words.unlisted;
    if (!propose.hidden) propose.textContent = words.propose.replace("{name}", () => search.value.trim());
    options.forEach((option) => {
      option.input.tabIndex = option === shown[0] ? 0 : -1;
    });
    list.scrollTop = 0;
    if (!asked.length) return;
    status.textContent = shown.length
      ? words.matches.replace("{n}", shown.length).replace("{name}", shown[0].name)
      : words.none;
  };
  const open = async () => {
    await load();
    filter();
    list.hidden = false;
    browse.setAttribute("aria-expanded", "true");
    browse.textContent = words.close;
  };
  const close = () => {
    list.hidden = true;
    browse.setAttribute("aria-expanded", "false");
    browse.textContent = words.browse;
  };
  const openQuietly = () => open().catch(() => {});
  close();

  // --- what people do ---
  search.addEventListener("input", openQuietly);
  search.addEventListener("click", openQuietly);
  browse.addEventListener("click", () => (list.hidden ? openQuietly() : close()));
  search.addEventListener("keydown", async (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      await openQuietly();
      (visible()[0]?.input ?? propose).focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      await openQuietly();
      const first = visible().find((option) => option.own) || visible()[0];
      if (!search.value.trim() || !first) return;
      if (!first.input.checked) toggle(first);
      search.value = "";
      close();
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      close();
      search.focus();
    } else if (step) {
      event.preventDefault();
      const shown = visible().map((option) => option.input);
      const next = shown[shown.indexOf(event.target) + step];
      (next || (step < 0 ? search : event.target)).focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.target.click();
    }
  });
  list.addEventListener("change", (event) => {
    event.stopPropagation();
    toggle(options.find((option) => option.input === event.target));
    if (search.value) {
      search.value = "";
      const place = event.target.getBoundingClientRect().top;
      filter();
      list.scrollTop += event.target.getBoundingClientRect().top - place;
    }
  });
  propose.addEventListener("click", () => {
    const names = search.value.split(";").map((name) => name.trim());
    for (const name of names.filter(Boolean)) addNew(name);
    changed();
    say(words.added, search.value.trim());
    search.value = "";
    close();
    search.focus();
  });
  // What is ticked in the list is no input of the form: the chips are.
  list.addEventListener("input", (event) => event.stopPropagation());
  fieldset.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !fieldset.contains(event.relatedTarget)) close();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!box.contains(event.target) && !list.hidden) close();
  });
  // A draft brings back what was chosen, also what is not drawn yet.
  fieldset.closest("form")?.addEventListener("draft", async (event) => {
    const wanted = event.detail.filter(([name]) => name === words.name).map(([, value]) => value);
    const names = new Map(
      chosen().map((input) => [input.value, input.closest("li").textContent.replace("×", "").trim()]),
    );
    if (wanted.some((value) => !names.has(value))) await load().catch(() => {});
    for (const option of options) names.set(option.input.value, option.name);
    chips.replaceChildren();
    for (const value of wanted) add(value, names.get(value) || value);
    for (const [name, value] of event.detail) if (name === words.unlisted) addNew(value);
    changed();
  });
  for (const chip of chips.children) dress(chip);
};

document.querySelectorAll("[data-chooser]").forEach(enhance);
