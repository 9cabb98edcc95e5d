"""A simulated SRBMiner-Multi: cards and the CPU, each with an algorithm."""

from typing import Any, override

from .program import POOL, WALLET, SimulatedProgram


class SimulatedSrbMiner(SimulatedProgram):
    """SRBMiner with its API (`--api-enable`)."""

    kind = "srbminer"
    version = "3.6.4"

    @override
    def say(self, place: str) -> Any:
        if place not in {"/", "/api/v2/status"}:
            return None
        cards = self.cards
        gpu: dict[str, float] = {f"gpu{card.number}": card.rate for card in cards}
        gpu["total"] = sum(gpu.values())
        algorithms = [self._algorithm(0, self.algorithm, cpu=0.0, gpu=gpu)]
        for word in ("accepted", "rejected"):
            counts = {f"gpu{card.number}": getattr(card, word) for card in cards}
            algorithms[0][f"gpu_{word}_shares"] = counts
            algorithms[0]["shares"][word] = sum(counts.values())
        if (rate := self.cpu_rate) is not None:
            name = (self.cpu_algorithm or "").replace("rx/0", "randomx")
            algorithms.append(self._algorithm(1, name, cpu=rate, gpu={"total": 0.0}))
        return {
            "rig_name": self.slug,
            "miner_version": self.version,
            "mining_time": self.uptime,
            "hashrate": {},
            "gpu_devices": [
                {
                    "id": card.number,
                    "device": f"gpu{card.number}",
                    "vendor": card.vendor,
                    "model": card.name.lower().replace(" ", "_"),
                    "bus_id": card.bus,
                    "fan_speed_percent": card.fan,
                    "core_clock": card.core_clock,
                    "memory_clock": card.memory_clock,
                    "temperature": card.temperature,
                    "asic_power": round(card.power),
                }
                for card in cards
            ],
            "algorithms": algorithms,
        }

    def _algorithm(
        self, number: int, name: str, *, cpu: float, gpu: dict[str, float]
    ) -> dict[str, Any]:
        pool = {"pool": POOL, "wallet": WALLET, "uptime": self.uptime, "latency": 42}
        rates = {"1min": cpu + gpu["total"], "cpu": {"total": cpu}, "gpu": gpu}
        shares = {"accepted": 0, "rejected": 0}
        found = {"id": number, "name": name, "pool": pool, "hashrate": rates}
        return {**found, "shares": shares}
