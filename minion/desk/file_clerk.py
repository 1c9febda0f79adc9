"""Answers jobs' questions about the master's files: `envs`, `find`, `list` in pages, `fetch` into the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from minion.desk.desk import Cancel, Clerk, Say
from minion.files.fetcher import Fetcher
from minion.questions import Asking, Questions
from shoal.errors import WireError
from shoal.files.messages import Answer, FileInfo, Question
from shoal.files.names import check_env, check_name
from shoal.wire import Fields

_MAX_WISHED: Final = 2000  # files in one `fetch`
_MAX_SEEN: Final = 1_000_000  # names of one list


class FileClerk:
    """Asks the master over `questions`; contents come by the `fetcher`."""

    def __init__(self, questions: Questions, fetcher: Fetcher) -> None:
        self._questions = questions
        self._fetcher = fetcher

    def clerks(self) -> dict[str, Clerk]:
        """Return who answers which operation."""
        return {"envs": self._envs, "find": self._find, "list": self._list, "fetch": self._fetch}

    def _envs(self, fields: Fields, say: Say) -> Cancel:
        fields.done()
        return self._ask(lambda answer: say(_message(answer)), op="envs")

    def _find(self, fields: Fields, say: Say) -> Cancel:
        env, name = _place(fields)
        return self._ask(lambda answer: say(_message(answer)), op="find", env=env, name=name)

    def _list(self, fields: Fields, say: Say) -> Cancel:
        env, name = _place(fields)
        return _Listing(self._ask, env, name, say).cancel

    def _fetch(self, fields: Fields, say: Say) -> Cancel:
        values = fields.take("files", list)
        fields.done()
        if len(values) > _MAX_WISHED:
            raise WireError(f"at most {_MAX_WISHED} files at once")
        files = [FileInfo.from_wire(value) for value in values]

        def done(error: str) -> None:
            say({"error": error, "files": [], "envs": [], "last": True})

        wish = self._fetcher.wish(files, done)
        return lambda: self._fetcher.forget(wish)

    def _ask(self, on_answer: Callable[[Answer], object], **fields: Any) -> Cancel:
        question = Asking(verb="files", body=Question(**fields).to_wire(), kind=Answer)
        number = self._questions.ask(question, on_answer)
        return lambda: self._questions.drop(number)


class _Listing:
    """A list that is asked for page by page."""

    def __init__(self, ask: Callable[..., Cancel], env: str, name: str, say: Say) -> None:
        self._ask = ask
        self._env = env
        self._name = name
        self._say = say
        self._seen = 0
        self._drop = self._next("")

    def cancel(self) -> None:
        self._drop()

    def _next(self, after: str) -> Cancel:
        return self._ask(self._page, op="list", env=self._env, name=self._name, after=after)

    def _page(self, answer: Answer) -> None:
        self._seen += len(answer.files)
        last = answer.last or bool(answer.error) or not answer.files or self._seen > _MAX_SEEN
        self._say({**_message(answer), "last": last})
        if not last:
            self._drop = self._next(answer.files[-1].name)


def _place(fields: Fields) -> tuple[str, str]:
    env, name = check_env(fields.text("env", 128)), check_name(fields.text("name", 1024))
    fields.done()
    return env, name


def _message(answer: Answer) -> dict[str, Any]:
    return {
        "error": answer.error,
        "files": [each.to_wire() for each in answer.files],
        "envs": list(answer.envs),
        "last": True,
    }
