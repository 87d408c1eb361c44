"""How the project's templates are read."""

import re

from django.template import Origin
from django.template.loaders.filesystem import Loader as FilesystemLoader

_INDENTATION = re.compile(r"[ \t]*\n\s*")
# A line of nothing but tags that write nothing themselves.
_SILENT = "block|comment|else|elif|empty|extends|for|hemicycle|if|include|load|localize|partial|partialdef|with"
_TAG = rf"{{% (?:end)?(?:{_SILENT})\b[^%]*%}}|{{% [a-z_]+ [^%]* as [a-z_]+ %}}"
_TAGS = re.compile(rf"^((?:{_TAG})+)\n", re.MULTILINE)


class Loader(FilesystemLoader):
    """Reads pages without their indentation, which is for those who write them: a reader need not wait for it.

    Between two words or elements there is white space afterwards where there was some before, and nowhere else.
    """

    def get_contents(self, origin: Origin) -> str:
        text = super().get_contents(origin)
        return _TAGS.sub(r"\1", _INDENTATION.sub("\n", text)) if origin.name.endswith((".html", ".svg")) else text
