"""Codes of values on their way in (`seed`) and out (`get`, `exec`). No text here or in the findings ever holds a value."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

_AGAIN = "Nothing was written. Give the right value and seed again."

_GIVEN: dict[str, CodeDoc] = {
    "value.shared-across-environments": CodeDoc(
        title="Two environments hold the same value",
        why="Whoever reads it where access is wide has it where access is narrow too. User names may well be equal; credentials may not.",
        fix="Give one of the two environments a value of its own, at the target system first.",
        rule="R33",
    ),
    "value.on-command-line": CodeDoc(
        title="A value was given on the command line",
        why="Every process of the machine can read the arguments of another, and shells keep them in their history.",
        fix="Treat the value as exposed and choose another. Give it with --stdin, --fd, --from-file, at the prompt or with --generate.",
        rule="R58",
    ),
    "value.file-unsafe": CodeDoc(
        title="The value file is not private",
        why="A file that others can read or replace does not keep a value secret; a link can lead anywhere.",
        fix="Use a regular file of your own with mode 0600. For a pipe or process substitution use --stdin or --fd.",
        rule="R58",
    ),
    "value.file-unreadable": CodeDoc(
        title="The value file cannot be read", why="It is missing, or not yours to read.", fix="Check path, owner and mode.", rule="R58"
    ),
    "value.file-syntax": CodeDoc(
        title="The file with many values cannot be read in one way only",
        why="Programs disagree on blanks, quotes and comments in such files; a value that is read two ways is refused.",
        fix="Put the value into single quotes, or give it alone from a file of its own. A JSON file is one object of strings.",
        rule="R2",
    ),
    "value.key-repeated": CodeDoc(
        title="A key is given twice",
        why="Which of the two is meant cannot be known, and the last one does not win.",
        fix=_AGAIN,
        rule="R29",
    ),
    "value.descriptor-unreadable": CodeDoc(
        title="The file descriptor cannot be read",
        why="It is not open, or open for writing only.",
        fix="Open it in the shell: goldenpath seed SEC-0007 --fd KEY=3 3< file",
        rule="R58",
    ),
    "value.no-terminal": CodeDoc(
        title="There is no terminal to ask on",
        why="Without a terminal a prompt would wait for ever, or read with echo.",
        fix="Use --stdin, --from-file, --fd or --generate.",
        rule="R58",
    ),
    "value.prompt-mismatch": CodeDoc(title="The two inputs differ", why="A typing error would be stored unseen.", fix=_AGAIN, rule="R2"),
    "value.not-generatable": CodeDoc(
        title="No value can be generated for the key",
        why="Chance cannot make a certificate, a document or an address, and a prefix must fit the declared format.",
        fix="Bring the value, or change format or generator of the key in the request.",
        rule="R2",
    ),
}

_CHECKED: dict[str, CodeDoc] = {
    "value.batch-refused": CodeDoc(
        title="The batch of values is refused",
        why="All values of a secret are checked before the first is written, so that a fault leaves everything as it was.",
        fix="Mend every key that the message names. " + _AGAIN,
        rule="R2",
    ),
    "value.batch-empty": CodeDoc(title="No value was given", why="An empty batch is a mistake, not a success.", fix=_AGAIN, rule="R29"),
    "value.key-missing": CodeDoc(
        title="A declared key has no value",
        why="A secret that lacks a key would break the application that reads it.",
        fix="Give a value for every declared key, or remove the key from the request.",
        rule="R29",
    ),
    "value.key-undeclared": CodeDoc(
        title="The request declares no such key",
        why="Only what was reviewed is written: an undeclared key is a typing error or an addition without review.",
        fix="Declare the key under spec.keys first, or leave it out.",
        rule="R29",
    ),
    "value.key-invalid": CodeDoc(
        title="The name cannot be a key of a secret",
        why="Kubernetes takes letters, digits, '-', '_' and '.', at most 253.",
        fix="Rename the key.",
        rule="R6",
    ),
    "value.empty": CodeDoc(title="A value is empty", why="Empty values have replaced real ones and caused outages.", fix=_AGAIN, rule="R3"),
    "value.blank": CodeDoc(title="A value is only white space", why="It is an empty value that looks like one.", fix=_AGAIN, rule="R3"),
    "value.placeholder": CodeDoc(
        title="A value is a mask or a placeholder",
        why="What a tool has masked, or a person left to be filled in, would destroy the real value when it is written back.",
        fix="Give the real value, or let it be generated.",
        rule="R3",
    ),
    "value.nul": CodeDoc(
        title="A value holds a NUL character",
        why="It cannot become an environment variable: the application would see it cut off.",
        fix="Encode the value as base64 and declare the key with format: base64.",
        rule="R2",
    ),
    "value.format": CodeDoc(
        title="A value is not of its declared format",
        why="A wrong value is found here, not in a pod at night.",
        fix="Check for a newline or blank at the end (--trim-newline), or correct the format in the request.",
        rule="R2",
    ),
    "value.too-large": CodeDoc(
        title="A value is over a limit",
        why="The store, or a Kubernetes Secret, would refuse it after others were written. Values are never cut.",
        fix="Split the secret over several requests, or keep the large part elsewhere and its key here.",
        rule="R2",
    ),
    "value.reference": CodeDoc(
        title="A value would be read as a reference",
        why="Parameter Store resolves double braces instead of keeping them.",
        fix="Encode the value as base64, or use another provider.",
        rule="R2",
    ),
    "value.not-text": CodeDoc(
        title="A value is not UTF-8 text",
        why="The keys of a record hold text; other bytes would be changed on the way.",
        fix="Encode the value as base64 and declare the key with format: base64.",
        rule="R2",
    ),
}

_READ: dict[str, CodeDoc] = {
    "value.awaiting": CodeDoc(
        title="The secret has no value yet",
        why="The container exists; its manifests wait, so that no placeholder reaches a pod.",
        fix="Run `goldenpath seed ID`.",
    ),
    "value.not-an-object": CodeDoc(
        title="The record does not hold named values",
        why="It was written by something else, so its keys are not known.",
        fix="Seed the secret again.",
        rule="R2",
    ),
    "exec.key-unknown": CodeDoc(
        title="The request declares no such key", why="Only declared keys are injected.", fix="Name a declared key with --only."
    ),
    "exec.key-missing": CodeDoc(
        title="A key that the program expects has no value",
        why="An application that starts without a secret fails later and less clearly.",
        fix="Seed the secret, or pass --allow-missing.",
        rule="R43",
    ),
    "exec.name-invalid": CodeDoc(
        title="A key cannot name an environment variable",
        why="Shells take letters, digits and '_' only; other names are lost on the way.",
        fix="Choose the other keys with --only.",
    ),
    "exec.name-refused": CodeDoc(
        title="A variable of this name would steer the program",
        why="PATH, LD_PRELOAD, NODE_OPTIONS and their like make a program run other code; a secret must not be able to.",
        fix="Pass --prefix, or leave the key out with --only.",
    ),
    "exec.value-unfit": CodeDoc(
        title="A value cannot be an environment variable",
        why="The operating system takes neither NUL bytes nor entries over 128 KiB.",
        fix="Leave the key out with --only, and let the program read it another way.",
        rule="R2",
    ),
}

CODES: dict[str, CodeDoc] = {**_GIVEN, **_CHECKED, **_READ}
