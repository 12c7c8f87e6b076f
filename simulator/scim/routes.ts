/** SCIM requests by method and path (RFC 7644 §3): each is decided here into an answer and, for a write, a change to commit. */

import { createHash } from 'node:crypto';
import { describedSchemas, describedTypes, LIST_RESPONSE, listOf, serviceProviderConfig } from './discovery.ts';
import { badRequest, errorBody, ScimError } from './errors.ts';
import { parseFilter } from './filter.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import { matches } from './match.ts';
import { pageOf, placeOf } from './paging.ts';
import { everything, locationOf, type Projection, projectionOf, render, type Viewing, versionOf } from './render.ts';
import { createResource, patchResource, replaceResource, type Writing } from './resources.ts';
import { type ResourceType, resourceTypes } from './schemas.ts';
import type { StaleReads } from './stale-reads.ts';
import type { Change, Resource } from './store.ts';

export type ScimRequest = {
  readonly method: string;
  /** Below the base path. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | undefined;
  readonly body: string;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject | null;
};
export type Decision = { readonly answer: Answer; readonly change: Change | null };
export type World = Viewing & Writing & { readonly token: string; readonly staleReads: StaleReads };

export function decide(request: ScimRequest, world: World): Decision {
  try {
    authenticate(request, world);
    return route(request, world);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    return only(refusal(error));
  }
}

function authenticate(request: ScimRequest, { token }: World): void {
  if (request.header('authorization') !== `Bearer ${token}`)
    throw new ScimError(401, null, 'The bearer token is missing or wrong.');
}

function route(request: ScimRequest, world: World): Decision {
  const [first = '', id, ...rest] = request.path.split('/').slice(1).map(decoded);
  if (rest.length > 0) throw notFound(request.path);
  const type = resourceTypes.find(({ endpoint }) => endpoint === `/${first}`);
  if (type !== undefined)
    return id === undefined || id === '' ? onType(request, type, world) : onResource(request, type, id, world);
  if (['Bulk', 'Me', '.search'].includes(first)) throw new ScimError(501, null, `/${first} is not supported.`);
  if (request.method !== 'GET') throw notAllowed(request);
  return only(ok(discover(first, id, world)));
}

function discover(first: string, id: string | undefined, { knobs, baseUrl }: World): JsonObject {
  if (first === 'ServiceProviderConfig' && id === undefined) return serviceProviderConfig(knobs, baseUrl);
  const described =
    first === 'ResourceTypes' ? describedTypes(baseUrl) : first === 'Schemas' ? describedSchemas(baseUrl) : null;
  if (described === null) throw notFound(`/${first}`);
  if (id === undefined) return listOf(described);
  const found = described.find((one) => one['id'] === id);
  if (found === undefined) throw notFound(`/${first}/${id}`);
  return found;
}

function onType(request: ScimRequest, type: ResourceType, world: World): Decision {
  if (request.method === 'GET') return only(list(request.query, type, world));
  if (request.method !== 'POST') throw notAllowed(request);
  const change = createResource(bodyOf(request), type, world);
  return { change, answer: shown(201, change.after, projectionIn(request.query, type), world) };
}

function onResource(request: ScimRequest, type: ResourceType, id: string, world: World): Decision {
  if (id === '.search' && request.method === 'POST') return only(list(searched(bodyOf(request)), type, world));
  const projection = projectionIn(request.query, type);
  if (request.method === 'GET')
    return only(read(request, existing(world.staleReads.see(id, world.store.get(type, id)), id), projection, world));
  const before = existing(world.store.get(type, id), id);
  checkVersion(request, before, world);
  if (request.method === 'DELETE')
    return { change: { kind: 'remove', before }, answer: { status: 204, headers: {}, body: null } };
  if (request.method === 'PUT') {
    const change = replaceResource(bodyOf(request), before, world);
    return { change, answer: shown(200, change.after, projection, world) };
  }
  if (request.method !== 'PATCH') throw notAllowed(request);
  if (world.knobs.patch === 'unsupported') throw new ScimError(501, null, 'PATCH is not supported.');
  const change = patchResource(bodyOf(request), before, world);
  return { change, answer: afterPatch(change.after, projection, world) };
}

/** §3.5.2 leaves the choice of 200 and 204, unless attributes were asked for. */
function afterPatch(after: Resource, projection: Projection, world: World): Answer {
  const { patchAnswer } = world.knobs;
  const answersResource = patchAnswer === 'resource' || (patchAnswer === 'by_type' && after.type.name === 'User');
  if (answersResource || projection.kind === 'only') return shown(200, after, projection, world);
  return { status: 204, headers: versionHeader(after, null, world), body: null };
}

function read(request: ScimRequest, resource: Resource, projection: Projection, world: World): Answer {
  const wanted = request.header('if-none-match');
  if (world.knobs.versions === 'honoured' && wanted !== undefined && meets(wanted, resource))
    return { status: 304, headers: { ETag: versionOf(resource) }, body: null };
  return shown(200, resource, projection, world);
}

function list(query: URLSearchParams, type: ResourceType, world: World): Answer {
  const { knobs, store, staleReads } = world;
  const projection = projectionIn(query, type);
  const text = query.get('filter');
  if (text === null && knobs.unfiltered === 'not_found') throw notFound(type.endpoint);
  const page = pageOf(query, knobs);
  const found = text === null || knobs.filters === 'ignored' ? store.all(type.name) : search(text, type, world);
  if (found.length === 0 && text === null && knobs.unfiltered === 'not_found_when_empty') throw notFound(type.endpoint);
  if (found.length === 0 && text !== null && knobs.noMatch === 'not_found') throw notFound(text);
  // What a replica does not know of it does not count either.
  const known = found
    .map((resource) => staleReads.see(resource.id, resource))
    .filter((resource) => resource !== undefined);
  const resources = known
    .slice(page.from, page.from + page.size)
    .map((resource) => render(resource, projection, world));
  return ok({
    schemas: [LIST_RESPONSE],
    ...placeOf(page, resources.length, known.length, query, knobs),
    Resources: resources,
  });
}

function search(text: string, type: ResourceType, world: World): readonly Resource[] {
  const filter = parseFilter(text, type);
  const comparing = { caseSensitive: world.knobs.filters === 'case_sensitive' };
  // A list of members is only assembled for filters that ask about it.
  const seen = /members/i.test(text) ? everything : projectionOf('without', ['members'], type);
  return world.store
    .candidates(type.name, filter)
    .filter((each) => matches(render(each, seen, world), filter, comparing));
}

/** §3.9: the two parameters exclude each other. */
function projectionIn(query: URLSearchParams, type: ResourceType): Projection {
  const attributes = query.get('attributes');
  const excluded = query.get('excludedAttributes');
  if (attributes && excluded)
    throw badRequest('invalidValue', '"attributes" and "excludedAttributes" exclude each other.');
  if (attributes) return projectionOf('only', attributes.split(','), type);
  return excluded ? projectionOf('without', excluded.split(','), type) : everything;
}

/** A search request (§3.4.3) asks by body what a GET asks by query. */
function searched(body: JsonObject): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) {
    if (name !== 'schemas') query.set(name, isList(value) ? value.join(',') : String(value));
  }
  return query;
}

