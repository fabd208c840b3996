"""What the forecast of learning rests on beside the plan: the loss law, the run's own losses, other models."""

from typing import Annotated, Self

from pydantic import model_validator

from clustersim.scenario.schema.catalogued import entry_of
from clustersim.scenario.schema.file_text import FILE_TEXT
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.overlay import LIKE
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Tokens

_CALL_IT = "say what to call it, e.g. name: twice as wide"


class LossLog(Section):
    """The losses of the run so far, from which its rest is forecast.

    CSV with a heading: ``loss`` [nats per token] and ``tokens``, or ``step``, which the plan turns into tokens. Case
    and leading underscores of the names do not count; other columns are not read.
    """

    file: str = setting(
        description="CSV of the losses so far, with the columns loss and tokens, or loss and step; relative to the file"
        " that names it"
    )
    text: Annotated[str, FILE_TEXT] | None = setting(
        None, description="contents of the file; read from it when omitted, and kept so that the scenario stands alone"
    )
    own_corpus: bool = setting(
        False,
        description="whether the losses are measured on the corpus and with the tokenizer of the law; otherwise the log"
        " alone says how high they lie",
    )


class Rival(Section):
    """Another model on the same data."""

    model: Model = setting(description="the model: a catalogue name or a mapping")
    name: str | None = setting(None, description="what it is called; the name of its catalogue entry when omitted")
    tokens: Tokens | None = setting(None, gt=0.0, description="tokens it is trained on; those of the plan when omitted")

    @model_validator(mode="before")
    @classmethod
    def _a_changed_entry_has_a_name_of_its_own(cls, value: object) -> object:
        model = value.get("model") if isinstance(value, dict) else None
        if isinstance(value, dict) and value.get("name") is None and isinstance(model, dict) and LIKE in model:
            changed = ", ".join(str(key) for key in model if key != LIKE)
            if changed:
                msg = f"has no 'name', and is not the {model[LIKE]} of the catalogue ({changed}); {_CALL_IT}"
                raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if self.name is None and self.model.catalogue_entry is None:
            msg = f"has no 'name', and its model is no entry of the catalogue; {_CALL_IT}"
            raise ValueError(msg)
        return self

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name or self.model.catalogue_entry or ""


class Learning(Section):
    """The forecast of the loss."""

    law: Annotated[str, entry_of("loss_laws")] = setting(
        "olmo-ladder-pile",
        description="catalogue entry of the loss law: it fixes the corpus and the tokenizer the loss speaks of",
        source="clustersim fit of the OLMo ladder runs up to 3B parameters (catalogue table loss_laws)",
    )
    log: LossLog | None = setting(None, description="losses of the run so far; none when omitted")
    against: tuple[Rival, ...] = setting(
        (), description="other models on the same data, whose final losses are compared"
    )
