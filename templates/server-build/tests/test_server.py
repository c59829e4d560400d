"""The server, over HTTP."""

import json
import sys
import threading
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "app"))

from server import Server, Site  # noqa: E402

ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class TestServer(unittest.TestCase):
    """One server on a free port for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(("127.0.0.1", 0), Site())
        cls.thread = threading.Thread(target=cls.server.serve_forever, kwargs={"poll_interval": 0.05})
        cls.thread.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.thread.join()
        cls.server.server_close()

    def get(self, address):
        """Status and text."""
        try:
            with ask(f"http://127.0.0.1:{self.server.server_address[1]}{address}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def test_the_page_says_who_it_is(self):
        status, text = self.get("/")
        self.assertEqual(status, 200)
        self.assertIn("<h1>Units</h1>", text)
        self.assertNotIn("{{", text)

    def test_the_state(self):
        status, text = self.get("/health")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(text)["status"], "ok")

    def test_a_conversion(self):
        status, text = self.get("/convert?value=2&from=km&to=m")
        self.assertEqual((status, json.loads(text)["result"]), (200, 2000.0))

    def test_what_cannot_be_converted(self):
        status, text = self.get("/convert?value=2&from=km&to=kg")
        self.assertEqual(status, 400)
        self.assertIn("km cannot become kg", json.loads(text)["error"])

    def test_a_page_that_is_not_there(self):
        self.assertEqual(self.get("/nowhere")[0], 404)


if __name__ == "__main__":
    unittest.main()
