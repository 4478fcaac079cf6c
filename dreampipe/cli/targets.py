"""The options of a command's output, and the place of its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreampipe.errors import MediaError
from dreampipe.media import Inputs
from dreampipe.recipes.fields import EXPERT_FILMS, EXPERT_OUTPUT, FILMS, OUTPUT

if TYPE_CHECKING:
    from dreampipe.engines.task import Place
    from dreampipe.records.making import Carrying

Sources = Annotated[
    list[str],
    typer.Argument(metavar="INPUT", help="A picture, a film, or a folder of these; or several."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the output if it exists.", rich_help_panel=OUTPUT)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print failures only.", rich_help_panel=OUTPUT)]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Also print versions, octaves and memory.", rich_help_panel=OUTPUT),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        "--plan",
        help="Write nothing; say what would be made, and how long.",
        rich_help_panel=OUTPUT,
    ),
]
Events = Annotated[
    bool,
    typer.Option("--events", help="Print all events as lines of JSON on stdout.", rich_help_panel=EXPERT_OUTPUT),
]
MaxPixels = Annotated[
    int, typer.Option(min=1, help="Refuse larger pictures before decoding them.", rich_help_panel=EXPERT_OUTPUT)
]
Sidecar = Annotated[
    bool,
    typer.Option(
        "--sidecar", help="Also write the record of how it was made to NAME.dream.json.", rich_help_panel=EXPERT_OUTPUT
    ),
]
NoMetadata = Annotated[
    bool,
    typer.Option(
        "--no-metadata",
        help="Leave the record and the metadata of the source out of the output.",
        rich_help_panel=EXPERT_OUTPUT,
    ),
]
KeepPaths = Annotated[
    bool,
    typer.Option(
        "--keep-paths", help="Record the paths of files, not only their names.", rich_help_panel=EXPERT_OUTPUT
    ),
]
KeepGps = Annotated[
    bool, typer.Option("--keep-gps", help="Keep the GPS position of the source.", rich_help_panel=EXPERT_OUTPUT)
]
Codec = Annotated[
    str | None,
    typer.Option(
        help="Codec of a film: h264, h265, av1, vp9, prores or ffv1.", show_default="what suits", rich_help_panel=FILMS
    ),
]
Crf = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Constant rate factor of a film; lower is better.",
        show_default="the codec's own",
        rich_help_panel=FILMS,
    ),
]
Chroma = Annotated[
    str | None,
    typer.Option(
        help="Layout of a film's colours: 420 (small, plays everywhere), 422 or 444.",
        show_default="that of the source",
        rich_help_panel=EXPERT_FILMS,
    ),
]
KeepWork = Annotated[
    bool, typer.Option("--keep-work", help="Keep the segments of a finished film.", rich_help_panel=EXPERT_FILMS)
]
Start = Annotated[
    str | None,
    typer.Option(help="Start time in the film: seconds, or 1:30.", show_default="the beginning", rich_help_panel=FILMS),
]
End = Annotated[
    str | None,
    typer.Option(help="End time in the film: seconds, or 1:30.", show_default="the end", rich_help_panel=FILMS),
]
Fps = Annotated[
    str | None,
    typer.Option(help="Frame rate of a film made of pictures.", show_default="24", rich_help_panel=FILMS),
]
DropStreams = Annotated[
    bool,
    typer.Option(
        "--drop-streams", help="Leave out sound and subtitles that OUTPUT cannot hold.", rich_help_panel=EXPERT_FILMS
    ),
]
Recursive = Annotated[
    bool, typer.Option("--recursive", help="Include the folders inside INPUT.", rich_help_panel=OUTPUT)
]
Ignore = Annotated[
    bool,
    typer.Option("--ignore", help="Exit with 0 although files in INPUT were left out.", rich_help_panel=OUTPUT),
]
OverwriteMany = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace files that are not this very output.", rich_help_panel=OUTPUT),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes that share it.", show_default="this one", rich_help_panel=OUTPUT),
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="<local|ray>",
        help="Where they are: here or on Ray.",
        rich_help_panel=OUTPUT,
        autocompletion=lambda incomplete: [name for name in ("local", "ray") if name.startswith(incomplete)],
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        help="Address of a Ray cluster, or auto for the one that runs here.",
        show_default="that of RAY_ADDRESS, else a Ray that ends with the run",
        rich_help_panel=EXPERT_OUTPUT,
    ),
]
GpusPerWorker = Annotated[float, typer.Option(min=0, help="GPUs of each worker of Ray.", rich_help_panel=EXPERT_OUTPUT)]
Quality = Annotated[
    int | None,
    typer.Option(
        min=1, max=100, help="Quality of lossy pictures.", show_default="the format's own", rich_help_panel=OUTPUT
    ),
]


def one_or_several(sources: Sequence[str]) -> Inputs:
    """Return the only input, or all of them."""
    return sources[0] if len(sources) == 1 else tuple(sources)


def place_of(out: str, overwrite: bool, carrying: Carrying) -> Place:
    """Build the place of a file that a command writes; raises MediaError for an empty name."""
    from dreampipe.engines.task import Place  # a wrong option needs no engine

    if not out:
        raise MediaError("The output came empty, but the name of a file is expected: name one.")
    return Place(Path(out), carrying, overwrite)
