// Starts Backstage's own backend with the scaffolder alone: node --no-node-snapshot backend.cjs PORT, with a token in BACKSTAGE_TOKEN.
// A test tool: it listens on loopback, keeps its database in memory and reaches no forge.
const { createBackend } = require('@backstage/backend-defaults');
const { coreServices, createServiceFactory } = require('@backstage/backend-plugin-api');
const { ConfigReader } = require('@backstage/config');

const port = Number(process.argv[2]);
const token = process.env.BACKSTAGE_TOKEN;
const address = `http://127.0.0.1:${port}`;
const config = new ConfigReader({
  app: { baseUrl: address },
  backend: {
    baseUrl: address,
    listen: { host: '127.0.0.1', port },
    database: { client: 'better-sqlite3', connection: ':memory:' },
    auth: { externalAccess: [{ type: 'static', options: { token, subject: 'tests' } }] },
  },
  // a dry run asks for credentials of the forge, and never uses them
  integrations: { github: [{ host: 'github.com', token }] },
});

const backend = createBackend();
backend.add(createServiceFactory({ service: coreServices.rootConfig, deps: {}, factory: () => config }));
backend.add(import('@backstage/plugin-scaffolder-backend'));
backend.add(import('@backstage/plugin-scaffolder-backend-module-github'));
backend.start();
