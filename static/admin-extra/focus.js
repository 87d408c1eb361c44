// A click on the picture writes what matters into the two fields; a mark shows where it is.
document.addEventListener("DOMContentLoaded", () => {
  const picture = document.querySelector("img.focus");
  if (!picture) return;
  const [x, y] = ["id_focus_x", "id_focus_y"].map((id) => document.getElementById(id));
  const [frame, mark] = ["focus-frame", "focus-mark"].map((name) => {
    const element = document.createElement("span");
    element.className = name;
    return element;
  });
  picture.replaceWith(frame);
  frame.append(picture, mark);

  const show = () => {
    mark.style.left = `${x.value}%`;
    mark.style.top = `${y.value}%`;
  };
  picture.addEventListener("click", ({ offsetX, offsetY }) => {
    x.value = Math.round((100 * offsetX) / picture.clientWidth);
    y.value = Math.round((100 * offsetY) / picture.clientHeight);
    show();
  });
  for (const field of [x, y]) field.addEventListener("input", show);
  show();
});
