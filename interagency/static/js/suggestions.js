// What an input suggests comes when somebody goes to it, not with the page.
const read = async (list) => {
  const lines = await (await fetch(list.dataset.suggestions)).json();
  list.replaceChildren(...lines.map((line) => Object.assign(document.createElement("option"), { value: line })));
};

for (const list of document.querySelectorAll("datalist[data-suggestions]")) {
  for (const input of document.querySelectorAll(`input[list="${list.id}"]`)) {
    input.addEventListener("focus", () => list.options.length || read(list).catch(() => {}), { once: true });
  }
}
