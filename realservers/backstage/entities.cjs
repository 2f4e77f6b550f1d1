// Holds entities to Backstage's own schemas and field formats: a JSON list on stdin, a list of faults ("" for none) on stdout.
const model = require('@backstage/catalog-model');
const { templateEntityV1beta3Validator } = require('@backstage/plugin-scaffolder-common');

const policy = model.EntityPolicies.allOf([
  new model.SchemaValidEntityPolicy(),
  new model.DefaultNamespaceEntityPolicy(),
  new model.NoForeignRootFieldsEntityPolicy(),
  new model.FieldFormatEntityPolicy(),
]);
const kinds = [
  templateEntityV1beta3Validator,
  model.resourceEntityV1alpha1Validator,
];

async function faultOf(entity) {
  try {
    const known = await policy.enforce(entity);
    for (const kind of kinds) {
      if (await kind.check(known)) return '';
    }
    return `no kind of this schema: ${entity.apiVersion} ${entity.kind}`;
  } catch (error) {
    return String(error.message);
  }
}

let text = '';
process.stdin.on('data', part => (text += part));
process.stdin.on('end', async () => {
  console.log(JSON.stringify(await Promise.all(JSON.parse(text).map(faultOf))));
});
