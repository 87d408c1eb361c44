"""The files of pictures and documents, on their way into MEDIA_ROOT."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from cspa.media.images import rendition_names
from cspa.media.pdf import check_pdf
from delegations.importer.records import RowError

from ..models import Picture


class Files:
    """The folder that files come from; ``undo`` removes again what is stored of it."""

    def __init__(self, folder: Path, undo: ExitStack):
        self.folder = folder.resolve()
        self.undo = undo

    def take(self, path: str, clean: Callable[[File], File], keep: bool) -> File:
        """The file ``path`` as ``clean`` makes it, which lies under the same name in MEDIA_ROOT from now on.

        Without ``keep`` nothing is stored. A stored file with the same bytes stays. Raises RowError if the file is
        missing, lies outside the folder, is of another type, or if another file is stored under its name.
        """
        place = (self.folder / path).resolve()
        if not place.is_relative_to(self.folder):
            raise RowError(_("This file lies outside the folder of the files: %(path)s") % {"path": path})
        if not place.is_file():
            raise RowError(_("This file is not in the folder of the files (--files): %(path)s") % {"path": path})
        there = _there(path)
        with File(place.open("rb")) as file:
            if there and _same(file, there):
                return there
            try:
                content = clean(file)
            except ValidationError as error:
                raise RowError(f"{path}: {' '.join(error.messages)}") from error
        name = path
        if keep and not there:
            name = default_storage.save(path, content)
            self.undo.callback(default_storage.delete, name)
        if name != path or (there and not _same(content, there)):
            raise RowError(_("Another file has this name already: %(path)s") % {"path": path})
        return content

    def save(self, picture: Picture) -> None:
        """Save the row of a picture whose file was taken, with the smaller ones beside it."""
        for new in rendition_names(picture.file.name, picture.width, (picture.focus_x, picture.focus_y)):
            if not default_storage.exists(new):
                self.undo.callback(default_storage.delete, new)
        picture.save()


def checked_pdf(file: File) -> ContentFile:
    check_pdf(file)
    return ContentFile(file.read())


def _there(path: str) -> ContentFile | None:
    """What lies under ``path`` in MEDIA_ROOT."""
    if not default_storage.exists(path):
        return None
    with default_storage.open(path) as file:
        return ContentFile(file.read())


def _same(one: File, other: File) -> bool:
    """Whether two files hold the same bytes."""
    if one.size != other.size:
        return False
    one.seek(0)
    other.seek(0)
    return one.read() == other.read()
