"""What people call the benchmarks."""

TITLES = {
    "ARC-C": "ARC Challenge",
    "GSM8K": "GSM8K, school mathematics",
    "HellaSwag": "HellaSwag",
    "HumanEval": "HumanEval, programs",
    "MMLU": "MMLU",
    "TruthfulQA": "TruthfulQA",
    "Winograd": "WinoGrande",
    "XWinograd": "XWinograd",
    "bigbench_arithmetic_2da": "addition of two digits",
    "bigbench_arithmetic_2dm": "multiplication of two digits",
    "bigbench_arithmetic_3da": "addition of three digits",
    "bigbench_arithmetic_3ds": "subtraction of three digits",
    "bigbench_ipa_transliterate": "transliteration to the phonetic alphabet",
    "bigbench_parsinlu_qa": "questions in Persian",
    "bigbench_word_unscrambling": "word unscrambling",
    "lbv2_leaderboard_bbh": "BIG-bench Hard",
    "lbv2_leaderboard_gpqa": "GPQA",
    "lbv2_leaderboard_ifeval": "IFEval, following instructions",
    "lbv2_leaderboard_math_hard": "MATH, hard",
    "lbv2_leaderboard_mmlu_pro": "MMLU-Pro",
    "lbv2_leaderboard_musr": "MuSR, reasoning over stories",
}


def title_of(task: str) -> str:
    """Name of a benchmark for people: its own where nothing better is known."""
    return TITLES.get(task, task)
