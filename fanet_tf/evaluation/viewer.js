"use strict";
// The comparison of crops: a slider or a flicker between two pictures.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  if (!data.crops.length) return;
  byId("viewer").hidden = false;

  // The page's state; `show` draws it.
  const names = Object.keys(data.crops[0].pictures);
  const state = {
    crop: 0,
    left: "noisy",
    right: data.crops[0].focus in data.crops[0].pictures
      ? data.crops[0].focus
      : "clean",
    mode: "slider",
    share: 0.5,
    flicker: false,
  };
  const picked = data.crops.filter((c) => c.kind === "picked");
  const middle = picked.findIndex((c) => c.gain !== null && c.gain >= 16);
  state.crop = data.crops.indexOf(picked[Math.max(middle, 0)]);
  if (state.crop < 0) state.crop = 0;

  const uri = (crop, name) => data.uris[crop.pictures[name]];
  const label = (name) => data.labels[name] ?? name;
  const decibel = (crop, name) => {
    if (name === "clean") return "reference";
    const value = crop.psnr[name];
    return value === null ? "identical" : `${value.toFixed(2)} dB`;
  };
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const toggle = (text, pressed, onclick) => {
    const button = make("button", { type: "button", onclick }, text);
    button.setAttribute("aria-pressed", pressed);
    return button;
  };
  const shot = (crop, name, onclick) =>
    make(
      "button",
      { type: "button", className: "shot", onclick },
      make("img", { src: uri(crop, name), alt: label(name) }),
      make("span", {}, label(name)),
      make("span", { className: "db" }, decibel(crop, name)),
    );

  function drawBars(crop) {
    const images = [...new Set(picked.map((c) => c.image))];
    byId("scenes").replaceChildren(
      ...images.map((image) =>
        toggle(image, image === crop.image, () => {
          const same = picked.find(
            (c) => c.image === image && c.gain === crop.gain,
          );
          choose(same ?? picked.find((c) => c.image === image));
        }),
      ),
    );
    const siblings = picked.filter((c) => c.image === crop.image);
    byId("gains").replaceChildren(
      ...siblings.map((c) => toggle(c.gain_name, c === crop, () => choose(c))),
    );
  }

  function drawSelect(id, side, crop) {
    byId(id).replaceChildren(
      ...Object.keys(crop.pictures).map((name) =>
        make(
          "option",
          { value: name, selected: name === state[side] },
          label(name),
        ),
      ),
    );
    byId(id).onchange = (event) => {
      state[side] = event.target.value;
      show();
    };
  }

  function show() {
    const crop = data.crops[state.crop];
    drawBars(crop);
    drawSelect("left-name", "left", crop);
    drawSelect("right-name", "right", crop);
    byId("left").src = uri(crop, state.left);
    byId("left").alt = label(state.left);
    byId("right").src = uri(crop, state.right);
    byId("right").alt = label(state.right);
    const kind = crop.kind === "picked" ? "" : `${crop.kind} crop, `;
    byId("where").textContent = `${kind}${crop.image}, ${crop.gain_name}`;
    byId("strip").replaceChildren(
      ...Object.keys(crop.pictures).map((name) => {
        const element = shot(crop, name, () => {
          state.right = name;
          show();
        });
        element.classList.toggle("chosen", name === state.right);
        return element;
      }),
    );
    for (const button of document.querySelectorAll("[data-mode]"))
      button.setAttribute("aria-pressed", button.dataset.mode === state.mode);
    split();
  }

  function split() {
    const crop = data.crops[state.crop];
    const sliding = state.mode === "slider";
    const share = sliding ? state.share : state.flicker ? 1 : 0;
    byId("left").style.clipPath = `inset(0 ${100 - 100 * share}% 0 0)`;
    byId("handle").style.left = `calc(${100 * share}% - 1px)`;
    byId("handle").hidden = byId("slider").hidden = !sliding;
    const tag = (name) => `${label(name)}  ${decibel(crop, name)}`;
    byId("left-tag").textContent = tag(
      sliding || state.flicker ? state.left : state.right,
    );
    byId("right-tag").textContent = tag(state.right);
    byId("right-tag").hidden = !sliding;
  }

  function choose(crop) {
    if (!crop) return;
    state.crop = data.crops.indexOf(crop);
    show();
  }

  function setMode(mode) {
    state.mode = mode;
    show();
  }
  setInterval(() => {
    if (state.mode !== "flicker") return;
    state.flicker = !state.flicker;
    split();
  }, 600);

  const stage = byId("stage");
  const move = (event) => {
    const box = stage.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    state.share = Math.min(Math.max(share, 0), 1);
    byId("slider").value = 1000 * state.share;
    split();
  };
  stage.onpointerdown = (event) => {
    stage.setPointerCapture(event.pointerId);
    move(event);
  };
  stage.onpointermove = (event) => {
    if (event.buttons) move(event);
  };
  byId("slider").oninput = (event) => {
    state.share = event.target.value / 1000;
    split();
  };
  for (const button of document.querySelectorAll("[data-mode]"))
    button.onclick = () => setMode(button.dataset.mode);

  document.onkeydown = (event) => {
    if (/^(INPUT|SELECT)$/.test(event.target.tagName)) return;
    const crop = data.crops[state.crop];
    if (event.key === "f")
      setMode(state.mode === "flicker" ? "slider" : "flicker");
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      const siblings = picked.filter((c) => c.image === crop.image);
      choose(siblings[siblings.indexOf(crop) + step]);
    }
    const name = Object.keys(crop.pictures)[Number(event.key) - 1];
    if (name) {
      state.right = name;
      show();
    }
  };

  // Worst and best crops of the method in focus, each a card.
  function drawExtremes() {
    const focus = data.crops[0].focus;
    const parts = [];
    for (const [kind, words] of [
      ["worst", `where ${label(focus)} is worst, against the best other`],
      ["best", `where ${label(focus)} is best, against the best other`],
    ]) {
      const crops = data.crops.filter((c) => c.kind === kind);
      if (!crops.length) continue;
      const cards = crops.map((crop) => {
        const open = () => {
          choose(crop);
          byId("viewer").scrollIntoView({ behavior: "smooth" });
        };
        const sign = crop.lead < 0 ? "" : "+";
        return make(
          "div",
          { className: "card" },
          make(
            "p",
            {},
            `${crop.image}, ${crop.gain_name}: ${sign}${crop.lead.toFixed(2)} dB`,
          ),
          make(
            "div",
            { className: "row" },
            ...["noisy", focus, "clean"]
              .filter((name) => name in crop.pictures)
              .map((name) => shot(crop, name, open)),
          ),
        );
      });
      parts.push(
        make("h3", {}, `Crops ${words}`),
        make("div", { className: "cards" }, ...cards),
      );
    }
    byId("extremes").replaceChildren(...parts);
  }

  drawExtremes();
  show();
})();
