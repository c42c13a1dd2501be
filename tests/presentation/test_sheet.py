import io

import pytest
from PIL import Image, ImageChops, ImageColor

from piaa_tf.presentation.colors import MAT, PAPER
from piaa_tf.presentation.sheet import Grid, Sheet, fit, font, to_png

RED = (200, 0, 0)
GRID = Grid(columns=2, heading_height=108)


@pytest.mark.parametrize(("num_cells", "rows"), [(1, 1), (2, 1), (3, 2), (8, 4)])
def test_cells_fill_row_by_row(num_cells, rows):
    row = GRID.cell_height + GRID.caption_height + GRID.gap
    width, height = GRID.size(num_cells)
    assert width == GRID.size(1)[0]
    assert height == GRID.size(1)[1] + (rows - 1) * row
    left, top = GRID.corner(num_cells - 1)
    assert left == GRID.margin + (num_cells - 1) % 2 * (GRID.cell_width + GRID.gap)
    assert top == GRID.margin + GRID.heading_height + (rows - 1) * row


def test_a_photo_lies_whole_in_the_middle_of_its_mat():
    sheet = Sheet(GRID, 2)
    sheet.place(1, Image.new("RGB", (30, 60), RED))
    left, top = GRID.corner(1)
    width, height = GRID.photo_size
    middle = left + GRID.cell_width // 2
    is_red = [sheet.image.getpixel((middle, y)) == RED for y in range(top, top + 244)]
    assert is_red == [GRID.mat_width <= y < GRID.mat_width + height for y in range(244)]
    across = [
        sheet.image.getpixel((x, top + 100)) == RED for x in range(left, left + width)
    ]
    assert sum(across) == height // 2
    beside_photo = sheet.image.getpixel((left + 5, top + 100))
    assert beside_photo == ImageColor.getrgb(MAT)
    assert sheet.image.getpixel((5, 5)) == ImageColor.getrgb(PAPER)


def test_photos_without_mat_and_gap_touch():
    grid = Grid(
        2,
        cell_width=8,
        cell_height=8,
        mat_width=0,
        caption_height=0,
        gap=0,
        margin=0,
    )
    sheet = Sheet(grid, 2)
    for cell, color in enumerate([RED, (0, 0, 200)]):
        sheet.place(cell, Image.new("RGB", (8, 8), color))
    assert sorted(sheet.image.getcolors()) == [(64, (0, 0, 200)), (64, RED)]


@pytest.mark.parametrize("width", [20, 90, 200])
def test_of_a_name_the_end_is_kept_within_the_width(width):
    grid = Grid(columns=1, cell_width=width)
    full, end = Sheet(grid, 1), Sheet(grid, 1)
    photo = Image.new("RGB", (8, 8), RED)
    name = f"{'album/' * 30}photo.jpg"
    full.place(0, photo).write_name(name, 18)
    kept = name
    while font(18).getlength(f"…{kept}") > width:
        kept = kept[1:]
    end.place(0, photo).write(f"…{kept}", 18)
    assert ImageChops.difference(full.image, end.image).getbbox() is None


def test_writing_returns_the_width_of_the_line():
    caption = Sheet(GRID, 1).place(0, Image.new("RGB", (8, 8), RED))
    assert caption.write("12", 30, bold=True) == font(30, bold=True).getlength("12")
    assert font(30, bold=True).getlength("12") > font(30).getlength("12")


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((60, 40), (300, 200)),
        ((40, 60), (133, 200)),
        ((3000, 1), (300, 1)),
        ((1, 3000), (1, 200)),
        ((300, 200), (300, 200)),
    ],
)
def test_an_image_is_fitted_into_a_box_whole(size, fitted):
    assert fit(Image.new("RGB", size), (300, 200)).size == fitted


def test_a_png_holds_every_pixel():
    image = Image.linear_gradient("L").convert("RGB")
    with Image.open(io.BytesIO(to_png(image))) as found:
        assert found.format == "PNG"
        assert found.tobytes() == image.tobytes()
