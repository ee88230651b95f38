// The browser's half of the demonstration; server.ts is the other.
//
// Two event streams and a WebSocket, all under one random name: /frames tells what the server's wire tap saw of the
// WebSocket, /ticks tells the time. Whatever a peer wrote reaches the page as textContent, never as markup.

const element = (id) => document.getElementById(id);

const session = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
  byte.toString(16).padStart(2, "0"),
).join("");

const at = (path) => `${path}?session=${session}`;

// If the server has gone, the connections say so.
const post = (path) => void fetch(at(path), { method: "POST" }).catch(() => {});

// --- The WebSocket -----------------------------------------------------------------------------------------------

let socket;

function connect() {
  const url = new URL(at("socket"), location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(url);
  socket.addEventListener("open", () => showState());
  socket.addEventListener("close", ({ code, reason, wasClean }) => {
    showState(wasClean ? `closed, ${code} ${reason}`.trimEnd() : `lost, ${code}`);
  });
  showState();
}

const STATES = ["connecting", "open", "closing", "closed"];

function showState(words = STATES[socket.readyState]) {
  const state = STATES[socket.readyState];
  element("state").textContent = words;
  element("state").dataset.state = state;
  for (const button of document.querySelectorAll("form button")) button.disabled = state !== "open";
  element("connect").hidden = state !== "closed";
  if (state !== "open") element("roundtrip").textContent = "";
}

element("connect").addEventListener("click", () => {
  connect();
  element("text").focus();
});

/** Has a form do something. What it throws is shown at `input`, where it came from. */
function onSubmit(form, input, act) {
  element(form).addEventListener("submit", (event) => {
    event.preventDefault();
    if (socket?.readyState !== WebSocket.OPEN) return;
    try {
      act();
    } catch (error) {
      element(input).setCustomValidity(error.message);
      element(input).reportValidity();
    }
  });
  element(form).addEventListener("input", () => element(input).setCustomValidity(""));
}

onSubmit("text-form", "text", () => socket.send(element("text").value));

onSubmit("binary-form", "binary", () => socket.send(readHex(element("binary").value)));

onSubmit("ping-form", "ping", () => post("ping"));

onSubmit("close-form", "code", () => {
  socket.close(Number(element("code").value), element("reason").value);
  showState();
});

function readHex(text) {
  const digits = text.replace(/[\s,]/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) {
    throw new Error("Pairs of hexadecimal digits, such as c0 ff ee");
  }
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

// --- Its frames --------------------------------------------------------------------------------------------------

const MOST_FRAMES = 200;

const frames = new EventSource(at("frames"));
// The server lets in only who is watched already. When this stream is lost and found, the WebSocket may still be there.
frames.addEventListener("open", () => socket ?? connect());
frames.addEventListener("frame", ({ data }) => showFrame(JSON.parse(data)));
frames.addEventListener("roundtrip", ({ data }) => {
  element("roundtrip").textContent = `round trip ${Number(data).toFixed(1)} ms`;
});

function showFrame({ direction, lines }) {
  const name = cells(lines[0])[1].split(", ").at(-1);
  const way = direction === "in" ? "browser → server" : "server → browser";
  const item = make("li", "frame");
  item.dataset.direction = direction;
  const head = make("div", "head");
  head.append(make("span", "way", way), make("strong", "", name));
  head.append(make("time", "", new Date().toISOString().slice(11, 23)));
  item.append(head, ...lines.map(row));
  element("log").prepend(item);
  while (element("log").childElementCount > MOST_FRAMES) element("log").lastElementChild.remove();
  element("empty").hidden = true;
  element("announcement").textContent = `${way}: ${name}`;
}

/** A line without bytes is a remark on what stands above it: what is left out, or what is wrong. */
function row(line) {
  const [bytes, meaning, remark] = cells(line);
  if (bytes === "") return make("p", meaning.startsWith("…") ? "hint" : "wrong", meaning);
  const made = make("div", `row ${partOf(meaning)}`);
  made.append(make("code", "", bytes), make("span", "", meaning), make("small", "", remark));
  return made;
}

/** Only the later rows of a payload say nothing of what they mean. */
function partOf(meaning) {
  if (meaning === "" || meaning.startsWith("payload")) return "payload";
  return meaning.startsWith("masking key") ? "key" : "header";
}

// As src/protocol/describe.ts lays out its lines: bytes, what they mean, and, two spaces behind that, a remark.
const MEANING_AT = 25;
const REMARK_AT = MEANING_AT + 34;

function cells(line) {
  if (line.startsWith("…") || line.startsWith("✗") || line.startsWith(" ")) return ["", line.trim(), ""];
  const gap = line.indexOf("  ", REMARK_AT);
  const end = gap === -1 ? line.length : gap;
  return [line.slice(0, MEANING_AT).trim(), line.slice(MEANING_AT, end).trim(), line.slice(end + 2)];
}

function make(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

element("clear").addEventListener("click", () => {
  element("log").replaceChildren();
  element("empty").hidden = false;
});

// --- The ticker --------------------------------------------------------------------------------------------------

const ticks = new EventSource(at("ticks"));
let missed = 0;

ticks.addEventListener("tick", (event) => {
  missed = 0;
  showTick(event);
});

ticks.addEventListener("missed", (event) => {
  missed++;
  element("missed").textContent = `${missed} missed, and sent again`;
  showTick(event);
});

ticks.addEventListener("error", () => {
  element("missed").textContent = "cut; connecting again …";
});

function showTick({ data, lastEventId }) {
  element("clock").dateTime = data;
  element("clock").textContent = data.slice(11, 19);
  element("tick-id").textContent = lastEventId;
}

element("cut").addEventListener("click", () => post("cut"));
