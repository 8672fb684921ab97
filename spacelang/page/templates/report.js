"use strict";
const specs = JSON.parse(document.getElementById("specs").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");

function theme(isDark) {
  const [ink, line] = isDark ? ["#c9d1d9", "#30363d"] : ["#30363d", "#d8dee4"];
  const font = "system-ui, sans-serif";
  return {
    background: "transparent", font,
    axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: line, tickColor: line, titleFontWeight: "normal" },
    legend: { labelColor: ink, titleColor: ink, symbolFillColor: ink, symbolStrokeColor: ink }, view: { stroke: line },
    style: { cell: { stroke: line } },
  };
}

function show(name) {
  const model = document.getElementById(`model-${name}`);
  if (!model) return;
  model.open = true;
  location.hash = model.id;
}

async function draw(isDark) {
  for (const [id, spec] of Object.entries(specs)) {
    const options = {
      actions: false, renderer: "svg", config: theme(isDark), tooltip: { theme: isDark ? "dark" : "light" },
    };
    const made = await vegaEmbed(`#${id}`, spec, options);
    made.view.addEventListener("click", (event, item) => item && item.datum && item.datum.model && show(item.datum.model));
  }
  document.body.dataset.drawn = isDark ? "dark" : "light";
}

draw(dark.matches);
dark.addEventListener("change", () => draw(dark.matches));
addEventListener("beforeprint", () => draw(false));
addEventListener("afterprint", () => draw(dark.matches));
addEventListener("hashchange", () => show(location.hash.replace("#model-", "")));
if (location.hash.startsWith("#model-")) show(location.hash.slice("#model-".length));
