/** Who must act where a target cannot be reached or does not answer as it should, and what they do: told alike by its check and by what becomes of a run. */

import type { Remedy } from '../model/check.ts';
import type { Problem } from '../model/connection.ts';
import type { Mend, TargetError, TargetFault } from '../model/errors.ts';
import type { Unreached } from './no-answer.ts';

/** What a check finds beside what an answer, or the lack of one, means by itself. */
type Found = 'filter_ignored' | 'filter_refused' | 'no_groups' | 'not_scim' | 'target_timeout';
export type TargetCode =
  | Unreached
  | Found
  | 'address_refused'
  | 'timed_out'
  | 'connection_lost'
  | 'unreadable_answer'
  | `target_${TargetFault}`;

const again = 'Nothing: runs try again by themselves. If it stays, ask the vendor.';
const seeMessage = 'See what the target says of it; mend it, or ask the vendor.';

/** What was entered and where our calls may go is ours to mend, and most of what keeps a new target from being reached is one of both. */
export const targetRemedies: Readonly<Record<TargetCode, Mend>> = {
  address_refused: {
    owner: 'your_team',
    todo: 'Give a public https:// address, or have whoever runs Entrain list the host or its network in ENTRAIN_EGRESS_ALLOW.',
  },
  name_not_found: {
    owner: 'your_team',
    todo: 'Compare the host in the address of the target with what the vendor gave, and see that the name servers which Entrain asks know it.',
  },
  name_server_away: {
    owner: 'your_team',
    todo: 'See that the servers that run Entrain reach their name servers.',
  },
  connection_refused: {
    owner: 'your_team',
    todo: 'See that host and port in the address of the target are right, and that no firewall refuses the way there; if so, ask the vendor whether the system runs.',
  },
  connect_timed_out: {
    owner: 'your_team',
    todo: 'See that the servers that run Entrain may reach this host and port, and that the vendor lets their addresses in: a firewall that drops what it does not know looks like this.',
  },
  unreachable: {
    owner: 'your_team',
    todo: 'See that the servers that run Entrain have a way to this host: firewall, route, proxy. If so, ask the vendor.',
  },
  certificate_expired: {
    owner: 'target_vendor',
    todo: 'Have the vendor renew the certificate. If it is valid, set the clock of the servers that run Entrain.',
  },
  certificate_of_another_host: {
    owner: 'your_team',
    todo: 'Give the address with the host that the vendor gave, which the certificate names.',
  },
  certificate_not_trusted: {
    owner: 'your_team',
    todo: 'Where the target, or a proxy on the way, has a certificate authority of its own, name it to Entrain by NODE_EXTRA_CA_CERTS; else have the vendor send the whole chain.',
  },
  tls_failed: {
    owner: 'your_team',
    todo: 'See that the address leads to a port that speaks HTTPS, and that no proxy on the way breaks TLS; if so, ask the vendor whether TLS 1.2 or newer is on.',
  },
  not_scim: {
    owner: 'your_team',
    todo: 'Compare the address of the target with what the vendor gave, with its path: a web site, a sign-in page or a proxy answers there.',
  },
  target_unauthorized: {
    owner: 'your_team',
    todo: 'Give the target a token that is valid, and may read and write users and groups.',
  },
  no_groups: {
    owner: 'your_team',
    todo: 'Set groups in the settings of the target to false, so that only users are provisioned; or have the vendor switch groups on.',
  },
  filter_ignored: {
    owner: 'target_vendor',
    todo: 'Have the vendor answer filters (RFC 7644, section 3.4.2.2): without them nobody is matched to an account they have.',
  },
  filter_refused: {
    owner: 'target_vendor',
    todo: 'Have the vendor take filters by eq on this attribute (RFC 7644, section 3.4.2.2).',
  },
  timed_out: { owner: 'target_vendor', todo: again },
  connection_lost: { owner: 'target_vendor', todo: again },
  unreadable_answer: { owner: 'target_vendor', todo: again },
  target_timeout: { owner: 'target_vendor', todo: again },
  target_unavailable: { owner: 'target_vendor', todo: again },
  target_unknown: { owner: 'target_vendor', todo: again },
  target_throttled: { owner: 'target_vendor', todo: 'Nothing: it is waited for.' },
  target_conflict: { owner: 'target_vendor', todo: seeMessage },
  target_gone: { owner: 'target_vendor', todo: seeMessage },
  target_rejected: { owner: 'target_vendor', todo: seeMessage },
};

const byCode = new Map(Object.entries(targetRemedies));

/** Whether a problem is the target's, or the way's there. */
export const isOfTarget = ({ code, owner }: Problem): boolean => owner === 'target_vendor' || byCode.has(code);

/** A code of the target's own is told by what it means: the codes of a check are a closed list. */
export const targetRemedy = ({ code, fault }: Pick<TargetError, 'code' | 'fault'>): Remedy => {
  const own = code === undefined ? undefined : byCode.get(code);
  return code === undefined || own === undefined ? remedyBy(`target_${fault}`) : { code, ...own, link: null };
};

export const remedyBy = (code: TargetCode): Remedy => ({ code, ...targetRemedies[code], link: null });
