"""How the job reads its data while it trains."""

from typing import Literal

from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Bandwidth, Bytes, Duration

Order = Literal["shards", "sequences", "documents"]


class LoaderCpu(Section):
    """Work of the CPUs of the job on what it reads: tokenizing text, decoding images."""

    speed: Bandwidth = setting(
        "1.6 MB/s",
        gt=0.0,
        description="bytes read that one core gets through in a second",
        source="ASSUMPTION: a GB in 20 s on a server's CPU (Hugging Face tokenizers README, 2020), over 32 cores",
    )
    cores: PositiveInt = setting(description="cores of a node that do it")


class LoaderCache(Section):
    """Local disks of the nodes that keep what was read once."""

    size: Bytes = setting(gt=0.0, description="room for data on one node")
    bandwidth: Bandwidth = setting(
        "3 GB/s",
        gt=0.0,
        description="bandwidth at which one node reads what it keeps",
        source="ASSUMPTION: one NVMe disk on four lanes of PCIe 3.0 (2010: 3.9 GB/s) or newer",
    )


class LoaderStalls(Section):
    """Times in which the store gives nothing: failover, a full metadata server, a paused object store."""

    every: Duration = setting(gt=0.0, description="mean time from the end of a stall to the next, exponential")
    lasts: Duration = setting(gt=0.0, description="mean length of a stall, exponential")


class DataLoader(Section):
    """What the job reads from the store, and how. Where the store, the network, the CPUs or the disks cannot give as
    much as its steps ask for, the steps take longer.
    """

    bytes_per_token: Bytes | None = setting(
        None,
        gt=0.0,
        description="bytes read for each token trained; corpus.token_size when omitted. Much more for text that is"
        " tokenized as it is read, and for images and sound",
    )
    read_copies: PositiveInt = setting(
        1, description="how often each token is read: more than once where ranks that share a batch each read it"
    )
    order: Order = setting(
        "sequences",
        description="what is read at a time: whole shards, one sequence from anywhere, or one document from anywhere",
        source="Megatron-Core GPTDataset (2019-2025): samples in random order from a memory-mapped file of token ids",
    )
    block: Bytes = setting(
        "4 KiB",
        gt=0.0,
        description="the least that the store reads at a time",
        source="Linux page on x86-64 (2003): what a fault of a memory-mapped file reads at least",
    )
    shard: Bytes = setting(
        "1 GB",
        gt=0.0,
        description="size of a file of the corpus",
        source="ASSUMPTION: shards of a GB or a few, as CCNet writes (arXiv 1911.00359, 2019: 5 GB)",
    )
    node_bandwidth: Bandwidth | None = setting(
        None, gt=0.0, description="bandwidth at which a node reads data; that of its network interfaces when omitted"
    )
    prefetch: PositiveInt = setting(
        2,
        description="steps whose data wait in the memory of the nodes",
        source="PyTorch DataLoader (2019-2025): prefetch_factor is 2 batches",
    )
    cpu: LoaderCpu | None = setting(None, description="work of the CPUs on the data; none when omitted")
    cache: LoaderCache | None = setting(None, description="local disks that keep data for later epochs")
    stalls: LoaderStalls | None = setting(None, description="times in which the store gives nothing")
