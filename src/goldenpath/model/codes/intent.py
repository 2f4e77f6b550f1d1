"""Codes of one file read by itself: form, types, words and limits of the contract."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "intent.alias": CodeDoc(
        title="An alias (*name) is used",
        why="An alias repeats text from elsewhere in the file: reviewers see a word, the program a tree that can grow without end.",
        fix="Write the value out at each place.",
        rule="R5",
    ),
    "intent.anchor": CodeDoc(
        title="An anchor (&name) is used",
        why="Anchors serve aliases and merge keys, which are not accepted; alone they only mislead.",
        fix="Delete the anchor.",
        rule="R5",
    ),
    "intent.contract": CodeDoc(
        title="The file does not fit its contract, for a reason that the checks cannot name",
        why="Two checks disagree about the file. A doubt is never a pass, so it is refused.",
        fix="Compare it with the schema (goldenpath schema) and report the file's shape, without values, as a bug.",
        rule="R15",
    ),
    "intent.control-character": CodeDoc(
        title="A control or invisible character, or a line break inside text",
        why="Such characters forge log lines, hide text from reviewers or change its direction; no field needs them.",
        fix="Delete the character; write text on one line.",
        rule="R5",
    ),
    "intent.date": CodeDoc(
        title="There is no such day in the calendar",
        why="A date that does not exist is read differently by every tool.",
        fix="Write a real date as YYYY-MM-DD.",
        rule="R5",
    ),
    "intent.directive": CodeDoc(
        title="A YAML directive (%YAML, %TAG) is used",
        why="Directives change how the rest of the file is read.",
        fix="Delete the line.",
        rule="R5",
    ),
    "intent.parameter-key": CodeDoc(
        title="The key cannot become a parameter's name",
        why="Each key of a request for Parameter Store is a parameter; names are lower-case letters, digits and underscores there.",
        fix="Rename the key: API-KEY becomes API_KEY. It may not begin with a digit, aws or ssm.",
        rule="R29",
    ),
    "intent.duplicate-declared-key": CodeDoc(
        title="Two declared keys are one once they are used",
        why="Case and . - _ do not count in environment variables and parameter names, so one value would replace the other.",
        fix="Give the keys names that differ in more than case and punctuation.",
        rule="R9",
    ),
    "intent.duplicate-key": CodeDoc(
        title="A field is given twice",
        why="YAML readers silently keep the first or the last of the two; a reviewer may see the other. Neither is used.",
        fix="Delete one of the two lines.",
        rule="R5",
    ),
    "intent.empty": CodeDoc(
        title="The file holds no document",
        why="An empty request would be nobody's intent.",
        fix="Write the request, or delete the file; goldenpath request new --dry-run prints one to start from.",
        rule="R5",
    ),
    "intent.encoding": CodeDoc(
        title="The file is not UTF-8 text",
        why="Another encoding can be read as other words than the reviewer saw. A byte-order mark and CR LF line ends are accepted.",
        fix="Save the file as UTF-8 with LF or CR LF line ends.",
        rule="R5",
    ),
    "intent.enum": CodeDoc(
        title="A word is not one of the allowed ones",
        why="Words are compared exactly: a case variant or a near miss is never taken for the word that was meant.",
        fix="Use one of the expected words; the platform's own list is in its enums file.",
        rule="R5",
    ),
    "intent.environment-unknown": CodeDoc(
        title="The word is no environment and no alias of one",
        why="Environments are compared exactly: a case variant or a near miss could act on the wrong account.",
        fix="Use dev, test, staging, prod or ephemeral, or one of the aliases that the message names.",
        rule="R6",
    ),
    "intent.generator-format": CodeDoc(
        title="The generator cannot make a value of the declared format",
        why="A generated value that fails its own format check would never reach the store.",
        fix="Declare a format that chance can make, with a prefix that fits it, or bring the value yourself.",
        rule="R2",
    ),
    "intent.key-type": CodeDoc(
        title="The name of a field is not plain text",
        why="A number, boolean or collection as a name is read differently by every tool.",
        fix="Write the name as text, in quotes if it looks like something else.",
        rule="R5",
    ),
    "intent.length": CodeDoc(
        title="A name is longer than what is derived from it allows",
        why="Names become Kubernetes labels, object names and store paths; each has a limit, and apply must never find out first.",
        fix="Shorten it to the length that the message names.",
        rule="R6",
    ),
    "intent.merge-key": CodeDoc(
        title="A merge key (<<) is used",
        why="Merge keys pull in fields that are not written there, and ladders of them expand without end.",
        fix="Write the fields out.",
        rule="R5",
    ),
    "intent.missing-field": CodeDoc(
        title="A mandatory field is missing",
        why="Nothing is implied in a request: posture such as rotationClass none is said, never assumed.",
        fix="Add the field.",
        rule="R5",
    ),
    "intent.no-libyaml": CodeDoc(
        title="PyYAML was installed without libyaml",
        why="The strict reader is built on libyaml's events; another parser would read files differently.",
        fix="Install PyYAML's wheel for this platform.",
        rule="R5",
    ),
    "intent.pattern": CodeDoc(
        title="A text has the wrong form",
        why="Names become parts of paths, labels and manifests; anything else than the expected form could escape them.",
        fix="Write it in the form that the message names.",
        rule="R6",
    ),
    "intent.range": CodeDoc(
        title="A number or list is out of range",
        why="Values beyond the range are refused before anything is written, not by the store later.",
        fix="Use a value within the range that the message names.",
        rule="R5",
    ),
    "intent.several-documents": CodeDoc(
        title="The file holds a second YAML document",
        why="Many readers take only the first or the last one; a reviewer may miss either.",
        fix="Put each request in a file of its own.",
        rule="R5",
    ),
    "intent.syntax": CodeDoc(
        title="The file is not valid YAML",
        why="What cannot be parsed cannot be checked.",
        fix="Look at indentation, colons and quotes around the place; text with ': ' or ' #' belongs in quotes.",
        rule="R5",
    ),
    "intent.tag": CodeDoc(
        title="A YAML tag (!name) is used",
        why="Tags change the type of a value, and in some readers run code.",
        fix="Delete the tag.",
        rule="R5",
    ),
    "intent.too-deep": CodeDoc(
        title="Collections are nested too deep",
        why="No contract needs such depth; only attacks on parsers do.",
        fix="Flatten the file.",
        rule="R5",
    ),
    "intent.too-large": CodeDoc(
        title="The file is too large",
        why="No request needs this size; limits keep a hostile file from costing everybody's time.",
        fix="Make it smaller.",
        rule="R5",
    ),
    "intent.too-many-nodes": CodeDoc(
        title="The file holds too many keys and values",
        why="Small but complex files exhaust memory; limits are applied while reading.",
        fix="Make it smaller.",
        rule="R5",
    ),
    "intent.type": CodeDoc(
        title="A value has the wrong type",
        why="Types are never guessed: YAML readers disagree about words such as no, 0007, 1e2 or 12:30, and a boolean is not a number.",
        fix="Put text in quotes, write whole numbers in plain decimal, and true or false for booleans.",
        rule="R5",
    ),
    "intent.unknown-field": CodeDoc(
        title="A field is not part of the contract",
        why="A misspelt field would be ignored silently, and a value pasted under a name of its own would stay in Git.",
        fix="Correct the name, or delete the field. A value in Git must be rotated.",
        rule="R5",
    ),
}
