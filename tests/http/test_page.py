import re
from html.parser import HTMLParser

from tests.http.serving import Served

from packetflow.http.page import STATIC


class Elements(HTMLParser):
    """Collects every element of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def test_a_browser_finds_a_page_to_ask_on(served: Served) -> None:
    answer = await served.http.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    ids = {attributes.get("id") for _, attributes in Elements(answer.text).found}
    assert {"sentence", "examples", "actors", "runs", "plan", "steps", "answer"} <= ids
    links = {attributes.get("href") for tag, attributes in Elements(answer.text).found if tag == "a"}
    assert {"/docs", "/openapi.json", "/metrics", "/health"} <= links
    assert (await served.http.head("/")).status_code == 200


async def test_all_that_the_pages_load_is_there_and_comes_from_here(served: Served) -> None:
    for page in ("/", "/docs"):
        for tag, attributes in Elements((await served.http.get(page)).text).found:
            source = attributes.get("src") or (attributes.get("href") if tag == "link" else None)
            if source is not None:
                assert source.startswith("/static/")
                assert (await served.http.get(source)).status_code == 200, source
    for script in STATIC.glob("*.js"):
        for module in re.findall(r'from "\./([^"]+)"', script.read_text()):
            assert (STATIC / module).is_file()


async def test_the_pages_hold_no_script_or_style_of_their_own(served: Served) -> None:
    for page in ("/", "/docs"):
        text = (await served.http.get(page)).text
        for tag, attributes in Elements(text).found:
            assert "style" not in attributes
            assert not [name for name in attributes if name.startswith("on")]
            assert tag != "style"
            assert tag != "script" or attributes.get("src")
        assert re.search(r"<script[^>]*>\s*</script>", text)


def test_text_reaches_the_pages_as_text_alone() -> None:
    for script in STATIC.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script.read_text())


async def test_the_pages_can_be_used_by_keyboard_and_screen_reader(served: Served) -> None:
    for page in ("/", "/docs"):
        text = (await served.http.get(page)).text
        found = Elements(text).found
        assert dict(found)["html"]["lang"] == "en"
        assert text.count("<h1") == 1
        assert [tag for tag, _ in found if tag == "main"] == ["main"]
        assert any(attributes.get("role") == "status" for _, attributes in found)
        labelled = {attributes.get("for") for tag, attributes in found if tag == "label"}
        assert {attributes.get("id") for tag, attributes in found if tag == "input"} <= labelled
        assert all("alt" in attributes for tag, attributes in found if tag == "img")
    style = (STATIC / "style.css").read_text()
    assert "prefers-color-scheme: dark" in style
    assert ":focus-visible" in style
    assert "prefers-reduced-motion" in style


async def test_no_path_leads_out_of_the_static_folder(served: Served) -> None:
    for path in ("/static/../api.py", "/static/..%2fapi.py", "/static/%2e%2e/auth.py", "/static//etc/passwd"):
        assert (await served.http.get(path)).status_code == 404
