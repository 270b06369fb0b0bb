// Names after an @ are offered while somebody types a remark. The names are those of the select below; without script
// that is how somebody is asked.
const MOST = 8;

const wordBefore = (area) => {
  const before = area.value.slice(0, area.selectionStart);
  const at = before.lastIndexOf("@");
  if (at < 0 || /[\w.@/]/.test(before[at - 1] ?? "")) return null;
  const word = before.slice(at + 1);
  return word.length <= 40 && !word.includes("\n") ? { at, word } : null;
};

const offer = (area, index) => {
  const names = [...document.getElementById(area.dataset.mentions).options]
    .filter((option) => option.value)
    .map((option) => ({
      label: option.textContent.trim(),
      name: option.textContent.replace(/\s*\(.*\)\s*$/, "").trim(),
    }));
  const list = document.createElement("ul");
  list.className = "mention-list";
  list.id = `mentions-${index}`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "@");
  list.hidden = true;
  const status = document.createElement("p");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  area.after(list, status);
  area.setAttribute("aria-controls", list.id);
  area.setAttribute("aria-autocomplete", "list");
  let chosen = 0;

  const close = () => {
    list.hidden = true;
    list.replaceChildren();
    area.removeAttribute("aria-activedescendant");
  };
  const mark = (next) => {
    const items = [...list.children];
    chosen = (next + items.length) % items.length;
    items.forEach((item, place) => {
      item.setAttribute("aria-selected", String(place === chosen));
    });
    area.setAttribute("aria-activedescendant", items[chosen].id);
    items[chosen].scrollIntoView({ block: "nearest" });
  };
  const take = (name) => {
    const { at } = wordBefore(area);
    area.setRangeText(`@${name}`, at, area.selectionStart, "end");
    close();
    area.focus();
  };
  const update = () => {
    const found = wordBefore(area);
    const wanted = found?.word.toLowerCase();
    const fitting = found ? names.filter(({ name }) => name.toLowerCase().startsWith(wanted)).slice(0, MOST) : [];
    if (!fitting.length || (fitting.length === 1 && fitting[0].name.toLowerCase() === wanted)) {
      close();
      return;
    }
    list.replaceChildren(
      ...fitting.map(({ label, name }, place) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${place}`;
        item.setAttribute("role", "option");
        item.textContent = label;
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          take(name);
        });
        item.dataset.name = name;
        return item;
      }),
    );
    list.hidden = false;
    status.textContent = area.dataset.found.replace("{n}", String(fitting.length));
    mark(0);
  };

  area.addEventListener("input", update);
  area.addEventListener("blur", close);
  area.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(chosen + 1);
    else if (event.key === "ArrowUp") mark(chosen - 1);
    else if (event.key === "Enter" || event.key === "Tab") take(list.children[chosen].dataset.name);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
};

document.querySelectorAll("textarea[data-mentions]").forEach(offer);
