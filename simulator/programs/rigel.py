"""A simulated Rigel, the NVIDIA miner."""

from typing import Any, override

from .program import POOL_HOST, POOL_PORT, WALLET, SimulatedProgram


class SimulatedRigel(SimulatedProgram):
    """Rigel with its API (`--api-bind`)."""

    kind = "rigel"
    version = "1.23.2"

    @override
    def say(self, place: str) -> Any:
        if place != "/":
            return None
        name, cards = self.algorithm, self.cards
        shares = [
            {"accepted": card.accepted, "rejected": card.rejected, "invalid": 0}
            for card in cards
        ]
        total = {word: sum(row[word] for row in shares) for word in shares[0]}
        login = {"hostname": POOL_HOST, "port": POOL_PORT, "username": WALLET}
        return {
            "name": "Rigel",
            "version": self.version,
            "uptime": self.uptime,
            "algorithm": name,
            "pools": {name: [{"connection_details": login, "average_latency_ms": 42}]},
            "devices": [
                {
                    "id": card.number,
                    "selected": True,
                    "name": card.name,
                    "pci_address": f"{card.bus:02x}:0",
                    "state": "mining",
                    "solution_stat": {name: row},
                    "monitoring_info": {
                        "core_temperature": card.temperature,
                        "memory_temperature": card.temperature + 12,
                        "fan_speed": card.fan,
                        "power_usage": card.power,
                        "core_clock": card.core_clock,
                        "memory_clock": card.memory_clock,
                    },
                    "hashrate": {name: card.rate},
                }
                for card, row in zip(cards, shares, strict=True)
            ],
            "solution_stat": {name: total},
            "hashrate": {name: sum(card.rate for card in cards)},
            "power_usage": sum(card.power for card in cards),
        }
