/** A person who is signed in. */

/** Who somebody is at the identity provider. Nobody goes by a name or a mail address: these move from one person to another. */
export type Person = {
  readonly issuer: string;
  readonly subject: string;
  /** For people to recognize them by. */
  readonly name: string;
  /** What the provider says of them: groups or roles, by its own names. */
  readonly roles: readonly string[];
};

export type Session = Person & {
  /** Names it in the log; the token itself is kept nowhere. */
  readonly id: string;
  /** When they showed the provider who they are. */
  readonly authenticatedAt: Date;
  readonly createdAt: Date;
  /** To the minute. */
  readonly lastSeenAt: Date;
};
