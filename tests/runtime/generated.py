"""Programs that choose by backend, made at random: guards, ladders, chains, early returns, choices, of honest tests.

`program(seed)` is the same for the same seed. What a branch does, it does with its own backend, with another's, or
with none; what is asked may be asked together with something else, or of a flag, a function or a device at hand.
"""

from __future__ import annotations

from random import Random
from textwrap import dedent, indent

BACKENDS = ("cuda", "npu", "mps")

HEAD = """\
import gc
import os

import torch

HERE = torch.device(os.environ["DEVICE"])
ON_DEVICE = torch.cuda.is_available()
has_npu = hasattr(torch, "npu") and torch.npu.is_available()


def is_npu():
    return has_npu


def is_mps_available():
    return torch.backends.mps.is_available()


def ready(mode):
    print("ready?")
    return mode > 1


"""

TESTS = {
    "cuda": ["torch.cuda.is_available()", "torch.cuda.is_available()", "ON_DEVICE", "use_cuda"],
    "npu": ['hasattr(torch, "npu") and torch.npu.is_available()', "is_npu()", "has_npu"],
    "mps": ["torch.backends.mps.is_available()", "is_mps_available()"],
}
DEVICE_TESTS = ['device.type == "{}"', '"{}" == device.type', 'str(device).startswith("{}")', '"{}" in str(device)']
OTHERS = ["mode > 1", "mode", "not mode", "ready(mode)", "mode == 2"]

CALLS = {
    "cuda": ["empty_cache()", "synchronize()", "manual_seed_all(7)", "reset_peak_memory_stats()", "ipc_collect()"],
    "npu": ["empty_cache()", "synchronize()", "manual_seed_all(7)", "reset_peak_memory_stats()"],
    "mps": ["empty_cache()", "synchronize()", "manual_seed(7)"],
}
VALUES = {
    "cuda": ["device_count()", "memory_allocated()", "max_memory_allocated() // 10", "current_device()"],
    "npu": ["device_count()", "memory_allocated()", "max_memory_allocated() // 10", "current_device()"],
    "mps": ["device_count()", "current_allocated_memory()", "current_allocated_memory() // 10"],
}
NAMES = [
    '"BACKEND"',
    'torch.device("BACKEND")',
    '"BACKEND:0"',
    'f"BACKEND:{mode}"',
    'f"BACKEND:{torch.BACKEND.device_count()}"',
]


