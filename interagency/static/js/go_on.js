// A long import goes on by itself; without this the person presses the button each time.
document.querySelector("[data-go-on]").requestSubmit();
