"""Build the site: copy src to dist, write the commit into each page, check each link.

Run it on your machine too: `python3 build.py`. It needs nothing but Python 3.8.
"""

import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HERE = Path(__file__).resolve().parent
STAMP = "{{commit}}"


class Page(HTMLParser):
    """What a page links to, the places in it that can be linked to, and what it lacks."""

    def __init__(self, text):
        """Read a page."""
        super().__init__()
        self.links, self.ids, self.tags, self.language = [], set(), set(), None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note a tag."""
        found = dict(attrs)
        self.tags.add(tag)
        self.ids.add(found.get("id"))
        self.links += [found[name] for name in ("href", "src") if found.get(name)]
        if tag == "html":
            self.language = found.get("lang")


def commit(environ):
    """The commit that is built, in seven digits: CodeBuild says it, else git does."""
    full = environ.get("CODEBUILD_RESOLVED_SOURCE_VERSION")
    if not full:
        asked = ["git", "-C", str(HERE), "rev-parse", "HEAD"]
        try:
            done = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            full = done.stdout.decode().strip()
        except FileNotFoundError:
            full = ""
    return full[:7] or "unknown"


def build(source, target, version):
    """Copy the site and write the commit into its pages."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target)
    for path in target.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(STAMP, version), encoding="utf-8")


def problems(site):
    """What is wrong with a site, one line for each problem."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for needed in ("index.html", "404.html"):
        if site / needed not in pages:
            yield f"{needed} is missing"
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        if "title" not in page.tags:
            yield f"{name}: no <title>"
        if not page.language:
            yield f"{name}: <html> does not say which language it is in (lang)"
        for link in page.links:
            if not leads_somewhere(site, pages, path, link):
                yield f"{name}: {link} leads nowhere"


def leads_somewhere(site, pages, path, link):
    """Whether a link is another site's, or there is a file (and a place in it) where it points."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    start = site if parts.path.startswith("/") else path.parent
    target = start / unquote(parts.path).lstrip("/") if parts.path else path
    if target.is_dir():
        target = target / "index.html"
    target = Path(os.path.normpath(str(target)))
    if not target.is_file() or site not in target.parents:
        return False
    return not parts.fragment or target not in pages or parts.fragment in pages[target].ids


def main():
    """Build and check; the exit code says whether the site may go out."""
    target = HERE / "dist"
    version = commit(os.environ)
    build(HERE / "src", target, version)
    found = list(problems(target))
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    if not found:
        count = sum(1 for path in target.rglob("*") if path.is_file())
        print(f"built {count} files of commit {version}, every link leads somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
