"""Writing output files: completely or not at all, and never over anything but a regular file."""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path
from secrets import token_hex
from shutil import disk_usage
from typing import Final, Generic, TextIO, TypeVar

from survey_cli.problems import UserError

T = TypeVar("T")

OWNER_ONLY: Final = 0o600
"""Mode of files that may contain answers."""
ALMOST_FULL: Final = 65_536
"""Bytes below which a disk counts as full."""


def check_output_path(target: Path, *, force: bool) -> None:
    """Check that a file can be written there. Raises UserError.

    Only a regular file is ever replaced, never a device, a pipe or a folder.
    """
    try:
        if target.is_dir():
            raise UserError(str(target), "this is a folder", "specify a file in it")
        if target.exists() and not target.is_file():
            remedy = "specify a file, or - for standard output"
            raise UserError(str(target), "this is not a regular file", remedy)
        if target.exists() and not force:
            raise _make_exists_error(target)

        # Folders that are missing below this one will be made.
        folder = next(folder for folder in target.resolve().parents if folder.exists())
        named_folder = _find_named_folder(target, folder)
        if not folder.is_dir():
            what = f"{named_folder} is not a folder"
            raise UserError(str(target), what, "choose another folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            what = f"you have no permission to write to the folder {named_folder}"
            raise UserError(str(target), what, "get permission, or choose another folder")
    except (OSError, ValueError) as error:
        raise _make_write_error(target, error) from error


def _find_named_folder(target: Path, folder: Path) -> Path:
    """Return a folder as the target's path names it; as it is if the path doesn't contain it."""
    for parent in target.parents:
        if parent.resolve() == folder:
            return parent
    return folder


def write_text_file(
    target: Path,
    write: Callable[[TextIO], T],
    *,
    force: bool,
    public: bool = False,
    newline: str = "\n",
) -> T:
    """Write by way of a temporary file beside the target: no unfinished file ever has its name.

    Returns what `write` returns. Missing folders are made. Only the owner can read the file unless
    it is `public`, since a report or an export may contain answers.
    """

    def write_text(temporary: Path) -> T:
        with temporary.open("w", encoding="utf-8", newline=newline) as file:
            return write(file)

    return _write(target, write_text, force=force, public=public)


def replace_contents(target: Path, contents: bytes) -> None:
    """Replace the contents of a file at once; it keeps its mode, its owner and its group.

    Raises UserError.
    """
    temporary = target.with_name(f".{target.name}.{token_hex(4)}.new")
    try:
        status = target.stat()
        try:
            with temporary.open("xb") as file:
                file.write(contents)
                file.flush()
                # its contents must be on the disk before its name is
                os.fsync(file.fileno())
            # another owner can be given by root only, and a group by its members
            if hasattr(os, "chown"):
                with suppress(PermissionError):
                    os.chown(temporary, status.st_uid, status.st_gid)
            temporary.chmod(status.st_mode & 0o777)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _make_write_error(target, error) from error


def write_file(target: Path, write: Callable[[Path], T], *, force: bool) -> T:
    """Write as `write_text_file` does, for a writer that needs a path.

    It receives a path beside the target, with the target's ending.
    """

    def write_and_check(temporary: Path) -> T:
        result = write(temporary)
        # Not every library notices that the end of a file was not written.
        if _is_disk_full(temporary):
            raise OSError(ENOSPC, "No space left on device")
        return result

    return _write(target, write_and_check, force=force)


def _write(target: Path, write: Callable[[Path], T], *, force: bool, public: bool = False) -> T:
    """Write a temporary file, and give it its name when it is complete. Raises UserError."""
    original = target
    try:
        # If it is a link, the file that it points to is replaced, and the link is kept.
        target = target.resolve()
        temporary = target.with_name(f".{token_hex(4)}.{target.name[-200:]}")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.open("xb").close()
    except (OSError, ValueError) as error:
        raise _make_write_error(original, error) from error

    try:
        if not public:
            temporary.chmod(OWNER_ONLY)
        result = write(temporary)
        # Its contents must be on the disk before its name is.
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        if not _move_into_place(temporary, target, force=force):
            raise _make_exists_error(original)
        return result
    except OSError as error:
        raise _make_write_error(original, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentWriter(Generic[T]):
    """The writer of documents with one file ending: as text, or into a file by its path."""

    text: Callable[[T], str] | None = None
    """Returns the text of a document. Without it, `file` writes."""
    file: Callable[[T, Path], None] | None = None
    newline: str = "\n"
    extra: str = ""
    """The extra that has to be installed: `word`."""


def make_page_writers(
    html: Callable[[T], str], markdown: Callable[[T], str], word: str
) -> dict[str, DocumentWriter[T]]:
    """Return the writers of pages by file ending.

    `word` names what `documents.word` writes: `results` for `write_results_docx`.
    """

    def write_word(document: T, path: Path) -> None:
        from survey_cli.documents import word as word_documents

        getattr(word_documents, f"write_{word}_docx")(document, path)

    # Not `DocumentWriter[T](…)`: up to Python 3.12.1 a frozen class with slots refuses the
    # attribute in which typing notes the type parameter.
    html_writer = DocumentWriter(text=html)
    markdown_writer = DocumentWriter(text=markdown)
    word_writer = DocumentWriter(file=write_word, extra="word")
    return {
        **dict.fromkeys((".html", ".htm"), html_writer),
        **dict.fromkeys((".md", ".markdown"), markdown_writer),
        ".docx": word_writer,
    }


def publish_document(
    build: Callable[[], T],
    to: str,
    writers: Mapping[str, DocumentWriter[T]],
    *,
    refusal: str,
    force: bool,
    stdout: TextIO | None = None,
    remedy: str = "",
) -> T:
    """Build a document and write it in the format that the ending of `to` selects.

    `-` means Markdown on standard output; if `to` is empty, the document is only built. `refusal`
    says that a format can't be written: `a report cannot be written as {}`. Raises UserError, also
    if an extra is missing.
    """
    if not to:
        return build()

    # Checked first: building may take minutes.
    ending = ".md" if to == "-" else Path(to).suffix.lower()
    if ending not in writers:
        what = refusal.format(ending) if ending else "the file's name has no ending"
        if not remedy and ending == ".pdf" and ".html" in writers:
            page = Path(to).with_suffix(".html")
            remedy = f"write {page}, open it in a browser, and print it as a PDF"
        if not remedy:
            remedy = f"end the name in one of {', '.join(writers)}"
        raise UserError(to, what, remedy)
    if to != "-":
        check_output_path(Path(to), force=force)

    document = build()
    writer = writers[ending]
    write = writer.file
    try:
        if writer.text is not None:
            text = writer.text(document)
            if to == "-":
                out = stdout or sys.stdout
                out.write(text)
                out.flush()
            else:
                write_text_file(
                    Path(to), lambda file: file.write(text), force=force, newline=writer.newline
                )
        elif write is not None:
            write_file(Path(to), lambda path: write(document, path), force=force)
    except ImportError as error:
        from survey_cli.installation import make_install_command

        what = f"it needs {error.name or writer.extra}, which is not installed"
        raise UserError(to, what, make_install_command(writer.extra)) from error
    return document


def write_file_pair(
    target: Path, beside: Path, write: Callable[[Path, Path, str], T], *, force: bool
) -> T:
    """Write two files, the first of which contains the second's name.

    The second is put in place first, so that the first never refers to a missing file.
    """

    def write_both(path: Path) -> T:
        return write_file(beside, lambda data: write(path, data, beside.name), force=force)

    return write_file(target, write_both, force=force)


def _move_into_place(temporary: Path, target: Path, *, force: bool) -> bool:
    """Rename the finished file to its name.

    Returns False if another file has that name by now, unless `force` says to replace it.
    """
    if not force:
        # A link, unlike a rename, fails if the name is taken.
        try:
            os.link(temporary, target)
        except FileExistsError:
            return False
        except OSError:
            # The file system has no hard links.
            pass
        else:
            return True
    os.replace(temporary, target)
    return True


def _make_exists_error(target: Path) -> UserError:
    return UserError(str(target), "the file exists", "use another name, or --force to overwrite it")


def _make_write_error(target: Path, error: OSError | ValueError) -> UserError:
    why = "it is not a valid file name"
    is_full = _is_disk_full(target)
    # A ValueError says that a name contains a NUL character.
    if isinstance(error, OSError):
        why = error.strerror or why
        is_full = is_full or error.errno in (ENOSPC, EDQUOT)

    remedy = "choose another folder"
    if is_full:
        remedy = "free some space, or choose another folder"
    return UserError(str(target), f"it cannot be written ({why})", remedy)


def _is_disk_full(target: Path) -> bool:
    """Return whether the disk is almost full. Not every library reports that as the reason."""
    try:
        return disk_usage(target.resolve().parent).free < ALMOST_FULL
    except OSError:
        return False
