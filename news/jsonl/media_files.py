"""Import of the files of pictures and documents into MEDIA_ROOT."""

from collections.abc import Callable, Mapping
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


class MediaFolder:
    """A folder of files to import. Each stored file adds its removal to ``undo``. ``files`` lie elsewhere."""

    def __init__(self, folder: Path, undo: ExitStack, files: Mapping[str, Path]):
        self.folder = folder.resolve()
        self.files = files
        self.undo = undo

    def fetch(self, path: str, clean: Callable[[File], File], store: bool) -> File:
        """Return the file ``path`` after ``clean``, and store it under the same name in MEDIA_ROOT.

        Without ``store`` nothing is stored. A stored file with the same bytes stays. Raises RowError if the file is
        missing, lies outside the folder, is of another type, or if another file is stored under its name.
        """
        elsewhere = self.files.get(path)
        source = elsewhere or (self.folder / path).resolve()
        if not (elsewhere or source.is_relative_to(self.folder)):
            raise RowError(_("This file lies outside the folder of the files: %(path)s") % {"path": path})
        if not source.is_file():
            raise RowError(_("This file is not in the folder of the files (--files): %(path)s") % {"path": path})
        stored = _stored(path)
        with File(source.open("rb")) as file:
            if stored and _same(file, stored):
                return stored
            try:
                content = clean(file)
            except ValidationError as error:
                raise RowError(f"{path}: {' '.join(error.messages)}") from error
        name = path
        if store and not stored:
            name = default_storage.save(path, content)
            self.undo.callback(default_storage.delete, name)
        if name != path or (stored and not _same(content, stored)):
            raise RowError(_("Another file has this name already: %(path)s") % {"path": path})
        return content

    def save_picture(self, picture: Picture) -> None:
        """Save a picture whose file is stored, with its smaller renditions."""
        for new in rendition_names(picture.file.name, picture.width, (picture.focus_x, picture.focus_y)):
            if not default_storage.exists(new):
                self.undo.callback(default_storage.delete, new)
        picture.save()


def checked_pdf(file: File) -> ContentFile:
    check_pdf(file)
    return ContentFile(file.read())


def _stored(path: str) -> ContentFile | None:
    """Return the file ``path`` of MEDIA_ROOT, None if there is none."""
    if not default_storage.exists(path):
        return None
    with default_storage.open(path) as file:
        return ContentFile(file.read())


def _same(one: File, other: File) -> bool:
    if one.size != other.size:
        return False
    one.seek(0)
    other.seek(0)
    return one.read() == other.read()
