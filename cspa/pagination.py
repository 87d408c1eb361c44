"""Pages of a list."""

import re

from django.http import Http404
from django.utils.translation import gettext as _

_NUMBER = re.compile("[1-9][0-9]{0,8}")


class StrictPages:
    """Takes a page number only as the site's own links write it; int() would take "+1", "01" and "1_000" too.

    For views that inherit from Django's MultipleObjectMixin.
    """

    def paginate_queryset(self, queryset, page_size: int):
        if not _NUMBER.fullmatch(self.request.GET.get(self.page_kwarg, "1")):
            raise Http404(_("There is no such page."))
        return super().paginate_queryset(queryset, page_size)