function bodyOf(request: ScimRequest): JsonObject {
  const type = request.header('content-type') ?? '';
  if (!/^application\/(scim\+)?json\b/i.test(type))
    throw new ScimError(415, null, 'The body must be application/scim+json.');
  const body = parsed(request.body);
  if (!isObject(body)) throw badRequest('invalidSyntax', 'The body must be a JSON object.');
  return body;
}

function parsed(text: string): Json {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    throw badRequest('invalidSyntax', 'The body is no JSON.');
  }
}

/** §3.14. */
function checkVersion(request: ScimRequest, before: Resource, { knobs }: World): void {
  const wanted = request.header('if-match');
  if (knobs.versions === 'honoured' && wanted !== undefined && !meets(wanted, before))
    throw new ScimError(412, null, `The resource has changed; its version is ${versionOf(before)}.`);
}

const meets = (wanted: string, resource: Resource): boolean =>
  wanted.split(',').some((version) => [versionOf(resource), '*'].includes(version.trim()));

function shown(status: number, resource: Resource, projection: Projection, world: World): Answer {
  const body = render(resource, projection, world);
  return {
    status,
    headers: { Location: locationOf(resource, world.baseUrl), ...versionHeader(resource, body, world) },
    body,
  };
}

/** Frameworks that hash the body into an ETag do so without knowing SCIM's versions. */
function versionHeader(
  resource: Resource,
  body: JsonObject | null,
  { knobs }: World,
): Readonly<Record<string, string>> {
  if (knobs.versions === 'honoured') return { ETag: versionOf(resource) };
  return body === null ? {} : { ETag: `W/"${createHash('sha1').update(JSON.stringify(body)).digest('base64')}"` };
}

function existing(resource: Resource | undefined, id: string): Resource {
  if (resource === undefined) throw notFound(id);
  return resource;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw notFound(segment);
  }
}

const notFound = (what: string): ScimError => new ScimError(404, null, `${what} was not found.`);
const notAllowed = ({ method, path }: ScimRequest): ScimError =>
  new ScimError(405, null, `${method} is not allowed on ${path}.`);
const ok = (body: JsonObject): Answer => ({ status: 200, headers: {}, body });
const only = (answer: Answer): Decision => ({ answer, change: null });

const refusal = (error: ScimError): Answer => ({
  status: error.status,
  headers: error.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {},
  body: errorBody(error.status, error.scimType, error.message),
});
