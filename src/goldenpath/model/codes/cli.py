"""Codes of the command line itself: usage, confirmation, interruption, internal faults."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "cli.usage": CodeDoc(
        title="The command line is not understood",
        why="A command that is half understood could do something else than was meant, so nothing was done.",
        fix="Run the verb with --help; it ends with worked examples.",
        rule="R58",
    ),
    "cli.unknown-option": CodeDoc(
        title="An option does not exist",
        why="Unknown options are refused, and their text is not repeated: people have pasted secrets there.",
        fix="See the options with --help. Values are never given as options: pipe them to stdin, or use --from-file or --fd.",
        rule="R58",
    ),
    "cli.unknown-command": CodeDoc(
        title="A verb does not exist",
        why="The text is not repeated, because an argument at this place may be a pasted value.",
        fix="Run goldenpath --help for the list of verbs.",
        rule="R58",
    ),
    "cli.unexpected-argument": CodeDoc(
        title="There are more arguments than the verb takes",
        why="An extra argument is often a value given on the command line, where every process of the machine can read it.",
        fix="Give values on stdin, by file descriptor or from a 0600 file, and rotate a value that was typed as an argument.",
        rule="R58",
    ),
    "cli.missing-argument": CodeDoc(
        title="An argument or option that the verb needs is missing",
        why="Guessing a default for it could act on the wrong thing.",
        fix="Run the verb with --help; it ends with worked examples.",
    ),
    "cli.invalid-value": CodeDoc(
        title="An argument or option has a value that it cannot take",
        why="The text given is not repeated: it may be a pasted secret.",
        fix="Use one of the expected values that the message names.",
        rule="R58",
    ),
    "cli.format-unsupported": CodeDoc(
        title="The verb cannot answer in this format",
        why="Findings formats (sarif, junit, github, markdown) exist only where there are findings to report.",
        fix="Use -o table, json, yaml or ndjson.",
    ),
    "cli.confirmation-needed": CodeDoc(
        title="The verb needs a confirmation, and nobody is there to give it",
        why="In CI or without a terminal a prompt would hang or be answered by accident.",
        fix="Pass the flag that the message names, after reading the plan.",
    ),
    "cli.declined": CodeDoc(
        title="The confirmation was declined",
        why="Nothing was done.",
        fix="Run the command again and type what the prompt asks for.",
    ),
    "cli.timed-out": CodeDoc(
        title="The time given with --timeout ran out",
        why="The run stopped between two effects; finished effects are journalled and are not repeated.",
        fix="Run the same command again, with more time when it was too short.",
        rule="R59",
    ),
    "cli.offline": CodeDoc(
        title="The verb needs a store or a remote, and --offline says to ask none",
        why="Without looking, its answer would be a guess. It was refused before anything was done.",
        fix="Leave --offline out, and unset GOLDENPATH_OFFLINE. Validate, policy check, preview, approve and audit work offline.",
    ),
    "cli.interrupted": CodeDoc(
        title="The run was interrupted (Ctrl-C)",
        why="Every effect is journalled before and after, so the state can be resumed.",
        fix="Run the same command again; it continues where it stopped.",
        rule="R59",
    ),
    "cli.terminated": CodeDoc(
        title="The run was ended by a signal from the system or the pipeline",
        why="Every effect is journalled before and after, so the state can be resumed.",
        fix="Run the same command again; it continues where it stopped.",
        rule="R59",
    ),
    "cli.operating-system": CodeDoc(
        title="The operating system refused a file, a disk or a process",
        why="The message names what the system said: a full disk, a missing permission, too many open files.",
        fix="Repair that, then run the same command again. goldenpath doctor checks the usual suspects.",
    ),
    "cli.internal": CodeDoc(
        title="A fault inside Goldenpath",
        why="Something happened that the program does not expect. Messages and locals are left out, because they could hold a value.",
        fix="Run again with --debug and report the id and the frames; they hold names and line numbers only.",
        rule="R58",
    ),
    "cli.code-unknown": CodeDoc(
        title="No code of this name is documented",
        why="Codes are stable words such as intent.duplicate-key; the text given is not one of them.",
        fix="Run goldenpath explain without an argument for the list.",
    ),
}
