/**
 * Setting a connection up by a link, without an account: what the customer's IT can do with it. That is to test the connection, to give it credentials
 * that pass the test, and to ask for the way to admin consent; of everything else the link knows nothing.
 */

import { randomBytes } from 'node:crypto';
import { isProvedToOpen } from '../core/tenants.ts';
import type { CheckReport, Permission } from '../model/check.ts';
import type { CloudInWords, Connection } from '../model/connection.ts';
import { type ConnectionId, connectionId } from '../model/ids.ts';
import type { Proved } from '../store/api-key-store.ts';
import { newId } from '../store/ids.ts';
import type { KeptLink, SetupLink, Tries } from '../store/setup-link-store.ts';
import { connectionChecks } from './connection-checks.ts';
import { connectionCommands } from './connections.ts';
import { mayBe } from './consent-outcome.ts';
import { tenantTaken } from './consent-problems.ts';
import { digestOfQuestion, isStillAsked, questionAbout } from './consent-question.ts';
import { consentCommands, mayConnect } from './consents.ts';
import { type GivenCredentials, registeredOf } from './given-credentials.ts';
import type { Within } from './reached.ts';
import { found, invalid, Refused } from './refused.ts';
import type { Hall, Room } from './room.ts';
import { toBeRead } from './to-be-read.ts';

export type NewSetupLink = { readonly givenTo: string; readonly hours: number; readonly by: string };
/** `url`: told this once, and kept nowhere. */
export type MadeSetupLink = { readonly link: SetupLink; readonly url: string };

/** What is needed, for a person to tick off. */
export type Needed = { readonly permission: Permission; readonly required: boolean };
export type Setup = {
  readonly link: SetupLink;
  readonly connection: Within<Connection>;
  readonly cloud: CloudInWords;
  readonly needed: readonly Needed[];
  /** The attributes that are read at most. */
  readonly attributes: Connection['attributes'];
  /** What they agree to who fill the page in, as it shows it: a digest. */
  readonly question: string;
  /** Whether it can be connected by admin consent to our own application. */
  readonly byConsent: boolean;
};
/** `over`: it was this link, until then. */
export type Arrival = { readonly kind: 'open'; readonly setup: Setup } | { readonly kind: 'over' | 'unknown' };

export type GivenSetup = GivenCredentials & {
  readonly tenantId: string;
  readonly clientId: string;
  /** Whether it was said that another application takes the place of the one before. */
  readonly isOther: boolean;
  /** Of the page that was filled in. */
  readonly question: string;
};
export type SetUp = {
  readonly report: CheckReport;
  readonly before: Connection;
  /** Null: the test did not pass, and nothing was kept. */
  readonly after: Connection | null;
};

/** Each try asks the login service. */
const tries: Tries = { most: 10, withinMs: 10 * 60_000 };
export const triesWithinMinutes = tries.withinMs / 60_000;

export const setupLinkCommands = (room: Room) => {
  const { stores, world, keyProofs, config } = room;

  return {
    /** A new link; the one before is void. */
    async openSetupLink(id: ConnectionId, { givenTo, hours, by }: NewSetupLink): Promise<MadeSetupLink> {
      const connection = found(await stores.connections.get(id), 'connection');
      if (connection.state === 'deleting') throw new Refused('connection_deleting', 'The connection is being removed.');
      if (config.publicUrl === null)
        throw new Refused('public_url_missing', 'Set ENTRAIN_PUBLIC_URL: without it a link leads nowhere.');
      const now = world.now();
      const secret = randomBytes(32).toString('base64url');
      const link: Within<SetupLink> = {
        id: newId('stp'),
        connection: connection.id,
        givenTo,
        createdAt: now,
        createdBy: by,
        expiresAt: new Date(now.getTime() + hours * 3_600_000),
        lastUsedAt: null,
      };
      await stores.setupLinks.open(link, keyProofs.prove(provedOf(link, secret)));
      world.log.info('setup_link.opened', { connection: id, link: link.id });
      return { link, url: `${config.publicUrl}${setupPath}/${id.slice('con_'.length)}_${secret}` };
    },

    /** The link that a connection has, also when it is over. */
    async getSetupLink(id: ConnectionId): Promise<SetupLink> {
      const connection = found(await stores.connections.get(id), 'connection');
      return found(await stores.setupLinks.find(connection.id), 'setup link').link;
    },

    async closeSetupLink(id: ConnectionId): Promise<SetupLink> {
      const connection = found(await stores.connections.get(id), 'connection');
      const closed = found(await stores.setupLinks.close(connection.id), 'setup link');
      world.log.info('setup_link.closed', { connection: id, link: closed.id });
      return closed;
    },
  };
};

