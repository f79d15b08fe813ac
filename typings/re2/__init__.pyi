# What PacketFlow uses of google-re2, which has no types of its own.

class error(Exception): ...  # noqa: N801 - its name there

class Options:
    log_errors: bool

class Pattern:
    def fullmatch(self, text: str) -> object | None: ...

def compile(pattern: str, options: Options | None = None) -> Pattern: ...  # noqa: A001 - its name there
