// What every page loads. Small comforts: each page works without them.
import "./theme.js";
import "./copy.js";
import "./dates.js";
import "./repetition.js";
import "./append.js";
import "./drafts.js";
import "./submit.js";
