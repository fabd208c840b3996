#!/usr/bin/env python3
"""Measure one accelerator for the step model, in one file that needs torch alone; within ten minutes on one GPU.

    python3 gpu_suite.py --out h100.json [--budget 520] [--sections gemm,attention,...]
    python3 gpu_suite.py --list                                  # what would run
    python3 gpu_suite.py --out cpu.json --device cpu --small     # a small form, for trying the suite itself

Every record carries its section, its parameters, ``time_s`` (median), ``iqr_s``, ``repeats``, and, where they have a
meaning, ``flop`` and ``bytes``. A case that fails is recorded with ``error``, one that does not run with ``note``. The
file is replaced as a whole after each section, and within long ones, so that what was measured survives anything.
Runs on torch 2.6 to 2.13, Python 3.10 or later.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

FLUSH_S = 10.0
"""Longest time between two rewrites of the file [s]; a choice."""
TURNS, TURN_S, TOLERANCE = 4, 0.06, 0.01
"""A case is timed in up to so many turns of so long [s], until its median is known this well; choices."""

Record = dict[str, Any]
Operation = Callable[[], object]
Prepare = Callable[[], Operation | Mapping[str, float]]
"""Makes the inputs and returns the operation to be timed, or what was measured."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The device that is measured, and whether in the small form."""

    device: torch.device
    small: bool

    @property
    def is_cuda(self) -> bool:
        """Whether work is queued on a CUDA device rather than done when a call returns."""
        return self.device.type == "cuda"

    @property
    def lacks_cuda(self) -> str:
        """Why a case for CUDA devices alone cannot be measured; empty when it can."""
        return "" if self.is_cuda else "needs a CUDA device"

    def wait(self) -> float:
        """Return the time once the device has nothing left to do [s]."""
        if self.is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    def normal(self, *sizes: int, dtype: torch.dtype = torch.bfloat16, gradient: bool = False) -> Tensor:
        """Standard normal values: zeros would draw less power."""
        return torch.randn(sizes, device=self.device, dtype=dtype, requires_grad=gradient)

    def index(self, end: int, *sizes: int) -> Tensor:
        """Whole numbers from 0 to ``end`` - 1."""
        return torch.randint(end, sizes, device=self.device)

    def blank(self, size: int) -> Tensor:
        """So many bytes, whatever they hold."""
        return torch.empty(size, device=self.device, dtype=torch.uint8)


def spread_of(times_s: Sequence[float]) -> dict[str, float]:
    """Median and interquartile range of two or more samples [s], and their number."""
    lower, middle, upper = statistics.quantiles(times_s, n=4, method="inclusive")
    return {"time_s": middle, "iqr_s": upper - lower, "repeats": len(times_s)}


def samples_of(operation: Operation, count: int, machine: Machine) -> list[float]:
    """Time of each of so many calls [s]; on a GPU they are queued without a wait between them."""
    if machine.is_cuda:
        pairs: list[list[Any]] = [[torch.cuda.Event(True), torch.cuda.Event(True)] for _ in range(count)]  # type: ignore[no-untyped-call]
        for began, ended in pairs:
            began.record()
            operation()
            ended.record()
        machine.wait()
        return [began.elapsed_time(ended) / 1e3 for began, ended in pairs]
    marks = [time.perf_counter()]
    for _ in range(count):
        operation()
        marks.append(time.perf_counter())
    return [after - before for before, after in pairwise(marks)]


def pilot_count(operation: Operation, machine: Machine) -> int:
    """Warm up, and return how many calls fill a turn: 5 to 60, and 5 in the small form."""
    for _ in range(2):
        operation()
    machine.wait()
    call_s = max(samples_of(operation, 1, machine)[0], 1e-6)
    return 5 if machine.small else max(5, min(60, int(TURN_S / call_s)))


def timed(operation: Operation, machine: Machine) -> dict[str, float]:
    """Time an operation until the 95 % interval of its median (McGill et al. 1978) is narrow, or its turns are over."""
    count, times_s = pilot_count(operation, machine), list[float]()
    for _ in range(TURNS):
        times_s += samples_of(operation, count, machine)
        found = spread_of(times_s)
        if 1.57 * found["iqr_s"] / math.sqrt(found["repeats"]) <= TOLERANCE * found["time_s"]:
            break
    return found


