"""A sheet of photos: a grid of cells, each a photo on its mat above a caption.

Drawn with Pillow; the typeface is DejaVu Sans, which comes with Matplotlib.
"""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from piaa_tf.presentation.colors import INK, MAT, MUTED, PAPER


@dataclass(frozen=True)
class Grid:
    """Where the cells of a sheet lie; all numbers except `columns` are in pixels.

    >>> grid = Grid(columns=2, cell_width=30, cell_height=20, caption_height=5,
    ...             gap=4, margin=10)
    >>> grid.size(3), grid.corner(2)
    ((84, 74), (10, 39))

    Attributes:
        columns: cells in a row.
        cell_width: of a photo with its mat.
        cell_height: of a photo with its mat.
        mat_width: least width of the mat around a photo.
        caption_height: of the space for words below a photo.
        gap: between cells.
        margin: around the sheet.
        heading_height: of the space for words above all cells.
    """

    columns: int
    cell_width: int = 340
    cell_height: int = 244
    mat_width: int = 14
    caption_height: int = 62
    gap: int = 28
    margin: int = 48
    heading_height: int = 0

    @property
    def photo_size(self) -> tuple[int, int]:
        """Greatest width and height of a photo."""
        around = 2 * self.mat_width
        return self.cell_width - around, self.cell_height - around

    def size(self, num_cells: int) -> tuple[int, int]:
        """Returns the width and height of a sheet with this many cells."""
        rows = -(-num_cells // self.columns)
        width = self.columns * (self.cell_width + self.gap) - self.gap
        height = rows * (self.cell_height + self.caption_height + self.gap) - self.gap
        around = 2 * self.margin
        return width + around, height + around + self.heading_height

    def corner(self, cell: int) -> tuple[int, int]:
        """Returns left and top of a cell; cells count from 0, row by row."""
        row, column = divmod(cell, self.columns)
        left = self.margin + column * (self.cell_width + self.gap)
        down = row * (self.cell_height + self.caption_height + self.gap)
        return left, self.margin + self.heading_height + down


class Sheet:
    """A sheet that is being filled.

    Attributes:
        grid: where its cells lie.
        image: what has been drawn, RGB.
    """

    def __init__(self, grid: Grid, num_cells: int) -> None:
        """Makes an empty sheet with room for this many cells."""
        self.grid = grid
        self.image = Image.new("RGB", grid.size(num_cells), PAPER)
        self._pen = ImageDraw.Draw(self.image)

    def write_heading(self, title: str, sentence: str, note: str) -> None:
        """Writes a title above a sentence, and a note at the right."""
        pen, margin = self._pen, self.grid.margin
        right = self.image.width - margin
        pen.text((margin, margin - 10), title, INK, font(38, bold=True))
        pen.text((margin, margin + 46), sentence, MUTED, font(20))
        pen.text((right, margin + 4), note, MUTED, font(20), anchor="ra")

    def place(self, cell: int, photo: Image.Image) -> Caption:
        """Fits a photo into a cell.

        Args:
            cell: its number, from 0, row by row.
            photo: of any size.

        Returns:
            The caption to write below it.
        """
        grid = self.grid
        left, top = grid.corner(cell)
        right, bottom = left + grid.cell_width, top + grid.cell_height
        self._pen.rounded_rectangle((left, top, right, bottom), radius=8, fill=MAT)
        small = fit(photo, grid.photo_size)
        across, down = grid.cell_width - small.width, grid.cell_height - small.height
        self.image.paste(small, (left + across // 2, top + down // 2))
        return Caption(self._pen, left, bottom + 8, grid.cell_width)


@dataclass(frozen=True)
class Caption:
    """The space for words below a photo.

    Attributes:
        pen: what writes on the sheet.
        left: of the sheet's pixels.
        top: of the sheet's pixels.
        width: pixels.
    """

    pen: ImageDraw.ImageDraw
    left: int
    top: int
    width: int

    def write(
        self,
        text: str,
        size: int,
        *,
        x: float = 0,
        y: int = 0,
        color: str = INK,
        bold: bool = False,
    ) -> float:
        """Writes a line that begins x, y pixels from the corner; returns its width."""
        place, letters = (self.left + x, self.top + y), font(size, bold)
        self.pen.text(place, text, color, letters)
        return self.pen.textlength(text, letters)

    def write_name(
        self, name: str, size: int, *, y: int = 0, bold: bool = False
    ) -> None:
        """Writes the end of a name, as much as fits; a path's end says the most."""
        letters = font(size, bold)
        while len(name) > 1 and self.pen.textlength(name, letters) > self.width:
            name = f"…{name[2:]}"
        self.write(name, size, y=y, bold=bold)

    def write_score(self, score: float, beside: str) -> None:
        """Writes a score large at the right, and small words before it."""
        text, large, right = f"{score:.2f}", font(30, bold=True), self.left + self.width
        self.pen.text((right, self.top), text, INK, large, anchor="ra")
        before = right - self.pen.textlength(text, large) - 14
        self.pen.text((before, self.top + 10), beside, MUTED, font(18), anchor="ra")

    def draw_key(self, color: str) -> None:
        """Draws a small square of a colour at the start of the first line."""
        left, top = self.left, self.top + 9
        self.pen.rectangle((left, top, left + 18, top + 18), fill=color)


def fit(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scales an image to the width or height of a box, so that it fits whole.

    Args:
        image: to be made smaller or larger.
        size: of the box, width and height in pixels.

    Returns:
        The image, in its own proportions.
    """
    scale = min(size[0] / image.width, size[1] / image.height)
    # A panorama one pixel high must not become zero pixels high.
    sides = [max(1, round(side * scale)) for side in image.size]
    return image.resize(sides, Image.Resampling.LANCZOS)


def to_png(image: Image.Image) -> bytes:
    """Returns an image as the content of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@functools.cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Returns the typeface of all sheets, in a size in pixels."""
    # Only for its typeface, and only when something is written.
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / name), size)
