"""Makes of hardware that people mine with at home, with rates they really reach."""

from .hardware import AsicModel, CpuModel, GpuModel, Model

MB = 1024**2
GB = 1024**3

_X86 = ("aes", "avx", "avx2", "bmi2", "osxsave", "pdpe1gb", "sse2", "ssse3", "sse4.1")

CORE_I7_9700 = CpuModel(
    name="Intel(R) Core(TM) i7-9700 CPU @ 3.00GHz",
    rates={
        "rx/0": 3480.0,
        "rx/wow": 4350.0,
        "rx/arq": 21300.0,
        "ghostrider": 1290.0,
        "cn/half": 690.0,
        "cn/r": 345.0,
        "cryptonight": 352.0,
        "argon2/chukwav2": 9400.0,
    },
    idle_power=9,
    full_power=82,
    warmth=46,
    inertia=12,
    cores=8,
    threads=8,
    mining_threads=6,
    l2=2 * MB,
    l3=12 * MB,
    family=6,
    model=158,
    stepping=13,
    proc_info=591597,
    msr="intel",
    assembly="intel",
    flags=_X86,
    memory=16 * GB,
)

RYZEN_7_5800X = CpuModel(
    name="AMD Ryzen 7 5800X 8-Core Processor",
    rates={
        "rx/0": 8650.0,
        "rx/wow": 11200.0,
        "rx/arq": 50100.0,
        "ghostrider": 2950.0,
        "cn/half": 1810.0,
        "cn/r": 905.0,
        "argon2/chukwav2": 34200.0,
    },
    idle_power=24,
    full_power=118,
    warmth=55,
    inertia=9,
    cores=8,
    threads=16,
    mining_threads=16,
    l2=4 * MB,
    l3=32 * MB,
    family=25,
    model=33,
    stepping=0,
    proc_info=10620688,
    msr="ryzen_19h",
    assembly="ryzen",
    flags=(*_X86[:-3], "sha", *_X86[-3:], "vaes"),
    memory=32 * GB,
)

RYZEN_5_3600 = CpuModel(
    name="AMD Ryzen 5 3600 6-Core Processor",
    rates={
        "rx/0": 7320.0,
        "rx/wow": 9150.0,
        "rx/arq": 37800.0,
        "ghostrider": 2010.0,
        "cn/half": 1340.0,
        "cn/r": 670.0,
        "argon2/chukwav2": 25600.0,
    },
    idle_power=18,
    full_power=76,
    warmth=48,
    inertia=10,
    cores=6,
    threads=12,
    mining_threads=12,
    l2=3 * MB,
    l3=32 * MB,
    family=23,
    model=113,
    stepping=0,
    proc_info=8851216,
    msr="ryzen_17h",
    assembly="ryzen",
    flags=(*_X86[:-3], "sha", *_X86[-3:]),
    memory=16 * GB,
)

CELERON_J4125 = CpuModel(
    name="Intel(R) Celeron(R) J4125 CPU @ 2.00GHz",
    rates={"rx/0": 545.0, "rx/wow": 690.0, "ghostrider": 205.0, "cn/half": 118.0},
    idle_power=3,
    full_power=11,
    warmth=34,
    inertia=60,
    cores=4,
    threads=4,
    mining_threads=2,
    l2=4 * MB,
    l3=4 * MB,
    family=6,
    model=122,
    stepping=8,
    proc_info=460456,
    msr="none",
    assembly="intel",
    flags=("aes", "osxsave", "sha", "sse2", "ssse3", "sse4.1"),
    memory=8 * GB,
)

RTX_3070 = GpuModel(
    name="NVIDIA GeForce RTX 3070",
    vendor="nvidia",
    rates={"kawpow": 30_450_000.0, "rx/0": 1190.0},
    idle_power=16,
    full_power=172,
    warmth=41,
    inertia=45,
    memory=8 * GB,
    clock=1725,
    memory_clock=7001,
    units=46,
    chip="86",
)

RTX_3080 = GpuModel(
    name="NVIDIA GeForce RTX 3080",
    vendor="nvidia",
    rates={"kawpow": 46_800_000.0, "rx/0": 1720.0},
    idle_power=22,
    full_power=248,
    warmth=36,
    inertia=50,
    memory=10 * GB,
    clock=1650,
    memory_clock=10541,
    units=68,
    chip="86",
)

RTX_3060_TI = GpuModel(
    name="NVIDIA GeForce RTX 3060 Ti",
    vendor="nvidia",
    rates={"kawpow": 27_900_000.0, "rx/0": 1050.0},
    idle_power=14,
    full_power=154,
    warmth=38,
    inertia=42,
    memory=8 * GB,
    clock=1665,
    memory_clock=7001,
    units=38,
    chip="86",
)

GTX_1660_SUPER = GpuModel(
    name="NVIDIA GeForce GTX 1660 SUPER",
    vendor="nvidia",
    rates={"kawpow": 14_650_000.0, "rx/0": 560.0},
    idle_power=9,
    full_power=96,
    warmth=44,
    inertia=38,
    memory=6 * GB,
    clock=1785,
    memory_clock=7001,
    fans=1,
    units=22,
    chip="75",
)

RX_7800_XT = GpuModel(
    name="AMD Radeon RX 7800 XT",
    vendor="amd",
    rates={"kawpow": 37_000_000.0, "rx/0": 1480.0},
    idle_power=12,
    full_power=178,
    warmth=48,
    inertia=50,
    memory=16 * GB,
    clock=2181,
    memory_clock=2425,
    units=30,
    chip="gfx1101",
)

ICE_RIVER_KS5L = AsicModel(
    name="Ice River KS5L",
    algorithm="kheavyhash",
    board=Model(
        name="KS5L hashboard",
        rates={"kheavyhash": 4_020_000_000_000.0},
        idle_power=12,
        full_power=1040,
        warmth=43,
        inertia=70,
    ),
    boards=3,
    fans=4,
    top_rpm=8300,
)
