"""A simulated TeamRedMiner, whose API is that of cgminer."""

from typing import Any, override

from .program import POOL, WALLET, SimulatedSocketProgram


class SimulatedTeamRedMiner(SimulatedSocketProgram):
    """TeamRedMiner with its API (`--api_listen=0.0.0.0:4028`)."""

    kind = "teamredminer"
    version = "0.10.21"

    @override
    def say(self, place: str) -> Any:
        if place not in {"devs", "pools", "summary"}:
            return self._answer_of("E", 14, "Invalid command")
        cards = self.cards
        shares = {
            "Accepted": sum(card.accepted for card in cards),
            "Rejected": sum(card.rejected for card in cards),
        }
        sections: dict[str, list[dict[str, Any]]] = {
            "SUMMARY": [{"Elapsed": self.uptime, **shares}],
            "POOLS": [
                {
                    "POOL": 0,
                    "URL": f"stratum+tcp://{POOL}",
                    "Algorithm": self.algorithm,
                    "Status": "Alive",
                    "User": WALLET,
                    "Stratum Active": True,
                    **shares,
                }
            ],
            "DEVS": [
                {
                    "GPU": card.number,
                    "Temperature": card.temperature,
                    "Fan Speed": card.rpm,
                    "Fan Percent": card.fan,
                    "GPU Clock": card.core_clock,
                    "Memory Clock": card.memory_clock,
                    "MHS 30s": card.rate / 1e6,
                    "Accepted": card.accepted,
                    "Rejected": card.rejected,
                    "Device Elapsed": self.uptime,
                }
                for card in cards
            ],
        }
        name = place.upper()
        return {**self._answer_of("S", 9, place), name: sections[name], "id": 1}

    def _answer_of(self, status: str, code: int, text: str) -> dict[str, Any]:
        row = {"STATUS": status, "Code": code, "Msg": text}
        return {"STATUS": [{**row, "Description": f"TeamRedMiner {self.version}"}]}
