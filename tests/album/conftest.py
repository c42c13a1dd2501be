import pytest


@pytest.fixture
def middle_of():
    """Returns the point in the middle of a cell's photo."""

    def middle_of(grid, cell):
        left, top = grid.corner(cell)
        return left + grid.cell_width // 2, top + grid.cell_height // 2

    return middle_of
