/** How much there may be of what somebody makes by calls. Without an end it would be everybody's trouble, and no customer needs so much. */

export type Ceilings = {
  /** Of one organization. A connection has one setup link, so there are no more of these. */
  readonly connections: number;
  /** Of one connection. */
  readonly targets: number;
  /** Of one organization: a message to each of them is sent for whatever happens. */
  readonly webhooks: number;
  /** In force, and limited to the organization or to it and others. */
  readonly apiKeys: number;
};

export const defaultCeilings: Ceilings = { connections: 1_000, targets: 20, webhooks: 20, apiKeys: 100 };
