import base64

import pytest

from piaa_tf.presentation.page import data_uri, render_page


@pytest.fixture(scope="module")
def page():
    return render_page(
        "Anna's <photos> & $1",
        header="<p>By taste</p>",
        main="<ol></ol>",
        style="ol { margin: 0; }",
    )


def test_the_title_is_escaped_and_is_the_heading(page):
    escaped = "Anna&#x27;s &lt;photos&gt; &amp; $1"
    assert f"<title>{escaped}</title>" in page
    assert f"<h1>{escaped}</h1>\n<p>By taste</p>\n</header>" in page
    assert "<main>\n<ol></ol>\n</main>" in page


def test_a_browser_may_load_nothing_but_what_is_inside(page):
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert f'http-equiv="Content-Security-Policy"\n content="{policy}"' in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "url(" not in page


def test_the_style_has_a_dark_side_and_ends_with_that_of_the_page(page):
    style = page[page.index("<style>") : page.index("</style>")]
    assert "@media (prefers-color-scheme: dark)" in style
    assert style.endswith("ol { margin: 0; }")
    assert "$" not in style


def test_a_file_becomes_an_address_that_holds_it():
    kind, content = data_uri(b"\x00\xff", "image/png").split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == b"\x00\xff"
