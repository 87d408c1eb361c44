// A click on the picture writes what matters into the two fields; a mark shows where it is.
const picture = document.querySelector("img.focus");
if (picture) {
  const [x, y] = ["id_focus_x", "id_focus_y"].map((id) => document.getElementById(id));
  const frame = document.createElement("span");
  const mark = document.createElement("span");
  frame.className = "focus-frame";
  mark.className = "focus-mark";
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
}
