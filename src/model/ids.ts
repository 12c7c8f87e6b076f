/** Every kind of identifier is its own type: an id of one thing cannot be passed where another is meant. */

declare const name: unique symbol;
export type Id<Name extends string> = string & { readonly [name]: Name };

/** The customer of the product that embeds us. */
export type OrganizationId = Id<'Organization'>;
/** Our record of one tenant we read. */
export type ConnectionId = Id<'Connection'>;
/** Our record of one system we write to. */
export type TargetId = Id<'Target'>;
/** One pass: a sync run for a connection, a provision run for a target. */
export type RunId = Id<'Run'>;
/** Operations that a person looks at before they are done. */
export type PlanId = Id<'Plan'>;
/** Our record of one API key. */
export type ApiKeyId = Id<'ApiKey'>;
/** Our record of one address that is told what happens. */
export type WebhookId = Id<'Webhook'>;
/** Something that happened, as others are told it. */
export type EventId = Id<'Event'>;
/** The Entra object id of a user or group: a lower-case GUID. */
export type SourceId = Id<'Source'>;
/** The id a target gave an object. Opaque and case-sensitive (RFC 7643 §3.1). */
export type RemoteId = Id<'Remote'>;
/** Names one operation of one run; the same key twice is the same operation. */
export type OperationKey = Id<'Operation'>;

/** The places of a source: opaque to everyone but the source that wrote them. */
export type Watermark = Id<'Watermark'>;
export type Resume = Id<'Resume'>;

/** The parsing doors: the only places where a text becomes an id. */
export const organizationId = (text: string): OrganizationId => text as OrganizationId;
export const connectionId = (text: string): ConnectionId => text as ConnectionId;
export const targetId = (text: string): TargetId => text as TargetId;
export const runId = (text: string): RunId => text as RunId;
export const planId = (text: string): PlanId => text as PlanId;
export const apiKeyId = (text: string): ApiKeyId => text as ApiKeyId;
export const webhookId = (text: string): WebhookId => text as WebhookId;
export const eventId = (text: string): EventId => text as EventId;
export const sourceId = (text: string): SourceId => text.toLowerCase() as SourceId;
export const remoteId = (text: string): RemoteId => text as RemoteId;
export const operationKey = (text: string): OperationKey => text as OperationKey;
export const watermark = (text: string): Watermark => text as Watermark;
export const resume = (text: string): Resume => text as Resume;
