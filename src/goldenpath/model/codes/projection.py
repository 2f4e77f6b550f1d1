"""Codes of the projection: rendering manifests, policies and tfvars, and judging them."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "projection.account-missing": CodeDoc(
        title="An environment names no account",
        why="A policy for a role names full ARNs, and an ARN without an account would match every account.",
        fix="Set environments.<name>.account in goldenpath.yaml.",
        rule="R16",
    ),
    "projection.key-charset": CodeDoc(
        title="A remote key holds a character that no store path has",
        why="Escapes and sigils in a key are leftovers of a template, or a way to read another path than the one reviewed.",
        fix="Write the key as the store knows it: letters, digits and _ . + = @ / -",
        rule="R28",
    ),
    "projection.key-of-other-environment": CodeDoc(
        title="A remote key leads into another environment",
        why="A pod would run with another environment's secret, and nobody would notice until it hurts.",
        fix="Correct the overlay so that the environment segment of the key is the overlay's own environment.",
        rule="R28",
    ),
    "projection.key-too-long": CodeDoc(
        title="A mapping key is too long to be written",
        why="YAML readers stop looking for the colon after 1,024 characters, so a longer key is read as something else.",
        fix="Shorten the name; every name of the contract is far below the limit.",
    ),
    "projection.key-without-environment": CodeDoc(
        title="A remote key names no environment where it must",
        why="The environment segment is what keeps the environments apart; without it the key cannot be judged.",
        fix="Use <prefix>/<service>/<environment>/<name>, or /<prefix>/<environment>/<service>/<key> for Parameter Store.",
        rule="R28",
    ),
    "projection.manifest-collision": CodeDoc(
        title="Two requests would write the same manifest",
        why="The later one would silently replace the earlier one, and a running application would lose its secret.",
        fix="Give one of the requests another metadata.name or another namespace.",
        rule="R8",
    ),
    "projection.manifest-unreadable": CodeDoc(
        title="A rendered file cannot be judged",
        why="What cannot be read cannot be shown to be safe, so it counts as a fault.",
        fix="Make the file UTF-8 and well-formed YAML or JSON.",
        rule="R15",
    ),
    "projection.nobody-can-read": CodeDoc(
        title="No principal can read the value",
        why="Reads are denied to everyone who is not listed, so External Secrets would be denied as well.",
        fix="List the role of External Secrets under access.readerPrincipals in goldenpath.yaml, or under spec.access.readPrincipals.",
        rule="R16",
    ),
    "projection.read-unrestricted": CodeDoc(
        title="Nobody is named as reader",
        why="Without a named reader the record's policy restricts no read: any identity policy of the account that allows reading decides.",
        fix="List the role of External Secrets under access.readerPrincipals in goldenpath.yaml, or under spec.access.readPrincipals.",
        rule="R16",
    ),
    "projection.patch-by-index": CodeDoc(
        title="A patch addresses an entry by its number alone",
        why="When an entry is added above it, the patch silently changes another key, and the placeholder of its own key stays.",
        fix="Put a test operation of the entry's secretKey before it: a base in another order is then refused instead of patched wrongly.",
        rule="R28",
    ),
    "projection.payload-empty": CodeDoc(
        title="The payload holds no key",
        why="It would become an empty Secret, and the application would start without its configuration.",
        fix="Seed at least one key.",
        rule="R3",
    ),
    "projection.payload-key-charset": CodeDoc(
        title="A key holds characters that Kubernetes refuses",
        why="External Secrets would fail on the whole Secret, or convert the name into another one.",
        fix="Use letters, digits, dash, dot and underscore; do not name a key . or start it with ..",
        rule="R25",
    ),
    "projection.payload-key-duplicate": CodeDoc(
        title="A key stands more than once in the payload",
        why="Readers of JSON keep one of the values and drop the other, and they do not agree which.",
        fix="Seed each key once.",
        rule="R25",
    ),
    "projection.payload-key-empty": CodeDoc(
        title="A key of the payload has no name",
        why="Kubernetes refuses a Secret with an empty key.",
        fix="Give the key a name.",
        rule="R25",
    ),
    "projection.payload-key-too-long": CodeDoc(
        title="A key of the payload is longer than 253 characters",
        why="Kubernetes refuses the whole Secret.",
        fix="Shorten the name of the key.",
        rule="R25",
    ),
    "projection.payload-not-text": CodeDoc(
        title="A value of the payload is not a JSON string",
        why="A number, boolean or object is turned into text on its way, and different tools do not turn it into the same text.",
        fix="Seed the value as a string, exactly as the application should see it.",
        rule="R25",
    ),
    "projection.payload-too-large": CodeDoc(
        title="The values are larger than a Kubernetes Secret",
        why="Kubernetes refuses Secrets above 1 MiB of data, after the store has already taken the value.",
        fix="Split the secret into several requests.",
        rule="R2",
    ),
    "projection.placeholder-left": CodeDoc(
        title="A placeholder survived rendering",
        why="The key leads nowhere, or wherever somebody creates a path of that name.",
        fix="Check that the environment's overlay patches the entry, and render again.",
        rule="R28",
    ),
    "projection.policy-not-understood": CodeDoc(
        title="An access policy holds an element that the check does not know",
        why="A check that guesses would call an open policy closed.",
        fix="Generated policies use a small subset of IAM; extend the evaluator together with the generator.",
        rule="R15",
    ),
    "projection.policy-open": CodeDoc(
        title="The generated policy does not restrict as it must",
        why="The policy text is evaluated for every listed principal and for strangers before anything is applied.",
        fix="See the access table in the preview; a principal that stands in two lists is the usual reason.",
        rule="R16",
    ),
    "projection.policy-too-large": CodeDoc(
        title="The resource policy is larger than Secrets Manager takes",
        why="The limit is 20,480 bytes; the store would refuse the policy after the record was created.",
        fix="List fewer principals: let several readers assume one role.",
        rule="R16",
    ),
    "projection.principal-unsafe": CodeDoc(
        title="A principal cannot stand in an access policy",
        why="A wildcard or an account root grants to everybody whom somebody else lets in.",
        fix="Write the full ARN of one role or user: arn:aws:iam::<account>:role/<name>.",
        rule="R16",
    ),
    "projection.provider-not-projectable": CodeDoc(
        title="External Secrets does not read this provider",
        why="The request gets a record in its store, and no manifest, because nothing in the cluster could read it.",
        fix="Read the secret with goldenpath exec, or choose a provider that the cluster can reach.",
        rule="R25",
    ),
    "projection.role-exceeds": CodeDoc(
        title="A generated role may do more, or less, than it is for",
        why="Each role's identity policy is evaluated for what it must have and what it must never have, also in another environment.",
        fix="Generated roles pass; report what the finding names, and apply nothing until then.",
        rule="R16",
    ),
    "projection.role-too-wide": CodeDoc(
        title="A generated role reaches beyond its environment",
        why="An action with a wildcard, another account, or a pattern without the six characters at its end grants what nobody reviewed.",
        fix="Generated roles pass; report what the finding names, and apply nothing until then.",
        rule="R16",
    ),
    "projection.store-name-taken": CodeDoc(
        title="Two providers would use one ClusterSecretStore name",
        why="One store object would replace the other, and its secrets would be read from the wrong system.",
        fix="Give externalSecrets.storeName another name in goldenpath.yaml.",
        rule="R26",
    ),
    "projection.store-of-other-environment": CodeDoc(
        title="A manifest names a store that is not its environment's",
        why="Each environment has its own store object, limited to its namespaces; reading through another one crosses that wall.",
        fix="Name the store that goldenpath renders for this environment.",
        rule="R26",
    ),
    "projection.store-unrestricted": CodeDoc(
        title="A ClusterSecretStore serves namespaces that it does not name",
        why="Without conditions every namespace of the cluster can read every secret behind the store.",
        fix="List the namespaces under spec.conditions, by name.",
        rule="R26",
    ),
    "projection.tenants-overlap": CodeDoc(
        title="The tenants' folder and the environments' folder lie in one another",
        why="A service may have the name of an environment; its files would then stand among that environment's own.",
        fix="Set projection.tenants and delivery.directory to folders beside each other.",
    ),
    "projection.text-not-encodable": CodeDoc(
        title="A text cannot be written to a file",
        why="It holds half of a character (a lone surrogate), which no encoding of a file can hold.",
        fix="Write the name in UTF-8.",
        rule="R5",
    ),
}
