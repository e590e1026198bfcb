"""Who makes which run of a list, where several commands, on any machines that share the storage of studies, work on one list.

A study's trials are claimed in the study; runs that are listed beforehand, as the seeds of repeats are, are claimed in a study of
their own that has no trials: an attribute for each run says who has it. Which runs are finished is said by the tracking store
alone; a claim says who is at work on the others. Claims of a dead process are free again, by the rules of trials.
"""

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Literal, Protocol, final

import optuna
from optuna.study import Study

from nsbench.study.search.retrying_storage import RetryingStorage
from nsbench.study.trials.heartbeat import GRACE_S, RENEW_EVERY_S, UnchangedHeartbeats
from nsbench.study.workers.process_id import is_dead, is_of_this_machine, this_process
from nsbench.study.workers.shield import undivided

CLAIMS = "nsbench.repeats/"
"""How the names of such studies begin; no study of trials may be called so."""

_CLAIM = "nsbench.claim."

LONG_GRACE_S = 600.0
"""How old the last heartbeat of another machine's process may be by this machine's clock, which may go wrong by minutes."""

ClaimState = Literal["running", "finished", "failed", "free"]


class Claims(Protocol):
    """Who makes which run of a list, by the runs' names."""

    def take(self, names: Sequence[str]) -> Collection[str]:
        """Claims runs for this process; gives those that it may make."""

    def holds(self, name: str) -> bool:
        """Whether a run that was claimed here is still this process's: who seemed dead may have lost it to another."""

    def end(self, name: str, state: ClaimState) -> None:
        """Says how a run of this process ended; one that is free may be claimed by others."""

    def states(self, names: Sequence[str]) -> Mapping[str, ClaimState]:
        """How runs stand that others had claimed."""

    def poll(self) -> None:
        """Renews heartbeats; call it every second or so."""

    def let_go(self) -> None:
        """Frees all that this process has not ended."""


@final
class NoClaims:
    """For runs that one command makes alone."""

    def take(self, names: Sequence[str]) -> Collection[str]:
        """All of them."""
        return names

    def holds(self, name: str) -> bool:
        """Always."""
        return True

    def end(self, name: str, state: ClaimState) -> None:
        """Does nothing."""

    def states(self, names: Sequence[str]) -> Mapping[str, ClaimState]:
        """Nobody else has one."""
        return dict.fromkeys(names, "free")

    def poll(self) -> None:
        """Does nothing."""

    def let_go(self) -> None:
        """Does nothing."""


@dataclass(frozen=True)
class Claim:
    """What an attribute says.

    Attributes:
        state: How the run stands.
        owner: The leading process, as `nsbench.study.workers.process_id` names it.
        sign: The heartbeat: seconds since 1970 by the owner's clock, renewed while it lives.
    """

    state: ClaimState
    owner: str
    sign: int


@final
class StoredClaims:
    """Claims in the storage of studies.

    Args:
        storage: Where studies are.
        name: The study that holds them, of `claims_name`.
        finished: Gives the names of the list's runs that the tracking store has as finished.
        grace_s: How long a process of another machine may go without a heartbeat.
        clock: Seconds that only go up.
    """

    def __init__(
        self,
        storage: RetryingStorage,
        name: str,
        finished: Callable[[], Collection[str]],
        grace_s: float = GRACE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage = storage
        self._name = name
        self._finished = finished
        self._grace_s = grace_s
        self._heartbeats = UnchangedHeartbeats(clock)
        self._held: set[str] = set()
        self._next_heartbeat = time.monotonic() + RENEW_EVERY_S

    @cached_property
    def _study(self) -> Study:
        return optuna.create_study(storage=self._storage, study_name=self._name, load_if_exists=True)

    def take(self, names: Sequence[str]) -> Collection[str]:
        """Claims those that nobody living has and that aren't finished."""
        study = self._study
        with undivided(), self._storage.locked(self._name):
            claims = read_claims(study)
            free = [name for name in names if name in self._held or not self._is_taken(name, claims.get(name))]
            # Who died, or was a moment faster, may have finished the run.
            if any(name in claims and name not in self._held for name in free):
                finished = self._finished()
                free = [name for name in free if name not in finished]
            for name in free:
                self._write(name, "running")
            self._held |= set(free)
        return free

    def holds(self, name: str) -> bool:
        """Whether the claim still names this process."""
        claim = read_claims(self._study).get(name)
        return name in self._held and claim is not None and claim.owner == this_process()

    def end(self, name: str, state: ClaimState) -> None:
        """Writes the state, unless another process has taken the run over."""
        with undivided(), self._storage.locked(self._name):
            if self.holds(name):
                self._write(name, state)
            self._held.discard(name)

    def states(self, names: Sequence[str]) -> Mapping[str, ClaimState]:
        """As the claims say; what the tracking store has as finished is finished."""
        claims = read_claims(self._study)
        found: dict[str, ClaimState] = {}
        for name in names:
            claim = claims.get(name)
            is_open = claim is None or (claim.state == "running" and not self._is_taken(name, claim))
            found[name] = "free" if claim is None or is_open else claim.state
        if any(state in ("free", "finished") for state in found.values()):
            finished = self._finished()
            for name, state in found.items():
                if state in ("free", "finished"):
                    found[name] = "finished" if name in finished else "free"
        return found

    def poll(self) -> None:
        """Renews the heartbeat of what this process holds."""
        now = time.monotonic()
        if now < self._next_heartbeat or not self._held:
            return
        self._next_heartbeat = now + RENEW_EVERY_S
        with undivided(), self._storage.locked(self._name):
            for name in self._held:
                if self.holds(name):
                    self._write(name, "running")

    def let_go(self) -> None:
        """Frees what this process holds."""
        for name in sorted(self._held):
            self.end(name, "free")

    def _is_taken(self, name: str, claim: Claim | None) -> bool:
        """Whether a living process is at work on the run."""
        if claim is None or claim.state != "running" or claim.owner == this_process():
            return False
        if is_of_this_machine(claim.owner):
            return not is_dead(claim.owner)
        return self._heartbeats.same_s(name, (claim.owner, claim.sign)) <= self._grace_s

    def _write(self, name: str, state: ClaimState) -> None:
        claim = Claim(state, this_process(), int(time.time()))
        self._study.set_user_attr(_CLAIM + name, json.dumps(asdict(claim)))


def read_claims(study: Study) -> dict[str, Claim]:
    """All claims of a study, by the runs' names."""
    return {
        name.removeprefix(_CLAIM): Claim(**json.loads(text))
        for name, text in study.user_attrs.items()
        if name.startswith(_CLAIM)
    }


def claims_name(dataset: str, dataset_hash: str, sampler: str, fingerprint: str, protocol: str) -> str:
    """The study of the claims of repeats: one for all that are averaged together."""
    digest = hashlib.blake2b(f"{dataset_hash}/{fingerprint}/{protocol}".encode(), digest_size=6).hexdigest()
    return f"{CLAIMS}{dataset}/{sampler}/{digest}"


def run_name(seed: int | None) -> str:
    """What a repeat is called in tables and claims."""
    return f"seed {seed}"
