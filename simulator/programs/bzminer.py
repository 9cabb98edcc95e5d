"""A simulated BzMiner."""

from typing import Any, override

from .program import POOL, WALLET, SimulatedProgram


class SimulatedBzMiner(SimulatedProgram):
    """BzMiner, whose API is on; each device has lists with an item an algorithm."""

    kind = "bzminer"
    version = "24.0.2"

    @override
    def say(self, place: str) -> Any:
        if place != "/status":
            return None
        return {
            "bzminer_version": f"v{self.version}",
            "rig_name": self.slug,
            "uptime_s": self.uptime,
            "pools": [
                {
                    "id": 0,
                    "algorithm": self.algorithm,
                    "wallet": WALLET,
                    "current_url": f"stratum+tcp://{POOL}",
                    "status": 3,
                    "uptime_s": self.uptime,
                    "average_latency": 42,
                },
                {"id": 1, "current_url": "stratum+tcp://yourpool:1", "uptime_s": 0},
            ],
            "devices": [
                {
                    "name": card.name,
                    "vendor": 1,
                    "pci_bus_id": card.bus,
                    "status": [3],
                    "message": ["Mining"],
                    "hashrate": [card.rate],
                    "valid_solutions": [card.accepted],
                    "invalid_solutions": [0],
                    "rejected_solutions": [card.rejected],
                    "stale_solutions": [0],
                    "power": round(card.power),
                    "core_temp": card.temperature,
                    "mem_temp": 0,
                    "fan": card.fan,
                    "clock_rate": card.core_clock,
                    "memory_rate": card.memory_clock,
                }
                for card in self.cards
            ],
        }
