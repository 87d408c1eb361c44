"""Log records without one-time links, of which the address alone gives access."""

import logging
import re
from typing import Any

# The path of a link up to its token: `confirm` of delegations, `preview` of news. Readers mistype the rest.
_LINK = re.compile(r"""(/(?:confirm|preview)/+)[^/\s?#"'<>]+""", re.IGNORECASE)


def hide_links(text: str) -> str:
    """``text`` with the tokens of one-time links replaced by an ellipsis."""
    return _LINK.sub(r"\1…", text)


class LinklessRecord(logging.LogRecord):
    """Record for ``logging.setLogRecordFactory()``, so that no logger and no handler sees a token."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info:
            # Formatters take the text where there is one.
            self.exc_text = hide_links(logging.Formatter().formatException(self.exc_info))

    def getMessage(self) -> str:  # noqa: N802  the name of the library
        return hide_links(super().getMessage())
