"""Generations of a home: built in the background, judged, promoted, rolled back, pruned; one at a time."""

import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sourcier_core.edge_graph import build_graph
from sourcier_core.embedding_export import export_apart, export_directory, read_manifest
from sourcier_core.errors import (
    GateNotPassed,
    GenerationBusy,
    GenerationNotReady,
    NoFormerGeneration,
    SourcierError,
)
from sourcier_core.generation_store import (
    UNFINISHED,
    WITH_INDEX,
    AuditEntry,
    Generation,
    GenerationState,
    GenerationStore,
    edition_of,
)
from sourcier_core.generations import OpenGeneration
from sourcier_core.recipe import Difference
from sourcier_core.settings import Settings
from sourcier_core.wiring import (
    open_fitting_embedder,
    open_generation,
    open_index,
    recipe_of,
    wanted_recipe,
)
from sourcier_ingestion.reindexing import BuildCancelled, BuildProgress, GenerationBuilder, promote, prune
from sourcier_service.calibration import Calibration
from sourcier_service.calibration_files import calibration_files
from sourcier_service.gate import Gate, GateReport
from sourcier_service.wiring import Services, reading_one

logger = logging.getLogger("sourcier.generations")
NICE = 10  # of the thread that builds: questions go first
KEEPING_SECONDS = 30.0  # between two looks whether a kept generation holds what was deleted
NO_QUESTIONS = "there are no golden questions to judge it by; name a set with --set, or in [gate] sets"


@dataclass(frozen=True, slots=True)
class ReindexRequest:
    """What is asked for, kept with the generation: a build that a crash interrupts goes on as asked."""

    who: str
    reason: str = ""
    unchecked: bool = False  # promote without asking a question
    promote: bool = True  # once it passes; else it waits
    sets: tuple[str, ...] = ()  # in place of those of the settings

    @classmethod
    def of(cls, generation: Generation) -> Self:
        """Return the request of a generation."""
        values = dict(generation.request)
        return cls(**values | {"sets": tuple(values.get("sets", ()))}) if values else cls("unknown")


@dataclass(slots=True)
class _Work:
    generation: int
    built: bool = False  # whole: what fails from here on does not cost it
    cancelled: threading.Event = field(default_factory=threading.Event)


