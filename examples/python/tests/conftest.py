# SPDX-License-Identifier: BSL-1.0
"""What the random cases are made of: TINYBRAIN_PYTHON_SEED and _CASES; _CASE repeats one alone."""

import os

SEED = int(os.environ.get("TINYBRAIN_PYTHON_SEED", "20"))
CASES = int(os.environ.get("TINYBRAIN_PYTHON_CASES", "5000"))
ONE = os.environ.get("TINYBRAIN_PYTHON_CASE")


def pytest_report_header():
    return f"tinybrain: {CASES} random cases, TINYBRAIN_PYTHON_SEED={SEED}"