class Suite:
    """What has been measured so far, and its file; without a file, cases are listed and not measured."""

    def __init__(self, machine: Machine, path: Path | None = None) -> None:
        self.machine, self.path = machine, path
        self.records: list[Record] = []
        self.states: dict[str, str] = {}
        self.environment = describe(machine) if path else {}
        self.deadline_s, self._written_s = math.inf, -math.inf

    def case(self, labels: Record, prepare: Prepare, flop: int = 0, moved: int = 0, obstacle: str = "") -> None:
        """Measure one case, whatever comes of it.

        One operation computes ``flop`` and must move so many bytes; 0 where that says nothing. ``obstacle`` is why it
        cannot be measured on this machine.
        """
        self.records.append(labels)
        if self.path is None:
            words = " ".join(f"{name}={value}" for name, value in labels.items())
            sys.stdout.write(f"  {words}{obstacle and f' (not run: {obstacle})'}\n")
            return
        try:
            if obstacle or time.monotonic() >= self.deadline_s:
                labels["note"] = f"not run: {obstacle or 'time'}"
            else:
                prepared = prepare()
                labels |= prepared if isinstance(prepared, Mapping) else timed(prepared, self.machine)
                per_second = 1.0 / labels["time_s"] if flop or moved else 0.0
                labels |= {"flop": flop, "tflops": flop * per_second / 1e12} if flop else {}
                labels |= {"bytes": moved, "GBps": moved * per_second / 1e9} if moved else {}
        except Exception as error:  # out of memory, not supported here: the other cases still run
            labels["error"] = f"{type(error).__name__}: {str(error)[:200]}"
        if "error" in labels and self.machine.is_cuda:
            torch.cuda.empty_cache()
        self.write(at_once=False)

    def run(self, name: str, end_s: float, share: float) -> None:
        """Measure a section until its share of the time that is left has gone."""
        began_s = time.monotonic()
        self.deadline_s, self.states[name] = began_s + share * (end_s - began_s), "begun, not finished"
        try:
            if began_s < end_s:
                SECTIONS[name](self)
            done = f"done in {time.monotonic() - began_s:.1f} s" if self.path else "listed"
            self.states[name] = done if began_s < end_s else "not run: time budget spent"
        except Exception as error:  # one section must not take the others with it
            self.states[name] = f"failed: {type(error).__name__}: {error}"
        self.write()

    def write(self, at_once: bool = True) -> None:
        """Replace the file; within a section only when it has not been done for a while."""
        if self.path and (at_once or time.monotonic() >= self._written_s + FLUSH_S):
            content = {"schema": 1, "kind": "accelerator", "environment": self.environment, "records": self.records}
            part = self.path.with_name(self.path.name + ".part")
            part.write_text(json.dumps({**content, "sections": self.states}, indent=0), encoding="utf-8")
            part.replace(self.path)
            self._written_s = time.monotonic()


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a transformer layer, or of what one tensor-parallel process holds of it."""

    hidden: int
    ffn: int
    heads: int
    kv_heads: int
    head_dim: int
    gated: bool = True

    def shard(self, tensor: int) -> "Shape":
        """What one of so many processes holds."""
        kv_heads = max(1, self.kv_heads // tensor)
        return Shape(self.hidden, self.ffn // tensor, self.heads // tensor, kv_heads, self.head_dim, self.gated)

    def matrices(self) -> dict[str, tuple[int, int]]:
        """Outputs and inputs of the four linear layers."""
        query, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        linear = {"qkv": (query + 2 * keys, self.hidden), "proj": (self.hidden, query)}
        return linear | {"up": (self.ffn * (2 if self.gated else 1), self.hidden), "down": (self.hidden, self.ffn)}

    def flop(self, batch: int, length: int) -> int:
        """Forward FLOPs of a layer."""
        linear = sum(2 * n * k for n, k in self.matrices().values())
        return batch * length * linear + attention_flop(batch, length, self.heads, self.head_dim)


def attention_flop(batch: int, length: int, heads: int, head_dim: int) -> int:
    """FLOPs of causal attention, forward: two products over the half of the pairs of positions that the mask keeps."""
    return 4 * batch * heads * length * length * head_dim // 2


MODELS = {  # GPT-3 (arXiv 2005.14165) table 2.1; Llama 2 (2307.09288); Llama 3 (2407.21783) table 3
    "gpt3-1.3b": Shape(2048, 8192, 16, 16, 128, gated=False),
    "llama2-7b": Shape(4096, 11008, 32, 32, 128),
    "llama3-8b": Shape(4096, 14336, 32, 8, 128),
    "llama2-13b": Shape(5120, 13824, 40, 40, 128),
    "llama3-70b": Shape(8192, 28672, 64, 8, 128),
    "gpt3-175b": Shape(12288, 49152, 96, 96, 128, gated=False),
    "llama3-405b": Shape(16384, 53248, 128, 8, 128),
}
TINY = {"tiny": Shape(128, 256, 4, 2, 32)}


class Layer(nn.Module):
    """A layer as in Llama, or the part that one tensor-parallel process holds; it does not communicate."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.products = nn.ModuleDict({name: nn.Linear(k, n, bias=False) for name, (n, k) in shape.matrices().items()})
        self.norms = nn.ParameterList([torch.ones(shape.hidden) for _ in range(2)])

    def forward(self, x: Tensor) -> Tensor:
        """From (batch, length, hidden) to the same."""
        shape, width = self.shape, self.shape.head_dim
        sizes = [shape.heads * width, shape.kv_heads * width, shape.kv_heads * width]
        parts = self.products["qkv"](functional.rms_norm(x, (shape.hidden,), self.norms[0])).split(sizes, -1)
        query, key, value = (part.unflatten(-1, (-1, width)).transpose(1, 2) for part in parts)
        grouped = shape.heads != shape.kv_heads
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=grouped)
        x = x + self.products["proj"](mixed.transpose(1, 2).flatten(2))
        gate, up = self.products["up"](functional.rms_norm(x, (shape.hidden,), self.norms[1])).chunk(2, -1)
        out: Tensor = x + self.products["down"](functional.silu(gate) * up)
        return out


