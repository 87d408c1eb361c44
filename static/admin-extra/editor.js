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
