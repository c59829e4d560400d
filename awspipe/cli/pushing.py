"""The commit's way into the pipeline's repository, and the remote for later pushes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from awspipe import git
from awspipe.cli.planning import Prepared
from awspipe.events import Event, Listener, StepDone, StepSkipped
from awspipe.graph import Source
from awspipe.plan import Verb
from awspipe.resources.base import Key
from awspipe.resources.repository import Repository


@dataclass
class Pushes:
    """What becomes of one pipeline's pushes. `later`: whether `git push awspipe` reaches it from now on."""

    one: Prepared
    listener: Listener
    pushed: list[Source] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    later: bool = False

    def push(self, source: Source) -> None:
        """Push the commit, unless its address leads elsewhere than the calls: to AWS, from what plays it."""
        url = Repository.clone_url(self.one.target.aws, source.repository)
        if not self.one.target.serves(url):
            self.withheld.append(url)
            return
        git.push(self.one.directory, self._helper(url), source.branch)
        self.pushed.append(source)

    def hear(self, event: Event) -> None:
        """Pass an event on; a push that was withheld is not one that is done."""
        if isinstance(event, StepDone) and self.withheld and event.step.startswith(str(Verb.PUSH)):
            event = StepSkipped(event.step)
        self.listener(event)

    def lead(self) -> str:
        """As `set_remote`, for the pipeline that its file's remote leads to."""
        return self.set_remote() if self.one.leads else ""

    def set_remote(self) -> str:
        """Set the remote, if this is a repository that lacks it; gives the user's own, which is left alone.

        One spec, one remote: it leads to the pipeline's first source.
        """
        directory = self.one.directory
        if not self.one.graph.sources or not git.is_repository(directory):
            return ""
        known = git.remote_url(directory)
        if known and not self.one.plan.work and not git.is_ours(directory, known):
            return ""
        return self._remember(known)

    def _remember(self, known: str) -> str:
        source = self.one.graph.sources[0]
        url = Repository.clone_url(self.one.target.aws, source.repository)
        if not self.one.target.serves(url):
            return ""
        if known == url and not self.one.plan.work:
            self.later = True
            return ""
        theirs = git.remember(self.one.directory, self._helper(url), source.branch)
        self.later = not theirs
        return theirs

    def _helper(self, url: str) -> git.Helper:
        return git.Helper(url, self.one.target.helper_command())

    def notes(self, theirs: str) -> Iterator[str]:
        """What the user should know of what was not done. `theirs`: see `set_remote`."""
        for source in self._unfilled():
            yield (
                f"nothing was pushed ({self._why()}): the pipeline waits for branch {source.branch} "
                f"of repository {source.repository}"
            )
        if theirs:
            yield (
                f"the git remote {git.REMOTE} is not awspipe's ({theirs}) and was left as it is; "
                f"after `git remote rename {git.REMOTE} NAME`, `{self.one.target.command('up')}` sets it"
            )

    def _unfilled(self) -> Iterator[Source]:
        made = {step.key for step in self.one.plan.work if step.verb is Verb.CREATE}
        for source in self.one.graph.sources:
            if Key(Repository.kind, source.repository) in made and source not in self.pushed:
                yield source

    def _why(self) -> str:
        if self.withheld:
            return f"{self.withheld[0]} is AWS's address, and the calls go to {self.one.target.aws.endpoint}"
        return self.one.commit.why if isinstance(self.one.commit, git.NoCommit) else "it was not to be"
