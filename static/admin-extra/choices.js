// Gives each choice by typing its name, for those who hear the page: the library names it by what is chosen alone.
{
  const name = (root) => {
    for (const select of root.querySelectorAll("select.admin-autocomplete")) {
      const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
      const words = select.getAttribute("aria-label") || label?.textContent.trim().replace(/:$/, "");
      const box = select.parentElement.querySelector(".select2-container");
      if (!words || !box) continue;
      for (const part of box.querySelectorAll('[role="combobox"], [role="textbox"], [role="searchbox"], textarea')) {
        part.setAttribute("aria-label", words);
      }
      const combobox = box.querySelector('[role="combobox"]');
      const chosen = combobox.getAttribute("aria-labelledby");
      if (chosen) combobox.setAttribute("aria-describedby", chosen);
      combobox.removeAttribute("aria-labelledby");
    }
  };
  django.jQuery(() => name(document));
  document.addEventListener("formset:added", (event) => name(event.target));
}
