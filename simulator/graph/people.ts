/** The people a tenant starts with. Each is computed from the seed and a place in the list whenever asked for, and never kept. */

import {
  type Department,
  departments,
  employers,
  type Locale,
  locales,
  type Name,
  type Office,
  offices,
} from './names.ts';
import { guidOf, numberOf } from './object-ids.ts';
import { draw, pick } from './random.ts';

/** How many people report to one manager; everybody at place p > 0 reports to place (p - 1) / SPAN. */
const SPAN = 8;
const GUEST_PERCENT = 7;
const DISABLED_PERCENT = 4;
const WITHOUT_MAIL_PERCENT = 3;
const WITHOUT_EMPLOYEE_ID_PERCENT = 2;
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2014, 0, 1);

export type People = {
  readonly seed: number;
  readonly count: number;
  readonly domain: string;
  readonly initialDomain: string;
};

export type Person = {
  readonly id: string;
  readonly place: number;
  readonly given: Name;
  readonly family: Name;
  readonly department: Department;
  readonly office: Office;
  readonly title: string;
  readonly guest: boolean;
  readonly enabled: boolean;
  readonly hasMail: boolean;
  readonly hasEmployeeId: boolean;
  readonly hasMobile: boolean;
  readonly contractor: boolean;
  readonly hiredMs: number;
  /** The part of the principal name before the at sign. */
  readonly localPart: string;
  readonly userPrincipalName: string;
  readonly mail: string | null;
};

export function personAt(people: People, place: number): Person {
  const { seed } = people;
  const office = pick(offices, draw(seed, place, 1));
  const locale = localeFor(office, draw(seed, place, 2));
  const given = pick(locale.given, draw(seed, place, 3));
  const family = pick(locale.family, draw(seed, place, 4));
  const department = departmentAt(people, place);
  const guest = isGuestAt(people, place);
  const localPart = `${given.ascii}.${family.ascii}${place}`;
  const mail = mailFor(people, place, localPart, guest);
  return {
    id: guidOf(numberOf('user', place), seed),
    place,
    given,
    family,
    department,
    office,
    title: titleAt(place, people.count, pick(department.titles, draw(seed, place, 6))),
    guest,
    enabled: place === 0 || draw(seed, place, 7) % 100 >= DISABLED_PERCENT,
    hasMail: mail !== null,
    hasEmployeeId: !guest && draw(seed, place, 8) % 100 >= WITHOUT_EMPLOYEE_ID_PERCENT,
    hasMobile: draw(seed, place, 9) % 3 === 0,
    contractor: draw(seed, place, 10) % 12 === 0,
    hiredMs: FIRST_DAY + (draw(seed, place, 11) % 4000) * DAY_MS,
    localPart,
    userPrincipalName: guest
      ? `${(mail ?? '').replace('@', '_')}#EXT#@${people.initialDomain}`
      : `${localPart}@${people.domain}`,
    mail,
  };
}

export const departmentAt = (people: People, place: number): Department =>
  pick(departments, draw(people.seed, place, 5));
export const officeAt = (people: People, place: number): Office => pick(offices, draw(people.seed, place, 1));

/** Guests are never managers, so only places without reports can be one. */
export const isGuestAt = (people: People, place: number): boolean =>
  firstReportOf(place) >= people.count && place > 0 && draw(people.seed, place, 12) % 100 < GUEST_PERCENT;

/** The place of the manager, or null for the head of the company and for guests. */
export const managerPlaceOf = (people: People, place: number): number | null =>
  place === 0 || isGuestAt(people, place) ? null : Math.floor((place - 1) / SPAN);

/** The places that report to this one by birth: a run of at most SPAN. */
export function reportPlacesOf(people: People, place: number): number[] {
  const first = firstReportOf(place);
  return Array.from({ length: SPAN }, (_, step) => first + step).filter(
    (report) => report < people.count && managerPlaceOf(people, report) === place,
  );
}

/** The place a generated principal name belongs to, or null: every one ends in its place, so no table is needed. */
export function placeOfPrincipalName(people: People, name: string): number | null {
  const digits = /(\d+)(?:@|_)/.exec(name)?.[1];
  if (digits === undefined) return null;
  const place = Number(digits);
  if (place >= people.count) return null;
  return personAt(people, place).userPrincipalName.toLowerCase() === name.toLowerCase() ? place : null;
}

const firstReportOf = (place: number): number => place * SPAN + 1;

/** Most people have a name of the place they work in; about a third do not. */
function localeFor(office: Office, chance: number): Locale {
  const local = locales.find((each) => each.language === office.language);
  return local !== undefined && chance % 3 !== 0 ? local : pick(locales, chance >>> 3);
}

function titleAt(place: number, count: number, title: string): string {
  if (place === 0) return 'Chief Executive Officer';
  if (place <= SPAN) return 'Vice President';
  return firstReportOf(place) < count ? `${title} Lead` : title;
}

function mailFor(people: People, place: number, localPart: string, guest: boolean): string | null {
  if (guest) return `${localPart}@${pick(employers, draw(people.seed, place, 13))}`;
  return place > 0 && draw(people.seed, place, 14) % 100 < WITHOUT_MAIL_PERCENT
    ? null
    : `${localPart}@${people.domain}`;
}
