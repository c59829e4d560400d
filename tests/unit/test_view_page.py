"""The page of `status --html`: what is on it, and that nothing of what others wrote can do anything there."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from awspipe.cli import pages
from awspipe.cli.console import Console
from awspipe.cli.views import page as view
from awspipe.cli.views.drawing import drawing
from awspipe.cli.views.markup import followable, joined, link, tag, text
from awspipe.errors import AwspipeError
from awspipe.executions import ActionExecution, Execution
from awspipe.failures import Cause
from awspipe.providers.base import Address
from awspipe.status import ActionStatus, Beside, PipelineStatus, StageStatus
from tests.unit.views import NOW, SCOPE, target

LATEST, OLDER = "11111111-2222", "99999999-2222"


def action(name: str, state: str, seconds: int = 0, **members: Any) -> ActionStatus:
    started = NOW - timedelta(seconds=seconds) if seconds else None
    ended = started + timedelta(seconds=5) if started and state != "InProgress" else None
    given = {"at": NOW, "revision": "", "summary": "", "url": "", "started": started, "ended": ended}
    return ActionStatus(name=name, state=state, **{**given, **members})


def execution(id_: str = LATEST, state: str = "Failed", **members: Any) -> Execution:
    given = {
        "started": NOW - timedelta(minutes=5),
        "updated": NOW - timedelta(minutes=2),
        "revision": "d0aedeb1234",
        "message": "first page\n\nmore",
        "trigger": "StartPipelineExecution",
        "summary": "",
        "trigger_detail": "arn:aws:iam::123456789012:user/min",
    }
    return Execution(SCOPE.pipeline, id_, state, **{**given, **members})


CAUSE = Cause(
    "Build", "Unit", "exit code 1 of the command: npm test", "mend `it` now", ("1 failing", "a < b")
)


def found(**members: Any) -> PipelineStatus:
    stages = (
        StageStatus("Source", "Succeeded", LATEST, None, (action("Source", "Succeeded"),)),
        StageStatus(
            "Build",
            "Failed",
            LATEST,
            None,
            (action("Unit", "Failed", 40), action("Lint", "InProgress", 40)),
            causes=(CAUSE,),
        ),
        StageStatus("Deploy", "Succeeded", OLDER, "too early", (action("Deploy", ""),), inbound=("x", "y")),
    )
    given = {
        "scope": SCOPE,
        "type": "V2",
        "version": 3,
        "created": NOW,
        "updated": NOW,
        "stages": stages,
        "executions": (execution(), execution(OLDER, "Succeeded", revision="abc1234567")),
        "addresses": (Address("Repository", "https://git-codecommit...", "shop"),),
    }
    return PipelineStatus(**{**given, **members})


class Elements(HTMLParser):
    """The elements of a page with their attributes and texts, and that they are well nested."""

    empty = frozenset({"meta", "line", "rect", "path"})

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.empty
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))

    def of(self, tag: str) -> list[str]:
        return [data for name, data in self.texts if name == tag]


def shown(*pipelines: PipelineStatus, sandbox: bool = False) -> str:
    return view.page([(target(sandbox=sandbox), one) for one in pipelines or (found(),)], NOW)


def test_the_picture_shows_stages_actions_and_transitions() -> None:
    picture = Elements(drawing(found(), NOW))
    assert picture.tags[0] == (
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "role": "img",
            "width": "832",
            "height": "168",
            "viewbox": "0 0 832 168",
        },
    )
    assert picture.of("desc") == ["Source: Succeeded, Build: Failed, Deploy: Succeeded"]
    assert picture.of("text") == [
        *("● Source", "● Source", "Succeeded", "d0aedeb"),
        *("× Build", "× Unit", "Failed after 5 s", "▶ Lint", "InProgress, 40 s", "d0aedeb"),
        *("2 waiting", "disabled"),
        *("● Deploy", "○ Deploy", "not run yet", "abc1234 (older)"),
    ]
    assert picture.of("title") == [
        "The stages of shop",
        *("Source: Succeeded", "Source: Succeeded"),
        *("into Build", "Build: Failed", "Unit: Failed", "Lint: InProgress"),
        "2 waiting to enter Deploy; entry to Deploy disabled: too early",
        *("Deploy: Succeeded", "Deploy: not run yet"),
    ]
    groups = [attributes["class"] for name, attributes in picture.tags if name == "g"]
    assert groups == [
        *("stage good", "good"),
        *("transition", "stage bad", "bad", "running"),
        *("transition closed", "stage good", "idle"),
    ]
    boxes = [attributes for name, attributes in picture.tags if name == "rect"]
    assert [(one["x"], one["y"], one["width"], one["height"]) for one in boxes] == [
        ("8", "20", "216", "100"),
        ("308", "20", "216", "140"),
        ("608", "20", "216", "100"),
    ]


def test_actions_lead_to_what_ran_and_to_what_is_to_be_reviewed() -> None:
    url = "https://console.aws.amazon.com/build/1"
    review = "https://example.com/preview"
    asking = action("Approve", "InProgress", 90, asks=True, review=review, url=url)
    stage = StageStatus("Build", "Failed", LATEST, None, (action("Unit", "Failed", url=url), asking))
    picture = Elements(drawing(found(stages=(stage,)), NOW))
    assert [attributes["href"] for name, attributes in picture.tags if name == "a"] == [url, review]
    nowhere = Elements(drawing(found(stages=(stage,)), NOW, serves=lambda url: "example" in url))
    assert [attributes["href"] for name, attributes in nowhere.tags if name == "a"] == [review]


def test_a_name_that_does_not_fit_is_cut_and_told_whole() -> None:
    stage = StageStatus("가" * 20, "", "", None, (action("a" * 24, ""),))
    picture = Elements(drawing(found(stages=(stage,)), NOW))
    assert picture.of("text") == [
        "○ " + "가" * 11 + "…",
        "○ " + "a" * 24,
        "not run yet",
    ]
    assert f"○ {'가' * 20}" in picture.of("title")


def test_an_approval_says_for_how_long_it_waits() -> None:
    stage = StageStatus(
        "Approve", "InProgress", LATEST, None, (action("Approve", "InProgress", 90, asks=True),)
    )
    assert "waits for approval, 1 min" in Elements(drawing(found(stages=(stage,)), NOW)).of("text")


def test_the_page_tells_causes_executions_and_addresses() -> None:
    made = Elements(shown())
    assert made.of("title")[0] == "shop: Failed"
    assert made.of("h1") == ["shop"]
    assert made.of("h2") == ["Why it failed", "Executions", "Addresses", "What to type next"]
    assert made.of("h3") == ["Build/Unit"]
    assert made.of("pre") == ["1 failing\na < b"]
    assert made.of("p") == [
        "V2, version 3, in account 123456789012, ap-northeast-2",
        " execution 11111111, started by min",
        "d0aedeb first page",
        "exit code 1 of the command: npm test",
        "mend ",
        " now",
    ]
    assert made.of("code") == ["it", "awspipe enable Deploy -n shop"]
    assert made.of("dd") == ["lets what waits enter"]
    assert made.of("footer") == ["As it was at ", "; awspipe wrote this page."]
    assert made.of("time") == [
        "2026-11-24 11:55:00 UTC",
        "2026-11-24 11:55:00 UTC",
        "2026-11-24 12:00:00 UTC",
    ]
    assert made.of("td") == [
        *("11111111", "d0aedeb first page", "3 min", "min"),
        *("99999999", "abc1234 first page", "3 min", "min"),
    ]
    assert made.of("dt") == ["Repository", "Console"]


def test_a_pipeline_that_has_never_run_is_a_page_too() -> None:
    idle = StageStatus("Source", "", "", None, (action("Source", ""),))
    made = Elements(shown(found(stages=(idle,), executions=(), addresses=())))
    assert made.of("title")[0] == "shop"
    assert made.of("h2") == ["Addresses", "What to type next"]


@pytest.mark.parametrize(("sandbox", "links"), [(False, 1), (True, 0)])
def test_what_the_sandbox_ran_is_not_looked_for_in_the_console(sandbox: bool, links: int) -> None:
    url = "https://ap-northeast-2.console.aws.amazon.com/codesuite/codebuild/projects/p/build/1"
    stage = StageStatus("Build", "Failed", LATEST, None, (action("Unit", "Failed", url=url),))
    assert shown(found(stages=(stage,)), sandbox=sandbox).count(url) == links


def test_executions_beside_the_newest_are_told() -> None:
    run = ActionExecution(
        *("1", OLDER, "Test", "Unit", "InProgress", "Build/CodeBuild", NOW, NOW), "", ("", ""), "", "", ""
    )
    other = Beside(execution("44444444-2", "InProgress", revision="abc1234567"), (run,))
    assert " beside it: execution 44444444 in Test/Unit abc1234 first page" in Elements(
        shown(found(beside=(other,)))
    ).of("p")


def test_several_pipelines_are_on_one_page() -> None:
    other = found(scope=replace(SCOPE, pipeline="blog"))
    made = Elements(shown(found(), other))
    assert made.of("h1") == ["shop", "blog"]
    assert made.of("title")[0] == "shop: Failed, blog: Failed"


def test_the_page_loads_and_runs_nothing() -> None:
    source = shown()
    style = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(one["content"] for _, one in Elements(source).tags if "http-equiv" in one)
    assert policy == (f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert source.isascii()


EVIL = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</style><script>1</script>",
    "]]><!-- </svg></title><iframe src=//evil.example>",
    "&lt;script&gt; \x00\x1b[31m\u202e\ud83d",
]
_TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "h2",
        "h3",
        "p",
        "strong",
        "div",
        "svg",
    ),
    *("desc", "g", "rect", "text", "line", "path", "section", "pre", "table", "thead", "tbody", "tr", "th"),
    *("td", "time", "dl", "dt", "dd", "a", "code", "footer", "article"),
}
_ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "tabindex", "xmlns", "role", "width"),
    *(
        "height",
        "viewbox",
        "x",
        "y",
        "rx",
        "x1",
        "y1",
        "x2",
        "y2",
        "d",
        "scope",
        "datetime",
        "href",
        "rel",
        "aria-label",
    ),
}


@pytest.mark.parametrize("evil", EVIL)
def test_whatever_others_write_is_only_text(evil: str) -> None:
    bad = action(evil, evil, 40, summary=evil, url=evil, review=evil, asks=True)
    cause = Cause(evil, evil, evil, evil, (evil, evil))
    stage = StageStatus(evil, evil, evil, evil, (bad,), inbound=(evil,), causes=(cause,))
    one = execution(
        evil,
        evil,
        revision=evil,
        message=evil,
        trigger=evil,
        trigger_detail=evil,
        summary=evil,
        stop_reason=evil,
    )
    source = shown(
        found(
            scope=replace(SCOPE, pipeline=evil),
            stages=(stage, stage),
            executions=(one,),
            addresses=(Address(evil, evil, evil),),
            type=evil,
        )
    )
    made = Elements(source)
    assert {name for name, _ in made.tags} <= _TAGS
    assert {key for _, attributes in made.tags for key in attributes} <= _ATTRIBUTES
    links = [attributes["href"] for name, attributes in made.tags if name == "a"]
    assert all(str(one).startswith("https://") for one in links)
    assert len(made.of("style")) == 1
    assert source.isascii()
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", source)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.com/a?b=c", True),
        ("http://127.0.0.1:20613/", True),
        ("javascript:alert(1)", False),
        ("JavaScript://example.com/%0aalert(1)", False),
        ("data:text/html,x", False),
        ("https:", False),
        ("//example.com", False),
        ("https://exa mple.com", False),
        ("https://example.com/\x00", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_only_web_addresses_are_links(url: str, allowed: bool) -> None:
    assert followable(url) is allowed
    assert ("href" in link(url)) is allowed


def test_markup_escapes_what_it_did_not_make() -> None:
    assert tag("p", "<b>", tag("i", "한"), class_='"x"', datetime="a", http_equiv=None) == (
        '<p class="&quot;x&quot;" datetime="a">&lt;b&gt;<i>&#54620;</i></p>'
    )
    assert joined("a&", text("b&")) == "a&amp;b&amp;"
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8"/>'


def test_a_file_is_written_whole_and_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "페이지 1.html"
    for content in ("one", "two"):
        pages.write(Console(), str(path), content)
    assert path.read_text(encoding="ascii") == "two"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert capsys.readouterr().err == f"page: {path}\n" * 2


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "link.html").symlink_to(tmp_path / "page.html")
    pages.write(Console(), str(tmp_path / "link.html"), "one")
    assert (tmp_path / "page.html").read_text(encoding="ascii") == "one"
    assert (tmp_path / "link.html").is_symlink()


def test_the_output_takes_the_page_too(capsys: pytest.CaptureFixture[str]) -> None:
    pages.write(Console(), "-", "<p>\n")
    assert capsys.readouterr() == ("<p>\n", "")


@pytest.mark.parametrize("name", ["none/page.html", "."])
def test_a_file_that_cannot_be_written_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(AwspipeError, match="cannot be written") as caught:
        pages.write(Console(), str(tmp_path / name), "x")
    assert caught.value.hint == "name another file"