class Maker:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.depth = 0
        self.way = self.random.choice(["machine", "machine", "device"])

    def pick(self, *weighted: tuple[int, str]) -> str:
        weights, names = zip(*weighted, strict=True)
        return self.random.choices(names, weights)[0]

    def test(self, backend: str) -> str:
        if self.way == "device":
            return self.random.choice(DEVICE_TESTS).format(backend)
        asked = self.random.choice(TESTS[backend])
        other = self.random.choice(OTHERS)
        return self.random.choice([asked] * 8 + [f"{asked} and {other}", f"{other} and {asked}"])

    def negated(self, backend: str) -> str:
        if self.way == "device":
            return f'device.type != "{backend}"'
        asked = self.random.choice(TESTS[backend])
        return f"not ({asked})" if " and " in asked else f"not {asked}"

    def statement(self, backend: str, kind: str) -> str:
        if kind == "call":
            return f"torch.{backend}.{self.random.choice(CALLS[backend])}"
        if kind == "value":
            return f"n = torch.{backend}.{self.random.choice(VALUES[backend])}"
        if kind == "name":
            return f"n = {self.random.choice(NAMES).replace('BACKEND', backend)}"
        return self.random.choice(["print('other')", "gc.collect()", "pass", "n = 5", "return n"])

    def kinds(self) -> list[str]:
        one = self.pick((5, "call"), (3, "value"), (2, "name"), (1, "other"))
        return [one] if self.random.random() < 0.7 else [one, self.pick((3, "call"), (1, "other"))]

    def body(self, backend: str, kinds: list[str], state: object) -> str:
        """A branch for `backend`: in most, the same random choices are made as in the branches beside it."""
        if self.random.random() < 0.85:
            kept = self.random.getstate()
            self.random.setstate(state)  # type: ignore[arg-type]
            lines = [self.statement(backend, kind) for kind in kinds]
            self.random.setstate(kept)
        else:
            lines = [self.statement(backend, kind) for kind in self.kinds()]
        if self.random.random() < 0.08:
            lines[0] += "  # why"
        if self.depth < 2 and self.random.random() < 0.08:
            lines.insert(self.random.randrange(len(lines) + 1), self.construct().rstrip("\n"))
        return indent("\n".join(lines), "    ") + "\n"

    def last(self) -> str:
        return (
            indent(
                self.random.choice(
                    ["pass", "n = 0", 'n = "cpu"', 'n = torch.device("cpu")', "print('none')", "return 0"]
                ),
                "    ",
            )
            + "\n"
        )

    def construct(self) -> str:
        self.depth += 1
        made = self.make()
        self.depth -= 1
        return made

    def make(self) -> str:
        kinds, state = self.kinds(), self.random.getstate()
        backends = [one for one in BACKENDS if self.random.random() < 0.5] or ["cuda"]
        self.random.shuffle(backends)
        shape = self.pick((4, "ladder"), (2, "chain"), (2, "early"), (2, "choice"), (1, "default"), (1, "and"),
                          (1, "returns"), (1, "turned"), (1, "either"), (1, "match"), (1, "try"),
                          (1, "table"))  # fmt: skip
        if shape == "turned":
            return f"if {self.negated(backends[0])}:\n{self.last()}else:\n{self.body(backends[0], kinds, state)}"
        if shape == "either":
            asked = " or ".join(self.test(one) for one in backends)
            body = self.body(backends[0], kinds, state) if len(backends) == 1 else self.last()
            return f"if {asked}:\n{body}"
        if shape == "match":
            cases = "".join(f'case "{one}":\n{self.body(one, kinds, state)}' for one in backends)
            cases += f"case _:\n{self.last()}" if self.random.random() < 0.5 else ""
            return f"match device.type:\n{indent(cases, '    ')}"
        if shape == "try":
            call = self.statement("cuda", "call")
            return f"try:\n    {call}\nexcept Exception:\n    pass\n"
        if shape == "table":
            call = self.random.choice(["empty_cache", "synchronize"])
            items = ", ".join(f'"{one}": lambda: torch.{one}.{call}()' for one in backends)
            return f"t = {{{items}}}\nif device.type in t:\n    t[device.type]()\n"
        if shape == "early":
            first = backends[0]
            leave = self.random.choice(["return n", "return 0", "return"])
            return f"if {self.negated(first)}:\n    {leave}\n" + dedent(self.body(first, kinds, state))
        if shape == "choice":
            value = self.random.choice(["0", "1", '"cpu"', "None"])
            index = self.random.randrange(3)
            for backend in backends:
                kind = VALUES[backend][min(index, len(VALUES[backend]) - 1)] if index < 2 else ""
                chosen = f"torch.{backend}.{kind}" if kind else f'"{backend}"'
                value = f"{chosen} if {self.test(backend)} else {value}"
            return f"n = {value}\n"
        if shape == "and":
            return f"{self.test('cuda')} and torch.cuda.{self.random.choice(CALLS['cuda'])}\n"
        if shape == "default":
            given = self.random.choice(['"cpu"', 'torch.device("cpu")', "0"])
            word = {'"cpu"': '"{}"', "0": "torch.{}.device_count()"}.get(given, 'torch.device("{}")')
            rungs = "".join(
                f"{'el' if number and self.way == 'device' else ''}if {self.test(one)}:\n    n = {word.format(one)}\n"
                for number, one in enumerate(backends)
            )
            return f"n = {given}\n{rungs}"
        if shape == "returns":
            name = self.random.choice(NAMES[:2])
            rungs = "".join(f"if {self.test(one)}:\n    return {name.replace('BACKEND', one)}\n" for one in backends)
            return f"{rungs}return {name.replace('BACKEND', 'cpu')}\n"
        word = "elif" if shape == "ladder" else "if"
        rungs = [f"{word} {self.test(one)}:\n{self.body(one, kinds, state)}" for one in backends]
        if self.random.random() < 0.25:
            odd = f"{word} {self.random.choice(OTHERS)}:\n{self.last()}"
            rungs.insert(self.random.randrange(len(rungs) + 1), odd)
        rungs[0] = rungs[0].removeprefix("el")
        if shape == "ladder" and self.random.random() < 0.35:
            left = [one for one in BACKENDS if one not in backends]
            is_branch = left and self.way == "machine" and self.random.random() < 0.3
            rungs.append(f"else:\n{self.body(left[0], kinds, state) if is_branch else self.last()}")
        return "".join(rungs)

    def program(self) -> str:
        count = self.random.choice([1, 1, 2])
        body = "".join(self.construct() for _ in range(count))
        if self.random.random() < 0.2:
            body = f"for i in range(2):\n{indent(body, '    ')}"
        use = "use_cuda = torch.cuda.is_available()\n" if "use_cuda" in body else ""
        work = indent(f'{use}n = "nothing"\n{body}print("end")\nreturn n\n', "    ")
        modes = self.random.choice([(0, 2), (2, 1)])
        calls = "".join(f"    print(work(HERE, {mode}), work(torch.device('cpu'), {mode}))\n" for mode in modes)
        return f"{HEAD}def work(device, mode):\n{work}\n\ndef main():\n{calls}"


def program(seed: int) -> str:
    return Maker(seed).program()
