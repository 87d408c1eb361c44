"""Pages of a list."""

import re

from django.core.paginator import PageNotAnInteger, Paginator

_NUMBER = re.compile("[1-9][0-9]{0,8}")


class StrictPaginator(Paginator):
    """Takes a page number only as it is written in its own links; int() would take "+1", " 1" and "1_000" too."""

    def validate_number(self, number: int | str) -> int:
        if not _NUMBER.fullmatch(str(number)):
            raise PageNotAnInteger(self.error_messages["invalid_page"])
        return super().validate_number(number)
