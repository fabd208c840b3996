"""What the errors of single rows are made of, as far as it is known."""

from collections.abc import Mapping

_NOT_SAID = "chunks per stage are not printed and read as one"
_CONTAINERS = "the container before prints the same settings and takes 51.3 s: what changed is not said"
_FIRST = "first release of the recipe: the same GPUs train the same model 3.3 times as fast half a year later (25.11)"
_HOST = "launches of many small expert kernels, one sequence at a time, are counted too high on Blackwell"

REMARKS: Mapping[str, str] = {
    "DGXC-319": _FIRST,
    "DGXC-320": _FIRST,
    "DGXC-321": _FIRST,
    "MBR-181": _CONTAINERS,
    "MBR-254": "the same layout with dropped tokens takes 12.5 s: the waits of routing all of them are counted too low",
    "MBR-155": "weights and gradients as printed (TP 1, PP 1, no FSDP) exceed the device; offload was assumed",
    "MBR-157": f"{_NOT_SAID}; releases that print 5 come out better",
    "MBR-217": _HOST,
    "MBR-248": _HOST,
    "MBR-274": "dropped tokens: no wait of the host is counted, the run has one",
    "MBR-081": "experts leave the scale-up domain; the exchange is counted too high",
    "MBR-126": f"{_NOT_SAID}; host and exchange of experts counted too high",
    "MBR-127": f"{_NOT_SAID}; host and exchange of experts counted too high",
    "MBR-170": f"{_NOT_SAID}; host and exchange of experts counted too high",
    "MBR-171": f"{_NOT_SAID}; host and exchange of experts counted too high",
    "MPT-080": "8,192 tokens, where the same run at 4,096 comes out right: presumably the attention of its time",
}
