/** What the service provider says about itself (RFC 7643 §5 to §7, RFC 7644 §4, RFC 9865 §4). */

import type { Json, JsonObject } from './json.ts';
import type { Knobs } from './personality.ts';
import { type ResourceType, resourceTypes, type Schema, schemas } from './schemas.ts';

export const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

export const listOf = (resources: readonly Json[]): JsonObject => ({
  schemas: [LIST_RESPONSE],
  totalResults: resources.length,
  startIndex: 1,
  itemsPerPage: resources.length,
  Resources: resources,
});

export const serviceProviderConfig = (knobs: Knobs, baseUrl: string): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
  patch: { supported: knobs.patch === 'supported' },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  // A target that ignores filters says that it supports them, and is dangerous for that.
  filter: { supported: true, maxResults: knobs.maxResults },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: knobs.versions === 'honoured' },
  pagination: {
    cursor: knobs.paging === 'cursor',
    index: knobs.paging === 'index',
    defaultPaginationMethod: knobs.paging,
    defaultPageSize: knobs.maxResults,
    maxPageSize: knobs.maxResults,
  },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'Bearer token',
      description: 'A token in the Authorization header.',
      specUri: 'https://www.rfc-editor.org/rfc/rfc6750',
      primary: true,
    },
  ],
  meta: { resourceType: 'ServiceProviderConfig', location: `${baseUrl}/ServiceProviderConfig` },
});

export const describedTypes = (baseUrl: string): readonly JsonObject[] =>
  resourceTypes.map((type) => describedType(type, baseUrl));
export const describedSchemas = (baseUrl: string): readonly JsonObject[] =>
  schemas.map((schema) => describedSchema(schema, baseUrl));

const describedType = (type: ResourceType, baseUrl: string): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
  id: type.name,
  name: type.name,
  endpoint: type.endpoint,
  description: type.core.description,
  schema: type.core.id,
  schemaExtensions: type.extensions.map(({ id }) => ({ schema: id, required: false })),
  meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/${type.name}` },
});

const describedSchema = (schema: Schema, baseUrl: string): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
  id: schema.id,
  name: schema.name,
  description: schema.description,
  attributes: JSON.parse(JSON.stringify(schema.attributes)),
  meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${schema.id}` },
});
