"""What sources share for reading answers."""

import pytest

from custom_components.mining_rig.sources.common.decoding import cpu_name


@pytest.mark.parametrize(
    ("brand", "name"),
    [
        ("Intel(R) Core(TM) i7-5960X CPU @ 3.00GHz", "Intel Core i7-5960X"),
        ("AMD Ryzen 9 5950X 16-Core Processor", "AMD Ryzen 9 5950X"),
        (
            "AMD Ryzen Threadripper 3990X 64-Core Processor",
            "AMD Ryzen Threadripper 3990X",
        ),
        ("Intel(R) Celeron(R) J4125 CPU @ 2.00GHz", "Intel Celeron J4125"),
        ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", "Intel Xeon E5-2680 v4"),
        ("AMD FX(tm)-8350 Eight-Core Processor", "AMD FX-8350"),
        ("Cortex-A72", "Cortex-A72"),
        ("CPU", "CPU"),
        (None, None),
    ],
)
def test_cpu_names(brand: str | None, name: str | None) -> None:
    """A processor is called as people call it; a name never becomes nothing."""
    assert cpu_name(brand) == name
