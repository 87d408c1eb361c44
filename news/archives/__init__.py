"""Archives of other sites as lines of JSON Lines: WordPress WXR, RSS and Atom with full text, saved HTML pages.

``jsonl`` imports the lines. Ids, stories and addresses follow from the source address of a post, so that a second run
finds the same articles.
"""

from .lines import Lines
from .posts import Post
from .saved_pages import saved_pages
from .xml_items import posts

__all__ = ["Lines", "Post", "posts", "saved_pages"]