class GenerationWork:
    """Builds, judges and swaps the generations of a home that this process owns."""

    def __init__(self, services: Services, gate: Gate | None) -> None:
        """Prepare.

        Args:
            services: Of the home.
            gate: Judges; None where nothing does: then generations are promoted unchecked only.
        """
        self._services = services
        self._stores = services.stores
        self._gate = gate
        self._rows = GenerationStore(services.stores.catalogue)
        self._lock = threading.Lock()
        self._busy: _Work | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._keeper: threading.Thread | None = None

    # --- looking

    def all(self) -> list[Generation]:
        """Return all generations, the newest first."""
        return self._rows.all()

    def get(self, generation: int) -> Generation:
        """Return one; raises `GenerationNotFound`."""
        return self._rows.get(generation)

    def audited(self) -> Sequence[AuditEntry]:
        """Return who promoted what, the latest first."""
        return self._rows.audited()

    def differences(self) -> tuple[Difference, ...]:
        """Return in what the settings of this process differ from the live generation."""
        live = self._rows.live()
        if live is None or live.recipe is None:
            return ()
        return live.recipe.differences(wanted_recipe(self._services.settings))

    # --- building

    def start(self, settings: Settings, request: ReindexRequest, *, again: bool = False) -> Generation:
        """Begin to build a generation, or go on with one of the same recipe, in the background.

        Args:
            settings: What it is to be made with.
            request: Who asks, and how it is to be judged.
            again: Also where the live one was made with the same.

        Returns:
            The generation; the live one where there is nothing to do.

        Raises:
            GenerationBusy: Another one is being built or swapped.
            GateNotPassed: It could never go live: there is no question to judge it by.
            ModelUnusable: Its model is not on this machine, or cannot be exported.
            InvalidSettings: Its chunks would be longer than its model reads.
        """
        self._require_judge("A new generation", request)
        chosen = settings.embedding
        exported = export_directory(settings.exports, chosen.model, chosen.precision)
        if read_manifest(exported) is None:
            export_apart(chosen.model, chosen.precision, exported)
        embedder = open_fitting_embedder(settings)
        recipe = recipe_of(settings, embedder.fingerprint)
        live = self._rows.live()
        assert live is not None
        if live.fingerprint == recipe.fingerprint and not again:
            return live
        with self._lock:
            self._require_idle()
            begun = self._continued(recipe.fingerprint)
            if begun is None:
                edition = edition_of(live, recipe)
                begun = self._rows.begin(recipe, embedder.dimension, edition, asdict(request))
            else:
                self._rows.request(begun.id, asdict(request))
            return self._launch(begun.id, built=begun.state is GenerationState.READY)

    def resume(self) -> Generation | None:
        """Go on with the generation whose building ended with its process; None where there was none."""
        self._keeper = threading.Thread(target=self._keep, name="kept generations", daemon=True)
        self._keeper.start()
        with self._lock:
            unfinished = self._rows.unfinished()
            return None if unfinished is None or self._busy else self._launch(unfinished.id)

    def wait(self, seconds: float) -> bool:
        """Wait for the work under way, so long at most, and tell whether it has ended."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def stop(self) -> None:
        """Stop building between two windows; it goes on at the next start."""
        self._stopping.set()
        with self._lock:
            if self._busy is not None:
                self._busy.cancelled.set()
        for thread in (self._thread, self._keeper):
            if thread is not None:
                thread.join()

    # --- going live

    def promote(self, generation: int, request: ReindexRequest) -> Generation:
        """Catch up a generation that waits, judge it unless somebody answers for it, and make it live.

        In the background, as `start`.

        Raises:
            GenerationNotFound: There is none of that number.
            GenerationBusy: Another one is being built or swapped.
            GenerationNotReady: It is not whole.
            GateNotPassed: There is no question to judge it by.
        """
        row = self._rows.get(generation)
        if row.state not in (GenerationState.READY, GenerationState.KEPT):
            raise GenerationNotReady(generation, f"it is {row.state.value}")
        self._require_judge(f"Generation {generation}", request)
        with self._lock:
            self._require_idle()
            self._rows.request(generation, asdict(request))
            return self._launch(generation, built=True)

    def rollback(self, request: ReindexRequest) -> Generation:
        """Go back to the generation that was live before; what changed since answers as it does now.

        Raises:
            NoFormerGeneration: None is kept.
            GenerationBusy: Another one is being built or swapped.
        """
        row = self._rows.previous()
        if row is None:
            raise NoFormerGeneration
        with self._working(row.id) as work:
            target = open_generation(self._stores, self._services.settings, row)
            self._go_live(self._builder(target, work), request, action="rollback", calibration=None)
        return self._rows.get(row.id)

    def remove(self, generation: int) -> Generation:
        """Cancel a generation that is being built, or remove one that is not live.

        Raises:
            GenerationNotFound: There is none of that number.
            GenerationBusy: It answers, or questions still read it.
        """
        row = self._rows.get(generation)
        with self._lock:
            busy = self._busy
            if busy is not None and busy.generation == generation:
                busy.cancelled.set()
        if busy is not None and busy.generation == generation:
            self.wait(60)
            return self._rows.get(generation)
        with self._working(generation):
            if row.id in self._stores.generations.in_use():
                raise GenerationBusy(generation, "answers questions; promote another one or roll back first")
            if row.state in WITH_INDEX:
                unfinished = row.state in UNFINISHED
                state = GenerationState.CANCELLED if unfinished else GenerationState.PRUNED
                prune(self._stores, self._services.settings, generation, state)
        return self._rows.get(generation)

    def prune(self) -> list[int]:
        """Remove former generations beyond those that the settings keep, and return their numbers."""
        limits = self._services.settings.generations
        oldest = datetime.now(UTC) - timedelta(days=limits.keep_days)
        kept = [row for row in self._rows.all() if row.state is GenerationState.KEPT]
        kept.sort(key=lambda row: row.retired_at or row.created_at, reverse=True)
        removed = []
        for place, row in enumerate(kept):
            old = (row.retired_at or row.created_at) < oldest
            if (place >= limits.keep or old) and row.id not in self._stores.generations.in_use():
                prune(self._stores, self._services.settings, row.id)
                removed.append(row.id)
        return removed

    # --- the work itself

    def _continued(self, fingerprint: str) -> Generation | None:
        """Return the generation of that recipe that is unfinished or waits; other unfinished ones go."""
        found = None
        for row in self._rows.all():
            waits = row.state in UNFINISHED or row.state is GenerationState.READY
            if waits and row.fingerprint == fingerprint and found is None:
                found = row
            elif row.state in UNFINISHED:
                prune(self._stores, self._services.settings, row.id, GenerationState.CANCELLED)
        return found

    def _launch(self, generation: int, *, built: bool = False) -> Generation:
        self._rows.note(generation, state=GenerationState.BUILDING)
        self._busy = _Work(generation, built)
        self._thread = threading.Thread(
            target=self._build, args=(self._busy,), name="reindexing", daemon=True
        )
        self._thread.start()
        return self._rows.get(generation)

    def _build(self, work: _Work) -> None:
        _go_second()
        generation = work.generation
        try:
            row = self._rows.get(generation)
            self._judge_and_promote(row, ReindexRequest.of(row), work)
        except BuildCancelled:
            if not self._stopping.is_set():
                self._give_up(work, GenerationState.CANCELLED, None)
        except SourcierError as error:
            self._give_up(work, GenerationState.FAILED, error)
        except Exception:
            logger.exception("building generation %s failed", generation)
            self._give_up(work, GenerationState.FAILED, None)
        finally:
            with self._lock:
                self._busy = None

    def _judge_and_promote(self, row: Generation, request: ReindexRequest, work: _Work) -> None:
        target = open_generation(self._stores, self._services.settings, row)
        try:
            builder = self._builder(target, work)
            builder.catch_up()
            target = builder.target = self._with_graph(row, target, builder.progress, work)
            work.built = True
        except BaseException:
            target.index.close()
            raise
        report = None
        try:
            if not request.unchecked and request.promote:
                report = self._judge(row.id, request, target, work)
        except BaseException:
            target.index.close()
            raise
        if not request.promote or (report is not None and not report.passed):
            target.index.close()
            if report is not None:
                raise GateNotPassed(f"Generation {row.id}", _fallen(report))
            self._rows.wait(row.id, None, None)
            return
        refitted = report.refitted if report else None
        self._go_live(builder, request, action="promote", calibration=refitted)

    def _with_graph(
        self, row: Generation, target: OpenGeneration, progress: BuildProgress, work: _Work
    ) -> OpenGeneration:
        """Build the vector graph of a large index, which nobody reads yet."""
        settings = self._services.settings
        held = self._rows.held(row.id).values()
        chunks = sum(document.facts.chunk_count for document in held)
        changed = progress.vectors_made + progress.vectors_reused
        if settings.index.backend != "embedded" or chunks < settings.generations.graph_chunks or not changed:
            return target
        target.index.close()
        folder = self._stores.home.index(row.id)
        try:
            build_graph(folder, row.dimension, work.cancelled.is_set)
        except SourcierError as error:  # without it, it answers the same, only slower
            logger.warning("generation %s goes on without its vector graph: %s", row.id, error)
        return replace(target, index=open_index(settings, self._stores.home, row.id, row.dimension))

    def _judge(
        self, generation: int, request: ReindexRequest, target: OpenGeneration, work: _Work
    ) -> GateReport:
        assert self._gate is not None
        self._rows.note(generation, state=GenerationState.CHECKING)

        def progress(_asked: int, _total: int) -> None:
            if work.cancelled.is_set():
                raise BuildCancelled

        with self._stores.generations.reading() as live:
            report = self._gate.judge(
                self._sets(request),
                reading_one(self._services, live, self._services.calibration),
                reading_one(self._services, target),
                progress,
            )
        self._rows.note(generation, report=report.to_json())
        return report

    def _go_live(
        self,
        builder: GenerationBuilder,
        request: ReindexRequest,
        *,
        action: str,
        calibration: Calibration | None,
    ) -> None:
        """Swap, or close the generation that the builder brings up to date."""
        target = builder.target
        try:
            if calibration is not None:
                self._keep_calibration(target.id, calibration)
            self._services.live.prepare(target, self._services.live.open(target, calibration))
            unchecked = request.unchecked and action == "promote"
            promote(
                builder,
                self._stores,
                action=f"{action} unchecked" if unchecked else action,
                who=request.who,
                reason=request.reason,
                incomplete=request.unchecked,
            )
        except BaseException:
            target.index.close()
            raise
        self._services.live.forget_others()
        self.prune()

    def _builder(self, target: OpenGeneration, work: _Work) -> GenerationBuilder:
        def note(progress: BuildProgress) -> None:
            self._rows.note(target.id, progress=asdict(progress))

        return GenerationBuilder(
            self._stores, self._services.settings, target, cancelled=work.cancelled, note=note
        )

    def _keep_calibration(self, generation: int, calibration: Calibration) -> None:
        made = self._services.settings.home / "calibrations" / f"generation-{generation}.json"
        calibration.write(made)
        calibration_files(self._services.settings.home).use(made, calibration.fingerprint)
        made.unlink()

    def _give_up(self, work: _Work, state: GenerationState, error: SourcierError | None) -> None:
        """Write down why a generation is not live; one that is whole waits, another one is removed."""
        generation = work.generation
        code, told = (error.code, str(error)) if error else (None, None)
        if state is GenerationState.FAILED and error is None:
            code, told = "internal_error", "Something unexpected failed; the server's log says what."
        if work.built:
            self._rows.wait(generation, code, told)
            return
        self._rows.end(generation, state, code, told)
        with suppress(SourcierError):
            prune(self._stores, self._services.settings, generation, state)

    def _require_judge(self, generation: str, request: ReindexRequest) -> None:
        if request.unchecked:
            if not request.reason.strip():
                raise GateNotPassed(generation, "unchecked it needs a reason, for the record")
        elif request.promote and (self._gate is None or not self._sets(request)):
            raise GateNotPassed(generation, NO_QUESTIONS)

    def _sets(self, request: ReindexRequest) -> Sequence[Path]:
        named = [Path(directory) for directory in request.sets]
        return named or [path.expanduser() for path in self._services.settings.gate.sets]

    def _require_idle(self) -> None:
        if self._busy is not None:
            raise GenerationBusy(self._busy.generation, "is being worked on; wait for it, or cancel it")

    @contextmanager
    def _working(self, generation: int) -> Iterator[_Work]:
        with self._lock:
            self._require_idle()
            work = self._busy = _Work(generation)
        try:
            yield work
        finally:
            with self._lock:
                self._busy = None

    def _keep(self) -> None:
        """Remove from kept generations what was deleted, soon after it was."""
        seen = -1
        while not self._stopping.wait(KEEPING_SECONDS):
            sequence = self._stores.catalogue.sequence()
            if sequence == seen:
                continue
            try:
                self.forget_deleted()
                seen = sequence
            except (GenerationBusy, OSError):
                continue  # at the next look
            except SourcierError as error:
                logger.warning("kept generations still hold what was deleted: %s", error)

    def forget_deleted(self) -> None:
        """Remove from kept generations what no longer answers.

        Raises:
            GenerationBusy: One is being built or swapped.
            DependencyError: One cannot be opened.
        """
        _, wanted = self._rows.wanted()
        for row in self._rows.all():
            if row.state is not GenerationState.KEPT or row.id in self._stores.generations.in_use():
                continue
            if set(self._rows.held(row.id)) <= set(wanted):
                continue
            with self._working(row.id) as work:
                target = open_generation(self._stores, self._services.settings, row)
                try:
                    self._builder(target, work).remove_gone()
                finally:
                    target.index.close()


def _fallen(report: GateReport) -> str:
    fallen = report.fallen()
    if not fallen:
        return "; ".join(report.warnings) or "nothing was measured"
    worst = min(fallen, key=lambda metric: (metric.candidate or 0.0) - metric.floor)
    now = "not measured" if worst.candidate is None else f"{worst.candidate:.3f}"
    where = "" if worst.group == "all" else f" ({worst.group})"
    return (
        f"{len(fallen)} of {len(report.metrics)} metrics are below their floor, e.g. {worst.name}{where} of "
        f"{worst.set!r} is {now}, its floor {worst.floor:.3f}"
    )


def _go_second() -> None:
    """Let this thread wait for those that answer questions; without the right to, it is as important."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def seconds_left(progress: dict[str, Any]) -> float | None:
    """Return how long building will take from now, as fast as so far; None where nothing is known yet."""
    done, total, seconds = (progress.get(name, 0) for name in ("pages_done", "pages_total", "seconds"))
    return round(seconds * (total - done) / done, 1) if done and total else None
