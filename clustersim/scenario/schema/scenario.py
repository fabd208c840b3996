"""The whole scenario: what a user writes."""

from clustersim.scenario.schema.bill import Bill
from clustersim.scenario.schema.checkpoint import Checkpoint
from clustersim.scenario.schema.corpus import Corpus
from clustersim.scenario.schema.failures import Failures
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.learning import Learning
from clustersim.scenario.schema.maintenance import Maintenance
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.preemption import Preemption
from clustersim.scenario.schema.readings import Claim, Study, Window
from clustersim.scenario.schema.recovery import Recovery
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.schema.spares import Spares
from clustersim.scenario.schema.training import Training


class Scenario(Section):
    """One plan of a training run."""

    name: str = setting(description="title of the report")
    description: str = setting("", description="what the plan is, in a sentence or two")
    cluster: Cluster = setting(description="the machines")
    model: Model = setting(description="the model: a catalogue name or a mapping")
    training: Training = setting(description="the job")
    failures: Failures = setting(
        "llama3-405b",
        description="what breaks: a catalogue name or a mapping",
        source="Llama 3 (arXiv 2407.21783, 2024), Table 5",
    )
    recovery: Recovery = setting(default_factory=Recovery, description="from a failure back to training")
    spares: Spares = setting(default_factory=Spares, description="standby nodes and repair")
    checkpoint: Checkpoint = setting(description="periodic checkpoints")
    maintenance: tuple[Maintenance, ...] = setting((), description="planned stops and roll-outs")
    preemption: tuple[Preemption, ...] = setting((), description="other jobs that come at random and take nodes")
    corpus: Corpus | None = setting(
        None,
        description="the training corpus, how it is made and read: a catalogue name or a mapping; data are always there"
        " when omitted",
    )
    learning: Learning = setting(
        default_factory=Learning, description="forecast of the loss, the run's own log, other models"
    )
    bill: Bill = setting(default_factory=Bill, description="money, energy, carbon")
    windows: tuple[Window, ...] = setting((), description="stretches of the run reported by themselves")
    claims: tuple[Claim, ...] = setting((), description="published or promised numbers to hold the forecast against")
    study: Study = setting(default_factory=Study, description="replications and uncertainty")
