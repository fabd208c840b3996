"""What is prepared computes what its case says."""

from pathlib import Path

import pytest

from validation.bench import attention, checkpoint, gemm, memory
from validation.bench.case import Case, Value
from validation.bench.worker import Place

torch = pytest.importorskip("torch")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(0, 1, "cpu", threads=1, folder=tmp_path, port=0)


@pytest.mark.parametrize(("op", "shape"), [("forward", (5, 3)), ("dgrad", (5, 2)), ("wgrad", (3, 2))])
@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_products(place: Place, op: str, shape: tuple[int, int], precision: str, dtype: object) -> None:
    case = Case("gemm", {"m": 5, "n": 3, "k": 2, "op": op, "precision": precision})
    result = gemm.prepare(case, place).run()
    assert isinstance(result, torch.Tensor)
    assert (tuple(result.shape), result.dtype) == (shape, dtype)


@pytest.mark.parametrize("kv_heads", [4, 2])
def test_attention(place: Place, kv_heads: int) -> None:
    sizes: dict[str, Value] = {
        "batch": 2,
        "heads": 4,
        "kv_heads": kv_heads,
        "seq": 8,
        "head_dim": 16,
        "precision": "fp32",
    }
    result = attention.prepare(Case("attention", {**sizes, "op": "forward"}), place).run()
    assert isinstance(result, torch.Tensor)
    assert tuple(result.shape) == (2, 4, 8, 16)
    gradients = attention.prepare(Case("attention", {**sizes, "op": "backward"}), place).run()
    assert isinstance(gradients, tuple)
    assert [tuple(gradient.shape) for gradient in gradients] == [(2, heads, 8, 16) for heads in (4, kv_heads, kv_heads)]


@pytest.mark.parametrize("op", memory.OPERATORS)
def test_every_operator_runs_again_and_again(place: Place, op: str) -> None:
    case = Case("memory", {"op": op, "precision": "fp32", "rows": 4, "width": 32})
    prepared = memory.prepare(case, place)
    prepared.run()
    prepared.run()


def test_a_saved_file_is_loaded(place: Place) -> None:
    case = Case("checkpoint", {"op": "save", "cache": "none", "bytes": 1 << 16})
    checkpoint.prepare(case, place).run()
    (file,) = place.folder.iterdir()
    assert file.stat().st_size > 1 << 16
    cold = checkpoint.prepare(Case("checkpoint", {"op": "load", "cache": "cold", "bytes": 1 << 16}), place)
    assert cold.before is not None
    cold.before()
    loaded = cold.run()
    assert isinstance(loaded, dict)
    assert sum(tensor.nbytes for tensor in loaded.values()) == 1 << 16
