"""Archives of other sites as lines of JSON Lines: WordPress WXR, RSS and Atom with full text, saved HTML pages.

``jsonl`` imports the lines. Ids, stories and addresses follow from the source address of a post, so that a second run
finds the same articles.
"""

from .importing import ArchiveOptions, import_archive, write_lines

__all__ = ["ArchiveOptions", "import_archive", "write_lines"]
