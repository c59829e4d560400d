"""AWS's Java patterns mean in Python what they mean in Java."""

from __future__ import annotations

import re

import pytest

from tests.support import javare
from tests.support.modelcheck import service_model

SERVICES = (
    "s3", "iam", "sts", "codecommit", "codebuild", "codedeploy", "codepipeline", "events", "logs",
    "resourcegroupstaggingapi", "codeconnections", "codestar-connections", "sns", "ssm", "secretsmanager",
    "ecr", "cloudwatch", "lambda", "budgets", "freetier", "ce", "pricing", "kms", "ecs", "cloudformation",
    "ec2", "autoscaling", "elasticbeanstalk", "organizations", "sqs", "account",
)  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "matches", "fails"),
    [
        (r"[\w+=,.@-]+", ["a_b@c", "role-1"], ["\ud55c\uae00", "a b", "é", ""]),
        (r"\d{12}", ["123456789012"], ["١٢٣٤٥٦٧٨٩٠١٢", "123456789012\n", "1234567890123"]),
        ("^[a-z]+$", ["abc"], ["abc\n", "ABC"]),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", ["한글 값", "a:b/c", ""], ["a{b}", "a\tb", "<"]),
        (r"[^\p{L}]", ["1", "-"], ["a", "한"]),
        (r"\P{L}", ["1"], ["a"]),
        (r"[\w-_]*", ["a-b_c"], ["a b"]),
        (r"role\/[\w-\/.@+=,]{1,9}", ["role/a-b/c"], ["role/a b"]),
        (
            r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*",
            ["a 한 \U0001f600\n", "\U0010ffff"],
            ["\x00", "\ud800", "\uffff"],
        ),
        (r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*", ["line\n\té"], ["한", "\x7f", "\xa0"]),
        (r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", ["/", "/awspipe/"], ["", "/a b/", "//x"]),
        ("^(?![^:]*/action/|(?i).*<script>.*)[^:]+$", ["plain"], ["a<SCRIPT>", "x/action/y"]),
        ("((?i)a)b", ["Ab", "ab"], ["aB"]),
        (".+", ["ab", "한"], ["a\nb", "a\r", ""]),
        ("(?s).+", ["a\nb"], [""]),
        (r"[\s\S]*", ["a\nb", ""], []),
        ("[+*--]", ["+", "*", ",", "-"], ["/", "a"]),
        ("[-a&~|]+", ["-a&~|"], ["b"]),
        (r"\x41\x{1F600}[\p{Alnum}]", ["A\U0001f600z"], ["A\U0001f600é"]),
        (r"[a-f]{2}\b-(x)\1", ["ab-xx"], ["ab-xy"]),
        (r"[]a]+", ["]a"], ["b"]),
        (r"a\-b\.c\/d", ["a-b.c/d"], ["a-bxc/d"]),
        ("AWS|ThirdParty", ["AWS", "ThirdParty"], ["AWSx", "xThirdParty"]),
    ],
)
def test_reads_a_pattern_as_java_does(pattern: str, matches: list[str], fails: list[str]) -> None:
    assert [text for text in matches if not javare.compiled(pattern).fullmatch(text)] == []
    assert [text for text in fails if javare.compiled(pattern).fullmatch(text)] == []


@pytest.mark.parametrize("pattern", ["[a&&[b]]", "[a[b]]", r"\p{Nonsense}", r"[\1]", "[a", "a\\"])
def test_says_what_it_cannot_translate(pattern: str) -> None:
    with pytest.raises(javare.UntranslatableError):
        javare.to_python(pattern)


@pytest.mark.parametrize("service", SERVICES)
def test_reads_every_pattern_of_the_services_used(service: str) -> None:
    model = service_model(service)
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names} - {None}
    unreadable = set()
    for pattern in patterns:
        try:
            javare.compiled(pattern)
        except (javare.UntranslatableError, re.error):
            unreadable.add(pattern)
    assert unreadable == patterns & javare.UNTRANSLATABLE


def test_allows_nothing_unread_that_it_could_read() -> None:
    for pattern in javare.UNTRANSLATABLE:
        with pytest.raises((javare.UntranslatableError, re.error)):
            javare.compiled(pattern)