class Transformer(nn.Module):
    """A small GPT that returns its loss."""

    def __init__(self, layers: int, shape: Shape, vocab: int, recompute: bool = False) -> None:
        super().__init__()
        self.recompute = recompute
        self.embedding = nn.Embedding(vocab, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(layers))
        self.norm = nn.Parameter(torch.ones(shape.hidden))
        self.head = nn.Linear(shape.hidden, vocab, bias=False)

    def forward(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of (batch, length) tokens."""
        x = self.embedding(tokens)
        for block in self.layers:
            x = checkpoint(block, x, use_reentrant=False) if self.recompute else block(x)
        logits = self.head(functional.rms_norm(x, self.norm.shape, self.norm))
        return functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())


ELEMENTWISE: dict[str, tuple[float, Callable[[Tensor, Tensor, Tensor], object]]] = {
    "copy": (2, lambda x, _y, _w: x.clone()),
    "residual_add": (3, lambda x, y, _w: x + y),
    "rms_norm": (2, lambda x, _y, w: functional.rms_norm(x, w.shape, w)),
    "layer_norm": (2, lambda x, _y, w: functional.layer_norm(x, w.shape, w, w)),
    "swiglu_eager": (5, lambda x, y, _w: functional.silu(x) * y),
    "gelu": (2, lambda x, _y, _w: functional.gelu(x)),
    "dropout": (2, lambda x, _y, _w: functional.dropout(x, 0.1)),
    "cast_fp8": (1.5, lambda x, _y, _w: x.to(torch.float8_e4m3fn)),
}
"""Operators on x and y of one size and a row w, and how often a tensor as large as x is moved: each torch operator
reads its inputs and writes its output once."""


def memory(suite: Suite) -> None:
    """Operators that move bytes and hardly compute."""
    small, normal, index = suite.machine.small, suite.machine.normal, suite.machine.index
    rows, widths = (256, (256,)) if small else (8192, (4096, 8192, 16384))
    tokens, vocab, row = (64, 1024, 256) if small else (4096, 128256, 4096)
    large = 1 << (22 if small else 31)

    def elementwise(name: str, width: int) -> Operation:
        return partial(ELEMENTWISE[name][1], normal(rows, width), normal(rows, width), normal(width))

    def loss() -> Operation:
        return partial(functional.cross_entropy, normal(tokens, vocab, dtype=torch.float32), index(vocab, tokens))

    for width, (name, (passes, _)) in product(widths, ELEMENTWISE.items()):
        labels = {"section": "memory", "op": name, "tokens": rows, "hidden": width, "dtype": "bf16"}
        suite.case(labels, partial(elementwise, name, width), moved=int(passes * rows * width * 2))
    labels = {"section": "memory", "tokens": tokens, "vocab": vocab}
    suite.case({**labels, "op": "cross_entropy_fwd"}, loss, moved=2 * 4 * tokens * vocab)
    lookup = lambda: partial(functional.embedding, index(vocab, tokens), normal(vocab, row))  # noqa: E731
    suite.case({**labels, "op": "embedding"}, lookup, moved=2 * 2 * tokens * row)
    labels = {"section": "memory", "op": "device_copy_large"}
    suite.case(labels, lambda: suite.machine.blank(large).clone, moved=2 * large)


def gemm(suite: Suite) -> None:
    """Products of every layer's four matrices at TP 1, 2, 4 and 8, square ones, and experts of equal load."""
    small, normal, seen = suite.machine.small, suite.machine.normal, set()
    tokens, all_kinds = ((128, 512), (512,)) if small else ((1024, 2048, 4096, 8192), (2048, 8192))
    for (name, shape), tensor, m in product((TINY if small else MODELS).items(), (1, 2, 4, 8), tokens):
        if shape.heads % tensor or (shape.kv_heads % tensor and shape.kv_heads >= tensor):
            continue
        for matrix, (n, k) in shape.shard(tensor).matrices().items():
            if (m, n, k) not in seen and (m in all_kinds or tensor in (1, 8)):
                seen.add((m, n, k))
                for kind in ("forward", "dgrad", "wgrad", "fp8") if m in all_kinds else ("forward",):
                    _product(suite, kind, m, n, k, model=name, tp=tensor, matrix=matrix)
    for side, kind in product((256, 512) if small else (512, 1024, 2048, 4096, 8192, 16384), ("forward", "fp8")):
        _product(suite, kind, side, side, side, model="square", tp=1, matrix="square")
    for groups in (2, 4) if small else (4, 8, 16, 64):
        m, n, k = (64, 256, 128) if small else (4096 // groups, 2048, 4096)
        labels = {"section": "gemm", "model": "experts", "tp": 1, "matrix": "bmm", "m": m, "n": n, "k": k}
        sizes = (groups, m, k), (groups, k, n)
        prepare = partial(lambda left, right: partial(torch.bmm, normal(*left), normal(*right)), *sizes)
        suite.case(labels | {"groups": groups, "dtype": "bf16", "op": "forward"}, prepare, 2 * groups * m * n * k)


def _product(suite: Suite, kind: str, m: int, n: int, k: int, **labels: str | int) -> None:
    """A product of two of x (m, k), w (n, k) and g (m, n); of FP8 the forward one, in E4M3 with a scale a tensor."""
    machine, fp8 = suite.machine, torch.float8_e4m3fn

    def prepare() -> Operation:
        x, w, g = machine.normal(m, k), machine.normal(n, k), machine.normal(m, n)
        if kind == "fp8":
            one = torch.ones((), device=machine.device)
            scaled = partial(torch._scaled_mm, scale_a=one, scale_b=one, out_dtype=x.dtype, use_fast_accum=True)
            return partial(scaled, x.to(fp8), w.to(fp8).t())
        return {"forward": lambda: functional.linear(x, w), "dgrad": lambda: g @ w, "wgrad": lambda: g.t() @ x}[kind]

    able = machine.is_cuda and torch.cuda.get_device_capability() >= (8, 9)
    form = {"dtype": "fp8", "op": "forward"} if kind == "fp8" else {"dtype": "bf16", "op": kind}
    record = {"section": "gemm", **labels, "m": m, "n": n, "k": k, **form}
    suite.case(record, prepare, 2 * m * n * k, obstacle="no FP8 on this device" if kind == "fp8" and not able else "")


def attention(suite: Suite) -> None:
    """Causal attention of whole models and of tensor-parallel parts, forward and backward."""
    batches = [(8, 1024), (4, 2048), (2, 4096), (1, 8192), (1, 16384), (1, 32768)]
    kinds = [(32, 8, 128), (16, 1, 128), (8, 1, 128), (12, 12, 128), (16, 16, 64)]
    if suite.machine.small:
        batches, kinds = [(1, 128)], [(4, 2, 32)]

    def prepare(batch: int, length: int, heads: int, kv_heads: int, width: int, op: str) -> Operation:
        make = partial(suite.machine.normal, gradient=True)
        query, key, value = (make(batch, count, length, width) for count in (heads, kv_heads, kv_heads))
        attend = partial(functional.scaled_dot_product_attention, query, key, value, is_causal=True)
        forward = partial(attend, enable_gqa=heads != kv_heads)
        if op == "forward":
            return forward
        result = forward()
        gradient = torch.randn_like(result)
        return lambda: torch.autograd.grad(result, (query, key, value), gradient, retain_graph=True)

    for (batch, length), (heads, kv_heads, width), op in product(batches, kinds, ("forward", "backward")):
        labels = {"section": "attention", "batch": batch, "seq": length, "heads": heads, "kv_heads": kv_heads}
        flop = attention_flop(batch, length, heads, width)
        if op == "backward":  # five products to two, as it works out the scores again (FlashAttention, 2205.14135)
            flop = 5 * flop // 2
        run = partial(prepare, batch, length, heads, kv_heads, width, op)
        suite.case(labels | {"head_dim": width, "causal": True, "dtype": "bf16", "op": op}, run, flop)


def optimizer(suite: Suite) -> None:
    """Fused AdamW on FP32, which reads four tensors and writes three; the norm of gradients and their scaling."""

    def prepare(name: str, count: int) -> Operation:
        parameter = nn.Parameter(suite.machine.normal(count, dtype=torch.float32))
        parameter.grad = suite.machine.normal(count, dtype=torch.float32)
        if name == "clip_grad_norm":
            return partial(nn.utils.clip_grad_norm_, [parameter], 1.0)
        return torch.optim.AdamW([parameter], lr=1e-4, fused=True).step

    counts = (1 << 20,) if suite.machine.small else (1 << 27, 1 << 29, 1 << 30)
    for count, (name, passes) in product(counts, (("adamw_fp32", 7), ("clip_grad_norm", 3))):
        labels = {"section": "optimizer", "op": name, "params": count}
        suite.case(labels, partial(prepare, name, count), moved=4 * passes * count)


LAYERS = {  # by model: tensor-parallel size, micro-batch and length; the first of each is compiled, too
    "llama3-8b": ((1, 1, 8192), (1, 2, 8192), (1, 4, 2048), (2, 1, 8192)),
    "llama2-13b": ((8, 1, 4096),),
    "llama3-70b": ((8, 1, 8192), (4, 1, 8192), (1, 1, 8192)),
    "llama3-405b": ((8, 1, 8192), (8, 1, 4096)),
}
PASSES = {"forward": 1, "forward_backward": 3, "forward_backward_recompute": 4}
"""FLOPs over those of a forward pass: the backward pass has two products to each one, recomputation adds one more."""


def layer(suite: Suite) -> None:
    """One layer, whole or a tensor-parallel part: forward, with backward, with recomputation; eager and compiled."""
    machine = suite.machine

    def prepare(shape: Shape, batch: int, length: int, mode: str, op: str) -> Operation:
        module = Layer(shape).to(machine.device, torch.bfloat16)
        x = machine.normal(batch, length, shape.hidden, gradient=True)
        gradient = machine.normal(batch, length, shape.hidden)
        if mode == "compiled":
            torch.compiler.reset()  # else the shapes of the layer before would make this one's dynamic
            module.compile(dynamic=False)

        def both() -> None:
            module.zero_grad(set_to_none=True)
            x.grad = None
            result = checkpoint(module, x, use_reentrant=False) if op.endswith("recompute") else module(x)
            result.backward(gradient)

        return torch.no_grad()(partial(module, x)) if op == "forward" else both

    layouts: Mapping[str, Sequence[tuple[int, int, int]]] = {"tiny": ((1, 1, 64),)} if machine.small else LAYERS
    for name, layout in ((name, layout) for name, choices in layouts.items() for layout in choices):
        tensor, batch, length = layout
        shape = (MODELS | TINY)[name].shard(tensor)
        compiled = [("compiled", "forward_backward")] if layout == layouts[name][0] else []
        for mode, op in [*product(("eager",), PASSES), *compiled]:
            labels = {"section": "layer", "model": name, "tp": tensor, "micro_batch": batch, "seq": length}
            obstacle = machine.lacks_cuda if mode == "compiled" else ""
            run = partial(prepare, shape, batch, length, mode, op)
            suite.case(labels | {"mode": mode, "op": op}, run, PASSES[op] * shape.flop(batch, length), 0, obstacle)


GPTS = {  # layers and shape: sizes of GPT-2 and GPT-3 with gated blocks, and eight layers of Llama 2 7B
    "gpt-125m": (12, Shape(768, 2048, 12, 12, 64)),
    "gpt-350m": (24, Shape(1024, 2816, 16, 16, 64)),
    "gpt-1.3b": (24, Shape(2048, 5632, 16, 16, 128)),
    "gpt-2.7b": (32, Shape(2560, 6912, 20, 20, 128)),
    "llama-7b-shape-8-layers": (8, MODELS["llama2-7b"]),
}


def model(suite: Suite) -> None:
    """Whole training steps of small models in BF16, at several micro-batches, with and without recomputation."""
    machine = suite.machine
    vocab, models = (512, {"tiny": (2, TINY["tiny"])}) if machine.small else (50304, GPTS)
    batches = ((2, 64),) if machine.small else ((1, 2048), (2, 2048), (4, 2048), (8, 2048), (1, 8192))
    eager = product(models, batches, (False, True), ("eager",))
    compiled = product(models, [batches[len(batches) // 2]], (False,), ("compiled_layers",))
    for name, (batch, length), recompute, mode in (*eager, *compiled):
        layers, shape = models[name]
        labels = {"section": "model", "model": name, "layers": layers, "hidden": shape.hidden, "ffn": shape.ffn}
        labels |= {"heads": shape.heads, "vocab": vocab, "micro_batch": batch, "seq": length}
        labels |= {"recompute": recompute, "mode": mode, "dtype": "bf16"}
        flop = 3 * (layers * shape.flop(batch, length) + 2 * batch * length * shape.hidden * vocab)
        obstacle = machine.lacks_cuda if mode == "compiled_layers" else ""
        suite.case(labels, partial(_train, machine, shape, labels), flop, 0, obstacle)


def _train(machine: Machine, shape: Shape, labels: Record) -> dict[str, float]:
    """Time steps and their parts; the device is waited for after each part, which costs some microseconds a step."""
    module = Transformer(labels["layers"], shape, labels["vocab"], labels["recompute"])
    module.to(machine.device, torch.bfloat16)
    adamw = torch.optim.AdamW(module.parameters(), lr=1e-4, fused=True)
    tokens, targets = (machine.index(labels["vocab"], labels["micro_batch"], labels["seq"]) for _ in range(2))
    if labels["mode"] == "compiled_layers":  # one by one they are compiled once for all
        torch.compiler.reset()
        for block in module.layers:
            block.compile(dynamic=False)
    if machine.is_cuda:
        torch.cuda.reset_peak_memory_stats()

    def step() -> list[float]:
        marks = [machine.wait()]
        loss = module(tokens, targets)
        marks.append(machine.wait())
        loss.backward()
        marks.append(machine.wait())
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        marks.append(machine.wait())
        adamw.step()
        adamw.zero_grad(set_to_none=True)
        marks.append(machine.wait())
        return [marks[-1] - marks[0], *(after - before for before, after in pairwise(marks))]

    whole, *parts = zip(*[step() for _ in range(6 if machine.small else 10)][3:], strict=True)
    names = ("forward_s", "backward_s", "clip_s", "optimizer_s")
    found = spread_of(whole) | {name: statistics.median(part) for name, part in zip(names, parts, strict=True)}
    peak = {"peak_memory_bytes": torch.cuda.max_memory_allocated()} if machine.is_cuda else {}
    return found | {"params": sum(parameter.numel() for parameter in module.parameters())} | peak


def host_copy(suite: Suite) -> None:
    """Copies between device and host, and the snapshot of a checkpoint: many tensors of one state."""

    def prepare(sizes: Sequence[int], pinned: bool, op: str) -> Operation:
        device = [suite.machine.blank(size) for size in sizes]
        host = [torch.empty(size, dtype=torch.uint8, pin_memory=pinned) for size in sizes]
        targets, sources = (device, host) if op == "host_to_device" else (host, device)
        pairs = list(zip(targets, sources, strict=True))
        return lambda: [target.copy_(source, non_blocking=pinned) for target, source in pairs]

    for size, pinned, op in product((1, 16, 128, 1024, 4096), (True, False), ("device_to_host", "host_to_device")):
        labels = {"section": "host_copy", "op": op, "mebibytes": size, "pinned": pinned}
        suite.case(labels, partial(prepare, [size << 20], pinned, op), 0, size << 20, suite.machine.lacks_cuda)
    for tensors in (16, 256, 4096):
        labels = {"section": "host_copy", "op": "snapshot", "tensors": tensors, "pinned": True}
        run = partial(prepare, [(1 << 32) // tensors] * tensors, True, "snapshot")
        suite.case(labels, run, 0, 1 << 32, suite.machine.lacks_cuda)


POWER_S = 6.0
"""Time in each state [s]; its first third is left out, as power and clocks settle; a choice."""


def power(suite: Suite) -> None:
    """Board power and clock while idle, in large products, in copies and in steps of a model."""
    machine = suite.machine

    def model_step() -> Operation:
        module = Transformer(8, MODELS["llama2-7b"], 50304).to(machine.device, torch.bfloat16)
        tokens = machine.index(50304, 2, 2048)
        return lambda: torch.autograd.grad(module(tokens, tokens), list(module.parameters()))

    states: dict[str, Callable[[], Operation]] = {
        "idle": lambda: partial(time.sleep, 0.02),
        "gemm_8192": lambda: partial(torch.matmul, machine.normal(8192, 8192), machine.normal(8192, 8192)),
        "device_copy": lambda: machine.blank(1 << 31).clone,
        "model_step": model_step,
    }
    for state, prepare in states.items():
        run = partial(power_during, prepare, machine)
        suite.case({"section": "power", "state": state}, run, obstacle=machine.lacks_cuda)


def power_during(prepare: Callable[[], Operation], machine: Machine) -> dict[str, float]:
    """Read the power meter of the first device beside an operation; fails when it cannot be read."""
    query = "power.draw,clocks.sm,temperature.gpu,utilization.gpu"
    read = partial(nvidia_smi, query, "csv,noheader,nounits")
    operation, readings, stop = prepare(), [read()], threading.Event()

    def poll() -> None:
        while not stop.wait(0.1):
            readings.append(read())

    meter = threading.Thread(target=poll)
    meter.start()
    end_s = time.monotonic() + POWER_S
    while time.monotonic() < end_s:
        for _ in range(10):
            operation()
        machine.wait()
    stop.set()
    meter.join()
    lines = [reading.splitlines()[0] for reading in readings[len(readings) // 3 :]]
    samples = [[float(value) for value in line.split(",")] for line in lines]
    watts, clock, temperature, _ = (statistics.median(column) for column in zip(*samples, strict=True))
    return {"samples": len(samples), "watts": watts, "sm_mhz": clock, "celsius": temperature}


def nvidia_smi(query: str, form: str) -> str:
    """What nvidia-smi says, a line for each device."""
    command = ["nvidia-smi", f"--query-gpu={query}", f"--format={form}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.strip()


def collectives(suite: Suite) -> None:
    """Collectives of 64 KiB to 1 GiB over the devices of this machine, or over two processes of its processor."""
    machine = suite.machine
    world = torch.cuda.device_count() if machine.is_cuda else 2
    sizes = [(1 << power) // (2 * world) * 2 * world for power in ((16, 20) if machine.small else range(16, 31, 2))]
    grid = list(product(("all_reduce", "all_gather", "reduce_scatter", "all_to_all"), sizes))

    found: list[dict[str, float]] = [{} for _ in grid]
    if suite.path and world > 1:  # all at once: processes take seconds to start
        with tempfile.TemporaryDirectory(dir=suite.path.parent, prefix=".gpu-suite-") as folder:
            torch.multiprocessing.spawn(_collective_worker, (world, machine, grid, Path(folder)), world)  # type: ignore[no-untyped-call, attr-defined]
            found = json.loads((Path(folder) / "records.json").read_text(encoding="utf-8"))
    for (op, size), measured in zip(grid, found, strict=True):
        labels = {"section": "collectives", "op": op, "devices": world, "bytes": size}
        suite.case(labels, partial(dict, measured), obstacle="" if world > 1 else "fewer than two devices")


def _collective_worker(rank: int, world: int, machine: Machine, grid: list[tuple[str, int]], folder: Path) -> None:
    """One process of a group: all do everything equally often, and the first writes the times."""
    device = torch.device("cuda", rank) if machine.is_cuda else machine.device
    if machine.is_cuda:
        torch.cuda.set_device(device)
    torch.set_num_threads(1)
    store, limit = f"file://{folder.resolve()}/store", timedelta(seconds=120)
    dist.init_process_group("nccl" if machine.is_cuda else "gloo", store, limit, world, rank)
    gather = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor  # renamed in torch 2.13
    scatter = getattr(dist, "reduce_scatter_single", None) or dist.reduce_scatter_tensor
    found = []
    for op, size in grid:
        zeros = partial(torch.zeros, device=device, dtype=torch.bfloat16)
        whole, part, other = zeros(size // 2), zeros(size // 2 // world), zeros(size // 2)
        operations: dict[str, Operation] = {
            "all_reduce": partial(dist.all_reduce, whole),
            "all_gather": partial(gather, whole, part),
            "reduce_scatter": partial(scatter, part, whole),
            "all_to_all": partial(dist.all_to_all_single, other, whole),
        }
        count = torch.tensor(pilot_count(operations[op], machine), device=device)
        dist.all_reduce(count, dist.ReduceOp.MIN)
        found.append(spread_of(samples_of(operations[op], int(count), machine)))
    if rank == 0:
        (folder / "records.json").write_text(json.dumps(found), encoding="utf-8")
    dist.destroy_process_group()


_IN_ORDER = (memory, gemm, attention, layer, optimizer, host_copy, power, collectives, model)
SECTIONS: dict[str, Callable[[Suite], None]] = {section.__name__: section for section in _IN_ORDER}
SHARES = dict(zip(SECTIONS, (1.0, 5.0, 1.5, 3.5, 0.5, 1.5, 1.5, 1.5, 7.0), strict=True))
"""Share of the time of each section; what one does not need, the next ones get."""


def describe(machine: Machine) -> Record:
    """What the measured times depend on besides the parameters of the cases."""
    facts: Record = {"date": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()), "torch": torch.__version__}
    facts |= {"python": platform.python_version(), "device": str(machine.device), "small": machine.small}
    facts |= {"cpu": platform.processor() or platform.machine(), "cpus": os.cpu_count(), "load": os.getloadavg()[0]}
    facts["threads"] = torch.get_num_threads()
    if machine.is_cuda:
        device = torch.cuda.get_device_properties(0)
        facts |= {"name": device.name, "memory_bytes": device.total_memory, "count": torch.cuda.device_count()}
        facts |= {"multiprocessors": device.multi_processor_count, "cuda": torch.version.cuda, "tf32": True}
        facts["cudnn"] = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        query = "name,driver_version,power.limit,clocks.max.sm,clocks.max.memory,pcie.link.gen.current"
        try:
            facts["nvidia_smi"] = nvidia_smi(f"{query},pcie.link.width.current", "csv")
        except (OSError, subprocess.SubprocessError) as error:  # other makers' devices have no such command
            facts["nvidia_smi"] = repr(error)
    return facts


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; exit code 1 when a section failed, 2 for a mistake of the user, 130 when interrupted."""
    parser = argparse.ArgumentParser(description="Measure one accelerator for the step model.")
    parser.add_argument("--out", type=Path, help="file of results, JSON")
    parser.add_argument("--list", action="store_true", help="print the cases and measure nothing")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", choices=("cuda", "cpu"))
    parser.add_argument("--small", action="store_true", help="few and small cases, for trying the suite itself")
    parser.add_argument("--budget", type=float, default=520.0, metavar="SECONDS", help="time in all (default: 520)")
    parser.add_argument("--sections", default=",".join(SECTIONS), help="names with commas between (default: all)")
    options = parser.parse_args(arguments)
    wanted = [name for name in options.sections.split(",") if name]
    unknown = [name for name in wanted if name not in SECTIONS]
    problems = {
        f"--sections: {options.sections!r}; give some of {', '.join(SECTIONS)}": unknown or not wanted,
        "--device: torch finds no CUDA device; give cpu": options.device == "cuda" and not torch.cuda.is_available(),
        f"--budget: {options.budget:g}; give 0 or more seconds": not options.budget >= 0.0,
        "--out: missing; give a file, or --list to see what would run": options.out is None and not options.list,
        f"--out: no folder for {options.out}; make it first": options.out and not options.out.parent.is_dir(),
    }
    if any(problems.values()):
        parser.error("\n".join(problem for problem, is_wrong in problems.items() if is_wrong))
    if options.small:
        torch.set_num_threads(1)  # a trial should not wait for cores that others use
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = True
    suite = Suite(Machine(torch.device(options.device), options.small), None if options.list else options.out)
    try:
        return _run(suite, wanted, options.budget)
    except KeyboardInterrupt:
        suite.write()
        return 130


def _run(suite: Suite, wanted: Sequence[str], budget_s: float) -> int:
    end_s = time.monotonic() + (budget_s if suite.path else math.inf)
    for place, name in enumerate(wanted):
        suite.run(name, end_s, SHARES[name] / sum(SHARES[other] for other in wanted[place:]))
        sys.stdout.write(f"{name}: {suite.states[name]}  ({len(suite.records)} records)\n")
        sys.stdout.flush()
    errors = [record for record in suite.records if "error" in record]
    sys.stdout.write(f"{len(suite.records)} records, {len(errors)} with errors -> {suite.path or 'not measured'}\n")
    sys.stdout.write("".join(f"  {record}\n" for record in errors[:5]))
    return 1 if any(state.startswith("failed") for state in suite.states.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
