"""What the learning side of the script does: reads losses, optimizer steps and layers, and builds the rows of a Run."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.reading import read_minibatch
from ppodoctor.records import Setting, to_dict
from ppodoctor.specimens import MinibatchSpecimen
from ppodoctor.watching import stops
from ppodoctor.watching.env_steps import EnvSteps
from ppodoctor.watching.glimpse import Glimpses, kind_of
from ppodoctor.watching.hooks import Hooks
from ppodoctor.watching.keeping import Keeping
from ppodoctor.watching.layer_calls import LayerCalls
from ppodoctor.watching.loss_graph import GraphReader
from ppodoctor.watching.parameters import Parameters, module_kinds
from ppodoctor.watching.plan import MUST, Plan
from ppodoctor.watching.quiet import Quiet
from ppodoctor.watching.roles import Roles
from ppodoctor.watching.rows import Rows
from ppodoctor.watching.shares import value_share
from ppodoctor.watching.sites import frame_sites
from ppodoctor.watching.steps import Steps
from ppodoctor.watching.tap_torch import TorchTap
from ppodoctor.watching.trace import TRACES, Trace
from ppodoctor.watching.update_builder import UpdateBuilder


class Learner:
    """Listens to torch in the script's process."""

    def __init__(self, torch: Any, session: Any) -> None:
        self._torch = torch
        self._session = session
        self.muted = False
        self.update = 0
        self.version = 0
        self.parameters = Parameters(torch)
        self.trace = Trace(torch, lambda: frame_sites(skip=2))
        self.layers = LayerCalls(torch, self._where, lambda: self.version, self.note)
        self.reader = GraphReader(torch, self.parameters.number, self.layers.module_of, self.trace)
        self.quiet = Quiet()
        self.tap = TorchTap(torch, self)
        self.hooks = Hooks(torch)
        self.glimpses = Glimpses(self.reader.output)
        self.plan = Plan()
        self.roles = Roles()
        self.keeping = Keeping(lambda: session.recorder, self.layers, self.roles)
        self.steps = Steps(torch, self.parameters, self.tap)
        self._builder: Optional[UpdateBuilder] = None
        self._rows = Rows(session.env, lambda: session.recorder)
        self.env_steps = EnvSteps(session.env, self.layers)
        self._traced: Dict[Any, int] = {}
        self._untraced = False
        """There are kinds of losses whose lines are not known yet."""
        self._current: Optional[MinibatchSpecimen] = None
        self._measuring = False
        """A loss was read and its optimizer step has not come yet: the step is measured, too."""
        self._glimpsed = False
        self._compiled: List[str] = []
        # What the watch computes must not pass through function modes and subclasses of the script's own.
        self._unseen = torch._C.DisableTorchFunction
        self._reading = False

    def attach(self) -> None:
        """Attach to torch."""
        self.parameters.attach()
        if self._session.settings.wishes.keeper is None:
            self.parameters.find_existing()  # in this very process (a notebook) networks may be there already
        self.layers.attach()
        self.tap.attach()
        self.hooks.attach()
        self.layers.recording = True

    def detach(self) -> None:
        """Take everything off."""
        self.trace.stop()
        self.trace.clear()
        self.layers.detach()
        self.hooks.detach()
        self.tap.detach()
        self.parameters.detach()

    def mute(self) -> None:
        """Stop listening for good (a forked child)."""
        self.muted = True
        self.layers.recording = False
        self.trace.stop()

    def note(self, tap: str, text: str, remedy: str = "") -> None:
        """Say in the Run what could not be seen."""
        if self._session.recorder is not None:
            self._session.recorder.note(tap, text, remedy)

    def compiled(self, name: str) -> None:
        """The script compiles a network: its operations run outside of Python from now on."""
        self._compiled.append(name)
        self.layers.detach()
        full = name if name == "compile" else f"jit.{name}"
        text = f"the script uses torch.{full}: operations inside the compiled part are fused and cannot be read"
        self.note("torch", text, "run once with compilation switched off to see the loss term by term")

    def optimizer_made(self) -> None:
        """The script is about to train: its environment classes exist by now."""
        self._session.env.look()

    def on_env_step(self) -> None:
        """After each outermost environment step. Raises StopWatching when a stop was asked for."""
        if self.env_steps.step(each=self._untraced):
            self.keeping.bound(self._session.env)
        if self.quiet.on:
            self._look_up()
        if self.trace.busy:
            self.trace.stop()
            self.trace.leave()
        elif self.env_steps.since == self.env_steps.rollout and self._wants_trace():
            self.trace.start()
        stops.check()

    def _where(self) -> Tuple[int, int]:
        current: Tuple[int, int] = self._session.env.current
        return current

    def _wants_trace(self) -> bool:
        """Is the script to be traced once more?"""
        return self._untraced and not (self.muted or self._compiled or self.trace.starts >= TRACES)

    def _look_up(self) -> None:
        """Take over what was only counted."""
        calls, steps = self.quiet.end()
        self.plan.passed(calls)
        for optimizer, count, rate in steps:
            index = self.tap.add_optimizer(optimizer)
            self.version += count
            self.steps.counts[index] += count
            if self._builder is not None:
                self._builder.stepped(index, rate, count)

    def before_backward(self, roots: Tuple[Any, ...]) -> None:
        """A backward call is about to run."""
        if self.muted or self._reading:
            return
        self._look_up()
        roots = tuple(r for r in roots if getattr(r, "grad_fn", None) is not None)
        if not roots:
            return
        began = time.process_time()
        # several losses may be made in one traced stretch: what it showed holds until the next optimizer step
        traced = self.trace.on or any(self.trace.lookup(root.grad_fn) is not None for root in roots)
        self.trace.stop()
        self._reading = True
        try:
            with self._unseen():
                self._read(roots, traced)
        finally:
            self._reading = False
            self.reader.last = []
            self.plan.spent += time.process_time() - began

    def _read(self, roots: Tuple[Any, ...], traced: bool) -> None:
        if self.env_steps.came():
            self._begin_update()
        kind = (None if traced else self.plan.expected()) or kind_of(roots)
        self._current, self._measuring = None, False
        glimpse = not traced and self.glimpses.ready(kind)
        rollout = (self._builder.record.rollout_steps if self._builder is not None else None) or 1 << 60
        read, keep = self.plan.wants(kind, rollout, glimpse=glimpse)
        if traced:
            self._traced[kind] = self._traced.get(kind, 0) + 1
            read = True
        self._untraced = not self.plan.kinds() <= self._traced.keys()
        if not read or self._builder is None or self.hooks.forbid_reading(self.note):
            return
        began = time.process_time()
        seen = self.glimpses.read(kind, roots) if glimpse and not keep else None
        self._measuring, self._glimpsed = True, seen is not None
        if seen is not None:
            self._builder.add(seen)
        else:
            self._read_in_full(kind, roots, traced, keep)
        self.plan.charge(time.process_time() - began, glimpse=self._glimpsed)

    def _read_in_full(self, kind: Any, roots: Tuple[Any, ...], traced: bool, keep: bool) -> None:
        began = time.thread_time()
        graph = self.reader.read(roots, full=keep)
        loss = float(sum(float(r.detach().sum()) for r in roots)) if keep else None
        _, step = self._where()
        minibatch = MinibatchSpecimen(self.update, self.plan.calls() - 1, self.version, step, graph, loss)
        minibatch.facts.update(self.steps.before_backward(graph, self.version))
        minibatch.facts["traced"] = traced
        reading = read_minibatch(minibatch)
        self.plan.saw(kind, max(reading.batch, 1))
        self.glimpses.learn(kind, graph, reading)
        self._take(minibatch, reading, keep)
        if keep and self.update <= MUST:
            self._measure_share(roots, reading)
            self.plan.must(time.thread_time() - began)

    def _measure_share(self, roots: Tuple[Any, ...], reading: LossReading) -> None:
        if self._builder is None or self._builder.record.value_grad_share is not None:
            return
        if self.hooks.allow_gradient(self.reader.last):
            share = value_share(self._torch, roots, self.reader.last, reading, self.parameters.tensor)
            self._builder.record.value_grad_share = share

    def _take(self, minibatch: MinibatchSpecimen, reading: LossReading, keep: bool) -> None:
        assert self._builder is not None
        self._builder.add(reading)
        self._builder.add_activations(minibatch.graph)
        self.roles.learn(minibatch.graph, reading)
        self.layers.narrow(self.roles.first, self.roles.heads)
        self._current = minibatch
        if keep:
            self.keeping.minibatch(minibatch)
            inputs = reading.value_inputs if reading.policy_inputs is None else reading.policy_inputs
            self._session.env.minibatch(inputs)

    def _begin_update(self) -> None:
        """The first backward call after environment steps: close the last row, open the next."""
        self._close_update()
        self.env_steps.begin_update()
        self.update += 1
        env = self._session.env
        self.plan.begin(self.update, env.total_steps, env.ends)
        later = not (self.plan.specimen or self.plan.specimen_next)
        rollouts = self._rows.begin(self.update, time.perf_counter() - self._session.began, later=later)
        self._builder = self._rows.builder
        if self.plan.specimen:
            self.keeping.rollouts(self.update, rollouts)
            self.plan.kept(rollouts)
        env.keep_rows = self.plan.specimen_next

    def before_step(self, optimizer: Any) -> None:
        """An optimizer is about to step."""
        if self.muted:
            return
        self.trace.clear()
        self.keeping.end_of_rollout()
        if self._measuring:
            self._measured(self.steps.before_step, optimizer)

    def _measured(self, measure: Callable[..., Dict[str, Any]], *args: Any) -> Dict[str, Any]:
        """Measure around a step whose loss was read; the time belongs to that reading."""
        began = time.process_time()
        with self._unseen():
            facts = measure(*args)
        if self._current is not None:
            self._current.facts.update(facts)
        seconds = time.process_time() - began
        self.plan.spent += seconds
        self.plan.charge(seconds, glimpse=self._glimpsed)
        return facts

    def after_step(self, optimizer: Any, *_: Any) -> None:
        """An optimizer has stepped. Raises StopWatching when a stop was asked for."""
        if self.muted:
            return
        if not self.quiet.stepped(optimizer):
            self.tap.guarded("optimizer steps", self._after_step, optimizer)
        stops.check(stops.OPTIMIZER_STEP)

    def _after_step(self, optimizer: Any) -> None:
        index = self.tap.add_optimizer(optimizer)
        self.version += 1
        self.steps.count(optimizer, index)
        builder = self._builder
        if self._measuring:
            for name, value in self._measured(self.steps.after_step, optimizer).items():
                if builder is not None:
                    builder.measure_step(name, value)
            self._current, self._measuring = None, False
        if builder is not None:
            builder.stepped(index, optimizer.param_groups[0]["lr"])
        self.layers.recording = self.plan.specimen_next or self.env_steps.unseen
        self.trace.leave()
        if self._wants_trace():
            self.trace.start()
        self.quiet.know(optimizer)
        if not (self.trace.busy or self.layers.recording):
            self.quiet.begin(0 if self.env_steps.any else self.plan.passing())

    def clipped(self, parameters: Any, limit: Any, norm: Any) -> None:
        """The script clipped gradients."""
        if self.muted:
            return
        self.steps.limited(limit)
        if not self._measuring:
            return
        with self._unseen():
            facts = self.steps.clipped(parameters, limit, norm)
        if self._current is not None:
            known = self._current.facts
            facts["clipped_parameters"] = known.get("clipped_parameters", []) + facts["clipped_parameters"]
            facts["clip_calls"] = known.get("clip_calls", 0) + 1
            known.update(facts)
        if self._builder is not None and "grad_norm" in facts:
            self._builder.measure_step("grad_norm", facts["grad_norm"])

    def _close_update(self) -> None:
        """Write the row and the specimens of the update that is over."""
        if self._builder is None or self._session.recorder is None:
            return
        self.keeping.end_of_update(self.update, with_calls=self.plan.specimen)
        self._rows.end(self.plan.calls())
        self._builder = None
        self._session.updated(self.update)

    def finish(self) -> None:
        """The process ends: write what is open."""
        self._look_up()
        self.trace.stop()
        self._rows.finish(self.update + 1, stepped=self.env_steps.any)
        self._close_update()

    def facts(self) -> Dict[str, Any]:
        """The learner's part of run.json."""
        roles = self.roles.by_parameter()
        parameters = self.parameters.facts(roles, self.steps.moved, self.roles.seen)
        settings: Dict[str, Setting] = {**self.roles.settings(), **self.steps.settings()}
        return {
            "optimizers": [to_dict(o) for o in self.tap.facts(self.parameters.number, self.steps.counts)],
            "parameters": [to_dict(p) for p in parameters],
            "modules": module_kinds(self.parameters.modules()),
            "settings": {name: to_dict(setting) for name, setting in settings.items()},
            "compiled": self._compiled,
            "watch_seconds": round(self.plan.spent, 4),
        }
