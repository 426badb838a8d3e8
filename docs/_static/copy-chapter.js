// The button that copies all code cells of a chapter, in order, as one script.
(() => {
  const button = document.querySelector(".copy-chapter");
  if (!button || typeof ClipboardJS === "undefined") return;
  const label = button.textContent;
  const code = () =>
    [...document.querySelectorAll("div.cell_input pre")]
      .map((block) => block.textContent.trimEnd())
      .join("\n\n\n") + "\n";
  const say = (text) => {
    button.textContent = text;
    setTimeout(() => (button.textContent = label), 2000);
  };
  new ClipboardJS(button, { text: code })
    .on("success", () => say("Copied"))
    .on("error", () => say("Copying failed"));
  button.hidden = false;
})();
