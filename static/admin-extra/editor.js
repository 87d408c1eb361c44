// The text editor of an article is named by the label of its field, and says that it takes several lines.
document.addEventListener("prose-editor:ready", ({ detail: { editor, textarea } }) => {
  const label = document.querySelector(`label[for="${textarea.id}"]`);
  if (!label) return;
  label.id = `${textarea.id}_label`;
  const help = document.getElementById(`${textarea.id}_helptext`);
  editor.setOptions({
    editorProps: {
      attributes: {
        role: "textbox",
        "aria-multiline": "true",
        "aria-labelledby": label.id,
        ...(help && { "aria-describedby": help.id }),
      },
    },
  });
  label.addEventListener("click", () => editor.commands.focus());
});

// The newest pictures beside the text; a button puts one where the cursor is. Their words are in the template.
document.addEventListener("prose-editor:ready", ({ detail: { editor, textarea } }) => {
  const panel = document.getElementById("pictures");
  if (!panel) return;
  const list = panel.querySelector("ul");
  const words = panel.querySelector("input");

  const insert = ({ address, alt }) => {
    const language = document.getElementById("id_language")?.value;
    const image = { type: "image", attrs: { src: address, alt: alt[language] || "" } };
    // With a paragraph to write on in: what is typed would replace the picture.
    editor.chain().focus().insertContent([{ type: "figure", content: [image] }, { type: "paragraph" }]).run();
  };

  const load = async () => {
    const answer = await fetch(`${panel.dataset.address}?q=${encodeURIComponent(words.value)}`);
    if (!answer.ok) return;
    const { pictures } = await answer.json();
    list.replaceChildren(
      ...pictures.map((picture) => {
        const [item, button, image] = ["li", "button", "img"].map((name) => document.createElement(name));
        button.type = "button";
        Object.assign(image, { src: picture.card, alt: "", width: 120, height: 80 });
        button.append(image, picture.name);
        button.setAttribute("aria-label", `${panel.dataset.insert}: ${picture.name}`);
        button.addEventListener("click", () => insert(picture));
        item.append(button);
        return item;
      }),
    );
    panel.querySelector("p").hidden = pictures.length > 0;
  };

  words.addEventListener("input", load);
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it would save the article
  });
  window.addEventListener("focus", load); // a picture may have been added in another tab
  textarea.closest(".form-row").append(panel);
  panel.hidden = false;
  load();
});
