"""The commit's way into the pipeline's repository, out of whatever the user's git is like."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.shell import Shell, Terminal


def _pushed(
    shell: Shell, project: Path, *words: str, code: int = 0, **environ: str
) -> tuple[str | None, list[str]]:
    """What `up` has pushed, and its notes."""
    ran = shell.awspipe("up", "--sandbox", "--json", *words, cwd=project, **environ)
    assert ran.code == code, str(ran)
    answer = ran.document["pipelines"][0]
    return answer["pushed"], answer["notes"]


def _remote_head(shell: Shell, project: Path, branch: str = "main") -> str:
    return shell.git("ls-remote", "awspipe", f"refs/heads/{branch}", cwd=project).partition("\t")[0]


def test_later_pushes_need_no_more_than_the_remotes_name(shell: Shell) -> None:
    project = shell.project("push-later", directory="내 프로젝트 (1)")
    shell.git("checkout", "--quiet", "-b", "작업", cwd=project)
    commit, notes = _pushed(shell, project)
    assert (commit, notes) == (shell.git("rev-parse", "HEAD", cwd=project), [])
    assert _remote_head(shell, project) == commit

    shell.git("commit", "--quiet", "--allow-empty", "-m", "둘째", cwd=project)
    shell.git("push", "--quiet", "awspipe", cwd=project)
    assert _remote_head(shell, project) == shell.git("rev-parse", "HEAD", cwd=project)


def test_a_remote_that_leads_where_the_sandbox_is_no_more_is_led_back(shell: Shell) -> None:
    """As after a start at another port, because the usual one was taken."""
    project = shell.project("push-moved")
    commit, _ = _pushed(shell, project)
    old = "http://127.0.0.1:1/v1/repos/push-moved"
    shell.git("config", "remote.awspipe.url", old, cwd=project)
    shell.git("config", f"credential.{old}.helper", "!awspipe git-credential", cwd=project)
    assert _pushed(shell, project) == (None, [])
    assert _remote_head(shell, project) == commit


def test_what_the_users_git_is_set_to_does_not_matter(shell: Shell, tmp_path: Path) -> None:
    """A machine of somebody who has set everything that could stand in the way."""
    hook = tmp_path / "hooks" / "pre-push"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    for name in ("pre-commit", "prepare-commit-msg", "reference-transaction"):
        hook.with_name(name).symlink_to(hook)
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f"""\
[core]
    hooksPath = {hook.parent}
[commit]
    gpgsign = true
[push]
    gpgSign = true
    followTags = true
    pushOption = ci.skip
[credential]
    helper = !echo username=nobody; echo password=wrong
    username = somebody
[url "https://example.invalid/"]
    insteadOf = http://127.0.0.1
    pushInsteadOf = http://127.0.0.1
[http]
    proxy = http://127.0.0.1:9
""",
        encoding="utf-8",
    )
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    environ = {"GIT_CONFIG_GLOBAL": str(settings), **proxies}

    shell.done("init", "static-site", "push-settings", **environ)
    project = shell.machine.work / "push-settings"
    commit, notes = _pushed(shell, project, **environ)
    assert (commit, notes) == (shell.git("rev-parse", "HEAD", cwd=project), [])
    seen = shell.git("ls-remote", "awspipe", "refs/heads/main", cwd=project, **environ)
    assert seen.partition("\t")[0] == commit
    shell.done("down", "--delete-data", "--sandbox", cwd=project, **environ)


def test_a_remote_of_the_users_own_is_left_as_it_is(shell: Shell) -> None:
    project = shell.project("push-theirs")
    theirs = "https://github.com/somebody/awspipe"
    shell.git("remote", "add", "awspipe", theirs, cwd=project)
    commit, notes = _pushed(shell, project)
    assert commit is not None
    assert notes == [
        f"the git remote awspipe is not awspipe's ({theirs}) and was left as it is; "
        "after `git remote rename awspipe NAME`, `awspipe up --sandbox` sets it"
    ]
    assert shell.git("remote", "get-url", "awspipe", cwd=project) == theirs

    shell.git("remote", "rename", "awspipe", "mine", cwd=project)
    assert _pushed(shell, project) == (None, [])
    assert _remote_head(shell, project) == commit


def test_what_is_not_pushed_is_said_and_can_be_pushed_later(shell: Shell) -> None:
    project = shell.project("push-none", commit=False)
    waits = "the pipeline waits for branch main of repository push-none"
    assert _pushed(shell, project) == (
        None,
        [f"nothing was pushed ({project} is not in a git repository): {waits}"],
    )
    shell.done("down", "--sandbox", cwd=project)

    shell.git("init", "--quiet", cwd=project)
    assert _pushed(shell, project) == (
        None,
        [f"nothing was pushed (the git repository has no commit yet): {waits}"],
    )
    shell.git("add", "--all", cwd=project)
    shell.git("commit", "--quiet", "-m", "Begin", cwd=project)
    shell.git("push", "--quiet", "awspipe", cwd=project)
    shell.done("down", "--sandbox", "--delete-data", cwd=project)

    shell.git("checkout", "--quiet", "--detach", cwd=project)
    assert _pushed(shell, project, "--no-push") == (None, [f"nothing was pushed (--no-push): {waits}"])
    shell.git("push", "--quiet", "awspipe", cwd=project)
    assert _remote_head(shell, project) == shell.git("rev-parse", "HEAD", cwd=project)


def test_changes_that_are_not_committed_are_said_before_the_question(shell: Shell) -> None:
    project = shell.project("push-dirty")
    (project / "page.html").write_text("new", encoding="utf-8")
    commit = shell.git("rev-parse", "--short=7", "HEAD", cwd=project)
    with Terminal(shell, "up", "--sandbox", cwd=project) as terminal:
        terminal.wait_for("Go on? [y/N] ")
        assert (
            f"  ! there are changes that are not committed: only commit {commit} is pushed" in terminal.shown
        )
        terminal.answer("n")
        assert terminal.end() == 1
    assert "awspipe: nothing was changed" in terminal.shown
    listed = json.loads(shell.done("ls", "--sandbox", "--json").out)["pipelines"]
    assert "push-dirty" not in [one["pipeline"] for one in listed]
