// Small comforts; every page works without them.
(() => {
  const root = document.documentElement;
  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const store = (key, value) => {
    try {
      value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value);
    } catch {
      /* private mode */
    }
  };

  const theme = stored("theme");
  if (theme) root.dataset.theme = theme;
  document.querySelectorAll("[data-theme-toggle]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      store("theme", root.dataset.theme);
    });
  });

  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.querySelector(button.dataset.copy);
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        document.execCommand("copy");
      }
      button.textContent = button.dataset.done;
    });
  });

  // What a typed date is read as, shown beside the field before saving.
  document.querySelectorAll("[data-date]").forEach((input) => {
    const words = document.getElementById(input.dataset.words);
    const read = document.getElementById(input.dataset.read);
    let last = input.value;
    const ask = async () => {
      if (input.value === last) return;
      last = input.value;
      const answer = await (await fetch(`${input.dataset.date}?text=${encodeURIComponent(last)}`)).json();
      if (input.value !== last) return;
      read.value = answer.code || "";
      words.textContent = answer.message || answer.words || "";
      words.classList.toggle("unread", Boolean(answer.message));
    };
    let timer;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => ask().catch(() => {}), 250);
    });
  });

  // The next dates of a repetition, and what stands in the way, while an event is planned.
  document.querySelectorAll("[data-preview]").forEach((box) => {
    const form = box.closest("form");
    const names = [
      "segments",
      "timezone",
      "repeats",
      "repeat_every",
      "repeat_count",
      "repeat_until",
      "city",
      "meant_for",
    ];
    const fill = (list, items) =>
      list.replaceChildren(
        ...items.map((text) => {
          const item = document.createElement("li");
          item.textContent = text;
          return item;
        }),
      );
    const ask = async () => {
      const query = new URLSearchParams(names.map((name) => [name, form.elements[name]?.value || ""]));
      query.set("event", box.dataset.event || "");
      const answer = await (await fetch(`${box.dataset.preview}?${query}`)).json();
      fill(box.querySelector("[data-dates]"), answer.dates);
      fill(box.querySelector("[data-clashes]"), answer.clashes);
      box.querySelector("h2").hidden = !answer.dates.length;
      box.querySelector("[data-clash-heading]").hidden = !answer.clashes.length;
      box.hidden = !answer.dates.length && !answer.clashes.length;
    };
    let timer;
    form.addEventListener("input", (event) => {
      if (names.includes(event.target.name)) {
        clearTimeout(timer);
        timer = setTimeout(() => ask().catch(() => {}), 300);
      }
    });
    if (form.elements.segments?.value) ask().catch(() => {});
  });

  // A line from a list put under the others.
  document.querySelectorAll("[data-append]").forEach((box) => {
    const target = document.querySelector(box.dataset.append);
    const input = box.querySelector("input");
    box.hidden = false;
    const offered = [...document.getElementById(input.getAttribute("list")).options].map((option) => option.value);
    const add = () => {
      if (!offered.includes(input.value)) return;
      target.value = [...target.value.split("\n").filter(Boolean), input.value].join("\n");
      input.value = "";
      target.dispatchEvent(new Event("input", { bubbles: true }));
    };
    input.addEventListener("input", add);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        add();
      }
    });
  });

  // Drafts: a lost connection loses nothing. They are one person's: on a shared computer nobody else finds them.
  let leaving = false;
  const forget = () => {
    try {
      Object.keys(localStorage)
        .filter((key) => key.startsWith("draft:"))
        .forEach((key) => localStorage.removeItem(key));
    } catch {
      /* private mode */
    }
  };
  const person = document.body.dataset.person;
  if (person) {
    const last = stored("person");
    if (last && last !== person) forget();
    store("person", person);
  }
  document.querySelectorAll("form[data-forget-drafts]").forEach((form) =>
    form.addEventListener("submit", () => {
      leaving = true;
      forget();
    }),
  );
  document.querySelectorAll("form[data-draft]").forEach((form) => {
    const key = `draft:${form.dataset.draft}`;
    const kept = stored(key);
    const notice = form.querySelector("[data-draft-notice]");
    const ofThePage = ["csrf_token", "version", "form_key"];
    const values = () =>
      JSON.stringify(
        [...new FormData(form)].filter(
          ([name, value]) => typeof value === "string" && !ofThePage.includes(name),
        ),
      );
    const before = values();
    if (kept && kept !== before && notice && !document.querySelector(".error-summary")) {
      // a refused page shows what was typed
      notice.hidden = false;
      notice.querySelector("[data-restore]").addEventListener("click", () => {
        const pairs = JSON.parse(kept);
        for (const field of form.elements) {
          if (!field.name || ofThePage.includes(field.name)) continue;
          const was = field.type === "checkbox" || field.type === "radio" ? field.checked : field.value;
          const given = pairs.filter(([name]) => name === field.name).map(([, value]) => value);
          if (field.type === "checkbox" || field.type === "radio") field.checked = given.includes(field.value);
          else if (given.length) field.value = given[0];
          // What comes back is seen, also where it was folded away.
          if (was !== (typeof was === "boolean" ? field.checked : field.value)) {
            field.closest("details")?.setAttribute("open", "");
          }
          field.dispatchEvent(new Event("change", { bubbles: true }));
        }
        notice.hidden = true;
      });
      notice.querySelector("[data-discard]").addEventListener("click", () => {
        store(key, null);
        notice.hidden = true;
      });
    }
    let timer;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (!leaving) store(key, values() === before ? null : values());
      }, 400);
    });
  });
  document.querySelectorAll("[data-draft-clear]").forEach((node) => store(`draft:${node.dataset.draftClear}`, null));

  // A form is sent once.
  document.querySelectorAll("form[method=post]").forEach((form) =>
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "yes";
      form.querySelectorAll("button:not([type=button])").forEach((button) => {
        button.setAttribute("aria-disabled", "true");
        if (button.dataset.busy) button.textContent = button.dataset.busy;
      });
    }),
  );
  addEventListener("pageshow", () =>
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-disabled]").forEach((b) => b.removeAttribute("aria-disabled"));
    }),
  );
  document.querySelector(".error-summary")?.focus();
})();
