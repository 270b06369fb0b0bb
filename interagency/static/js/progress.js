// How far a long work is, brought up to date on the page; once it is done, the page is loaded anew.
const PAUSE = 3000;

const look = async () => {
  const box = document.querySelector("[data-progress]");
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.querySelector("[data-progress] [role=status]");
  if (now === null) {
    location.reload();
    return;
  }
  box.querySelector("[role=status]").replaceChildren(...now.childNodes);
};

setInterval(look, PAUSE);
