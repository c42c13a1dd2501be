import pytest


@pytest.fixture
def put(tmp_path):
    """Writes a file below tmp_path: text, bytes, or an empty file."""

    def put(name, content=b""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode("utf-8")
        path.write_bytes(content)
        return path

    return put
