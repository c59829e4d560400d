"""Tests of the build: `python3 test_build.py`. A failure here stops the pipeline before anything goes out."""

import tempfile
import unittest
from pathlib import Path

import build

GOOD = '<!doctype html><html lang="en"><title>x</title><h1 id="top">{{commit}}</h1>%s</html>'


class Build(unittest.TestCase):
    """A small site in a directory of its own."""

    def setUp(self):
        """Two pages and a picture."""
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.source, self.target = Path(scratch.name, "src"), Path(scratch.name, "dist")
        (self.source / "ko").mkdir(parents=True)
        (self.source / "cat.svg").write_text("<svg/>", encoding="utf-8")
        for name in ("404.html", "ko/index.html"):
            self.page(name, "")

    def page(self, name, body):
        """Write a page."""
        (self.source / name).write_text(GOOD % body, encoding="utf-8")

    def built(self):
        """Build the site; its problems."""
        build.build(self.source, self.target, "abc1234")
        return list(build.problems(self.target))

    def test_the_commit_is_written_into_each_page(self):
        """The stamp."""
        self.page("index.html", "")
        self.assertEqual(self.built(), [])
        self.assertIn("abc1234", (self.target / "ko" / "index.html").read_text(encoding="utf-8"))

    def test_links_to_files_folders_places_and_other_sites_are_fine(self):
        """Every kind of link."""
        links = ("cat.svg", "/cat.svg", "ko/", "ko/index.html#top", "#top", "https://example.com/x", "mailto:a@b.c")
        self.page("index.html", "".join(f'<a href="{link}">x</a>' for link in links))
        self.assertEqual(self.built(), [])

    def test_a_link_that_leads_nowhere_is_a_problem(self):
        """Every kind of mistake."""
        links = ("dog.svg", "/ko/dog.svg", "ko/#bottom", "../cat.svg")
        self.page("index.html", "".join(f'<img src="{link}">' for link in links))
        self.assertEqual(self.built(), [f"index.html: {link} leads nowhere" for link in links])

    def test_a_site_needs_its_two_pages(self):
        """S3 answers with these two by name."""
        self.assertEqual(self.built(), ["index.html is missing"])

    def test_a_page_says_its_title_and_language(self):
        """For search engines and for screen readers."""
        self.page("index.html", "")
        (self.source / "new.html").write_text("<!doctype html><html><p>x</html>", encoding="utf-8")
        self.assertEqual(len(self.built()), 2)

    def test_the_commit_comes_from_codebuild(self):
        """CodeBuild's own variable."""
        known = {"CODEBUILD_RESOLVED_SOURCE_VERSION": "0123456789abcdef"}
        self.assertEqual(build.commit(known), "0123456")


if __name__ == "__main__":
    unittest.main()
