"""Where raw text is found: the standard library and the packages of this Python, or any folders."""

import os
import stat
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from validation.corpus.documents import hashed

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_DOCUMENTATION = frozenset({".md", ".rst", ".txt"})
_DOCUMENTATION_STEMS = (
    "authors",
    "changes",
    "changelog",
    "copying",
    "licence",
    "license",
    "metadata",
    "notice",
    "pkg-info",
)
_MACHINE_WRITTEN = frozenset({"entry_points.txt", "top_level.txt", "dependency_links.txt", "sources.txt"})


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of raw files.

    Attributes
    ----------
    name : str
        Stands before the path of each of its files.
    folder : Path
        The folder.
    wanted : callable
        Whether a path inside it is looked at.
    """

    name: str
    folder: Path
    wanted: Callable[[PurePosixPath], bool]


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file that has been found and not been read.

    Attributes
    ----------
    name : str
        Source, and path inside it with forward slashes.
    path : Path
        Where it is.
    size_bytes : int
        Its size when it was found [bytes].
    """

    name: str
    path: Path
    size_bytes: int


def chosen_sources(folders: Sequence[Path]) -> tuple[Source, ...]:
    """The given folders with all that is in them; without any, what every machine with Python has."""
    if folders:
        return tuple(Source(f"{place}-{path.name}", path, lambda _: True) for place, path in enumerate(folders))
    return (
        Source("standard-library", Path(sysconfig.get_path("stdlib")), _is_of_python),
        Source("packages", Path(sysconfig.get_path("purelib")), _is_documentation),
    )


def _is_of_python(path: PurePosixPath) -> bool:
    return not _INSTALLED.intersection(path.parts)


def _is_documentation(path: PurePosixPath) -> bool:
    """Description, licences and notices of an installed package; not what its installer wrote."""
    if not path.parts[0].endswith((".dist-info", ".egg-info")):
        return False
    name = path.name.lower()
    readable = path.suffix.lower() in _DOCUMENTATION or name.startswith(_DOCUMENTATION_STEMS)
    return readable and name not in _MACHINE_WRITTEN


def find(sources: Iterable[Source], seed: int) -> list[RawFile]:
    """All regular files, shuffled by the hash of their names so that the order of the file system does not matter.

    Hidden folders, ``__pycache__`` and links are passed over: versions of files, compiled files, and files that are
    found elsewhere.
    """
    files = [file for source in sources for file in _files(source)]
    return sorted(files, key=lambda file: (hashed(file.name, "sample", seed), file.name))


def _files(source: Source) -> Iterator[RawFile]:
    for folder, below, names in os.walk(source.folder):
        below[:] = [name for name in below if not name.startswith(".") and name != "__pycache__"]
        for name in names:
            path = Path(folder, name)
            inside = PurePosixPath(path.relative_to(source.folder).as_posix())
            size_bytes = _regular_size_bytes(path)
            if size_bytes is not None and source.wanted(inside):
                yield RawFile(f"{source.name}/{_readable(inside)}", path, size_bytes)


def _regular_size_bytes(path: Path) -> int | None:
    """Size of a regular file; None for links, pipes, devices and files that are gone again."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _readable(path: PurePosixPath) -> str:
    """A path as text; bytes of a file name that are no text are shown as such."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
