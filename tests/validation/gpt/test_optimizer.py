"""Groups of the optimizer, the norm of gradients and their clipping, on one process."""

from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch")

from validation.gpt.config import Layout, ModelShape, Training  # noqa: E402
from validation.gpt.gradients import clip_gradients, gradient_norm  # noqa: E402
from validation.gpt.initial import build_model  # noqa: E402
from validation.gpt.optimizer import build_optimizer, moments, set_learning_rate, set_steps_done  # noqa: E402
from validation.gpt.processes import Processes, start_processes  # noqa: E402
from validation.gpt.weights import Weight  # noqa: E402

SHAPE = ModelShape(layers=2, hidden=16, heads=2, kv_heads=2, ffn_hidden=24, vocab=30)
TRAINING = Training(sequence_length=8, micro_batch=1, global_batch=1, steps=5, weight_decay=0.5, learning_rate=0.1)


@pytest.fixture
def processes() -> Iterator[Processes]:
    yield start_processes(Layout())
    torch.distributed.destroy_process_group()


def weights_with_gradients() -> list[Weight]:
    model = build_model(SHAPE, 0, None, torch.float32, autocast=False)
    generator = torch.Generator().manual_seed(2)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    return [Weight(name, parameter, None) for name, parameter in model.named_parameters()]


def test_matrices_decay_and_norms_do_not() -> None:
    weights = weights_with_gradients()
    optimizer = build_optimizer(weights, TRAINING)
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert {weight.name: decays[id(weight.parameter)] for weight in weights} == {
        weight.name: 0.0 if "norm" in weight.name else 0.5 for weight in weights
    }


def test_norm_and_clipping_are_those_of_torch(processes: Processes) -> None:
    ours, theirs = weights_with_gradients(), weights_with_gradients()
    norm = gradient_norm(ours, processes)
    expected = torch.nn.utils.clip_grad_norm_([weight.parameter for weight in theirs], 3.0)
    assert norm.item() == pytest.approx(expected.item())
    clip_gradients(ours, norm, 3.0)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.parameter.grad, other.parameter.grad)
    assert gradient_norm(ours, processes).item() == pytest.approx(3.0, rel=1e-5)


@pytest.mark.parametrize("limit", [0.0, 1e9])
def test_gradients_below_the_limit_and_without_one_stay(processes: Processes, limit: float) -> None:
    weights = weights_with_gradients()
    before = [weight.parameter.grad.clone() for weight in weights]
    clip_gradients(weights, gradient_norm(weights, processes), limit)
    assert all(torch.equal(weight.parameter.grad, old) for weight, old in zip(weights, before, strict=True))


def test_an_update_is_adamw_written_out() -> None:
    """Second update of a matrix from known moments, bias correction and decay included."""
    weight = weights_with_gradients()[0]
    optimizer = build_optimizer([weight], TRAINING)
    first, second = moments(optimizer, [weight]).values()
    first.fill_(0.3), second.fill_(0.04)
    set_steps_done(optimizer, 1)
    set_learning_rate(optimizer, 0.01)
    before, gradient = weight.parameter.detach().clone(), weight.parameter.grad.clone()
    optimizer.step()
    m = (0.9 * 0.3 + 0.1 * gradient) / (1 - 0.9**2)
    v = (0.95 * 0.04 + 0.05 * gradient**2) / (1 - 0.95**2)
    expected = before * (1 - 0.01 * 0.5) - 0.01 * m / (v.sqrt() + 1e-8)
    torch.testing.assert_close(weight.parameter.detach(), expected)
