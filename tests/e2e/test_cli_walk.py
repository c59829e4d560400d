"""From nothing to a pipeline and back to nothing, as a newcomer types it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.shell import REGION, Ran, Shell

READS = ("Get", "List", "Describe", "Head", "BatchGet")


def test_a_newcomer_goes_from_nothing_to_a_pipeline_and_back(shell: Shell, tmp_path: Path) -> None:
    made = shell.done("init", "static-site", "walk-site")
    assert "made walk-site from the template static-site: the pipeline is called walk-site" in made.out
    site = shell.machine.work / "walk-site"

    valid = shell.done("validate", cwd=site)
    assert "awspipe.yml: walk-site is valid: Source -> Build -> Deploy\n" in valid.out

    planned = shell.done("plan", "--sandbox", cwd=site)
    assert "  + build-project    walk-site-Build\n" in planned.out
    assert "walk-site: 10 to create, 0 to update, 0 to delete, 1 to push\ncost in " in planned.out
    assert "  execution   $0.025 if not free: about 5 action, 3 build minutes (Linux small)" in planned.out
    assert f"sandbox (no AWS account is touched), {REGION}\n" in planned.err
    assert shell.awspipe("--sandbox", "plan", "--exit-code", cwd=site).code == 10

    up = shell.done("up", "--sandbox", cwd=site)
    commit = shell.git("rev-parse", "--short=7", "HEAD", cwd=site)
    assert up.out.startswith(f"walk-site is up: 10 created, commit {commit} pushed\n")
    assert "\n  account     free plan: credits ($200.00 left) instead of money; " in up.out
    assert "awspipe status walk-site --sandbox" in up.out
    assert "git push awspipe " in up.out
    assert "awspipe down walk-site --sandbox" in up.out
    assert up.err.index("repository walk-site (main)") < up.err.index("  + pipeline         walk-site (")

    again, calls = shell.recorded("up", "--sandbox", cwd=site)
    assert again.out.startswith("walk-site: no changes\n")
    assert calls
    assert not [call for call in calls if not call.partition(":")[2].startswith(READS)]
    assert shell.awspipe("--sandbox", "plan", "--exit-code", cwd=site).code == 0

    status = shell.done("--sandbox", "status", cwd=site)
    assert status.out.startswith(f"walk-site (V2, version 1) in the sandbox, {REGION}\n  execution ")
    assert re.search(
        r"^next: (git push awspipe|awspipe watch walk-site --sandbox) ", status.out, re.MULTILINE
    )
    for stage in ("Source", "Build", "Deploy"):
        assert f" {stage} " in status.out
    page = shell.done("status", "--sandbox", "--html", "where.html", cwd=site)
    assert page.err.endswith("page: where.html\n")
    assert page.out.splitlines()[0] == status.out.splitlines()[0]
    assert "<h1>walk-site</h1>" in (site / "where.html").read_text(encoding="ascii")
    assert shell.done("status", "--sandbox", "--html", "-", cwd=site).out.startswith("<!doctype html>\n<html")

    listed = shell.done("ls", "--sandbox")
    assert [line.split()[0] for line in listed.out.splitlines() if "walk-site" in line] == ["walk-site"]

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shown = shell.done("down", "walk-site", "--sandbox", "--dry-run", cwd=elsewhere)
    assert "  = repository       walk-site stays: it holds commits; --delete-data removes it too" in shown.out
    assert "walk-site: 9 to delete, 1 to keep\nwhat stops costing (USD before tax, prices of " in shown.out
    assert re.search(
        r"^  \$0\.00 a month +pipeline walk-site +V2: \$0\.002 a minute", shown.out, re.MULTILINE
    )
    down = shell.done("down", "walk-site", "--sandbox", cwd=elsewhere)
    assert down.out.startswith("walk-site is gone: 9 deleted\nsearched again by name and tag in account ")
    assert "nothing is left but what was kept\n  = repository       walk-site stays: " in down.out

    nothing = shell.done("down", "walk-site", "--sandbox", cwd=elsewhere)
    assert nothing.out.startswith("nothing of walk-site is left but what was kept in account 123456789012")
    assert shell.refused(1, "status", "walk-site", "--sandbox") == (
        f"awspipe: there is no pipeline walk-site in {REGION} of the sandbox\n"
        "  try: `awspipe ls --sandbox` lists those there are; --region R looks elsewhere\n"
    )
    _saved_and_removed(shell, elsewhere, commit)


def _saved_and_removed(shell: Shell, directory: Path, commit: str) -> None:
    gone = shell.done("down", "walk-site", "--delete-data", "--sandbox", "--json", cwd=directory).document
    (bundle,) = gone["pipelines"][0]["bundles"]
    shell.git("clone", "--quiet", bundle, "again", cwd=directory)
    assert shell.git("rev-parse", "--short=7", "HEAD", cwd=directory / "again") == commit
    assert (directory / "again" / "buildspec.yml").is_file()
    nothing = shell.done("down", "walk-site", "--sandbox", cwd=directory)
    assert nothing.out == (
        f"nothing of walk-site is left in account 123456789012, {REGION}\n"
        "  --region R looks in another region\n"
    )


PIPELINE = {"pipeline", "account", "region", "changes", "steps", "uses", "keeps", "cost", "remarks"}
STEP = {"verb", "kind", "name", "changes"}
ERROR = {
    "message",
    "hint",
    "exit_code",
    "code",
    "operation",
    "request_id",
    "statement",
    "problems",
    "causes",
}


def test_every_answer_in_json_is_one_document_with_the_same_keys(shell: Shell) -> None:
    made = shell.done("--json", "init", "static-site", "keys-copy").document
    assert set(made) == {
        *("schema_version", "directory", "template", "pipeline", "committed", "github"),
        *("author_known", "named"),
    }
    project = shell.project("keys")

    def document(*words: str, code: int = 0) -> dict[str, object]:
        ran = shell.awspipe(*words, "--json", cwd=project)
        assert (ran.code, ran.err) == (code, ""), str(ran)
        return ran.document

    assert set(document("validate")) == {"schema_version", "valid", "pipelines"}
    assert set(document("schema")) == {"schema_version", "schema"}
    assert set(document("sandbox", "start")) == {"schema_version", "url", "pid", "started"}

    planned = document("plan", "--sandbox", "--exit-code", code=10)
    assert set(planned) == {"schema_version", "plans"}
    assert set(planned["plans"][0]) == PIPELINE  # type: ignore[index]
    assert {frozenset(step) for step in planned["plans"][0]["steps"]} == {frozenset(STEP)}  # type: ignore[index]

    up = document("up", "--sandbox")
    assert set(up) == {"schema_version", "pipelines"}
    assert set(up["pipelines"][0]) == PIPELINE | {"pushed", "wanted_until", "notes", "addresses"}  # type: ignore[index]
    assert set(up["pipelines"][0]["addresses"][0]) == {"label", "name", "url"}  # type: ignore[index]

    status = document("status", "--sandbox")["pipelines"][0]  # type: ignore[index]
    assert set(status) == {
        *("pipeline", "account", "region", "type", "mode", "version", "created", "updated"),
        *("stages", "executions", "addresses"),
    }
    assert {"name", "status", "execution_id", "actions"} < set(status["stages"][0])
    assert {"name", "status", "waits_for_approval"} < set(status["stages"][0]["actions"][0])
    assert {"execution_id", "status", "revision", "trigger_detail"} < set(status["executions"][0])
    listed = document("ls", "--sandbox")
    assert set(listed) == {"schema_version", "account", "region", "pipelines"}
    assert {"pipeline", "type", "version", "latest"} < set(listed["pipelines"][0])  # type: ignore[index]

    sandbox = document("sandbox", "status")
    assert set(sandbox) == {
        *("schema_version", "running", "url", "pid", "uptime_seconds", "version", "account"),
        *("state_bytes", "not_kept", "notes", "directory"),
    }
    assert set(document("sandbox", "env")) == {"schema_version", "environment"}

    down = document("down", "--sandbox")["pipelines"][0]  # type: ignore[index]
    assert set(down) == {
        *("pipeline", "account", "region", "removed", "steps", "keeps", "bundles"),
        *("stacks", "stops", "stops_usd_a_month", "unowned"),
    }
    assert down["removed"] is True
    assert set(down["keeps"][0]) == {"kind", "name", "why"}

    for words, code in (
        (("status", "keys-nowhere", "--sandbox"), 1),
        (("plan", "-f", "keys-nowhere.yml"), 2),
        (("plan", "--bogus"), 2),
        (("up", "--region", "ap-northeast2"), 2),
        (("plan", "--profile", "keys-nowhere"), 4),
    ):
        error = document(*words, code=code)
        assert set(error) == {"schema_version", "error"}
        assert set(error["error"]) == ERROR  # type: ignore[call-overload]
        assert error["error"]["exit_code"] == code  # type: ignore[index]


@pytest.mark.parametrize(("encoding", "columns"), [("cp949", "80"), ("ascii", "40")])
def test_the_effects_are_the_same_whatever_the_console_can_show(
    shell: Shell, encoding: str, columns: str
) -> None:
    name = f"console-{encoding}"
    project = shell.project(name)
    shell.git("commit", "--quiet", "--allow-empty", "-m", "첫 페이지 — “안녕”", cwd=project)
    console = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "TERM": "dumb", "COLUMNS": columns}

    def run(*words: str) -> Ran:
        ran = shell.awspipe(*words, cwd=project, encoding=encoding, **console)
        assert ran.code == 0, str(ran)
        assert "\x1b" not in ran.out + ran.err, str(ran)
        return ran

    run("up", "--sandbox")
    assert run("status", "--sandbox", "--json").document["pipelines"][0]["pipeline"] == name
    assert "is gone" in run("down", "--sandbox", "--delete-data").out


def test_colour_is_where_it_is_wanted_and_nowhere_else(shell: Shell) -> None:
    project = shell.project("colour")
    plain = shell.done("plan", "--sandbox", cwd=project)
    coloured = shell.done("plan", "--sandbox", cwd=project, FORCE_COLOR="1", NO_COLOR="")
    assert "\x1b[32m  + repository       colour\x1b[0m" in coloured.out
    assert "\x1b" not in plain.out


def test_a_pipeline_is_looked_for_in_the_region_that_option_spec_or_environment_names(shell: Shell) -> None:
    project = shell.project("regional", "region: us-west-2\n" + "name: {name}\n" + _stages("regional"))
    up = shell.done("up", "--sandbox", cwd=project)
    assert "awspipe down regional --region us-west-2 --sandbox" in up.out
    assert " in the sandbox, us-west-2\n" in shell.done("status", "--sandbox", cwd=project).out
    assert (
        "regional"
        in shell.done("ls", "--sandbox", AWS_REGION="us-west-2", AWS_DEFAULT_REGION="eu-west-1").out
    )
    assert "nothing of regional is left" in shell.done("down", "regional", "--sandbox").out
    assert "regional is gone" in shell.done("down", "--sandbox", cwd=project).out


def _stages(name: str) -> str:
    return (
        (
            "stages:\n"
            f"  - {{name: Source, provider: codecommit, repository: {name}}}\n"
            "  - {name: Approve, provider: approval}\n"
        )
        .replace("{", "{{")
        .replace("}", "}}")
    )