/** Of whoever followed a link: it opens the room of its connection, and in it no more than what stands here. */
export const setupVisits = (hall: Hall) => {
  const { stores, world, keyProofs } = hall;
  /** The link was told apart from others when its visitor arrived. */
  const roomOf = async ({ connection }: Setup): Promise<Room> =>
    found(await hall.roomOf(connection.id), 'connection').room;

  return {
    /** What somebody brings who followed a link: the last part of its address. */
    async arriveBy(text: string): Promise<Arrival> {
      const [, hex, secret] = /^([0-9a-f]{32})_([\w-]{43})$/.exec(text) ?? [];
      if (hex === undefined || secret === undefined) return { kind: 'unknown' };
      const isRight = ({ link, proof }: KeptLink): boolean =>
        keyProofs.check(provedOf(link, secret), proof) !== 'wrong';
      const link = await stores.setupLinks.find(connectionId(`con_${hex}`), isRight);
      if (link === null) return { kind: 'unknown' };
      const opened = await hall.roomOf(link.connection);
      if (opened === null || opened.connection.state === 'deleting') return { kind: 'unknown' };
      const { connection } = opened;
      if (link.expiresAt <= world.now()) return { kind: 'over' };
      const read = await toBeRead(opened.room, connection);
      const question = questionAbout(connection, read);
      const byConsent = hall.ourApp !== null && mayConnect(hall.ourApp, connection);
      return {
        kind: 'open',
        setup: {
          link,
          connection,
          cloud: hall.cloudInWords(connection.cloud),
          needed: hall.permissionsNeeded(read),
          attributes: question.attributes,
          question: digestOfQuestion(question),
          byConsent,
        },
      };
    },

    /** Before anything is asked of the login service by a link. */
    mayTrySetup(link: SetupLink): Promise<boolean> {
      return stores.setupLinks.attempt(link, tries);
    },

    /** Tests what is given, and keeps it once the test passes. `stale_revision`: the page that was filled in says something else by now. */
    async setUp(setup: Setup, { isOther, question, ...given }: GivenSetup): Promise<SetUp> {
      const room = await roomOf(setup);
      const before = setup.connection;
      const { cloud, scope } = before;
      await refuseAnotherQuestion(room, before, question);
      const { attributes, watched = false } = await toBeRead(room, before);
      const read = { attributes, watched };
      refuseAnotherTenant(before, given);
      if (!isOther) refuseAnotherApplication(before, given);
      const report = await connectionChecks(room).checkNewConnection({ ...given, cloud, scope }, read);
      if (!report.ok) return { report, before, after: null };
      // What protects accounts may have been edited during the test; and of the connection itself anything, by others or by the same link.
      await refuseAnotherQuestion(room, before, question);
      await refuseTenantOfOthers(room, before, report.directoryId ?? given.tenantId.toLowerCase());
      const { connection } = await connectionCommands(room).editConnection(before.id, given, before.revision);
      const kept = await room.stores.connections.get(before.id);
      return { report: kept === null ? report : await room.engine.noteTenant(kept, report), before, after: connection };
    },

    /** Tests what the connection has. */
    async testSetup(setup: Setup): Promise<CheckReport> {
      return connectionChecks(await roomOf(setup)).checkSource(setup.connection.id);
    },

    /** Where an administrator gives consent. */
    async consentBySetup(setup: Setup): Promise<string> {
      const commands = consentCommands(await roomOf(setup));
      return (await commands.openConsent(setup.connection.id, { returnUrl: null, sharedTenant: false })).url;
    },
  };
};

/** A page stays open for days, and who and what is read may be edited meanwhile: they have agreed to what they saw, and to nothing else. */
const refuseAnotherQuestion = async (room: Room, before: Within<Connection>, question: string): Promise<void> => {
  if (!(await isStillAsked(room, before, { question })))
    throw new Refused('stale_revision', 'It is another question by now than the one they answered.');
};

/** What is named is all that whoever made the connection knows of whom it is to read; a link is good for days, and may have come to anybody. */
const refuseAnotherTenant = (before: Connection, { tenantId }: Pick<GivenSetup, 'tenantId'>): void => {
  if (mayBe(before, tenantId.toLowerCase())) return;
  throw invalid({
    pointer: '/tenant_id',
    detail: `must stay ${before.tenantId}: the connection was made for that tenant. If it is not yours, tell whoever sent you the link`,
  });
};

/** Its second credential goes with it, so it is no slip of the pen. */
const refuseAnotherApplication = (before: Connection, { clientId }: Pick<GivenSetup, 'clientId'>): void => {
  const registered = registeredOf(before);
  if (registered === null || registered.clientId.toLowerCase() === clientId.toLowerCase()) return;
  throw invalid({
    pointer: '/client_id',
    detail: `is not that of the application until now, ${registered.clientId}. If another one is to take its place, tick the box`,
  });
};

/** They have shown credentials that open it. One that was read for this organization before may be so again. */
const refuseTenantOfOthers = async (room: Room, before: Within<Connection>, directoryId: string): Promise<void> => {
  if (isProvedToOpen(before, directoryId) || (await room.engine.takeTenant(before, directoryId))) return;
  throw new Refused('tenant_taken', tenantTaken.message);
};

/** All that says what it opens and until when: whoever writes to the database could edit that. */
const provedOf = (link: SetupLink, secret: string): Proved => [
  'setup link',
  link.id,
  secret,
  link.connection,
  link.givenTo,
  link.createdAt.getTime(),
  link.createdBy,
  link.expiresAt.getTime(),
];

export const setupPath = '/setup';
